-- The log: documents as they were, proof by running it again, and trying another program on it.
SET search_path = public, adama;
SET client_min_messages = warning;
SELECT adama.deploy('past', $$
record Line { public int id; public principal who; public string text; bool is_secret; policy may_read { return !is_secret || @who == who; } require may_read; }
table<Line> _lines;
public formula lines = iterate _lines;
public int n;
public double chance;
message Say { string text; bool is_secret = false; }
message Remove { int id; }
message Nothing { }
@connected { n += 1000; return true; }
@disconnected { n -= 1000; }
channel say(Say m) { if (m.text == "") { abort; } _lines <- { who: @who, text: m.text, is_secret: m.is_secret }; n++; }
channel remove(Remove m) { (iterate _lines where id == m.id).delete(); }
channel roll(Nothing m) { chance = Random.genDouble(); }
$$);
SELECT adama.create('past', 'k'), past.say('k', 'one'), past.say('k', 'two', is_secret => true), past.roll('k'), past.remove('k', 1);
SELECT past.say('k', '');
SELECT count(*) FROM adama.ingest('past', '{k,k,k,k}', '{say,say,roll,say}', '{"{\"text\":\"three\"}","{\"text\":\"\"}","{}","{\"text\":\"four\"}"}');
BEGIN;
SELECT adama.connect('past', 'k') AS connection \gset
SELECT adama.disconnect(:'connection');
COMMIT;

-- ---- the document at any sequence number, also within a batch ----
SELECT s, adama.at('past', 'k', s)::jsonb #- '{__entropy}' #- '{chance}' AS state FROM generate_series(1, 8) s;
SELECT adama.at('past', 'k', 10) = (SELECT state FROM past.documents) AS is_now;
SELECT adama.at('past', 'k', 0);
SELECT adama.at('past', 'k', 11);
SELECT adama.at('past', 'nobody', 1);
SELECT adama.at('past', 'k', NULL::bigint) IS NULL AS nothing;

-- ---- and at any time ----
SELECT adama.at('past', 'k', now() + interval '1 hour') = adama.at('past', 'k', 10) AS is_now;
SELECT bool_and(adama.at('past', 'k', l.at) = adama.at('past', 'k', (SELECT max(m.seq) FROM past.log m WHERE m.at <= l.at))) FROM past.log l;
\set VERBOSITY sqlstate
SELECT adama.at('past', 'k', '2000-01-01'::timestamptz);
\set VERBOSITY default

-- ---- what somebody saw ----
SELECT adama.view_at('past', 'k', 4, adama.whoami())->'lines'->1->'text' AS author, adama.view_at('past', 'k', 4, 'bob@example')->'lines' AS other;

-- ---- the log run again ----
SELECT * FROM adama.verify('past', 'k');
SELECT adama.replay('past', 'k') = state AS same FROM past.documents;
SELECT adama.deploy('past', $$
record Line { public int id; public principal who; public string text; bool is_secret; policy may_read { return !is_secret || @who == who; } require may_read; }
table<Line> _lines;
public formula lines = iterate _lines;
public int n;
public string title = "none";
message Say { string text; bool is_secret = false; }
message Title { string title; }
channel say(Say m) { _lines <- { who: @who, text: m.text, is_secret: m.is_secret }; n++; }
channel rename(Title m) { title = m.title; }
$$);
SELECT past.rename('k', 'new'), adama.create('past', 'young'), past.say('young', 'hi');
SELECT key, program, v.* FROM past.document d, adama.verify('past', d.key) v ORDER BY key;
SELECT seq, event, program, state IS NOT NULL AS keeps_state FROM past.log WHERE key = 'k' AND (event = 'upgrade' OR state IS NOT NULL);
SELECT adama.at('past', 'k', 10)::jsonb ? 'chance' AS before, adama.at('past', 'k', 11)::jsonb ? 'chance' AS after;

