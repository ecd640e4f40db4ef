-- Tables that are kept in step with what documents publish: what goes where, what fits, what is written with the message, what is left to the worker.
SET search_path = public, adama;
SET client_min_messages = warning;
SET timezone = 'UTC';
\set scores 'message Set { string title; int best; bool open; } message Score { int id; string nick; int points; } message Gone { int id; } record Player { public int id; public string nick; public int points; replication<player:upsert> player = {nick: nick, points: points, title: title}; } table<Player> players; public string title; public int best; public bool open = true; procedure board() -> maybe<Board> readonly { if (open) { return @maybe({title: title, best: best}); } maybe<Board> none; return none; } message Board { string title; int best; } replication<board:upsert> shown = board(); channel set(Set s) { title = s.title; best = s.best; open = s.open; } channel score(Score s) { if ((iterate players where id == s.id)[0] as p) { p.nick = s.nick; p.points = s.points; } else { players <- {nick: s.nick, points: s.points}; } } channel gone(Gone g) { (iterate players where id == g.id).delete(); }'
SELECT deploy('game', :'scores');
SELECT adama."create"('game', k) FROM unnest('{a,b}'::text[]) k;
SELECT game.set('a', title => 'Ace', best => 1, open => true), game.set('b', title => 'Bee', best => 2, open => true);
SELECT game.score('a', id => 0, nick => 'ann', points => 5), game.score('a', id => 0, nick => 'bob', points => 7);
SELECT name, key, "row", value FROM game.replica ORDER BY name, key, "row";

-- ---- by names, with each message ----
CREATE TABLE boards (key text PRIMARY KEY, title text NOT NULL, best int NOT NULL CHECK (best < 1000), note text DEFAULT 'mine');
CREATE TABLE players (document varchar(100), "row" bigint, title text, nick varchar(5), points numeric(6,1), PRIMARY KEY (document, "row"));
SELECT replicate('game', 'board', 'boards', mode => 'sync');
SELECT replicate('game', 'player', 'players', mode => 'sync');
SELECT * FROM boards ORDER BY key;
SELECT * FROM players ORDER BY document, "row";
SELECT name, target, mode, columns, identity, filled, fill_total, fill_done FROM game.replication ORDER BY id;
SELECT game.set('a', title => 'Ace', best => 10, open => true), game.score('b', id => 0, nick => 'cid', points => 1), game.score('a', id => 1, nick => 'ann', points => 6);
SELECT * FROM boards ORDER BY key;
SELECT * FROM players ORDER BY document, "row";
-- what publishes the same writes nothing; what is the same in the columns is not written there either
CREATE TEMP TABLE before AS SELECT key, ctid AS place, xmin AS wrote FROM boards;
SELECT game.set('a', title => 'Ace', best => 10, open => true);
SELECT b.* FROM boards b JOIN before USING (key) WHERE b.xmin = wrote AND b.ctid = place ORDER BY key;
SELECT unreplicate('game', 'board', 'boards');
SELECT replicate('game', 'board', 'boards', '{"key": "$key", "title": "title", "best": "best"}', 'sync');
SELECT count(*) FROM boards b JOIN before USING (key) WHERE b.xmin = wrote AND b.ctid = place;
-- what somebody else wrote there stays until the value is another; their own columns stay
UPDATE boards SET best = 77, note = 'theirs' WHERE key = 'b';
SELECT game.set('b', title => 'Bee', best => 2, open => true);
SELECT * FROM boards WHERE key = 'b';
SELECT game.set('b', title => 'Bee!', best => 2, open => true);
SELECT * FROM boards WHERE key = 'b';
-- what is not published any more goes, and comes back
SELECT game.set('a', title => 'Ace', best => 10, open => false), game.gone('a', id => 2);
SELECT key FROM boards ORDER BY key;
SELECT document, "row" FROM players ORDER BY 1, 2;
SELECT game.set('a', title => 'Ace', best => 11, open => true);
SELECT adama.delete('game', 'b');
SELECT * FROM boards ORDER BY key;
SELECT * FROM players ORDER BY document, "row";

