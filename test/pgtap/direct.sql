-- Values brought to tables with and without statements: whatever the table is like, it is as if each were an INSERT … ON CONFLICT.
SELECT plan(40);

SELECT adama.deploy('stock', $adama$
message Set { int n; string title; maybe<int> rest; }
message Shown { int n; string title; maybe<int> rest; }
public int n;
public string title;
public maybe<int> rest;
channel set(Set m) { n = m.n; title = m.title; rest = m.rest; }
replication<it:upsert> shown = {n: n, title: title, rest: rest};
$adama$) \g /dev/null
SELECT count(adama.create('stock', 'd' || i)) FROM generate_series(1, 20) i \g /dev/null

-- What the table has against what is published.
CREATE FUNCTION differences(wanted regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM stock.replica r FULL JOIN %s t ON t.key = r.key WHERE (r.value->>''n'')::int IS DISTINCT FROM t.n OR r.value->>''title'' IS DISTINCT FROM t.title::text '
    'OR (r.value->>''rest'')::int IS DISTINCT FROM t.rest', wanted) INTO n;
  RETURN n;
END $$;

-- ---- a plain table ----
CREATE TABLE plain (made timestamptz DEFAULT now(), gone int, key text PRIMARY KEY, n int, title text, rest int, mine text DEFAULT 'mine');
ALTER TABLE plain DROP COLUMN gone;
CREATE INDEX ON plain (n);
SELECT adama.replicate('stock', 'it', 'plain', mode => 'sync') \g /dev/null
SELECT is(differences('plain'), 0::bigint, 'it is filled');
UPDATE plain SET mine = 'hers' WHERE key = 'd1';
SELECT count(stock.set('d' || i, n => i, title => 'number ' || i, rest => i)) FROM generate_series(1, 20) i \g /dev/null
SELECT is(differences('plain'), 0::bigint, 'and kept');
SELECT is((SELECT mine FROM plain WHERE key = 'd1'), 'hers', 'other columns are left alone');
SET enable_seqscan = off;
SELECT is((SELECT string_agg(key, ' ' ORDER BY key) FROM plain WHERE n BETWEEN 7 AND 9), 'd7 d8 d9', 'an index of the user''s follows');
RESET enable_seqscan;
SELECT ctid AS place FROM plain WHERE key = 'd2' \gset
UPDATE plain SET n = 34 WHERE key = 'd3';
SELECT stock.set('d2', n => 2, title => 'number 2', rest => 2), stock.set('d3', n => 33, title => 'number 3', rest => 3) \g /dev/null
SELECT is((SELECT ctid::text FROM plain WHERE key = 'd2'), :'place', 'a row that is the same is not touched');
SELECT stock.set('d4', n => 4, title => repeat('long ', 100000), rest => NULL) \g /dev/null
SELECT is(differences('plain'), 0::bigint, 'values may be long, or none');
SELECT stock.set('d4', n => 4, title => 'short', rest => NULL) \g /dev/null
DELETE FROM plain WHERE key = 'd5';
SELECT stock.set('d5', n => 55, title => 'five', rest => NULL) \g /dev/null
SELECT is((SELECT n || mine FROM plain WHERE key = 'd5'), '55mine', 'a row that somebody took away comes again, with the table''s defaults');
SELECT adama.delete('stock', 'd6') \g /dev/null
SELECT is((SELECT count(*) FROM plain WHERE key = 'd6'), 0::bigint, 'one that is not published any more goes');

-- ---- transactions ----
BEGIN;
SELECT count(stock.set('d7', n => i, title => 'seven', rest => NULL)) FROM generate_series(1, 50) i \g /dev/null
SAVEPOINT s;
SELECT stock.set('d7', n => 51, title => 'seven', rest => NULL) \g /dev/null
ROLLBACK TO s;
SELECT is((SELECT n FROM plain WHERE key = 'd7'), 50, 'many messages in a transaction');
COMMIT;
SELECT is(differences('plain'), 0::bigint, 'the last one that was not rolled back counts');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM plain \g /dev/null
SELECT stock.set('d7', n => 52, title => 'seven', rest => NULL), stock.set('d7', n => 53, title => 'seven', rest => NULL) \g /dev/null
COMMIT;
SELECT is((SELECT n FROM plain WHERE key = 'd7'), 53, 'under a snapshot of before, too');

