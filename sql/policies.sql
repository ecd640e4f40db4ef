-- What a program says about who may: @static, @connected, @disconnected, @delete, requires, privacy.
SET client_min_messages = warning;
CREATE ROLE adama_ann;
CREATE ROLE adama_ben;
SELECT adama.deploy('club', $$
public int online;
public string motto;
private string secret = "hush";
principal founder;
public formula founded = founder != @no_one;
bubble mine = @who;
policy is_founder { return @who == founder; }
use_policy<is_founder> string plan = "world domination";
message Set { string motto; }
@static {
  create { return @who.agent() == "adama_ann"; }
  invent { return @who.agent() == "adama_ben"; }
  send { return @who.agent() == "adama_ann"; }
}
@construct { founder = @who; }
@connected { online++; return @who.agent() != "adama_eve"; }
@disconnected { online--; }
@delete { return @who == founder; }
channel say(Set s) { motto = s.motto; }
channel shout(Set s) open { motto = s.motto + "!"; }
channel rule(Set s) open requires<is_founder> { motto = s.motto; }
$$);
CREATE ROLE adama_eve;
GRANT USAGE ON SCHEMA club TO adama_ann, adama_ben, adama_eve;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA club TO adama_ann, adama_ben, adama_eve;

-- create: everyone is asked, the owner of the space too
SELECT adama.create('club', 'k');
SET ROLE adama_ben;
SELECT club.create_document('k');
SET ROLE adama_ann;
SELECT club.create_document('k');
RESET ROLE;

-- send: to a document that one is not connected to, @static send decides, but not on open channels
SET ROLE adama_ann;
SELECT club.say('k', 'ann speaks');
SET ROLE adama_ben;
SELECT club.say('k', 'ben speaks');
SELECT club.shout('k', 'ben shouts');
SELECT ord, seq, sqlstate, error FROM adama.ingest('club', '{k,k}', '{say,shout}', ARRAY['{"motto":"x"}', '{"motto":"y"}']::json[]);
BEGIN;
SELECT adama.connect('club', 'k') IS NOT NULL AS connected;
SELECT club.say('k', 'ben is here');
SELECT adama.view('club', 'k');
ROLLBACK;
-- requires
SELECT club.rule('k', 'ben rules');
SET ROLE adama_ann;
SELECT club.rule('k', 'ann rules');

-- what is seen depends on who looks
SELECT adama.view('club', 'k');
SET ROLE adama_ben;
SELECT adama.view('club', 'k');

-- connect: the first connection is asked and may change the document, the second is not; the last one out turns off the light
BEGIN;
SELECT adama.connect('club', 'k') AS first \gset
SELECT adama.view('club', 'k')->'online' AS online;
SELECT adama.connect('club', 'k') AS second \gset
SELECT adama.view('club', 'k')->'online' AS online;
SELECT adama.disconnect(:'first');
SELECT adama.view('club', 'k')->'online' AS online;
SELECT adama.disconnect(:'second');
SELECT adama.view('club', 'k')->'online' AS online;
RESET ROLE;
SELECT event, agent FROM club.log WHERE event LIKE '%connect%' ORDER BY seq;
ROLLBACK;
SET ROLE adama_eve;
SELECT adama.connect('club', 'k');
RESET ROLE;
SELECT count(*) FROM club.connection;
SELECT adama.view('club', 'k')->'online' AS online;

-- invent: connecting to what is not there makes it, for those who may
SET ROLE adama_ann;
SELECT adama.connect('club', 'dream');
SET ROLE adama_ben;
BEGIN;
SELECT adama.connect('club', 'dream') IS NOT NULL AS connected;
SELECT adama.view('club', 'dream');
ROLLBACK;
SELECT adama.view('club', 'dream');

-- viewer state is checked
RESET ROLE;
SELECT adama.deploy('lens', $$
view int limit;
record R { public int n; }
table<R> t;
bubble some = iterate t order by n limit @viewer.limit;
message Add { int n; }
channel add(Add a) { t <- { n: a.n }; }
$$);
SELECT adama.create('lens', 'k'), lens.add('k', 3), lens.add('k', 1), lens.add('k', 2);
SELECT adama.view('lens', 'k') AS none, adama.view('lens', 'k', '{"limit": 2}') AS two, adama.view('lens', 'k', viewer => '{"limit": 9}') AS all;
SELECT adama.view('lens', 'k', '{"limit": "many"}');
SELECT adama.connect('lens', 'k', '{"limit": "many"}');
BEGIN;
SELECT adama.connect('lens', 'k', '{"limit": 2}') IS NOT NULL AS connected;
SELECT viewer FROM lens.connection;
ROLLBACK;
DROP SCHEMA lens CASCADE;

-- delete: the program decides
SET ROLE adama_ben;
SELECT adama.delete('club', 'k');
RESET ROLE;
SELECT adama.delete('club', 'k');
SET ROLE adama_ann;
SELECT adama.delete('club', 'k');
RESET ROLE;
SELECT count(*) FROM club.document;
-- the newest program, also of documents that are of an older one
SELECT adama.deploy('open', 'public int n; @delete { return true; }');
SELECT open.create_document('a'), open.create_document('b');
GRANT USAGE ON SCHEMA open TO adama_ben;
SET ROLE adama_ben;
SELECT adama.delete('open', 'a');
RESET ROLE;
SELECT adama.deploy('open', 'public int n;');
SET ROLE adama_ben;
SELECT adama.delete('open', 'b');
RESET ROLE;
SELECT key FROM open.document;
DROP SCHEMA open CASCADE;

DROP SCHEMA club CASCADE;
DROP ROLE adama_ann, adama_ben, adama_eve;
