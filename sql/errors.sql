-- Each error once, with its SQLSTATE, as a user meets it.
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.error(statement text) RETURNS TABLE (code text, message text, detail text, hint text, context text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	message := 'no error';
	RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
	context := substring(context from 'line \d+, column \d+ of the program');
	detail := nullif(detail, '');
	hint := nullif(hint, '');
	RETURN NEXT;
END $$;
\pset null ~
\x on

-- ---- programs ----
SELECT * FROM pg_temp.error($$SELECT adama.deploy('bad', 'public int x = 1
public int y;')$$);
SELECT * FROM pg_temp.error($$SELECT adama.deploy('bad', 'public int x = "one";')$$);
SELECT * FROM pg_temp.error($$SELECT adama.deploy('bad', 'public int x;
channel say(Missing m) { x = y; }')$$);
SELECT * FROM pg_temp.error($$SELECT adama.deploy('bad', '#start { transition #start; }')$$);
SELECT * FROM pg_temp.error($$SELECT adama.deploy('bad', repeat(' ', 1048577))$$);

-- ---- what is addressed ----
SELECT adama.deploy('err', $p$
public int n;
public string s;
record R { public string s; }
table<R> t;
message M { int n; string s; }
message Empty { }
channel set(M m) { n = m.n; s = m.s; }
channel stop(Empty e) { n = 99; abort; }
channel spin(Empty e) { int x = 0; while (true) { x++; } }
channel scribble(Empty e) { while (true) { n++; } }
procedure deep(int x) -> int { return deep(x + 1) + 1; }
channel recurse(Empty e) { n = deep(0); }
channel grow(Empty e) { string x = "x"; while (true) { x = x + x; } }
channel fill(M m) { for (int i = 0; i < m.n; i++) { t <- { s: m.s }; } }
$p$);
SELECT adama.create('err', 'k');
SELECT * FROM pg_temp.error($$SELECT adama.create('nowhere', 'k')$$);
SELECT * FROM pg_temp.error($$SELECT adama.create('public', 'k')$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'none', 'set', '{"n": 1, "s": ""}')$$);
SELECT * FROM pg_temp.error($$SELECT err.set('none', 1, '')$$);
SELECT * FROM pg_temp.error($$SELECT adama.view('err', 'none')$$);
SELECT * FROM pg_temp.error($$SELECT adama.connect('err', 'none')$$);
SELECT * FROM pg_temp.error($$SELECT adama.delete('err', 'none')$$);
SELECT * FROM pg_temp.error($$SELECT * FROM adama.history('err', 'none')$$);
SELECT * FROM pg_temp.error($$SELECT adama.create('err', 'k')$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'nothing', '{}')$$);
SELECT * FROM pg_temp.error($$SELECT adama.disconnect('adama_00000000000000000000000000000000')$$);
SELECT * FROM pg_temp.error($$SELECT adama.update('adama_00000000000000000000000000000000', '{}')$$);
SELECT * FROM pg_temp.error($$SELECT adama.connect('err', 'none', send_window => 0)$$);
SELECT * FROM pg_temp.error($$SELECT adama.connect(NULL, 'none')$$);
SELECT * FROM pg_temp.error($$SELECT adama.create('err', '')$$);
SELECT * FROM pg_temp.error($$SELECT adama.create('err', repeat('k', 512))$$);
SELECT * FROM pg_temp.error($$SELECT adama.create('err', E'a\tb')$$);

-- ---- messages ----
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', '{"n": 1, "s": "", "extra": 1}')$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', '{"n": "1", "s": ""}')$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', '{"n": 1.5, "s": ""}')$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', '{"n": 3000000000, "s": ""}')$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', '[]')$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', '7')$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', NULL)$$);
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', '{"n": 100000000000000000000, "s": ""}')$$);
SELECT * FROM pg_temp.error($$SELECT adama.create('err', 'k2', '{"n": 1}')$$);
SELECT * FROM pg_temp.error($$SELECT err.set('k', 1, NULL)$$);
SELECT * FROM pg_temp.error($$SELECT err.set('k', 1, repeat('x', 1100000))$$);
SELECT * FROM pg_temp.error(format($$SELECT adama.send('err', 'k', 'set', '%s')$$, '{"s":' || repeat('[', 200) || repeat(']', 200) || '}'));
SELECT adama.send('err', 'k', 'set', '{"n": 1, "s": "x"}', 'once');
SELECT * FROM pg_temp.error($$SELECT adama.send('err', 'k', 'set', '{"n": 2, "s": "y"}', 'once')$$);

-- ---- running ----
SELECT * FROM pg_temp.error($$SELECT err.stop('k')$$);
SELECT * FROM pg_temp.error($$SELECT err.spin('k')$$);
SELECT code, context FROM pg_temp.error($$SELECT err.scribble('k')$$);
SELECT * FROM pg_temp.error($$SELECT err.recurse('k')$$);
SELECT * FROM pg_temp.error($$SELECT err.grow('k')$$);
SET adama.max_document_size = '64kB';
SELECT code, regexp_replace(message, '\d{6}', 'N') AS message FROM pg_temp.error($$SELECT err.fill('k', 10000, 'a row of some length')$$);
RESET adama.max_document_size;
SET adama.max_message_size = '1kB';
SELECT * FROM pg_temp.error($$SELECT err.set('k', 1, repeat('x', 1100))$$);
RESET adama.max_message_size;
-- a loop that is within its budget still ends when the statement's time is up
SET adama.max_steps = 2000000;
SET statement_timeout = '200ms';
\x off
SELECT err.spin('k');
RESET statement_timeout;
RESET adama.max_steps;
-- none of it left a trace
SELECT adama.view('err', 'k'), seq FROM err.document;
SELECT err.set('k', 2, 'fine');
SELECT adama.view('err', 'k');

-- ---- limits are not everybody's to change ----
CREATE ROLE adama_nobody;
SET ROLE adama_nobody;
SET adama.max_steps = 1;
SET adama.max_document_size = '1GB';
SET adama.document_cache_size = '1MB';
SET adama.unknown = 1;
RESET ROLE;
DROP ROLE adama_nobody;

-- ---- what is stored and does not fit together is found ----
BEGIN;
UPDATE err.document SET seq = seq + 5;
SELECT err.set('k', 3, 'x');
ROLLBACK;
-- (in a new session, which has no copy of the document)
\c -
UPDATE err.document SET state = '{"n": "text"}', state_seq = seq;
SELECT adama.view('err', 'k');
SELECT err.set('k', 3, 'x');
UPDATE err.document SET state = '{"unknown": 1}';
SELECT adama.view('err', 'k');
UPDATE err.document SET state = '{"n": 5}', program = 9;
SELECT adama.view('err', 'k');
UPDATE err.document SET program = 1;
SELECT adama.view('err', 'k');
ALTER TABLE err.log RENAME COLUMN delta TO change;
SELECT adama.view('err', 'k');
ALTER TABLE err.log RENAME COLUMN change TO delta;
SELECT adama.view('err', 'k');
SET client_min_messages = warning;
DROP SCHEMA err CASCADE;