-- ---- with the transaction, or not at all ----
BEGIN;
SELECT game.set('a', title => 'undone', best => 1, open => true);
SAVEPOINT s;
SELECT game.set('a', title => 'undone twice', best => 2, open => true);
SELECT title, best FROM boards;
ROLLBACK TO s;
SELECT title, best FROM boards;
ROLLBACK;
SELECT title, best FROM boards;
-- what the table refuses, the message fails with
SELECT game.set('a', title => 'Ace', best => 1000, open => true);
SELECT game.score('a', id => 1, nick => 'too long', points => 1);
SELECT game.score('a', id => 1, nick => 'ann', points => 100000);
SELECT title, best, (verify('game', 'a')).ok FROM boards;
SELECT ord, seq, sqlstate, error FROM ingest('game', '{a,a,nobody,a}', '{set,set,set,set}', ARRAY['{"title":"one","best":1,"open":true}', '{"title":"two","best":2000,"open":true}', '{"title":"x","best":1,"open":true}', '{"title":"three","best":3,"open":true}']::json[]) ORDER BY ord;
SELECT title, best, (verify('game', 'a')).ok FROM boards;
-- several messages are one change; where that is refused, each is tried alone
SELECT ord, seq, sqlstate, error FROM ingest('game', '{a,a,a}', '{set,score,set}', ARRAY['{"title":"four","best":4,"open":true}', '{"id":1,"nick":"too long","points":1}', '{"title":"five","best":5,"open":true}']::json[]) ORDER BY ord;
SELECT title, best, (verify('game', 'a')).ok FROM boards;
-- a rewind and an import
SELECT rewind('game', 'a', 3) > 0;
SELECT * FROM boards;
SELECT * FROM players;
SELECT import('game', 'copy', export('game', 'a')) > 0;
SELECT * FROM boards ORDER BY key;