-- ---- more rows than places are remembered at first, and places that are not theirs any more ----
SELECT count(adama.create('stock', 'm' || i)) FROM generate_series(1, 500) i \g /dev/null
SELECT count(stock.set('m' || i, n => i, title => 'many ' || i, rest => k)) FROM generate_series(1, 3) k, generate_series(1, 500) i \g /dev/null
SELECT is(differences('plain'), 0::bigint, 'many rows');
SELECT count(stock.set('m' || (i * 37 % 500 + 1), n => 500 + i % 400, title => 'other ' || i * 37 % 500, rest => NULL)) FROM generate_series(1, 500) i \g /dev/null
SELECT is(differences('plain'), 0::bigint, 'in another order');
VACUUM FULL plain;
DELETE FROM plain WHERE key LIKE 'm1%';
SELECT count(stock.set('m' || i, n => 1 + i % 900, title => 'rest ' || i, rest => i)) FROM generate_series(500, 1, -1) i \g /dev/null
SELECT is(differences('plain'), 0::bigint, 'where all have moved, and some are gone');
TRUNCATE plain;
SELECT count(stock.set('m' || i, n => 1 + i % 900, title => 'anew ' || i, rest => i)) FROM generate_series(1, 500) i, generate_series(1, 2) k \g /dev/null
SELECT is((SELECT count(*) FROM plain WHERE key LIKE 'm%' AND title LIKE 'anew%'), 500::bigint, 'or all are gone');
SELECT count(adama.delete('stock', 'm' || i)) FROM generate_series(1, 500) i \g /dev/null
SELECT count(stock.set('d' || i, n => i + k, title => 'number ' || i, rest => i)) FROM generate_series(100, 0, -100) k, generate_series(1, 20) i WHERE i <> 6 \g /dev/null
SELECT is(differences('plain'), 0::bigint, 'it is kept all the same');

-- ---- what the table asks for is asked for, from the moment that it does ----
UPDATE plain SET rest = 1 WHERE rest IS NULL;
ALTER TABLE plain ALTER rest SET NOT NULL;
SELECT throws_ok($$ SELECT stock.set('d8', n => 8, title => 'eight', rest => NULL) $$, '55000', NULL, 'NOT NULL');
SELECT is((SELECT state OPERATOR(adama.->>) 'title' FROM stock.documents WHERE key = 'd8'), 'number 8', 'the message has not happened then');
ALTER TABLE plain ALTER rest DROP NOT NULL;
ALTER TABLE plain ADD CHECK (n < 1000);
SELECT throws_ok($$ SELECT stock.set('d8', n => 1000, title => 'eight', rest => NULL) $$, '23514', NULL, 'CHECK');
ALTER TABLE plain DROP CONSTRAINT plain_n_check;
CREATE UNIQUE INDEX plain_title ON plain (title);
SELECT throws_ok($$ SELECT stock.set('d8', n => 8, title => 'number 9', rest => NULL) $$, '23505', NULL, 'another unique index');
DROP INDEX plain_title;
ALTER TABLE plain ADD EXCLUDE (n WITH =);
SELECT throws_ok($$ SELECT stock.set('d8', n => 9, title => 'eight', rest => NULL) $$, '23P01', NULL, 'EXCLUDE');
ALTER TABLE plain DROP CONSTRAINT plain_n_excl;
-- 999, not 0: of what the rows were at first, old versions may have to be indexed, too
CREATE INDEX plain_half ON plain ((100 / (n - 999)));
SELECT throws_ok($$ SELECT stock.set('d8', n => 999, title => 'eight', rest => NULL) $$, '22012', NULL, 'an expression in an index');
DROP INDEX plain_half;
CREATE INDEX plain_part ON plain (key) WHERE 100 / (n - 999) < 3;
SELECT throws_ok($$ SELECT stock.set('d8', n => 999, title => 'eight', rest => NULL) $$, '22012', NULL, 'or in its condition');
DROP INDEX plain_part;
ALTER TABLE plain ADD twice int GENERATED ALWAYS AS (n * 2) STORED;
SELECT stock.set('d8', n => 80, title => 'eight', rest => NULL) \g /dev/null
SELECT is((SELECT twice FROM plain WHERE key = 'd8'), 160, 'generated columns are computed');
ALTER TABLE plain DROP COLUMN twice;
CREATE TABLE heard (key text, n int);
CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.heard VALUES (NEW.key, NEW.n); NEW.title = upper(NEW.title); RETURN NEW; END $$;
CREATE TRIGGER hear BEFORE UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION hear();
SELECT stock.set('d8', n => 81, title => 'eight', rest => NULL) \g /dev/null
SELECT results_eq('TABLE heard', $$ VALUES ('d8', 81) $$, 'triggers fire');
SELECT is((SELECT title FROM plain WHERE key = 'd8'), 'EIGHT', 'and have their say');
DROP TRIGGER hear ON plain;
SELECT stock.set('d8', n => 82, title => 'eight', rest => NULL) \g /dev/null
SELECT is((SELECT n || title FROM plain WHERE key = 'd8'), '82eight', 'without all that it is plain again');
SELECT adama.unreplicate('stock', 'it', 'plain') \g /dev/null

