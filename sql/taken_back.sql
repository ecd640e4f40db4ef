-- A deploy is part of its transaction: what it made, and what was done under it, goes with it, in the same session and in others.
SET search_path = public, adama;
SET client_min_messages = warning;
SELECT adama.deploy('back', $$
record Line { public int id; public string text; } table<Line> _lines; public formula lines = iterate _lines;
public int n; message Add { int by; } message Say { string text; }
channel add(Add m) { n += m.by; } channel say(Say m) { _lines <- { text: m.text }; }
$$);
\set other 'record Line { public int id; public string text; public string mood = "calm"; } table<Line> _lines; public formula all_lines = iterate _lines; public int n; public int twice; message Add { int by; int times = 1; } channel add(Add m) { n += m.by * m.times; twice += 2 * m.by; } message Shout { string text; } channel shout(Shout m) { _lines <- { text: m.text.upper(), mood: "loud" }; Messaging.broadcast("loud", @null); }'
CREATE ROLE adama_back_sender;
GRANT USAGE ON SCHEMA back TO adama_back_sender;
GRANT EXECUTE ON FUNCTION back.add, back.say TO adama_back_sender;
SELECT back.create_document('a'), back.create_document('b'), back.add('a', 5), back.say('a', 'one');

-- All that there is of the space, but for its rows.
CREATE FUNCTION there_is() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(what, E'\n' ORDER BY what COLLATE "C") FROM (
		SELECT format('%s %s %s %s', p.oid, p.oid::regprocedure, pg_get_function_result(p.oid), p.proacl) AS what FROM pg_proc p WHERE pronamespace = to_regnamespace('back')
		UNION ALL SELECT format('%s %s %s', c.oid, c.relname, c.relkind) FROM pg_class c WHERE relnamespace = to_regnamespace('back')
		UNION ALL SELECT format('%s %s', t.oid, t.typname) FROM pg_type t WHERE typnamespace = to_regnamespace('back')
		UNION ALL SELECT format('%s depends on %s', d.objid, d.refobjid) FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid AND p.pronamespace = to_regnamespace('back')) w
$$;
-- All its rows.
CREATE FUNCTION rows_are() RETURNS text LANGUAGE sql AS $$
	SELECT concat((SELECT json_agg(d ORDER BY key) FROM back.document d), (SELECT json_agg(l ORDER BY key, seq) FROM back.log l), (SELECT json_agg(p ORDER BY version) FROM back.program p))
$$;
SELECT there_is() AS before, rows_are() AS rows_before \gset

-- ---- deployed, used, tried, taken back ----
BEGIN;
SELECT adama.deploy('back', :'other');
SELECT back.add('a', 2, times => 3), back.shout('a', 'two'), back.create_document('c');
SELECT text, mood FROM back.all_lines('a');
SELECT adama.view('back', 'a');
SELECT adama.upgrade('back');
SELECT seq, event, program FROM back.log WHERE key = 'a' ORDER BY seq;
SELECT seq, event, effects FROM adama.history('back', 'a', from_seq => 4);
SELECT key, seq, channel, error FROM adama.try('back', :'other') WHERE error IS NOT NULL ORDER BY key, seq;
SELECT ok, seq FROM adama.verify('back', 'a');
SELECT back.say('a', 'gone');
ROLLBACK;
SELECT there_is() = :'before' AS functions, rows_are() = :'rows_before' AS rows;
SELECT adama.view('back', 'a');
SELECT back.shout('a', 'two');
SELECT back.add('a', 2, times => 3);
SELECT back.add('a', 2), back.say('a', 'two');
SELECT text FROM back.lines('a');
SELECT adama.view('back', 'c');
SELECT seq, event, program FROM back.log WHERE key = 'a' ORDER BY seq;
SELECT ok, seq FROM adama.verify('back', 'a');

-- ---- to a savepoint, in between other messages ----
SELECT there_is() AS before \gset
BEGIN;
SELECT back.add('a', 1);
SAVEPOINT s;
SELECT adama.deploy('back', :'other');
SELECT back.add('a', 10, times => 10);
SAVEPOINT t;
SELECT adama.rollback('back', 1);
SELECT back.say('a', 'under the first again');
ROLLBACK TO t;
SELECT back.shout('a', 'under the second');
ROLLBACK TO s;
SELECT back.add('a', 1), back.say('a', 'under the first');
COMMIT;
SELECT there_is() = :'before' AS functions;
SELECT adama.view('back', 'a');
SELECT seq, event, program FROM back.log WHERE key = 'a' AND seq > 5 ORDER BY seq;
SELECT ok, seq FROM adama.verify('back', 'a');

-- ---- one that fails in the middle of a transaction, caught ----
DO $$
BEGIN
	PERFORM adama.deploy('back', 'public string n;');
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING '%', SQLERRM;
END $$;
SELECT there_is() = :'before' AS functions, (SELECT count(*) FROM back.program) AS versions;
SELECT back.add('a', 1);

-- ---- then for good: as if nothing had been before ----
SELECT adama.deploy('back', :'other');
SELECT back.shout('a', 'three'), back.add('b', 1);
SELECT adama.view('back', 'a');
SET ROLE adama_back_sender;
SELECT back.add('b', 1);
SELECT back.say('b', 'gone');
RESET ROLE;
SELECT key, ok FROM back.document d, LATERAL (SELECT ok FROM adama.verify('back', d.key)) v ORDER BY key;

-- ---- a space that never was ----
BEGIN;
SELECT adama.deploy('never', 'public int n; message Add { int by; } channel add(Add m) { n += m.by; }');
SELECT adama.create('never', 'k'), never.add('k', 3);
SELECT adama.view('never', 'k');
ROLLBACK;
SELECT to_regnamespace('never') IS NULL AS no_schema;
SELECT adama.send('never', 'k', 'add', '{"by": 1}');
SELECT adama.view('never', 'k');
SELECT adama.deploy('never', 'public string n;');
SELECT adama.create('never', 'k');
SELECT adama.view('never', 'k');

-- ---- a space that is dropped, and comes back with the transaction's end ----
BEGIN;
DROP SCHEMA back CASCADE;
SELECT adama.view('back', 'a');
ROLLBACK;
SELECT adama.view('back', 'a')->'n' AS n, back.add('a', 0) AS seq;
BEGIN;
DROP SCHEMA back CASCADE;
SELECT adama.deploy('back', 'public string other;'), adama.create('back', 'a');
SELECT adama.view('back', 'a');
ROLLBACK;
SELECT adama.view('back', 'a')->'n' AS n, back.add('a', 0) AS seq;
SELECT key, ok FROM back.document d, LATERAL (SELECT ok FROM adama.verify('back', d.key)) v ORDER BY key;

DROP SCHEMA back, never CASCADE;
DROP FUNCTION there_is, rows_are;
DROP ROLE adama_back_sender;
