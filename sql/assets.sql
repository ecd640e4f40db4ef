-- Assets: what is known of files, in messages, columns, the log; adama.attach and adama.can_attach.
SET client_min_messages = warning;
CREATE ROLE adama_painter;
CREATE ROLE adama_viewer;
SELECT adama.deploy('gallery', $$
record Picture { public int id; public asset file; public maybe<asset> thumb; public string by; }
table<Picture> _pictures;
public formula pictures = iterate _pictures;
public asset cover;
public list<asset> all;
public int n;
public map<string,asset> files;
message Row { int id; asset a; asset[] more; map<string,asset> by; }
public formula rows = rows_of(cover, files);
function rows_of(asset a, map<string,asset> files) -> Row[] { Row r; r.a = a; r.more = [a, @nothing]; r.by = files; return [r]; }
message Choose { asset cover; maybe<asset> thumb; asset[] more; }
message Default { asset a = @nothing; string s; }
channel defaults(Default d) { cover = d.a; }
@static { send { return @who.agent() == "postgres"; } }
@connected { return true; }
@can_attach { return @who.agent() != "adama_viewer"; }
@attached (a) {
  if (a.size() > 1000L) { abort; }
  _pictures <- {file: a, by: @who.agent()};
  n++;
}
channel choose(Choose c) { cover = c.cover; all = [c.cover]; files["c"] = c.cover; if (_pictures[1] as p) { p.thumb = c.thumb; } }
$$);
SELECT gallery.create_document('k');

-- a typed function takes jsonb, also arrays of them; what is no asset is refused
\df gallery.choose
SELECT pg_get_function_arguments('gallery.defaults'::regproc);
SELECT gallery.defaults('k', 'x');
SELECT gallery.choose('k', '{"id":"c","name":"cover.png","type":"image/png","size":"5","md5":"m","sha384":"s"}', more => '[]');
SELECT adama.send('gallery', 'k', 'choose', '{"cover":{"id":"c","type":"image/png","size":5,"md5":"m","sha384":"s"}}');
SELECT gallery.choose('k', '{"id":"c"}', more => '[]');
SELECT gallery.choose('k', '"c"', more => '[]');
SELECT gallery.choose('k', '{"id":"c","type":"image/png","size":"5 kB","md5":"m","sha384":"s"}', more => '[]');

-- attaching is an event of the log
SELECT adama.can_attach('gallery', 'k');
SELECT adama.attach('gallery', 'k', '{"id":"f1","name":"a.png","type":"image/png","size":12,"md5":"m","sha384":"s"}');
SELECT seq, agent, event, channel, message, delta FROM adama.history('gallery', 'k', 5);
SELECT gallery.choose('k', '{"id":"c","type":"image/png","size":5,"md5":"m","sha384":"s"}', thumb => '{"id":"t","type":"image/png","size":1,"md5":"","sha384":""}', more => '[]');
SELECT * FROM gallery.pictures('k');
SELECT * FROM gallery.rows('k');
SELECT adama.view('gallery', 'k')->'pictures' AS pictures, adama.view('gallery', 'k')->'files' AS files;
SELECT state::jsonb->'_pictures' AS pictures, state::jsonb->'files' AS files FROM gallery.documents;

-- what fails leaves nothing
SELECT adama.attach('gallery', 'k', '{"id":"f2","name":"large","type":"image/png","size":1001,"md5":"m","sha384":"s"}');
SELECT adama.attach('gallery', 'k', '{"id":"f2","name":"large","type":"image/png","size":true,"md5":"m","sha384":"s"}');
SELECT adama.attach('gallery', 'k', '{"id":"","name":"","type":"","size":0,"md5":"","sha384":""}');
SELECT adama.attach('gallery', 'k', '[]');
SELECT adama.attach('gallery', 'k', NULL);
SELECT adama.attach('gallery', 'nobody', '{}');
SELECT adama.can_attach('gallery', 'nobody');
SELECT adama.can_attach('nowhere', 'k');
SELECT adama.can_attach('gallery', NULL) IS NULL AS nothing;
SET adama.max_message_size = 1;
SELECT adama.attach('gallery', 'k', jsonb_build_object('id', repeat('x', 2000)));
RESET adama.max_message_size;
BEGIN READ ONLY;
SELECT adama.can_attach('gallery', 'k');
SELECT adama.attach('gallery', 'k', '{}');
ROLLBACK;
BEGIN;
SELECT adama.attach('gallery', 'k', '{"id":"f3","type":"image/png","size":12,"md5":"m","sha384":"s"}');
ROLLBACK;
SELECT seq FROM gallery.document;

-- who may: USAGE, @static send unless connected, @can_attach
SET ROLE adama_painter;
SELECT adama.attach('gallery', 'k', '{"id":"f4","type":"image/png","size":12,"md5":"m","sha384":"s"}');
SELECT adama.can_attach('gallery', 'k');
RESET ROLE;
GRANT USAGE ON SCHEMA gallery TO adama_painter, adama_viewer;
SET ROLE adama_painter;
SELECT adama.attach('gallery', 'k', '{"id":"f4","type":"image/png","size":12,"md5":"m","sha384":"s"}');
SELECT adama.can_attach('gallery', 'k');
BEGIN;
SELECT adama.connect('gallery', 'k') AS connection \gset
SELECT adama.can_attach('gallery', 'k');
SELECT adama.attach('gallery', 'k', '{"id":"f4","type":"image/png","size":12,"md5":"m","sha384":"s"}') > 0 AS attached;
SELECT adama.disconnect(:'connection');
COMMIT;
SET ROLE adama_viewer;
BEGIN;
SELECT adama.connect('gallery', 'k') IS NOT NULL AS connected;
SELECT adama.can_attach('gallery', 'k');
SELECT adama.attach('gallery', 'k', '{"id":"f5","type":"image/png","size":12,"md5":"m","sha384":"s"}');
ROLLBACK;
RESET ROLE;
SELECT by, file->>'id' AS id FROM gallery.pictures('k');

-- the log runs again, under another program, too; documents go back to before it
SELECT * FROM adama.verify('gallery', 'k');
SELECT adama.replay('gallery', 'k')::text = state::text AS same FROM gallery.documents;
SELECT seq, channel, sqlstate, error, delta FROM adama.try('gallery', 'k', $$
message Choose { asset cover; maybe<asset> thumb; asset[] more; }
public long bytes;
@can_attach { return @who.agent() == "postgres"; }
@attached (a) { bytes += a.size(); }
channel choose(Choose c) { bytes++; }
$$) WHERE seq > 3;
SELECT adama.rewind('gallery', 'k', 3) > 0 AS rewound;
SELECT jsonb_array_length(adama.view('gallery', 'k')->'pictures') AS n;
SELECT * FROM adama.verify('gallery', 'k');

-- assets become maybes, and nothing else
SELECT adama.deploy('gallery', $$
record Picture { public int id; public maybe<asset> file; public maybe<asset> thumb; public string by; }
table<Picture> _pictures;
public formula pictures = iterate _pictures;
public asset cover;
public list<asset> all;
public int n;
$$);
SELECT adama.can_attach('gallery', 'k') AS as_its_program_says;
SELECT count(*) FROM adama.upgrade('gallery');
SELECT adama.can_attach('gallery', 'k');
SELECT adama.deploy('gallery', 'public string cover;');

DROP SCHEMA gallery CASCADE;
DROP ROLE adama_painter;
DROP ROLE adama_viewer;
