-- Foreign tables as targets: what is asked of them when they are registered, without anybody being called.
SELECT plan(16);

CREATE EXTENSION postgres_fdw;
CREATE EXTENSION mysql_fdw;
CREATE EXTENSION file_fdw;
SELECT adama.deploy('room', $adama$
record Player { public int id; public string name; replication<player:upsert> listed = {name: name}; }
table<Player> _players;
public string title;
public long best;
public dynamic more;
public timespan span;
replication<board:upsert> shown = {title: title, best: best};
replication<all:upsert> whole = {title: title, more: more, span: span};
$adama$);
CREATE SERVER pg FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nowhere');
CREATE SERVER readonly FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nowhere', updatable 'false');
CREATE SERVER my FOREIGN DATA WRAPPER mysql_fdw OPTIONS (host '127.0.0.1', port '1');
CREATE SERVER strict FOREIGN DATA WRAPPER mysql_fdw OPTIONS (host '127.0.0.1', port '1', sql_mode 'ANSI_QUOTES,STRICT_TRANS_TABLES', character_set 'utf8mb4');
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;

-- the worker is not to see any of them
BEGIN;
CREATE FUNCTION problems(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
  EXECUTE what;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN detail;
END $$;
CREATE FOREIGN TABLE far (title text, key text, best bigint) SERVER pg;
CREATE FOREIGN TABLE far_row (key text, "row" int, name text) SERVER pg;
CREATE FOREIGN TABLE far_readonly (title text, key text, best bigint) SERVER readonly;
CREATE FOREIGN TABLE far_file (title text, key text, best bigint) SERVER files OPTIONS (filename '/dev/null');
CREATE FOREIGN TABLE my_second (title text, key text, best bigint) SERVER my OPTIONS (dbname 'x', table_name 'y');
CREATE FOREIGN TABLE my_pair (key text, "row" int, name text) SERVER my OPTIONS (dbname 'x', table_name 'y');
CREATE FOREIGN TABLE my_key (key text, title text, best bigint) SERVER strict OPTIONS (dbname 'x', table_name 'y');
CREATE FOREIGN TABLE my_id (id text, name text) SERVER my OPTIONS (dbname 'x', table_name 'y');
CREATE FOREIGN TABLE my_types (document text, title text, more jsonb, span interval) SERVER strict OPTIONS (dbname 'x', table_name 'y');
CREATE FOREIGN TABLE my_other (document text, title text, more json, span float8) SERVER strict OPTIONS (dbname 'x', table_name 'y');

SELECT throws_ok($$SELECT adama.replicate('room', 'board', 'far', mode => 'sync')$$, '42809', '"far" is a foreign table, and can''t be written to by messages themselves',
  'messages don''t wait for other servers');
SELECT lives_ok($$SELECT adama.replicate('room', 'board', 'far')$$, 'the worker does');
SELECT is((SELECT identity FROM room.replication), '{key}', 'without an index, the columns that say which replica it is are believed');
SELECT lives_ok($$SELECT adama.replicate('room', 'player', 'far_row')$$, 'also two');
SELECT is((SELECT identity FROM room.replication WHERE name = 'player'), '{key,row}', 'namely these');
SELECT is(problems($$SELECT adama.replicate('room', 'player', 'far_row', '{"key": "$key", "name": "name"}')$$),
  'Records publish "player", but no column gets the record''s id: call one row, or say $row or $id in columns.', 'but they must say it');
SELECT is(problems($$SELECT adama.replicate('room', 'board', 'far_readonly')$$), 'The foreign table can''t be written to.', 'a server that is not written to');
SELECT is(problems($$SELECT adama.replicate('room', 'board', 'far_file')$$), 'The foreign table can''t be written to.', 'a wrapper that can''t write');
SELECT is(problems($$SELECT adama.replicate('room', 'board', 'my_second')$$),
  'mysql_fdw finds rows by the table''s first column, "title": it alone must say which replica it is, so give it $id or $key.', 'MySQL''s row is its first column');
SELECT is(problems($$SELECT adama.replicate('room', 'player', 'my_pair')$$),
  'mysql_fdw finds rows by the table''s first column, "key": it alone must say which replica it is, so give it $id.', 'and that alone');
SET LOCAL client_min_messages = error;
SELECT lives_ok($$SELECT adama.replicate('room', 'player', 'my_id', '{"id": "$id", "name": "name"}')$$, 'which $id can be');
SELECT is((SELECT identity FROM room.replication WHERE target = 'my_id'::regclass), '{id}', 'so it is');
SELECT is(problems($$SELECT adama.replicate('room', 'board', 'my_key')$$),
  'mysql_fdw can''t find rows by a column that is called "key", for it writes the name without quotes; call it something else in both tables.', 'whose name it does not quote');
SELECT is(problems($$SELECT adama.replicate('room', 'all', 'my_types')$$),
  E'mysql_fdw can''t write column "more" of type jsonb; make it json.\nmysql_fdw can''t write column "span" of type interval; make it double precision.', 'types that it can''t write');
SELECT lives_ok($$SELECT adama.replicate('room', 'all', 'my_other')$$, 'and what they can be instead');
SELECT results_eq($$SELECT name, target::text, mode, state FROM adama.replication_status ORDER BY name, target::text$$,
  $$VALUES ('all', 'my_other', 'async', 'filling'), ('board', 'far', 'async', 'filling'), ('player', 'far_row', 'async', 'filling'), ('player', 'my_id', 'async', 'filling')$$, 'registered');
SELECT * FROM finish();
ROLLBACK;