-- ---- another program on yesterday's messages ----
SELECT seq, channel, sqlstate, error, delta, logged #- '{_lines}' AS logged FROM adama.try('past', 'young', $$
record Line { public int id; public principal who; public string text; bool is_secret; }
table<Line> _lines;
public int n;
public string title = "none";
message Say { string text; bool is_secret = false; }
channel say(Say m) { if (m.text == "hi") { abort; } n++; }
$$);
SELECT count(*) FROM adama.try('past', 'young', (SELECT source FROM past.program WHERE version = 2));
SELECT seq, channel, sqlstate, error FROM adama.try('past', 'k', (SELECT source FROM past.program WHERE version = 2)) WHERE error IS NOT NULL;
SELECT seq, sqlstate FROM adama.try('past', 'young', $$
message Say { string text; bool is_secret = false; }
public int n;
channel say(Say m) { while (true) { n++; } }
$$);
SELECT * FROM adama.try('past', 'young', 'public int n');
SELECT * FROM adama.try('past', 'nobody', 'public int n;');
SELECT seq FROM past.document WHERE key = 'young';

-- ---- back to what was ----
SELECT adama.rewind('past', 'k', 3) AS seq;
SELECT d.state = adama.at('past', 'k', 3)::jsonb - 'chance' || '{"title": "none"}'::jsonb AS is_then FROM (SELECT state::jsonb FROM past.documents WHERE key = 'k') d;
SELECT past.say('k', 'from there') AS seq, adama.rewind('past', 'k', 14) - 15 AS next;
SELECT seq, agent, event, message FROM adama.history('past', 'k', 13);
SELECT jsonb_array_length(adama.view('past', 'k')->'lines') AS lines;
BEGIN;
SELECT adama.rewind('past', 'k', 12) AS seq;
ROLLBACK;
SELECT * FROM adama.verify('past', 'k');
SELECT adama.rewind('past', 'k', 100);
SELECT adama.rewind('past', 'nobody', 1);
SELECT seq, error FROM adama.try('past', 'k', (SELECT source FROM past.program WHERE version = 2)) WHERE error LIKE '%rewind%';

-- ---- an earlier program ----
BEGIN;
SELECT adama.rollback('past', 1);
SELECT past.roll('k') IS NOT NULL AS rolled;
SELECT max(version), count(DISTINCT md5(source)) FROM past.program;
ROLLBACK;
SELECT adama.rollback('past', 2), adama.rollback('past', 7);

-- ---- documents that nobody touches ----
SELECT count(adama.create('past', 'idle ' || i)) FROM generate_series(1, 5) i;
SELECT adama.deploy('past', source || ' public int more = 7;') FROM past.program WHERE version = 2;
SELECT adama.upgrade('past', 3), adama.upgrade('past'), adama.upgrade('past');
SELECT count(*), bool_and(v.ok), min(d.program), min((s.state->>'more')::int) FROM past.document d JOIN past.documents s USING (key), adama.verify('past', d.key) v;

-- ---- wider types, and all that differ at once ----
SELECT adama.deploy('wide', $$
enum Size { S:1, L:5 }
record Part { int n; }
record Row { int n; Size size; }
table<Row> rows;
int a = 2000000000; int b = 7; int c = 1; Size s = Size::L; Part part; string gone = "then";
message Nothing { }
channel fill(Nothing m) { rows <- { n: 3, size: Size::L }; part <- { n: 9 }; }
$$);
SELECT adama.create('wide', 'k'), wide.fill('k'), adama.create('wide', 'old');
SELECT adama.deploy('wide', $$
enum Size { S:1, L:5 }
record Part { long n; }
record Row { double n; int size; }
table<Row> rows;
long a; double b; maybe<long> c; int s; maybe<Part> part;
message Nothing { }
channel fill(Nothing m) { a += 1; c = a; }
$$);
SELECT adama.deploy('wide', 'record Row { string n; long size; } table<Row> rows; int a; maybe<int> b; bool c; long s;');
SELECT wide.fill('k');
SELECT state::jsonb - '__entropy' AS state FROM wide.documents WHERE key = 'k';
-- one document still has what the newest program has not
SELECT adama.deploy('wide', 'int gone;');
SELECT adama.upgrade('wide');
SELECT adama.deploy('wide', 'int gone; message Nothing { } channel fill(Nothing m) { gone++; }'), wide.fill('k');
SELECT key, v.ok, v.seq FROM wide.document d, adama.verify('wide', d.key) v ORDER BY key;
DROP SCHEMA wide CASCADE;