-- ---- what doesn't fit: all of it is told ----
CREATE TYPE hue AS ENUM ('Red');
CREATE DOMAIN few AS int NOT NULL CHECK (VALUE < 100);
\set kinds 'enum Hue { Red, Green } message Inner { int x; } public bool b; public int i; public long l; public double d; public string s; public label la; public Hue h; public principal p; public date day; public time hour; public datetime at; public timespan span; public maybe<int> m; public dynamic dy; public complex c; table<Row> rows; record Row { public int id; public int x; } message Fill { } channel fill(Fill f) { b = true; i = 7; l = 12345678901L; d = 0.5; s = "it''s"; h = Hue::Green; p = @who; day = @date 2024/2/29; hour = @time 13:45; at = @datetime "2023-11-14T22:13:20.123+01:00"; span = TimeSpan.makeFromSeconds(90.0); m = 3; if ("[1,null]".to_dyn() as y) { dy = y; } rows <- {x: 1}; } replication<all:upsert> all = {b: b, i: i, l: l, d: d, s: s, la: la, h: h, p: p, day: day, hour: hour, at: at, span: span, m: m, dy: dy, c: c, list: (iterate rows).x};'
SELECT severity, line, col, message FROM "check"(:'kinds');
SELECT deploy('kinds', :'kinds');
SELECT "create"('kinds', 'k/1'), kinds.fill('k/1');
CREATE TABLE misfits (key char(10) PRIMARY KEY, b int, i date, l int, d int, s int, la bool, h hue, p jsonb, day timestamp, hour interval, at text, span time, m few, dy text, list int[], must text NOT NULL, twice int GENERATED ALWAYS AS (b * 2) STORED);
SELECT replicate('kinds', 'all', 'misfits');
SELECT replicate('kinds', 'all', 'misfits', '{"key": "$key", "s": "b", "la": "$seen", "h": "hh", "p": 1, "nowhere": "b", "twice": "i", "day": "$at", "at": "$at"}');
SELECT replicate('kinds', 'al', 'misfits');
SELECT replicate('kinds', 'all', 'misfits', '[]');
SELECT replicate('kinds', 'all', 'misfits', mode => 'later');
SELECT replicate('kinds', 'all', 'misfits', mode => 'queue');
SELECT replicate('kinds', 'all', NULL);
SELECT replicate('kinds', NULL, 'misfits');
SELECT replicate('nowhere', 'all', 'misfits');
SELECT replicate('kinds', 'all', 1);
-- what can't be a target
CREATE VIEW a_view AS SELECT * FROM boards;
CREATE TEMP TABLE a_temp (LIKE boards INCLUDING ALL);
CREATE TABLE a_rule (LIKE boards INCLUDING ALL);
CREATE RULE nothing AS ON INSERT TO a_rule DO ALSO NOTHING;
SELECT replicate('game', 'board', 'a_view');
SELECT replicate('game', 'board', 'a_temp');
SELECT replicate('game', 'board', 'a_rule');
SELECT replicate('game', 'board', 'pg_catalog.pg_class');
SELECT replicate('game', 'board', 'kinds.replica');
-- by what rows are found
CREATE TABLE loose (key text, "row" int, nick text, points int, title text);
SELECT replicate('game', 'player', 'loose');
CREATE UNIQUE INDEX ON loose (key);
CREATE UNIQUE INDEX ON loose (key, "row") WHERE points > 0;
CREATE UNIQUE INDEX ON loose (key, lower(nick));
CREATE UNIQUE INDEX ON loose (key, "row", nick);
ALTER TABLE loose ADD UNIQUE (key, "row") DEFERRABLE;
SELECT replicate('game', 'player', 'loose');
SELECT replicate('game', 'player', 'loose', '{"key": "$key", "nick": "nick"}');
SELECT replicate('game', 'player', 'loose', '{"nick": "nick"}');
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE same (key text COLLATE any_case PRIMARY KEY, best int, title text);
SELECT replicate('game', 'board', 'same');
CREATE UNIQUE INDEX ON loose ("row", key);
SELECT replicate('game', 'player', 'loose', mode => 'sync');
ALTER TABLE loose DROP CONSTRAINT loose_key_row_key;
SELECT replicate('game', 'player', 'loose', mode => 'sync');
SELECT * FROM loose ORDER BY key, "row";
SELECT identity FROM game.replication WHERE target = 'loose'::regclass;

-- ---- every type ----
CREATE TYPE hues AS ENUM ('Green', 'Blue', 'Red');
CREATE TABLE fits (key text PRIMARY KEY, b bool, i bigint, l numeric, d real, s varchar(20), la text, h hues, p principal, day date, hour time, at timestamptz, span interval, m few, dy jsonb, c json, list jsonb);
CREATE TABLE texts (key text PRIMARY KEY, b text, i text, l text, d text, s char(8), la text, h text, p text, day text, hour text, at text, span numeric, m text, dy json, c jsonb, list json);
CREATE TABLE numbers (k text PRIMARY KEY, i float8, d numeric, h int, at timestamp, span float8, everything jsonb, id text, seq bigint, hash text, wrote timestamptz, space text, name text, "row" int);
SELECT replicate('kinds', 'all', 'fits', mode => 'sync');
ALTER TABLE fits ALTER m TYPE int, ALTER d TYPE float8;
SELECT replicate('kinds', 'all', 'fits', mode => 'sync'), replicate('kinds', 'all', 'texts', mode => 'sync'),
  replicate('kinds', 'all', 'numbers', '{"k": "$key", "i": "i", "d": "d", "h": "h", "at": "at", "span": "span", "everything": "$value", "id": "$id", "seq": "$seq", "hash": "$hash", "wrote": "$at", "space": "$space", "name": "$name", "row": "$row"}', 'sync');
\x
SELECT * FROM fits;
SELECT * FROM texts;
SELECT n.k, n.i, n.d, n.h, n.at, n.span, n.everything = r.value AS everything, n.id, n.seq = r.seq AS seq, n.hash = r.hash::text AS hash, n.wrote = r.at AS wrote, n.space, n.name, n."row" FROM numbers n, kinds.replica r;
\x

