-- Who may register tables and take from queues, as whom tables are written, and that nobody else's objects have a say in it.
SELECT plan(64);

CREATE ROLE host;
CREATE ROLE guest;
CREATE ROLE consumer;
GRANT CREATE ON DATABASE :DBNAME TO host;
CREATE SCHEMA business AUTHORIZATION postgres;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO host, guest;

SET ROLE host;
SELECT adama.deploy('room', $adama$
message Set { string title; int best; }
public string title;
public int best;
channel set(Set m) { title = m.title; best = m.best; }
replication<board:upsert> shown = {title: title, best: best};
$adama$);
SELECT adama.create('room', k) FROM unnest('{a,b}'::text[]) k;
GRANT USAGE ON SCHEMA room TO guest, consumer;
GRANT EXECUTE ON FUNCTION room.set TO guest;
CREATE TABLE board (key text PRIMARY KEY, title text, best int);
RESET ROLE;
CREATE TABLE business.board (key text PRIMARY KEY, title text, best int);

-- ---- registering ----
SET ROLE guest;
SELECT throws_ok($$SELECT adama.replicate('room', 'board', 'public.board')$$, '42501', 'must be owner of schema room', 'only the owner registers a table');
SELECT throws_ok($$SELECT adama.replicate_queue('room', 'board')$$, '42501', 'must be owner of schema room', 'or a queue');
SELECT throws_ok($$SELECT adama.unreplicate('room', 'board')$$, '42501', 'must be owner of schema room', 'or takes it back');
SELECT throws_ok($$SELECT adama.replication_retry('room', 'board')$$, '42501', 'must be owner of schema room', 'or lets it be tried again');
SELECT throws_ok($$SELECT * FROM adama.dequeue('room', 'board')$$, '42501', NULL, 'taking from a queue needs privileges on the outbox');
SELECT throws_ok($$SELECT * FROM room.replication$$, '42501', NULL, 'what is registered is the owner''s to read');
RESET ROLE;
SET ROLE host;
SELECT throws_ok($$SELECT adama.replicate('room', 'board', 'business.board')$$, '42501', NULL, 'the table''s schema must be open to the owner of the space');
RESET ROLE;
GRANT USAGE ON SCHEMA business TO host;
GRANT SELECT, INSERT, UPDATE ON business.board TO host;
SET ROLE host;
SELECT throws_ok($$SELECT adama.replicate('room', 'board', 'business.board')$$, '42501', 'role "host", the owner of the space, has no DELETE on table "board"', 'and so must the table be, for all of it');
RESET ROLE;
SELECT throws_ok($$SELECT adama.replicate('room', 'board', 'business.board')$$, '42501', 'role "host", the owner of the space, has no DELETE on table "board"',
  'also when a superuser registers it, for the owner writes it');
GRANT DELETE ON business.board TO host;
SET ROLE host;
SELECT lives_ok($$SELECT adama.replicate('room', 'board', 'business.board', mode => 'sync')$$, 'then it can be registered');
SELECT lives_ok($$SELECT adama.replicate('room', 'board', 'public.board', mode => 'sync')$$, 'and one of its own');
RESET ROLE;