-- ---- tables that are not plain from the start ----
CREATE DOMAIN small AS int CHECK (VALUE < 500);
CREATE TABLE bounded (key text PRIMARY KEY, n int, title varchar(200000), rest small);
SELECT stock.set('d4', n => 4, title => 'short', rest => NULL) \g /dev/null
SELECT adama.replicate('stock', 'it', 'bounded', mode => 'sync') \g /dev/null
ALTER TABLE bounded ALTER title TYPE varchar(12);
SELECT stock.set('d9', n => 9, title => 'twelve chars', rest => 499) \g /dev/null
SELECT is(differences('bounded'), 0::bigint, 'bounds that are kept');
SELECT throws_ok($$ SELECT stock.set('d9', n => 9, title => 'thirteen char', rest => 1) $$, '22001', NULL, 'and one that is not: varchar(n)');
SELECT throws_ok($$ SELECT stock.set('d9', n => 9, title => 'nine', rest => 500) $$, '23514', NULL, 'a domain''s');
SELECT adama.unreplicate('stock', 'it', 'bounded') \g /dev/null
CREATE TABLE parts (key text PRIMARY KEY, n int, title text, rest int) PARTITION BY LIST (key);
CREATE TABLE parts_d PARTITION OF parts DEFAULT;
SELECT adama.replicate('stock', 'it', 'parts', mode => 'sync') \g /dev/null
SELECT stock.set('d9', n => 90, title => 'nine', rest => NULL) \g /dev/null
SELECT is(differences('parts'), 0::bigint, 'a partitioned table');
SELECT adama.unreplicate('stock', 'it', 'parts') \g /dev/null

-- ---- identities of several columns, in another order than the index has ----
CREATE TABLE many (title text, n int, rest int, space text COLLATE "C", key varchar, row bigint, PRIMARY KEY (row, key, space));
SELECT adama.replicate('stock', 'it', 'many', columns => '{"key": "$key", "row": "$row", "space": "$space", "n": "n", "title": "title", "rest": "rest"}', mode => 'sync') \g /dev/null
SELECT count(stock.set('d' || i, n => i * 10, title => 'n ' || i, rest => NULL)) FROM generate_series(7, 20) i \g /dev/null
SELECT is(differences('many'), 0::bigint, 'an identity of several columns');
SELECT adama.unreplicate('stock', 'it', 'many') \g /dev/null
CREATE TABLE beside (title text, n int, rest int, key text, PRIMARY KEY (key) INCLUDE (title, n)) WITH (fillfactor = 100);
SELECT adama.replicate('stock', 'it', 'beside', mode => 'sync') \g /dev/null
SELECT count(stock.set('d' || i, n => i * 10 + k, title => format('n %s: ', i) || repeat('beside ', k), rest => NULL)) FROM generate_series(7, 20) i, generate_series(1, 60) k \g /dev/null
VACUUM beside;
SET enable_seqscan = off;
SELECT is((SELECT array_agg((key, n, title)::text ORDER BY key) FROM beside WHERE key >= 'd'),
  (SELECT array_agg((key, value->>'n', value->>'title')::text ORDER BY key) FROM stock.replica WHERE key >= 'd'), 'columns that the index has beside');
