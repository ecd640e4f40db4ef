-- What documents publish lies in the table replica: in the transaction that changes it, and untouched by all that does not.
SELECT plan(130);

SELECT $adama$
record Player {
  public int id;
  public string name;
  public int score;
  private string note;
  replication<players:upsert> listed = {name: name, score: score};
}
table<Player> _players;
public string title = "untitled";
public int noise = 0;
public int online = 0;
private int work = 0;
public bool is_open = true;
message Summary { string title; int best; int online; }
procedure best() -> int readonly { int b = 0; foreach (p in iterate _players) { if (p.score > b) { b = p.score; } } return b; }
procedure spin(int n) -> int readonly { int i = 0; while (i < n) { i++; } return n; }
procedure summary() -> maybe<Summary> readonly { maybe<Summary> none; if (!is_open) { return none; } return @maybe({title: title, best: best(), online: online}); }
replication<games:upsert> status = summary();
replication<jobs:upsert> status_of_job = {work: spin(work)};
@connected { online++; return true; }
@disconnected { online--; }
@delete { return true; }
message Add { string name; int score; }
message Name { string name; }
message Number { int n; }
message Nothing { }
channel add(Add m) { _players <- {name: m.name, score: m.score}; }
channel score(Add m) { foreach (p in iterate _players where name == m.name) { p.score = m.score; } }
channel note(Add m) { foreach (p in iterate _players where name == m.name) { p.note = "noted"; } }
channel drop(Name m) { (iterate _players where name == m.name).delete(); }
channel come_and_go(Name m) { _players <- {name: m.name}; (iterate _players where name == m.name).delete(); }
channel rename(Name m) { title = m.name; }
channel make_noise(Number m) { noise += m.n; }
channel do_work(Number m) { work = m.n; }
channel open(Nothing m) { is_open = true; }
channel close(Nothing m) { is_open = false; }
channel back(Number m) { Document.rewind(m.n); }
channel end(Nothing m) { Document.destroy(); }
$adama$ AS program \gset
SELECT adama.deploy('game', :'program') \g /dev/null
CREATE VIEW published AS SELECT name COLLATE "default" AS name, key COLLATE "default" AS key, "row", value FROM game.replica;
CREATE FUNCTION proof(key text) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN ok THEN 'ok' ELSE problem END FROM adama.verify('game', key) $$;

-- creation
SELECT adama.create('game', 'g1') \g /dev/null
SELECT results_eq('TABLE published', $$ VALUES ('games', 'g1', 0, '{"title": "untitled", "best": 0, "online": 0}'::jsonb), ('jobs', 'g1', 0, '{"work": 0}') $$,
  'a new document publishes');
SELECT results_eq($$ SELECT DISTINCT r.seq, r.at = d.updated FROM game.replica r, game.document d $$, $$ VALUES (1::bigint, true) $$, 'as of its first event');

-- rows come, change, go
SELECT game.add('g1', name => 'ada', score => 3) \g /dev/null
SELECT game.add('g1', name => 'bob', score => 5) \g /dev/null
SELECT results_eq($$ SELECT name, "row", value FROM published WHERE name <> 'jobs' ORDER BY name, "row" $$,
  $$ VALUES ('games', 0, '{"title": "untitled", "best": 5, "online": 0}'::jsonb), ('players', 1, '{"name": "ada", "score": 3}'), ('players', 2, '{"name": "bob", "score": 5}') $$,
  'records publish, too');
SELECT results_eq($$ SELECT "row", seq FROM game.replica WHERE name <> 'jobs' ORDER BY name, "row" $$, $$ VALUES (0, 3::bigint), (1, 2), (2, 3) $$, 'each as of the event that made its value');
SELECT game.score('g1', name => 'ada', score => 4) \g /dev/null
SELECT results_eq($$ SELECT "row", seq, value FROM game.replica WHERE name = 'players' ORDER BY "row" $$,
  $$ VALUES (1, 4::bigint, '{"name": "ada", "score": 4}'::jsonb), (2, 3, '{"name": "bob", "score": 5}') $$, 'a record that changes is written, the others are not');
SELECT is((SELECT seq FROM game.replica WHERE name = 'games'), 3::bigint, 'nor is what comes out the same');
SELECT game.come_and_go('g1', name => 'eve') \g /dev/null
SELECT is((SELECT count(*) FROM game.replica WHERE name = 'players'), 2::bigint, 'who came and went was never there');
SELECT game.drop('g1', name => 'bob') \g /dev/null
SELECT results_eq($$ SELECT "row", value FROM published WHERE name IN ('games', 'players') ORDER BY name $$,
  $$ VALUES (0, '{"title": "untitled", "best": 4, "online": 0}'::jsonb), (1, '{"name": "ada", "score": 4}') $$, 'a record that goes is published no more');

-- an empty maybe
SELECT game.close('g1') \g /dev/null
SELECT is((SELECT count(*) FROM game.replica WHERE name = 'games'), 0::bigint, 'nothing is published while a maybe is empty');
SELECT game.rename('g1', name => 'hidden') \g /dev/null
SELECT is((SELECT count(*) FROM game.replica WHERE name = 'games'), 0::bigint, 'whatever changes');
SELECT game.open('g1') \g /dev/null
SELECT is((SELECT value->>'title' FROM game.replica WHERE name = 'games'), 'hidden', 'and then it is again');
SELECT is(proof('g1'), 'ok', 'all of it is what the log says');