-- ---- other names, under which the values stay: also for documents that have missed a version ----
SELECT adama.deploy('named', $$
record Row { int points; string gone; table<Row> below; }
table<Row> rows; string title = "first"; int round = 1;
message Nothing { }
channel fill(Nothing m) { rows <- { points: 5 }; foreach (r in iterate rows) { r.below <- { points: 7 }; } title = "filled"; round++; }
$$);
SELECT adama.create('named', 'early'), named.fill('early'), adama.create('named', 'late'), named.fill('late');
SELECT adama.deploy('named', $$
record Row { long (was = points) score; table<Row> (was = below) kids; }
table<Row> (was = rows) people; string (was = title) heading; int round;
message Nothing { }
channel fill(Nothing m) { heading += "!"; }
$$);
SELECT named.fill('early');
SELECT adama.deploy('named', $$
record Row { long (was = score, was = points) result; table<Row> (was = kids, was = below) kids2; }
table<Row> (was = people, was = rows) players; maybe<string> (was = heading, was = title) name; int round;
public formula heading = name;
message Nothing { }
channel fill(Nothing m) { round++; }
$$);
SELECT named.fill('early'), named.fill('late');
SELECT key, state::jsonb - '__entropy' AS state FROM named.documents ORDER BY key;
SELECT adama.deploy('named', 'record Row { int n; } table<Row> (was = players) t; int (was = name) title;');
SELECT key, v.ok, v.seq FROM named.document d, adama.verify('named', d.key) v ORDER BY key;
DROP SCHEMA named CASCADE;

-- ---- a log that does not keep everything ----
SELECT adama.deploy('short', $$
@static { maximum_history = 100; }
record Line { public string text; }
table<Line> _lines;
public int n;
message Say { string text; }
channel say(Say m) { _lines <- { text: m.text }; (iterate _lines order by id desc offset 5).delete(); n++; }
$$);
SELECT adama.create('short', 'k'), adama.create('short', 'batch');
SELECT count(short.say('k', text => repeat('x', 100) || i)) FROM generate_series(1, 1000) i;
SELECT count(*) FROM generate_series(1, 100) b, LATERAL adama.ingest('short', array_fill('batch'::text, '{20}'), array_fill('say'::text, '{20}'),
  ARRAY(SELECT json_build_object('text', repeat('y', 100) || b || ' ' || i) FROM generate_series(1, 20) i));
SELECT d.key, d.seq, log_from BETWEEN 2 AND d.seq - 100 AS is_trimmed, count(*) FILTER (WHERE l.seq < d.log_from) AS before, count(*) < 400 AS is_short,
  bool_or(l.state IS NOT NULL AND l.seq = d.log_from) AS begins_with_a_state
  FROM short.document d JOIN short.log l USING (key) GROUP BY d.key ORDER BY d.key;
SELECT d.key, v.ok, v.seq, s.state->>'n' AS n FROM short.document d JOIN short.documents s USING (key), adama.verify('short', d.key) v ORDER BY d.key;
SELECT count(adama.at('short', d.key, i)) = count(*) AS all_there FROM short.document d, generate_series(d.log_from, d.seq) i;
\set VERBOSITY terse
SELECT adama.at('short', 'k', 1);
\set VERBOSITY default
BEGIN;
DELETE FROM short.log l USING short.document d WHERE l.key = d.key AND l.seq = d.log_from;
SELECT d.key, v.ok, v.problem FROM short.document d, adama.verify('short', d.key) v ORDER BY d.key;
ROLLBACK;
DROP SCHEMA short CASCADE;