-- ---- one name of several structures; names that SQL writes in lower case ----
\set several 'enum Kind { Room, Door } enum Other { Room, Wall } record R { public int id; public Kind k; public double size; replication<thing:upsert> st = {kind: k, bigSize: size, alone: 1}; } record D { public int id; public Kind k; public string tag; public int z; replication<thing:upsert> st = {kind: k, tag: tag, z: (tag).length()}; } table<R> rs; table<D> ds; message Add { string tag; } channel add(Add a) { rs <- {k: Kind::Room, size: 2.5}; ds <- {k: Kind::Door, tag: a.tag}; }'
SELECT deploy('several', :'several');
SELECT "create"('several', 's'), several.add('s', tag => 'front');
CREATE TABLE things (key text, "row" int, kind text, bigsize float8, alone int NOT NULL, tag text, z bigint, PRIMARY KEY (key, "row"));
SELECT replicate('several', 'thing', 'things', mode => 'sync');
ALTER TABLE things ALTER alone DROP NOT NULL;
SELECT replicate('several', 'thing', 'things', mode => 'sync');
SELECT * FROM things ORDER BY "row";
-- what can't be written in one way
SELECT deploy('several', replace(:'several', '{kind: k, tag', '{kind: Other::Wall, tag'));
SELECT deploy('several', replace(:'several', '{kind: k, tag', '{kind: tag, tag'));
-- a column that could be two things
CREATE TABLE ambiguous (key text PRIMARY KEY, "row" int, kind text);
SELECT deploy('twofold', 'public string key = "mine"; public int row = 5; replication<x:upsert> st = {key: key, row: row};');
SELECT "create"('twofold', 'k');
SELECT replicate('twofold', 'x', 'ambiguous');
SELECT replicate('twofold', 'x', 'ambiguous', '{"key": "$key", "kind": "key", "row": "row"}', 'sync');
SELECT * FROM ambiguous;

-- ---- many into one table ----
CREATE TABLE everyone (id text PRIMARY KEY, who text, n int);
SELECT replicate('game', 'board', 'everyone', '{"id": "$id", "who": "title", "n": "best"}', 'sync'), replicate('game', 'player', 'everyone', '{"id": "$id", "who": "nick", "n": "points"}', 'sync');
SELECT deploy('other', :'scores');
SELECT adama."create"('other', 'a');
SELECT replicate('other', 'player', 'everyone', '{"id": "$id", "who": "nick", "n": "points"}', 'sync');
SELECT other.score('a', id => 0, nick => 'zoe', points => 9);
SELECT * FROM everyone ORDER BY id;
CREATE TABLE shared (space text, key text, title text, best int, PRIMARY KEY (key, space));
SELECT replicate('game', 'board', 'shared', '{"space": "$space", "key": "$key", "title": "title", "best": "best"}', 'sync');
SELECT replicate('other', 'board', 'shared', '{"space": "$space", "key": "$key", "title": "title", "best": "best"}', 'sync');
SELECT * FROM shared ORDER BY space, key;
SELECT adama.delete('other', 'a');
SELECT * FROM shared ORDER BY space, key;
SELECT count(*) FROM everyone WHERE id LIKE 'other/%';
-- but never two into one row
SELECT replicate('other', 'board', 'boards', mode => 'sync');
SELECT replicate('game', 'player', 'shared', '{"space": "$space", "key": "$key", "title": "title", "best": "points"}', 'sync');
CREATE TABLE rows_of_two (key text, "row" int, title text, n int, PRIMARY KEY (key, "row"));
SELECT replicate('game', 'board', 'rows_of_two', '{"key": "$key", "row": "$row", "title": "title", "n": "best"}', 'sync');
SELECT replicate('game', 'player', 'rows_of_two', '{"key": "$key", "row": "$row", "title": "title", "n": "points"}', 'sync');
SELECT replicate('game', 'board', 'boards', mode => 'sync');