-- what does not change what is published writes nothing and reads nothing
-- Of rows inserted, updated, of these HOT, deleted, and of scans of table and index, those since the numbers given; in a transaction.
CREATE FUNCTION touched(before bigint[] DEFAULT '{0,0,0,0,0,0}') RETURNS bigint[] LANGUAGE sql AS $$
  SELECT array_agg(now - was ORDER BY ord) FROM unnest(ARRAY[pg_stat_get_xact_tuples_inserted('game.replica'::regclass), pg_stat_get_xact_tuples_updated('game.replica'::regclass),
    pg_stat_get_xact_tuples_hot_updated('game.replica'::regclass), pg_stat_get_xact_tuples_deleted('game.replica'::regclass), pg_stat_get_xact_numscans('game.replica'::regclass),
    pg_stat_get_xact_numscans('game.replica_pkey'::regclass)], before) WITH ORDINALITY AS x(now, was, ord)
$$;
CREATE TABLE before AS SELECT name, "row", ctid AS place, xmin::text AS version, seq FROM game.replica;
BEGIN;
SELECT touched() AS t \gset
SELECT game.make_noise('g1', n => 1) FROM generate_series(1, 20) \g /dev/null
SELECT game.note('g1', name => 'ada', score => 1) \g /dev/null
SELECT is(touched(:'t'), '{0,0,0,0,0,0}', 'a message that changes nothing of it touches no row, and looks for none');
SELECT is((SELECT count(*) FROM pg_locks WHERE relation = 'game.replica'::regclass AND pid = pg_backend_pid() AND mode = 'RowExclusiveLock'), 0::bigint, 'nor locks the table');
COMMIT;
BEGIN;
SELECT touched() AS t \gset
SELECT game.score('g1', name => 'ada', score => 4) \g /dev/null
SELECT game.rename('g1', name => 'hidden') \g /dev/null
SELECT game.do_work('g1', n => 0) \g /dev/null
SELECT is((touched(:'t'))[1:4], '{0,0,0,0}', 'one that sets what was set already touches no row');
COMMIT;
SELECT results_eq($$ SELECT name, "row", ctid, xmin::text, seq FROM game.replica ORDER BY name, "row" $$, $$ SELECT * FROM before ORDER BY name, "row" $$, 'the rows are the very same');
-- The WAL that a statement of this session writes, at the least: pages may be pruned, or written whole after a checkpoint.
CREATE FUNCTION wal_records(message text, times int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan json;
  least bigint;
BEGIN
  FOR i IN 1 .. times LOOP
    EXECUTE 'EXPLAIN (ANALYZE, WAL, COSTS OFF, TIMING OFF, FORMAT JSON) ' || message INTO plan;
    least = least(least, (plan->0->'Plan'->>'WAL Records')::bigint);
  END LOOP;
  RETURN least;
END $$;
SELECT adama.deploy('plain', 'public int noise = 0; message Number { int n; } channel make_noise(Number m) { noise += m.n; }') \g /dev/null
SELECT adama.create('plain', 'g1') \g /dev/null
SELECT adama.create('game', 'quiet') \g /dev/null
SELECT is(wal_records($$ SELECT game.make_noise('quiet', n => 1) $$, 10), wal_records($$ SELECT plain.make_noise('g1', n => 1) $$, 10),
  'it writes as much WAL as without replications');
SELECT cmp_ok(wal_records($$ SELECT game.do_work('quiet', n => (random() * 1000000000)::int % 1000) $$, 10), '>', wal_records($$ SELECT plain.make_noise('g1', n => 1) $$, 10),
  'one that does writes more');
BEGIN;
SELECT touched() AS t \gset
SELECT game.do_work('quiet', n => i) FROM generate_series(1001, 1005) i \g /dev/null
SELECT is(touched(:'t'), '{0,5,5,0,0,0}', 'and touches no index, nor asks one: where the row is, this session knows');
COMMIT;

-- a message is a part of its transaction, and so is what it publishes
CREATE TABLE untouched AS SELECT * FROM game.replica;
BEGIN;
SELECT game.add('g1', name => 'gone', score => 100) \g /dev/null
SELECT game.drop('g1', name => 'ada') \g /dev/null
SELECT adama.create('game', 'never') \g /dev/null
ROLLBACK;
SELECT results_eq('SELECT * FROM game.replica ORDER BY name, key, "row"', 'SELECT * FROM untouched ORDER BY name, key, "row"', 'ROLLBACK leaves nothing');
BEGIN;
SELECT game.score('g1', name => 'ada', score => 6) \g /dev/null
SAVEPOINT s;
SELECT game.score('g1', name => 'ada', score => 7) \g /dev/null
SELECT game.add('g1', name => 'gone', score => 100) \g /dev/null
ROLLBACK TO s;
SELECT game.add('g1', name => 'cyd', score => 2) \g /dev/null
COMMIT;
SELECT results_eq($$ SELECT value->>'name', value->'score' FROM game.replica WHERE name = 'players' ORDER BY "row" $$, $$ VALUES ('ada', '6'::jsonb), ('cyd', '2') $$,
  'a savepoint takes back what came after it');
SELECT is((SELECT value->'best' FROM game.replica WHERE name = 'games' AND key = 'g1'), '6', 'of the document, too');
SELECT is(proof('g1'), 'ok', 'then it is what the log says');
SELECT throws_ok($$ SELECT game.score('g1', name => 'ada', score => 8), 1 / (length(game.rename('g1', name => 'x')::text) - length(game.rename('g1', name => 'y')::text)) $$, '22012', NULL, 'an error beside it');
SELECT is((SELECT value->>'title' FROM game.replica WHERE name = 'games' AND key = 'g1'), 'hidden', 'undoes it');

-- an expression that fails
SELECT throws_like($$ SELECT game.do_work('g1', n => 2000000000) $$, '%budget%', 'a message after which something can''t be computed fails');
SELECT results_eq($$ SELECT value FROM game.replica WHERE name = 'jobs' AND key = 'g1' $$, $$ VALUES ('{"work": 0}'::jsonb) $$, 'and leaves nothing');
SELECT is(adama.view('game', 'g1')->'title', '"hidden"', 'the document is as it was');
SELECT lives_ok($$ SELECT game.rename('g1', name => 'goes on') $$, 'and goes on');
SELECT is((SELECT value->>'title' FROM game.replica WHERE name = 'games' AND key = 'g1'), 'goes on', 'and is published');
SELECT throws_like($$ SELECT game.do_work('g1', n => 2000000000) $$, '%budget%', 'again');

-- batches: one entry, one change of a row; a message that fails does so alone
SELECT seq AS before FROM game.document WHERE key = 'g1' \gset
CREATE TABLE answers AS SELECT * FROM adama.ingest('game', array_fill('g1'::text, ARRAY[9]), '{rename,do_work,do_work,rename,do_work,add,do_work,rename,do_work}',
  ARRAY['{"name": "a"}', '{"n": 5}', '{"n": 2000000000}', '{"name": "b"}', '{"n": 2000000000}', '{"name": "dan", "score": 9}', '{"n": 6}', '{"name": "c"}', '{"n": 2000000001}']::json[]);
SELECT results_eq('SELECT ord, seq - ' || :before || ', sqlstate FROM answers ORDER BY ord',
  $$ VALUES (1, 1::bigint, NULL::text), (2, 2, NULL), (3, NULL, 'YA032'), (4, 3, NULL), (5, NULL, 'YA032'), (6, 4, NULL), (7, 5, NULL), (8, 6, NULL), (9, NULL, 'YA032') $$,
  'in a batch, each that makes it fail does so alone');
SELECT results_eq($$ SELECT value FROM game.replica WHERE key = 'g1' AND name <> 'players' ORDER BY name $$, $$ VALUES ('{"title": "c", "best": 9, "online": 0}'::jsonb), ('{"work": 6}') $$,
  'what the others say is published');
SELECT is(proof('g1'), 'ok', 'and is what the log says');
SELECT results_eq($$ SELECT count(*), count(seq) FROM adama.ingest('game', array_fill('g1'::text, ARRAY[200]), array_fill('do_work'::text, ARRAY[200]), array_fill('{"n": 2000000000}'::json, ARRAY[200])) $$,
  $$ VALUES (200::bigint, 0::bigint) $$, 'all of them may fail');
SELECT seq AS before FROM game.document WHERE key = 'g1' \gset
BEGIN;
SELECT touched() AS t \gset
SELECT count(*) FROM adama.ingest('game', array_fill('g1'::text, ARRAY[3]), '{rename,rename,rename}', ARRAY['{"name": "x"}', '{"name": "y"}', '{"name": "z"}']::json[]) \g /dev/null
SELECT is((touched(:'t'))[1:4], '{0,1,1,0}', 'three messages of a batch that change a value write it once');
COMMIT;
SELECT results_eq($$ SELECT seq - $$ || :before || $$, value->>'title' FROM game.replica WHERE key = 'g1' AND name = 'games' $$, $$ VALUES (3::bigint, 'z') $$, 'as of the last');
BEGIN;
SELECT touched() AS t \gset
SELECT count(*) FROM adama.ingest('game', array_fill('g1'::text, ARRAY[2]), '{rename,rename}', ARRAY['{"name": "x"}', '{"name": "z"}']::json[]) \g /dev/null
SELECT is((touched(:'t'))[1:4], '{0,0,0,0}', 'two that together change nothing write nothing');
COMMIT;

-- who comes and goes
SELECT adama.connect('game', 'g1') AS connection \gset
SELECT is((SELECT value->'online' FROM game.replica WHERE key = 'g1' AND name = 'games'), '1', 'who joins is counted');
SELECT adama.disconnect(:'connection') \g /dev/null
SELECT is((SELECT value->'online' FROM game.replica WHERE key = 'g1' AND name = 'games'), '0', 'and who leaves');

-- back to what was
SELECT adama.rewind('game', 'g1', 3) \g /dev/null
SELECT results_eq($$ SELECT name, "row", value FROM published WHERE key = 'g1' ORDER BY name, "row" $$,
  $$ VALUES ('games', 0, '{"title": "untitled", "best": 5, "online": 0}'::jsonb), ('jobs', 0, '{"work": 0}'), ('players', 1, '{"name": "ada", "score": 3}'), ('players', 2, '{"name": "bob", "score": 5}') $$,
  'a rewind publishes what was');
SELECT is((SELECT count(DISTINCT seq) FROM game.replica WHERE key = 'g1'), 1::bigint, 'as of now');
SELECT game.back('g1', n => 1) \g /dev/null
SELECT results_eq($$ SELECT name, value FROM published WHERE key = 'g1' ORDER BY name $$,
  $$ VALUES ('games', '{"title": "untitled", "best": 0, "online": 0}'::jsonb), ('jobs', '{"work": 0}') $$, 'also one that a program asks for');
SELECT is(proof('g1'), 'ok', 'as the log says');

-- elsewhere
SELECT game.add('g1', name => 'ada', score => 3) \g /dev/null
SELECT adama.deploy('other', :'program') \g /dev/null
SELECT adama.import('other', 'g1', adama.export('game', 'g1')) \g /dev/null
SELECT results_eq($$ SELECT name, "row", value, hash FROM other.replica ORDER BY name, "row" $$, $$ SELECT name, "row", value, hash FROM game.replica WHERE key = 'g1' ORDER BY name, "row" $$,
  'a document that is imported publishes the same');
SELECT ok((adama.verify('other', 'g1')).ok, 'which is what its log says');

-- another program
SELECT $adama$
record Player { public int id; public string name; public int score; replication<members:upsert> listed = {called: name}; }
table<Player> _players;
public string title = "untitled";
message Summary { string title; int size; }
replication<games:upsert> status = {title: title, size: _players.size()};
message Name { string name; }
channel rename(Name m) { title = m.name; }
$adama$ AS other_program \gset
SELECT adama.deploy('game', :'other_program') \g /dev/null
SELECT is((SELECT count(*) FROM game.replica WHERE key = 'g1' AND name IN ('jobs', 'players')), 2::bigint, 'a document publishes what its program says until it is upgraded');
SELECT is(proof('g1'), 'ok', 'as it should');
SELECT is(adama.upgrade('game'), 2, 'that can be done at once');
SELECT results_eq('SELECT key, name, "row", value FROM published ORDER BY key, name, "row"',
  $$ VALUES ('g1', 'games', 0, '{"title": "untitled", "size": 1}'::jsonb), ('g1', 'members', 1, '{"called": "ada"}'), ('quiet', 'games', 0, '{"title": "untitled", "size": 0}') $$,
  'then what the new one says is there, and what the old one said is gone');
SELECT is((SELECT string_agg(proof(key), ',') FROM game.document), 'ok,ok', 'as their logs say');
SELECT adama.deploy('game', :'program') \g /dev/null
SELECT game.score('g1', name => 'ada', score => 4) \g /dev/null
SELECT results_eq($$ SELECT name, "row", value FROM published WHERE key = 'g1' ORDER BY name, "row" $$,
  $$ VALUES ('games', 0, '{"title": "untitled", "best": 4, "online": 0}'::jsonb), ('jobs', 0, '{"work": 0}'), ('players', 1, '{"name": "ada", "score": 4}') $$,
  'a message upgrades its document, too, and is then reduced');

-- a proof that can fail
BEGIN;
UPDATE game.replica SET value = '{"name": "ada", "score": 5}' WHERE name = 'players' AND key = 'g1';
SELECT is(proof('g1'), 'replica "players" of row 1 is another than the document says', 'adama.verify tells of a value that is wrong');
SELECT results_eq($$ SELECT expected, found FROM adama.verify('game', 'g1') $$, $$ VALUES ('{"name": "ada", "score": 5}'::jsonb, '{"name": "ada", "score": 4}'::jsonb) $$, 'with both');
DELETE FROM game.replica WHERE name = 'games' AND key = 'g1';
SELECT is(proof('g1'), 'replica "games" of the document is missing', 'of one that is missing');
ROLLBACK;
BEGIN;
INSERT INTO game.replica VALUES ('stray', 'g1', 7, '{}', 0, 1, now());
SELECT is(proof('g1'), 'replica "stray" of row 7 is there, though the document does not say so', 'and of one that should not be there');
SELECT is(proof('quiet'), 'ok', 'in its own document');
ROLLBACK;

BEGIN;
DELETE FROM game.replica WHERE name = 'games' AND key = 'g1';
INSERT INTO game.replica VALUES ('players', 'g1', 7, '{}', 0, 1, now());
UPDATE game.replica SET value = value || '{"score": 77}' WHERE name = 'players' AND key = 'g1' AND "row" <> 7;
SELECT isnt((SELECT count(*) FROM game.replica WHERE key = 'g1' AND value->>'score' = '77'), 0::bigint, 'somebody writes to rows, and leaves their hashes');
SELECT adama.rewind('game', 'g1', (SELECT seq FROM game.document WHERE key = 'g1')) \g /dev/null
SELECT is(proof('g1'), 'ok', 'to lead the document to where it is puts that right');
ROLLBACK;

-- the end
SELECT adama.delete('game', 'g1') \g /dev/null
SELECT is((SELECT count(*) FROM game.replica WHERE key = 'g1'), 0::bigint, 'a document that is deleted publishes nothing');
SELECT isnt_empty($$ SELECT FROM game.replica WHERE key = 'quiet' $$, 'others do');
SELECT game.end('quiet') \g /dev/null
SELECT is_empty('TABLE published', 'nor does one that ends itself');

-- the user's triggers: once for all rows of an entry, with the document as it is now
CREATE TABLE seen (event text, rows jsonb, seq bigint);
CREATE FUNCTION came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.seen SELECT tg_op, jsonb_agg(f.value ORDER BY f.name, f."row"), max(d.seq) FROM fresh f JOIN game.documents d USING (key);
  RETURN NULL;
END $$;
CREATE FUNCTION went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.seen SELECT tg_op, jsonb_agg(o.value ORDER BY o.name, o."row"), NULL FROM old_rows o;
  RETURN NULL;
END $$;
CREATE TRIGGER came AFTER INSERT ON game.replica REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION came();
CREATE TRIGGER changed AFTER UPDATE ON game.replica REFERENCING OLD TABLE AS old_rows NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION came();
CREATE TRIGGER went AFTER DELETE ON game.replica REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION went();
SELECT adama.create('game', 'g2') \g /dev/null
SELECT results_eq('TABLE seen', $$ VALUES ('INSERT', '[{"title": "untitled", "best": 0, "online": 0}, {"work": 0}]'::jsonb, 1::bigint) $$, 'a statement trigger sees what a creation publishes at once');
TRUNCATE seen;
SELECT count(*) FROM adama.ingest('game', array_fill('g2'::text, ARRAY[4]), '{add,add,rename,do_work}',
  ARRAY['{"name": "ada", "score": 1}', '{"name": "bob", "score": 2}', '{"name": "two"}', '{"n": 3}']::json[]) \g /dev/null
SELECT results_eq('SELECT * FROM seen ORDER BY event',
  $$ VALUES ('INSERT', '[{"name": "ada", "score": 1}, {"name": "bob", "score": 2}]'::jsonb, 5::bigint), ('UPDATE', '[{"title": "two", "best": 2, "online": 0}, {"work": 3}]', 5) $$,
  'and what a batch does, by kind');
TRUNCATE seen;
SELECT game.make_noise('g2', n => 1) \g /dev/null
SELECT is_empty('TABLE seen', 'it does not fire when nothing changes');
SELECT adama.delete('game', 'g2') \g /dev/null
SELECT results_eq('TABLE seen', $$ VALUES ('DELETE', '[{"title": "two", "best": 2, "online": 0}, {"work": 3}, {"name": "ada", "score": 1}, {"name": "bob", "score": 2}]'::jsonb, NULL::bigint) $$,
  'a deletion is one statement, too');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not below zero' USING ERRCODE = 'P0C10'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON game.replica FOR EACH ROW WHEN ((new.value->>'score')::int < 0) EXECUTE FUNCTION refuse();
SELECT adama.create('game', 'g3') \g /dev/null
SELECT throws_ok($$ SELECT game.add('g3', name => 'ada', score => -1) $$, 'P0C10', 'not below zero', 'a trigger may refuse a message');
SELECT is((SELECT seq FROM game.document WHERE key = 'g3'), 1::bigint, 'of which nothing is left then');
SELECT is(proof('g3'), 'ok', 'nothing at all');
ALTER SCHEMA game RENAME TO play;
TRUNCATE seen;
CREATE OR REPLACE FUNCTION came() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen SELECT tg_op, jsonb_agg(value), NULL FROM fresh; RETURN NULL; END $$;
SELECT play.do_work('g3', n => 4) \g /dev/null
SELECT results_eq('TABLE seen', $$ VALUES ('UPDATE', '[{"work": 4}]'::jsonb, NULL::bigint) $$, 'a space may get another name');
ALTER SCHEMA play RENAME TO game;
DROP TRIGGER came ON game.replica;
DROP TRIGGER changed ON game.replica;
DROP TRIGGER went ON game.replica;
DROP TRIGGER refuse ON game.replica;

-- an index of the user's own, and a column
CREATE UNIQUE INDEX ON game.replica ((value->>'name')) WHERE name = 'players';
ALTER TABLE game.replica ADD COLUMN extra text DEFAULT 'mine';
SELECT game.add('g3', name => 'ada', score => 1) \g /dev/null
SELECT throws_ok($$ SELECT game.add('g3', name => 'ada', score => 2) $$, '23505', NULL, 'a unique index holds');
SELECT game.score('g3', name => 'ada', score => 2) \g /dev/null
SELECT results_eq($$ SELECT value->'score', extra FROM game.replica WHERE name = 'players' $$, $$ VALUES ('2'::jsonb, 'mine') $$, 'and a column keeps its value');
SELECT is(proof('g3'), 'ok', 'as the log says');

-- what triggers can't do
CREATE FUNCTION send_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM game.make_noise(new.key, n => 1); RETURN NULL; END $$;
CREATE TRIGGER again AFTER UPDATE ON game.replica FOR EACH ROW EXECUTE FUNCTION send_again();
SELECT throws_like($$ SELECT game.score('g3', name => 'ada', score => 3) $$, 'document "g3" is reducing a message', 'a trigger can''t send to its document');
DROP TRIGGER again ON game.replica;
CREATE FUNCTION send_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.key = 'g3' AND new.name = 'players' THEN PERFORM game.rename('g4', name => new.value->>'score'); END IF; RETURN NULL; END $$;
CREATE TRIGGER on_and_on AFTER UPDATE ON game.replica FOR EACH ROW EXECUTE FUNCTION send_on();
SELECT adama.create('game', 'g4') \g /dev/null
SELECT game.score('g3', name => 'ada', score => 3) \g /dev/null
SELECT is((SELECT value->>'title' FROM game.replica WHERE name = 'games' AND key = 'g4'), '3', 'but to others');
DROP TRIGGER on_and_on ON game.replica;
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON game.replica DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION send_on();
SELECT throws_like($$ SELECT game.score('g3', name => 'ada', score => 4) $$, '%deferred%', 'nor be deferred');
DROP TRIGGER later ON game.replica;
BEGIN;
ALTER TABLE game.replica DROP CONSTRAINT replica_pkey, ADD PRIMARY KEY (key, name, "row");
SELECT throws_like($$ SELECT game.score('g3', name => 'ada', score => 4) $$, '%no space%', 'a space whose table has another key is none');
ROLLBACK;
SELECT is((SELECT string_agg(proof(key), ',') FROM game.document), 'ok,ok', 'all is as the logs say');

-- a program whose expressions fail for what documents were, or are
SELECT $adama$
public int work = 0;
public string title = "first";
private int joined = 0;
message Number { int n; }
message Name { string name; }
channel do_work(Number m) { work = m.n; }
channel rename(Name m) { title = m.name; }
channel back(Number m) { Document.rewind(m.n); }
$adama$ AS quiet_program \gset
SELECT $adama$
procedure spin(int n) -> int readonly { int i = 0; while (i < n) { i++; } return n; }
replication<jobs:upsert> job = {work: spin(work), title: title, joined: spin(joined * 1000000000)};
@connected { joined = 2; return true; }
$adama$ AS speaking \gset
SELECT adama.deploy('late', :'quiet_program') \g /dev/null
SELECT adama.create('late', 'd'), adama.create('late', 'stuck') \g /dev/null
SELECT late.do_work('d', n => 2000000000), late.do_work('d', n => 1), late.do_work('stuck', n => 2000000000) \g /dev/null
SELECT is_empty('TABLE late.replica', 'a program without replications publishes nothing');
SELECT results_eq(format($$ SELECT key, sqlstate, error FROM adama.try('late', %L) WHERE seq IS NULL ORDER BY key $$, :'quiet_program' || :'speaking'),
  $$ VALUES ('d', NULL, NULL), ('stuck', 'YA032', 'line 11: the document can''t be moved to the program: the program used up its budget of 10000000 steps (It happened in procedure "spin", called from replication "job".)') $$,
  'adama.try tells what could not be published');
SELECT results_eq(format($$ SELECT seq, channel, sqlstate FROM adama.try('late', 'stuck', %L) $$, :'quiet_program' || :'speaking'), $$ VALUES (NULL::bigint, NULL::text, 'YA032') $$, 'of one document, too');
SELECT is_empty(format($$ SELECT * FROM adama.try('late', 'd', %L) $$, :'quiet_program' || :'speaking'), 'and nothing of one that can');
SELECT adama.deploy('late', :'quiet_program' || :'speaking') \g /dev/null
SELECT is(late.rename('d', name => 'second'), 5::bigint, 'it gets some');
SELECT results_eq('SELECT value FROM late.replica', $$ VALUES ('{"work": 1, "title": "second", "joined": 0}'::jsonb) $$, 'which publish');
SELECT throws_like($$ SELECT adama.rewind('late', 'd', 2) $$, '%budget%', 'it does not go back to what can''t be published');
SELECT results_eq($$ SELECT ord, seq, sqlstate FROM adama.ingest('late', array_fill('d'::text, ARRAY[4]), '{rename,back,rename,back}',
  ARRAY['{"name": "third"}', '{"n": 2}', '{"name": "fourth"}', '{"n": 5}']::json[]) $$,
  $$ VALUES (1, 6::bigint, NULL::text), (2, NULL, 'YA032'), (3, 7, NULL), (4, 8, NULL) $$, 'nor for a message, which fails alone');
SELECT results_eq($$ SELECT value, seq FROM late.replica $$, $$ VALUES ('{"work": 1, "title": "second", "joined": 0}'::jsonb, 8::bigint) $$, 'all others count');
SELECT ok((adama.verify('late', 'd')).ok, 'as its log says');
SELECT throws_like($$ SELECT adama.connect('late', 'd') $$, '%budget%', 'nobody joins whose coming can''t be published');
SELECT is(late.rename('d', name => 'fifth'), 9::bigint, 'the document does not notice');
SELECT throws_like($$ SELECT late.rename('stuck', name => 'x') $$, '%budget%', 'a document of which nothing can be published does not get the new program');
SELECT ok((adama.verify('late', 'stuck')).ok, 'and stays as it is');
CREATE FUNCTION complaint(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', sqlstate, message, detail, hint);
END $$;
SELECT is(complaint($$ SELECT late.rename('stuck', name => 'x') $$), E'YA032\n'
  'version 2 of the program can''t take over the document: the program used up its budget of 10000000 steps\n'
  'It happened in procedure "spin", called from replication "job". Document "stuck" of space "late" stays as version 1 has it, and takes no message.\n'
  'Perhaps a loop does not end here, or a query visits too many rows. Deploy a program that can, or call adama.rollback(''late'', 1). adama.try tells of such documents beforehand.', 'which is told, with what to do');
SELECT is(complaint($$ SELECT adama.upgrade('late') $$), complaint($$ SELECT late.rename('stuck', name => 'x') $$), 'also when it is moved without a message');
SELECT results_eq($$ SELECT key, sqlstate, error LIKE 'version 2 of the program can''t take over the document: % called from replication "job".%' FROM (SELECT k AS key, i.* FROM
  adama.ingest('late', '{d,stuck,d}', '{rename,rename,rename}', '{"{\"name\": \"sixth\"}","{\"name\": \"x\"}","{\"name\": \"fifth\"}"}'::json[]) i JOIN unnest('{d,stuck,d}'::text[]) WITH ORDINALITY k (k, o) ON o = ord) x ORDER BY ord $$,
  $$ VALUES ('d', NULL::text, NULL::bool), ('stuck', 'YA032', true), ('d', NULL, NULL) $$, 'in a batch its messages alone fail');
BEGIN;
SELECT lives_ok($$ SELECT adama.delete('late', 'stuck') $$, 'it can be deleted');
SELECT is((SELECT count(*) FROM late.replica WHERE key = 'stuck'), 0::bigint, 'with all of it');
ROLLBACK;
SELECT adama.deploy('late', :'quiet_program') \g /dev/null
SELECT is(late.rename('stuck', name => 'x'), 4::bigint, 'until there is another');

-- many messages to one document in one transaction
-- Buffers that the statement looked at: what grows with the versions of a row shows.
CREATE FUNCTION buffers(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || statement INTO plan; RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::bigint; END $$;
SELECT $adama$
record Part { public int id; public string name; public int n; replication<parts:upsert> shown = {name: name, n: n}; }
table<Part> _parts;
public int n = 0;
replication<whole:upsert> status = {n: n};
message Number { int n; }
message Parts { string gone; string changed; int n; }
channel step(Number m) { n += m.n; }
channel part(Parts m) { _parts <- {name: m.changed, n: m.n}; }
channel parts(Parts m) { (iterate _parts where name == m.gone).delete(); (iterate _parts where name == m.changed).n = m.n; }
$adama$ AS steps \gset
CREATE FUNCTION way(schema text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE first bigint; third bigint; step text := format('SELECT %I.step(''d'', n => 1) FROM generate_series(1, 1000)', schema);
BEGIN
  PERFORM buffers(format('SELECT %I.step(''d'', n => 1)', schema));
  first := buffers(step);
  PERFORM buffers(step);
  third := buffers(step);
  RETURN CASE WHEN third < first * 1.3 THEN 'as long' ELSE first || ', then ' || third END;
END $$;
SELECT adama.deploy(s, :'steps'), adama.create(s, 'd') FROM unnest('{plain,listens,alters,indexed,wide,brings}'::text[]) s \g /dev/null
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION pass_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER nothing AFTER UPDATE ON listens.replica REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION nothing();
CREATE TRIGGER pass BEFORE UPDATE ON alters.replica FOR EACH ROW EXECUTE FUNCTION pass_on();
CREATE INDEX ON indexed.replica ((value->>'n'));
ALTER TABLE wide.replica ADD COLUMN mine text DEFAULT 'mine';
CREATE TABLE brought (key text PRIMARY KEY, n int, more text);
SELECT adama.replicate('brings', 'whole', 'brought', '{"key": "$key", "n": "n"}', 'sync') \g /dev/null
SELECT is(way(s), 'as long', 'the third thousand takes no longer than the first: ' || s) FROM unnest('{plain,listens,alters,indexed,wide,brings}'::text[]) s;
SELECT results_eq($$ SELECT value FROM plain.replica UNION ALL SELECT value FROM listens.replica UNION ALL SELECT value FROM alters.replica UNION ALL SELECT value FROM indexed.replica
  UNION ALL SELECT value FROM wide.replica UNION ALL SELECT to_jsonb(b) - 'key' - 'more' FROM brought b $$, $$ SELECT '{"n": 3001}'::jsonb FROM generate_series(1, 6) $$, 'and all of it is there');
SELECT is((SELECT count(*) FROM indexed.replica WHERE value->>'n' = '3001'), 1::bigint, 'by the index, too');
-- savepoints, and what is done by hand between them
CREATE FUNCTION told(schema text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n text;
BEGIN
  EXECUTE format('SELECT string_agg(value->>''n'', '','' ORDER BY "row") FROM %I.replica WHERE key = ''d''', schema) INTO n;
  RETURN n || CASE WHEN (adama.verify(schema, 'd')).ok THEN '' ELSE ' wrong' END;
END $$;
BEGIN;
SELECT plain.step('d', n => 1), listens.step('d', n => 1), indexed.step('d', n => 1), wide.step('d', n => 1), brings.step('d', n => 1) \g /dev/null
SAVEPOINT a;
SELECT plain.step('d', n => 1), listens.step('d', n => 1), indexed.step('d', n => 1), wide.step('d', n => 1), brings.step('d', n => 1) \g /dev/null
ROLLBACK TO a;
SELECT plain.step('d', n => 1), listens.step('d', n => 1), indexed.step('d', n => 1), wide.step('d', n => 1), brings.step('d', n => 1) \g /dev/null
SELECT is(told(s), '3003', 'a savepoint takes back what came after it: ' || s) FROM unnest('{plain,listens,indexed,wide,brings}'::text[]) s;
SELECT is((SELECT n FROM brought), 3003, 'in the table, too');
TRUNCATE plain.replica, listens.replica, indexed.replica, wide.replica, brought;
SELECT plain.step('d', n => 1), listens.step('d', n => 1), indexed.step('d', n => 1), wide.step('d', n => 1), brings.step('d', n => 1) \g /dev/null
SELECT is(told(s), '3004', 'what was emptied meanwhile is no trouble: ' || s) FROM unnest('{plain,listens,indexed,wide}'::text[]) s;
SELECT is((SELECT n FROM brought), 3004, 'nor a table that was');
DELETE FROM brought;
INSERT INTO brought VALUES ('other', 0, NULL), ('d', 7, 'by hand');
SELECT brings.step('d', n => 1) \g /dev/null
UPDATE brought SET key = 'e' WHERE key = 'd';
SELECT brings.step('d', n => 1) \g /dev/null
SELECT results_eq('TABLE brought', $$ VALUES ('other', 0, NULL), ('e', 3005, 'by hand'), ('d', 3006, NULL) $$, 'nor one in which rows are others meanwhile');
COMMIT;
-- triggers that write to the rows, keep them, or move them away
SELECT listens.part('d', gone => '', changed => 'a', n => 1), listens.part('d', gone => '', changed => 'b', n => 2), listens.part('d', gone => '', changed => 'c', n => 3) \g /dev/null
ALTER TABLE listens.replica ADD COLUMN marks int DEFAULT 0;
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE listens.replica SET marks = marks + 1 WHERE key = 'd'; RETURN NULL; END $$;
CREATE TRIGGER mark AFTER DELETE ON listens.replica FOR EACH STATEMENT EXECUTE FUNCTION mark();
SELECT listens.parts('d', gone => 'b', changed => 'a', n => 10) \g /dev/null
SELECT results_eq($$ SELECT value->'n', marks FROM listens.replica WHERE name = 'parts' ORDER BY "row" $$, $$ VALUES ('10'::jsonb, 1), ('3', 1) $$, 'a row that a trigger has written meanwhile gets its value');
DROP TRIGGER mark ON listens.replica;
CREATE TRIGGER mark AFTER UPDATE OF value ON listens.replica FOR EACH STATEMENT EXECUTE FUNCTION mark();
BEGIN;
SELECT listens.step('d', n => 1), listens.step('d', n => 1) FROM generate_series(1, 3) \g /dev/null
SELECT results_eq($$ SELECT value->'n', marks FROM listens.replica ORDER BY name, "row" $$, $$ VALUES ('10'::jsonb, 7), ('3', 7), ('3010', 7) $$, 'also when it writes each time');
COMMIT;
DROP TRIGGER mark ON listens.replica;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN (new.value->>'n')::int % 2 = 0 THEN new END; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON listens.replica FOR EACH ROW EXECUTE FUNCTION keep();
BEGIN;
SELECT listens.step('d', n => 1) \g /dev/null
SELECT is(told('listens'), '3010,10,3 wrong', 'a row that a trigger keeps stays as it was');
SELECT listens.step('d', n => 1) \g /dev/null
SELECT is(told('listens'), '3012,10,3', 'and the next value comes');
SELECT listens.step('d', n => 1), listens.step('d', n => 1) \g /dev/null
COMMIT;
SELECT is(told('listens'), '3014,10,3', 'in one transaction, too');
CREATE RULE instead AS ON UPDATE TO wide.replica DO INSTEAD NOTHING;
SELECT wide.step('d', n => 1) \g /dev/null
SELECT is(told('wide'), '3004 wrong', 'a rule may do something else');
DROP RULE instead ON wide.replica;
CREATE TABLE ruled (n jsonb);
CREATE RULE also AS ON UPDATE TO wide.replica DO ALSO INSERT INTO ruled VALUES (new.value->'n');
SELECT wide.step('d', n => 1), wide.step('d', n => 1) \g /dev/null
SELECT is(told('wide') || (SELECT string_agg(n::text, ',') FROM ruled), '30073006,3007', 'or more');
-- indexes
CREATE UNIQUE INDEX ON indexed.replica ((value->>'name')) WHERE name = 'parts';
SELECT indexed.part('d', gone => '', changed => 'a', n => 1), indexed.part('d', gone => '', changed => 'b', n => 2) \g /dev/null
SELECT throws_ok($$ SELECT indexed.part('d', gone => '', changed => 'a', n => 1) $$, '23505', NULL, 'a unique index holds for a few rows');
SELECT indexed.parts('d', gone => 'a', changed => 'b', n => 5), indexed.part('d', gone => '', changed => 'a', n => 6) \g /dev/null
SELECT is(told('indexed'), '3004,5,6', 'what has gone makes room');
SELECT indexed.part('d', gone => '', changed => 'part ' || i, n => 7) FROM generate_series(1, 20) i \g /dev/null
SELECT is((SELECT count(*) FROM indexed.replica WHERE value->>'n' = '7'), 20::bigint, 'many come');
SELECT adama.delete('indexed', 'd') \g /dev/null
SELECT is_empty('TABLE indexed.replica', 'and go');
-- a trigger that has the schema renamed, and sends on: statements that are running stay
SELECT adama.deploy('yard', $$ message Set { int n; } public int n; channel set(Set m) { n = m.n; } replication<it:upsert> shown = {n: n}; $$) \g /dev/null
SELECT adama.create('yard', 'a'), adama.create('yard', 'b') \g /dev/null
CREATE FUNCTION moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  here text := TG_TABLE_SCHEMA;
BEGIN
  IF (SELECT bool_and(key = 'a') FROM fresh) THEN
    FOR i IN 1 .. 3 LOOP
      EXECUTE format('ALTER SCHEMA %I RENAME TO %I', here, here || '_');
      here := here || '_';
      PERFORM adama.send(here, 'b', 'set', format('{"n": %s}', i)::jsonb);
    END LOOP;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER moves AFTER UPDATE ON yard.replica REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION public.moves();
SELECT adama.send('yard', 'a', 'set', '{"n": 7}'), adama.send('yard___', 'a', 'set', '{"n": 8}') \g /dev/null
SELECT is((SELECT string_agg(value->>'n', ' ' ORDER BY key) FROM yard______.replica), '8 3', 'a schema may get another name while rows are written');

SELECT * FROM finish();