-- ---- what verify finds: an entry that was changed, one that is missing, a state, a document that is damaged ----
BEGIN;
UPDATE past.log SET delta = '{"n":7}' WHERE key = 'young' AND seq = 2;
SELECT ok, seq, problem, expected, found #- '{_lines}' AS found FROM adama.verify('past', 'young');
SELECT adama.replay('past', 'young');
ROLLBACK;
BEGIN;
UPDATE past.log SET message = '{"text":"ho"}' WHERE key = 'young' AND seq = 2;
SELECT ok, seq, problem, expected->'_lines'->'1'->'text' AS expected, found->'_lines'->'1'->'text' AS found FROM adama.verify('past', 'young');
ROLLBACK;
BEGIN;
UPDATE past.log SET channel = 'shout' WHERE key = 'young' AND seq = 2;
SELECT * FROM adama.verify('past', 'young');
ROLLBACK;
BEGIN;
DELETE FROM past.log WHERE key = 'k' AND seq = 3;
SELECT * FROM adama.verify('past', 'k');
ROLLBACK;
BEGIN;
DELETE FROM past.log WHERE key = 'k' AND seq = 1;
SELECT * FROM adama.verify('past', 'k');
SELECT adama.at('past', 'k', 5);
ROLLBACK;
BEGIN;
UPDATE past.document SET state = adama.at('past', 'young', 1), state_seq = 2 WHERE key = 'young';
SELECT ok, seq, problem, expected->'n' AS expected, found->'n' AS found FROM adama.verify('past', 'young');
ROLLBACK;
BEGIN;
DELETE FROM past.program WHERE version = 1;
SELECT * FROM adama.verify('past', 'k');
ROLLBACK;
SELECT * FROM adama.verify('past', 'young');

-- ---- back to before rows that have been deleted since: their numbers are given out again ----
SELECT adama.deploy('numbers', $$
record Part { public int n; } record Row { public int id; public int n; table<Part> parts; public formula n_parts = parts.size(); } table<Row> _rows; map<int,Kept> kept;
message One { int n; }
channel add(One m) { _rows <- { n: m.n }; }
channel part(One m) { if (_rows[m.n] as row) { row.parts <- { n: 1 }; } else { abort; } kept[m.n].parts <- { n: 2 }; }
channel part_off(One m) { if (_rows[m.n] as row) { row.parts.delete(); } if (kept[m.n] as row) { row.parts.delete(); } }
channel after(One m) { (iterate _rows where id > m.n).delete(); }
channel change(One m) { if (_rows[m.n] as row) { row.n = 100; } else { abort; } }
public formula rows = iterate _rows;
record Kept { table<Part> parts; public formula n_parts = parts.size(); }
public formula n_kept = kept[2].n_parts;
$$);
SELECT adama.create('numbers', 'k');
SELECT count(numbers.add('k', i)) FROM generate_series(1, 4) i;
SELECT count(numbers.add('k', i)) FROM generate_series(5, 8) i;
SELECT numbers.after('k', 4), adama.rewind('numbers', 'k', 5), numbers.add('k', 50), numbers.change('k', 5);
SELECT adama.view('numbers', 'k')->'rows' AS rows;
SELECT numbers.part('k', 2), numbers.part('k', 2), numbers.part_off('k', 2), adama.rewind('numbers', 'k', 13), numbers.part('k', 2), numbers.part_off('k', 2);
SELECT adama.view('numbers', 'k')->'rows'->1 AS row, adama.view('numbers', 'k')->'n_kept' AS n_kept;
SELECT ok, seq FROM adama.verify('numbers', 'k');
DROP SCHEMA numbers CASCADE;

-- ---- it is the owner's ----
CREATE ROLE adama_past_reader;
GRANT USAGE ON SCHEMA past TO adama_past_reader;
SET ROLE adama_past_reader;
SELECT adama.at('past', 'k', 1);
SELECT adama.at('past', 'k', now());
SELECT adama.view_at('past', 'k', 1, adama.whoami());
SELECT adama.replay('past', 'k');
SELECT * FROM adama.verify('past', 'k');
SELECT * FROM adama.try('past', 'k', 'public int n;');
SELECT adama.rewind('past', 'k', 1);
SELECT adama.upgrade('past');
SELECT adama.rollback('past', 1);
RESET ROLE;
DROP OWNED BY adama_past_reader;
DROP ROLE adama_past_reader;
DROP SCHEMA past CASCADE;