-- ---- targets of all kinds ----
CREATE SCHEMA "Else where";
CREATE TABLE "Else where"."Odd ""names""" ("The key" text PRIMARY KEY, "a b" text, best int, made serial, twice int GENERATED ALWAYS AS (best * 2) STORED, n int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE parts (key text, title text, best int, PRIMARY KEY (key)) PARTITION BY HASH (key);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE parent (key text PRIMARY KEY, title text, best int);
CREATE TABLE child () INHERITS (parent);
INSERT INTO child VALUES ('a', 'the child''s own', 0);
SELECT replicate('game', 'board', '"Else where"."Odd ""names"""', '{"The key": "$key", "a b": "title", "best": "best"}', 'sync');
SELECT replicate('game', 'board', 'parts', mode => 'sync'), replicate('game', 'board', 'parent', mode => 'sync');
-- its own triggers fire, and find what lies beside it
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE seen (what text, title text, path text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (tg_op, CASE WHEN tg_op = 'DELETE' THEN old.title ELSE new.title END, current_setting('search_path')); RETURN NULL; END $$;
CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON parts FOR EACH ROW EXECUTE FUNCTION see();
SELECT game.set('a', title => 'AA', best => 12, open => true);
SELECT game.set('copy', title => 'AA', best => 12, open => false);
SELECT * FROM "Else where"."Odd ""names""";
SELECT * FROM parts;
SELECT tableoid::regclass, * FROM parent ORDER BY 1;
SELECT * FROM seen;
-- a trigger that sends to the document that is at work is refused, to another one it is not
CREATE FUNCTION send() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM game.set(CASE WHEN new.best = 50 THEN 'a' ELSE 'copy' END, title => new.title, best => new.best, open => true); RETURN NULL; END $$;
CREATE TRIGGER send AFTER UPDATE ON boards FOR EACH ROW WHEN (new.key = 'a') EXECUTE FUNCTION send();
SELECT game.set('a', title => 'again', best => 50, open => true);
SELECT game.set('a', title => 'both', best => 51, open => true);
SELECT key, title, best FROM boards ORDER BY key;
DROP TRIGGER send ON boards;
-- nor may one, while what there is is brought to a new table, send to documents whose replicas are being brought; nor one that a document leaves behind make it anew
CREATE TABLE fresh (key text PRIMARY KEY, title text, best int);
CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM game.set('copy', title => 'meanwhile', best => 1, open => true); RETURN NULL; END $$;
CREATE TRIGGER meanwhile AFTER INSERT ON fresh FOR EACH STATEMENT EXECUTE FUNCTION meanwhile();
SELECT replicate('game', 'board', 'fresh', mode => 'sync');
DROP TRIGGER meanwhile ON fresh;
SELECT replicate('game', 'board', 'fresh', mode => 'sync') > 0;
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM adama.create('game', old.key); RETURN NULL; END $$;
CREATE TRIGGER again AFTER DELETE ON fresh FOR EACH ROW EXECUTE FUNCTION again();
SELECT adama.delete('game', 'copy');
DROP TRIGGER again ON fresh;
SELECT unreplicate('game', 'board', 'fresh');
-- nothing can be put off to the end of a transaction that is somebody else's
CREATE TABLE titles (title text PRIMARY KEY);
CREATE TABLE put_off (key text PRIMARY KEY, title text CONSTRAINT "known title" REFERENCES titles DEFERRABLE INITIALLY DEFERRED, best int);
SELECT replicate('game', 'board', 'put_off');
ALTER TABLE put_off ALTER CONSTRAINT "known title" INITIALLY IMMEDIATE;
BEGIN;
SELECT replicate('game', 'board', 'put_off') > 0;
ROLLBACK;
-- what a crash takes away
CREATE UNLOGGED TABLE forgetful (key text PRIMARY KEY, title text, best int);
BEGIN;
SELECT replicate('game', 'board', 'forgetful') > 0;
ROLLBACK;
-- a key is not cut off: it would be another one's
CREATE TABLE narrow (key varchar(4) PRIMARY KEY, title text, best int);
SELECT replicate('game', 'board', 'narrow', mode => 'sync') > 0;
SELECT adama.create('game', 'copy ');
SELECT unreplicate('game', 'board', 'narrow');
-- rows that the owner can't see can't be kept in step
CREATE ROLE replicator;
GRANT CREATE ON DATABASE :DBNAME TO replicator;
GRANT CREATE ON SCHEMA public TO replicator;
SET ROLE replicator;
SELECT adama.deploy('theirs', :'scores');
CREATE TABLE secured (key text PRIMARY KEY, title text, best int);
SELECT adama.replicate('theirs', 'board', 'secured', mode => 'sync');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT adama.create('theirs', 'a');
SELECT adama.unreplicate('theirs', 'board', 'secured');
SELECT adama.replicate('theirs', 'board', 'secured', mode => 'sync');
SELECT adama.replicate('theirs', 'board', 'public.boards', mode => 'sync');
RESET ROLE;

-- ---- another program ----
SELECT unreplicate('game', 'board', t) FROM unnest('{"\"Else where\".\"Odd \"\"names\"\"\"",parts,parent,rows_of_two,shared,everyone}'::regclass[]) t;
SELECT unreplicate('game', 'player', t) FROM unnest('{loose,everyone}'::regclass[]) t;
SELECT deploy('game', replace(replace(:'scores', 'nick: nick', 'nick: (points > 0)'), 'Board { string title; int best; }', 'Board { string title; maybe<int> best; }'));
SELECT deploy('game', replace(:'scores', 'replication<player:upsert>', 'replication<board:upsert> too = {title: title, best: points}; replication<player:upsert>'));
SELECT deploy('game', replace(replace(:'scores', 'replication<board:upsert>', 'replication<boards:upsert>'), ', title: title};', '};'));
SELECT deploy('game', :'scores' || ' public int more;');
SELECT max(version) FROM game.program;
SELECT game.set('a', title => 'after', best => 1, open => true);
SELECT key, title, best FROM boards ORDER BY key;
SELECT adama.upgrade('game');
-- which publishes something else for the same columns
SELECT deploy('game', replace(:'scores', 'best: best', 'best: best + 100') || ' public int more;');
SELECT adama.upgrade('game');
SELECT key, title, best FROM boards ORDER BY key;

-- ---- another table ----
ALTER TABLE boards RENAME best TO worst;
SELECT game.set('a', title => 'renamed', best => 1, open => true);
SELECT name, target, state, last_error FROM replication_status WHERE space = 'game' ORDER BY name, target::text;
ALTER TABLE boards RENAME worst TO best;
SELECT game.set('a', title => 'renamed', best => 1, open => true);
ALTER TABLE boards DROP CONSTRAINT boards_pkey;
SELECT game.set('a', title => 'no key', best => 1, open => true);
ALTER TABLE boards ADD PRIMARY KEY (key);
ALTER TABLE boards RENAME TO tables;
SELECT game.set('a', title => 'other name', best => 1, open => true);
SELECT title FROM tables WHERE key = 'a';
DROP TABLE tables CASCADE;
\set VERBOSITY terse
SELECT game.set('a', title => 'dropped', best => 1, open => true);
\set VERBOSITY default
SELECT name, state FROM replication_status WHERE space = 'game' ORDER BY name;
SELECT unreplicate('game', 'board', target) FROM game.replication WHERE name = 'board';
SELECT game.set('a', title => 'without', best => 1, open => true) > 0;
SELECT unreplicate('game', 'board', 'players');
SELECT unreplicate('game', 'player');

-- ---- what is left to the worker ----
CREATE TABLE later (key text PRIMARY KEY, title text, best int);
BEGIN;
SELECT replicate('game', 'board', 'later') > 0;
SELECT replicate_queue('game', 'board') > 0;
SELECT replicate_queue('game', 'board');
ROLLBACK;
BEGIN;
SELECT replicate('game', 'board', 'later') AS later \gset
SELECT replicate_queue('game', 'board') AS queue \gset
SELECT replicate_queue('game', 'boards');
ROLLBACK;
BEGIN;
SELECT replicate('game', 'board', 'later') AS later \gset
SELECT replicate_queue('game', 'board') AS queue \gset
SELECT game.set('a', title => 'once', best => 1, open => true) AS seq \gset
SELECT game.set('a', title => 'twice', best => 1, open => false) > 0, game.set('copy', title => 'twice', best => 1, open => true) > 0, game.score('a', id => 0, nick => 'new', points => 1) > 0;
SELECT CASE replication WHEN :later THEN 'later' WHEN :queue THEN 'queue' END AS "where", key, "row", count(*), bool_and(at > now() - interval '1 hour') FROM game.replica_change GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT name, target, mode, state, pending, parked, lag < interval '1 hour' AS lag, delivered, fill_done, fill_total, failures, retry_at, last_error FROM replication_status WHERE space = 'game' ORDER BY name, mode;
SELECT count(*) FROM later;
-- as the worker does it
INSERT INTO game.outbox (replication, key, "row", value, hash, seq, since) SELECT :queue, key, "row", value, hash, seq, now() FROM game.replica WHERE name = 'board';
INSERT INTO game.outbox (replication, key, "row", since) VALUES (:queue, 'gone', 0, '2020-01-01');
INSERT INTO game.outbox (replication, key, "row", since, attempts, retry_at, error) VALUES (:later, 'bad', 0, '2020-01-01', 3, 'infinity', 'no');
SELECT pending, parked FROM replication_status WHERE target = 'later'::regclass;
SELECT replication_retry('game', 'board', 'later');
SELECT retry_at < now() + interval '1 minute' AS soon FROM game.outbox WHERE key = 'bad';
SAVEPOINT s;
SELECT key, "row", operation, value, hash IS NOT NULL AS hash, seq IS NOT NULL AS seq, since < '2021-01-01' AS old, attempts FROM dequeue('game', 'board', 1);
SELECT key, operation, value FROM dequeue('game', 'board');
SELECT * FROM dequeue('game', 'board');
ROLLBACK TO s;
SELECT count(*) FROM dequeue('game', 'board');
SELECT unreplicate('game', 'board', 'later');
SELECT count(*), count(*) FILTER (WHERE replication = :later) AS later FROM game.replica_change;
SELECT count(*) FROM game.outbox;
SELECT unreplicate('game', 'board');
SELECT count(*) FROM game.replica_change;
SELECT unreplicate('game', 'board');
ROLLBACK;
SELECT dequeue('game', 'board');
SELECT dequeue('game', 'board', 0);
SELECT replication_retry('game', 'board');
-- a snapshot that is older than the lock can't see all that is to be brought over
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT replicate('game', 'board', 'later', mode => 'sync');
ROLLBACK;
BEGIN READ ONLY;
SELECT replicate('game', 'board', 'later');
ROLLBACK;

-- a log is proved whatever the budgets are by then
SELECT deploy('dear', 'function turn(int n) -> int { int m = 0; while (m < n) { m++; } return m; } public int n; message Set { int n; } channel set(Set s) { n = s.n; } replication<far:upsert> far = {n: turn(n)};');
SELECT adama."create"('dear', 'a'), dear.set('a', n => 5000);
SET adama.max_steps = 1;
SELECT dear.set('a', n => 4000);
SELECT ok, problem FROM verify('dear', 'a');
SELECT import('dear', 'b', export('dear', 'a'));
RESET adama.max_steps;
SELECT key, value FROM dear.replica ORDER BY key;
DROP SCHEMA dear CASCADE;
DROP SCHEMA game, other, kinds, theirs, several, twofold, "Else where" CASCADE;
DROP TABLE secured;
DROP OWNED BY replicator;
DROP ROLE replicator;