-- ---- writing ----
-- a search_path full of traps: operators, functions and types that would be taken if anything were not said by its full name
CREATE SCHEMA trap AUTHORIZATION guest;
SET ROLE guest;
CREATE FUNCTION trap.sprung() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trap has sprung for %', current_user; END $$;
CREATE FUNCTION trap.same(text, text) RETURNS bool LANGUAGE sql AS 'SELECT trap.sprung()';
CREATE FUNCTION trap.same(int, int) RETURNS bool LANGUAGE sql AS 'SELECT trap.sprung()';
CREATE FUNCTION trap.same(record, record) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN trap.sprung(); END';
CREATE FUNCTION trap.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE sql AS 'SELECT $1[1] WHERE trap.sprung()';
CREATE OPERATOR trap.= (FUNCTION = trap.same, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR trap.= (FUNCTION = trap.same, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR trap.*<> (FUNCTION = trap.same, LEFTARG = record, RIGHTARG = record);
CREATE DOMAIN trap.record AS text;
CREATE TABLE trap.board (key text PRIMARY KEY, title text, best int);
CREATE FUNCTION trap.set(text, int) RETURNS bigint LANGUAGE plpgsql SET search_path = trap, pg_catalog, public AS
  'BEGIN RETURN room.set(''a'', title => $1, best => $2); END';
CREATE FUNCTION trap.test() RETURNS bool LANGUAGE plpgsql SET search_path = trap, pg_catalog, public AS 'BEGIN RETURN 1 = 1; END';
SELECT throws_ok($$SELECT trap.test()$$, 'P0001', 'the trap has sprung for guest', 'the trap is set');
SELECT lives_ok($$SELECT trap.set('one', 1)$$, 'who may send needs nothing on the table');
SELECT lives_ok($$SELECT trap.set('two', 2)$$, 'and has no say in how it is written');
SELECT throws_ok($$SELECT * FROM business.board$$, '42501', NULL, 'nor may look at it');
RESET ROLE;
SELECT results_eq($$SELECT * FROM business.board ORDER BY key$$, $$VALUES ('a', 'two', 2), ('b', '', 0)$$, 'it is written all the same');
SELECT results_eq($$SELECT * FROM public.board ORDER BY key$$, $$VALUES ('a', 'two', 2), ('b', '', 0)$$, 'and the other one');
SELECT is_empty($$SELECT * FROM trap.board$$, 'no other table of the name is');
-- nor has it a say in what the names in a trigger of the table mean, which runs as somebody else
SET ROLE host;
CREATE SCHEMA inn;
CREATE FUNCTION inn.clean(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION inn.tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.title := clean(new.title); RETURN new; END $$;
CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON public.board FOR EACH ROW EXECUTE FUNCTION inn.tidy();
RESET ROLE;
SET ROLE guest;
CREATE FUNCTION trap.clean(text) RETURNS text LANGUAGE sql AS 'SELECT current_user::text';
SELECT throws_ok($$SELECT trap.set('tidied', 2)$$, '42883', NULL, 'names in a trigger are not looked up by the path of who sends');
RESET ROLE;
ALTER FUNCTION inn.tidy() SET search_path = inn;
SET ROLE guest;
SELECT lives_ok($$SELECT trap.set('tidied', 2)$$, 'but by one that the trigger sets');
RESET ROLE;
SELECT is((SELECT title FROM public.board WHERE key = 'a'), 'tidied', 'which is the right one');
ALTER FUNCTION inn.tidy() RESET search_path;
CREATE FUNCTION public.clean(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
SET ROLE guest;
SELECT lives_ok($$SELECT trap.set('tidied up', 2)$$, 'or in the schema of the table');
RESET ROLE;
GRANT CREATE ON SCHEMA public TO PUBLIC;
SET ROLE guest;
SELECT throws_ok($$SELECT trap.set('tidied', 2)$$, '42883', NULL, 'but not where anybody may create functions');
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DROP FUNCTION public.clean(text);
DROP TRIGGER tidy ON public.board;
-- who writes
CREATE TABLE writers (who name);
GRANT INSERT ON writers TO host;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.writers VALUES (current_user);
  RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON business.board FOR EACH ROW EXECUTE FUNCTION note();
SET ROLE guest;
SELECT room.set('a', title => 'three', best => 3);
RESET ROLE;
SELECT results_eq($$SELECT who FROM writers$$, $$VALUES ('host'::name)$$, 'a table is written as the owner of the space');
-- the trigger of somebody else can't become its owner, nor leave the restriction
CREATE FUNCTION escape() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SET ROLE postgres; RETURN NULL; END $$;
CREATE TRIGGER escape AFTER UPDATE ON business.board FOR EACH ROW EXECUTE FUNCTION escape();
SET ROLE guest;
SELECT throws_ok($$SELECT room.set('a', title => 'four', best => 4)$$, '42501', NULL, 'in a security-restricted context');
RESET ROLE;
DROP TRIGGER escape ON business.board;
SELECT is((SELECT title FROM room.documents d, LATERAL (SELECT d.state OPERATOR(adama.->>) 'title' AS title) t WHERE key = 'a'), 'three', 'then the message has not happened');

-- nor make a superuser, whose space it is, do what it likes
SELECT adama.deploy('office', source) FROM room.program;
SELECT adama.create('office', 'a');
SET ROLE guest;
CREATE TABLE public.bait (key text PRIMARY KEY, title text, best int, who name);
CREATE FUNCTION trap.bite() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.who := current_user; RETURN new; END $$;
CREATE TRIGGER bite BEFORE INSERT OR UPDATE ON public.bait FOR EACH ROW EXECUTE FUNCTION trap.bite();
RESET ROLE;
SELECT lives_ok($$SELECT adama.replicate('office', 'board', 'public.bait', '{"key": "$key", "title": "title", "best": "best"}', 'sync')$$, 'a superuser''s space, and a table of somebody else''s');
SELECT is((SELECT who FROM bait), 'guest'::name, 'is filled as the owner of the table');
SELECT office.set('a', title => 'b', best => 2);
SELECT results_eq($$SELECT title, who FROM bait$$, $$VALUES ('b', 'guest'::name)$$, 'and written');
DROP SCHEMA office CASCADE;
DROP TABLE bait;

-- ---- schemas of other names ----
SET ROLE host;
CREATE TABLE inn.ids (id text PRIMARY KEY, title text);
SELECT adama.replicate('room', 'board', 'inn.ids', '{"id": "$id", "title": "title"}', 'sync') AS ids \gset
SELECT room.set('a', title => 'four', best => 4);
ALTER SCHEMA inn RENAME TO pub;
ALTER SCHEMA room RENAME TO hall;
SELECT hall.set('a', title => 'five', best => 5);
SELECT results_eq($$SELECT * FROM pub.ids ORDER BY id$$, $$VALUES ('hall/a/board/0', 'five'), ('room/a/board/0', 'four'), ('room/b/board/0', '')$$, 'a table is found, and $id is right, when schemas have got other names');
ALTER SCHEMA hall RENAME TO room;
SELECT adama.unreplicate('room', 'board', 'pub.ids');
SELECT room.set('a', title => 'three', best => 3);
RESET ROLE;

-- ---- rows of the table replication that nobody registered ----
SET ROLE host;
BEGIN;
UPDATE room.replication SET columns = NULL WHERE target = 'business.board'::regclass;
ALTER TABLE room.document ALTER key SET STATISTICS 100;
SELECT throws_ok($$SELECT * FROM adama.replication_status$$, 'XX001', 'a row of table "replication" of space "room" does not say what is brought where', 'without columns');
ROLLBACK;
BEGIN;
UPDATE room.replication SET columns = '["key"]' WHERE target = 'business.board'::regclass;
ALTER TABLE room.document ALTER key SET STATISTICS 100;
SELECT throws_ok($$SELECT room.set('a', title => 'four', best => 4)$$, 'XX001', NULL, 'with columns that are none');
ROLLBACK;
BEGIN;
ALTER TABLE room.replication ALTER mode DROP NOT NULL;
UPDATE room.replication SET mode = NULL WHERE target = 'business.board'::regclass;
ALTER TABLE room.document ALTER key SET STATISTICS 100;
SELECT throws_ok($$SELECT room.set('a', title => 'four', best => 4)$$, 'XX001', NULL, 'without a mode');
ROLLBACK;
BEGIN;
ALTER TABLE room.replica ALTER value DROP NOT NULL;
UPDATE room.replica SET value = NULL;
CREATE TABLE pub.more (key text PRIMARY KEY, title text, best int);
SELECT throws_ok($$SELECT adama.replicate('room', 'board', 'pub.more', mode => 'sync')$$, 'XX001', NULL, 'a replica without a value');
ROLLBACK;
RESET ROLE;
BEGIN;
UPDATE room.replication SET columns = NULL;
SELECT adama.deploy('lobby', source) FROM room.program;
CREATE TABLE pub.more (key text PRIMARY KEY, title text, best int);
SELECT lives_ok($$SELECT adama.replicate('lobby', 'board', 'pub.more')$$, 'they are not the trouble of others');
ROLLBACK;

-- the owner of another space, who has nothing to do with the table, can't keep it from others
GRANT CREATE ON DATABASE :DBNAME TO guest;
CREATE TABLE business.prices (key text PRIMARY KEY, title text, best int);
GRANT INSERT, UPDATE, DELETE, SELECT ON business.prices TO host;
SET ROLE guest;
SELECT adama.deploy('squat', $adama$ public string title; public int best; replication<board:upsert> shown = {title: title, best: best}; $adama$);
INSERT INTO squat.replication (id, name, target, mode, columns, identity, created, filled, fill_total, fill_done, delivered, failures)
SELECT 1, 'board', c.oid, 'async', '{"key": "$key", "title": "title", "best": "best"}', '{key}', now(), true, 0, 0, 0, 0 FROM pg_class c WHERE relname = 'prices';
SELECT is((SELECT count(*) FROM squat.replication), 1::bigint, 'whoever owns a space can write there that a table is theirs');
RESET ROLE;
SET ROLE host;
BEGIN;
SELECT lives_ok($$SELECT adama.replicate('room', 'board', 'business.prices')$$, 'but it does not count');
ROLLBACK;
RESET ROLE;
GRANT USAGE ON SCHEMA business TO guest;
GRANT INSERT, UPDATE, DELETE ON business.prices TO guest;
SET ROLE host;
BEGIN;
SELECT lives_ok($$SELECT adama.replicate('room', 'board', 'business.prices')$$, 'nor with less than all privileges');
ROLLBACK;
RESET ROLE;
GRANT SELECT ON business.prices TO guest;
SET ROLE host;
SELECT throws_ok($$SELECT adama.replicate('room', 'board', 'business.prices')$$, '42710', 'another replication is brought to table "prices", and rows of both could be the same',
  'while that of somebody who may write to the table does');
RESET ROLE;
REVOKE USAGE ON SCHEMA business FROM guest;
SET ROLE host;
BEGIN;
SELECT lives_ok($$SELECT adama.replicate('room', 'board', 'business.prices')$$, 'as long as they may');
ROLLBACK;
RESET ROLE;
DROP SCHEMA squat CASCADE;
DROP TABLE business.prices;

-- ---- privileges that are lost, and come back ----
REVOKE UPDATE ON business.board FROM host;
SET ROLE guest;
SELECT throws_ok($$SELECT room.set('a', title => 'five', best => 5)$$, '55000', 'replication "board" of space "room" can''t be brought to table "board"', 'a privilege that is lost is told');
RESET ROLE;
SELECT is((SELECT state || ': ' || last_error FROM adama.replication_status WHERE target = 'business.board'::regclass),
  'broken: The role "host", the owner of the space, has no UPDATE on table "board".', 'and shown');
GRANT UPDATE ON business.board TO host;
SELECT is((SELECT state FROM adama.replication_status WHERE target = 'business.board'::regclass), 'current', 'and forgotten when it is back');
REVOKE USAGE ON SCHEMA business FROM host;
SET ROLE guest;
SELECT throws_ok($$SELECT room.set('a', title => 'five', best => 5)$$, '55000', NULL, 'the same with the schema''s');
RESET ROLE;
GRANT USAGE ON SCHEMA business TO host;
SET ROLE guest;
SELECT lives_ok($$SELECT room.set('a', title => 'six', best => 6)$$, 'and it goes on');
RESET ROLE;
SELECT is((SELECT title FROM business.board WHERE key = 'a'), 'six', 'where it was');

-- ---- the status ----
SET ROLE guest;
SELECT is_empty($$SELECT * FROM adama.replication_status$$, 'nobody sees other people''s spaces');
RESET ROLE;
SET ROLE host;
SELECT is((SELECT count(*) FROM adama.replication_status), 2::bigint, 'but their own');
RESET ROLE;
SELECT is((SELECT count(*) FROM adama.replication_status), 2::bigint, 'and a superuser all');

-- ---- queues ----
SET ROLE host;
BEGIN;
SELECT adama.replicate_queue('room', 'board') AS queue \gset
-- as the worker does it
INSERT INTO room.outbox (replication, key, "row", value, hash, seq, since) SELECT :queue, 'k' || i, 0, jsonb_build_object('n', i), i, i, now() + i * interval '1 second' FROM generate_series(1, 9) i;
UPDATE room.replication SET filled = true WHERE id = :queue;
COMMIT;
RESET ROLE;
GRANT SELECT ON room.outbox TO consumer;
SET ROLE consumer;
SELECT throws_ok($$SELECT * FROM adama.dequeue('room', 'board')$$, '42501', 'permission denied for queues of space "room"', 'a consumer needs DELETE, too');
RESET ROLE;
GRANT DELETE ON room.outbox TO consumer;
SET ROLE consumer;
SELECT throws_ok($$SELECT * FROM adama.dequeue('room', 'nothing')$$, '42704', 'replication "nothing" of space "room" has no queue', 'a queue that is not there');
SELECT throws_ok($$SELECT * FROM adama.dequeue('nowhere', 'board')$$, 'YA011', NULL, 'a space that is not there');
SELECT throws_ok($$SELECT * FROM adama.dequeue('room', 'board', -1)$$, '22023', 'max must be more than 0', 'less than nothing');
SELECT is_empty($$SELECT * FROM adama.dequeue('room', 'board', NULL)$$, 'null takes nothing');
SELECT results_eq($$SELECT key, operation FROM adama.dequeue('room', 'board', 3)$$, $$VALUES ('k1', 'upsert'), ('k2', 'upsert'), ('k3', 'upsert')$$, 'what has waited longest comes first');
SELECT is((SELECT count(*) FROM adama.dequeue('room', 'board') WHERE key LIKE 'k%'), 6::bigint, 'then the rest');
SELECT throws_ok($$DELETE FROM room.replication$$, '42501', NULL, 'and nothing else is open to it');
RESET ROLE;

-- ---- another program ----
SET ROLE host;
SELECT throws_ok($$SELECT adama.deploy('room', 'public int x;')$$, '2BP01', 'the program does not fit what its replications are brought to', 'a program that lacks a registered name is refused');
SELECT throws_ok($$SELECT adama.deploy('room', 'public int title2; replication<board:upsert> shown = {title: title2};')$$, '2BP01', NULL, 'and one whose members don''t fit');
RESET ROLE;
ALTER TABLE business.board RENAME title TO name;
SET ROLE host;
SELECT lives_ok($$SELECT adama.deploy('room', source || ' public int more;') FROM room.program$$, 'but not for what is wrong with a table anyway');
SELECT lives_ok($$SELECT adama.unreplicate('room', 'board', t) FROM unnest('{business.board,public.board}'::regclass[]) t$$, 'what is taken back');
SELECT adama.unreplicate('room', 'board');
SELECT lives_ok($$SELECT adama.deploy('room', 'public int y;')$$, 'is in no program''s way');
SELECT is((SELECT count(*) FROM room.replication), 0::bigint, 'nothing is registered any more');
SELECT is((SELECT count(*) FROM public.board), 2::bigint, 'and what was brought over is still there');
-- a table that is nobody's any more
DROP TABLE public.board;
RESET ROLE;
DROP SCHEMA room, business, trap, pub CASCADE;
DROP OWNED BY host, guest, consumer;
DROP ROLE host, guest, consumer;
SELECT * FROM finish();