RESET enable_seqscan;
SELECT adama.unreplicate('stock', 'it', 'beside') \g /dev/null

-- ---- other types ----
SELECT adama.deploy('kinds', $adama$
enum Colour { Red, Green }
message All { int i; long l; double d; bool b; string s; datetime t; date day; Colour c; dynamic x; maybe<double> m; }
message Set { int i; bool b; }
public int i; public bool b;
procedure all() -> All readonly { All a; a.i = i; a.l = 5000000000L + i; a.d = i * 0.25; a.b = b; a.s = "s" + i; a.c = b ? Colour::Green : Colour::Red; if (b) { a.m = i * 0.5; } return a; }
channel set(Set m) { i = m.i; b = m.b; }
replication<it:upsert> shown = all();
$adama$) \g /dev/null
SELECT adama.create('kinds', 'k') \g /dev/null
CREATE TYPE colour AS ENUM ('Red', 'Green');
CREATE TABLE kinds_table (key text PRIMARY KEY, i int, l numeric, d float8, b bool, s text, t timestamptz, day date, c text, x jsonb, m numeric);
CREATE TABLE kinds_statements (LIKE kinds_table INCLUDING ALL, CHECK (i IS NOT NULL));
SELECT adama.replicate('kinds', 'it', 'kinds_table', mode => 'sync'), adama.replicate('kinds', 'it', 'kinds_statements', mode => 'sync') \g /dev/null
SELECT kinds.set('k', i => 3, b => true) \g /dev/null
SELECT isnt((SELECT row(i, l, d, b, s, c, m)::text FROM kinds_table), NULL, 'many types');
SELECT results_eq('TABLE kinds_table', 'TABLE kinds_statements', 'come out the same both ways');
SELECT kinds.set('k', i => 60, b => false) \g /dev/null
SELECT results_eq('TABLE kinds_table', 'TABLE kinds_statements', 'also when they change');
SELECT is((SELECT count(*) FROM kinds_table WHERE i = 60 AND d = 15 AND m IS NULL), 1::bigint, 'to what they are');

-- ---- what ends all of a call ----
CREATE TABLE busy (key text PRIMARY KEY, n int, title text, rest int);
SELECT adama.replicate('stock', 'it', 'busy', mode => 'sync') \g /dev/null
CREATE FUNCTION not_now() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now' USING ERRCODE = 'serialization_failure'; END $$;
CREATE TRIGGER not_now BEFORE INSERT OR UPDATE ON busy FOR EACH ROW EXECUTE FUNCTION not_now();
\set ON_ERROR_STOP 0
SELECT * FROM adama.ingest('stock', '{d9}', '{set}', ARRAY['{"n": 99, "title": "nine"}'::json]) \g /dev/null
\set ON_ERROR_STOP 1
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '40001', 'a failure that is nobody''s alone ends the call');
SELECT is_empty($$ SELECT FROM stock.replica WHERE value->>'n' = '99' $$, 'and nothing but the call, also where it is a transaction of its own');

SELECT adama.unreplicate('stock', 'it', 'busy') \g /dev/null
-- ---- filling a table from rows among many that are gone: what the index's scan notes of those outlives each portion ----
SELECT count(adama.create('stock', 'm' || i)) FROM generate_series(1, 3000) i \g /dev/null
SELECT count(stock.set('m' || i, n => i, title => repeat('many ', 100), rest => NULL)) FROM generate_series(1, 3000) i \g /dev/null
SELECT count(adama.delete('stock', 'm' || i)) FROM generate_series(1, 3000, 3) i \g /dev/null
CREATE TABLE filled (key text PRIMARY KEY, n int, title text, rest int);
SELECT adama.replicate('stock', 'it', 'filled', mode => 'sync') \g /dev/null
SELECT is(differences('filled'), 0::bigint, 'a table is filled');

SELECT * FROM finish();
