-- What programs do beside changing fields: effects in the log, documents that programs end or lead back, patches.
SET search_path = public, adama;
SET client_min_messages = warning;
SELECT adama.deploy('eff', $$
public int n;
record Line { public int id; public string what; index what; }
table<Line> _lines;
public formula lines = iterate _lines order by what;
message Add { int n; dynamic d; }
message Line2 { string what; }
message Who { principal who; }
message Back { long seq; }
message Nothing { }
@construct { Messaging.broadcast("made", @null); }
@connected { Messaging.broadcast("joined", @who.agent().dyn()); return true; }
@disconnected { if (n > 1000) { Document.destroy(); } Messaging.broadcast("left", @who.agent().dyn()); }
channel add(Add m) { if (m.n < 0) { Messaging.broadcast("never", @null); abort; } n += m.n; Messaging.broadcast("added", m.d); ViewState.log("you added"); }
channel line(Line2 m) { _lines <- {what: m.what}; }
channel kick(Who m) { Document.disconnect(m.who); }
channel back(Back m) { n = 1000; Messaging.broadcast("never", @null); Document.rewind(m.seq); }
channel kill(Nothing m) { n = 5; Messaging.broadcast("never", @null); Document.destroy(); }
channel patch(Add m) { Document.patch(m.d); }
channel large(Add m) { string s = "0123456789abcdef" * 5000; for (int i = 0; i < m.n; i++) { Messaging.broadcast("large", s.dyn()); } n++; }
$$);
SELECT eff.create_document('a'), adama.send('eff', 'a', 'add', '{"n": 1, "d": {"x": [1, 2]}}'), eff.line('a', 'one');
SELECT eff.add('a', -1, '{}');
SELECT eff.kick('a', 'bob@example');
SELECT adama.ingest('eff', '{a,a,a}', '{add,add,line}', ARRAY['{"n": 2}', '{"n": -1}', '{"what": "two"}']::json[]);
SELECT seq, events, event, channel, effects::jsonb FROM eff.log WHERE key = 'a' ORDER BY seq;
SELECT ok, seq FROM adama.verify('eff', 'a');

-- ---- patch ----
SELECT adama.send('eff', 'a', 'patch', '{"n": 0, "d": {"n": 40, "_lines": {"1": {"what": "zero"}, "9": {"what": "nine"}}}}');
SELECT adama.view('eff', 'a');
SELECT adama.send('eff', 'a', 'patch', '{"n": 0, "d": {"n": 41, "_lines": {"1": {"what": 7}}}}');
SELECT adama.send('eff', 'a', 'patch', '{"n": 0, "d": {"__entropy": "7"}}');
SELECT delta::jsonb FROM eff.log WHERE key = 'a' ORDER BY seq DESC LIMIT 1;
SELECT eff.line('a', 'ten');

-- ---- rewind, by a program ----
SELECT adama.send('eff', 'a', 'back', '{"seq": 3}', dedupe => 'k');
SELECT adama.view('eff', 'a');
SELECT adama.send('eff', 'a', 'back', '{"seq": 3}', dedupe => 'k');
SELECT eff.back('a', 99);
SELECT eff.back('a', -1);
SELECT seq, agent, event, channel, message, delta #- '{__dedupe}' AS delta FROM adama.history('eff', 'a', from_seq => 9);
SELECT adama.at('eff', 'a', 8)->'n' AS before, adama.at('eff', 'a', 9)->'n' AS after;
SELECT ord, seq, sqlstate, error FROM adama.ingest('eff', array_fill('a'::text, ARRAY[7]), '{add,line,back,back,add,back,add}',
  ARRAY['{"n": 5}', '{"what": "x"}', '{"seq": 10}', '{"seq": 1000}', '{"n": 6}', '{"seq": 11}', '{"n": 1}']::json[]);
SELECT adama.view('eff', 'a');
SELECT seq, events, event, delta::jsonb #- '{__dedupe}' AS delta FROM eff.log WHERE key = 'a' AND seq > 9 ORDER BY seq;
SELECT ok, seq FROM adama.verify('eff', 'a');
SELECT seq, channel, sqlstate, error FROM adama.try('eff', 'a', 'public int n; message Add { int n; dynamic d; } channel add(Add m) { n += m.n; }') WHERE seq = 9;
-- a rewind that the program would not ask for, and effects that it would not have
BEGIN;
UPDATE eff.log SET message = '{"seq":2,"event":"send","message":{"seq":"3"}}' WHERE key = 'a' AND seq = 9;
SELECT * FROM adama.verify('eff', 'a');
ROLLBACK;
BEGIN;
UPDATE eff.log SET effects = NULL WHERE key = 'a' AND seq = 2;
SELECT * FROM adama.verify('eff', 'a');
ROLLBACK;

-- ---- in the history, and tried ----
SELECT eff.create_document('h'), adama.send('eff', 'h', 'add', '{"n": 1, "d": {"x": [1, 2]}}'), eff.line('h', 'one'), eff.kick('h', 'bob@example');
SELECT seq, event, channel, effects FROM adama.history('eff', 'h');
SELECT seq, seen IS NOT NULL AS seen, effects FROM adama.history('eff', 'h', from_seq => 3, who => 'bob@example');
SELECT effects->0->>'disconnect' = 'bob@example'::principal::text AS is_bob FROM adama.history('eff', 'h') WHERE channel = 'kick';
-- what a batch's later events did belongs to these
SELECT adama.ingest('eff', '{h,h,h,h,h}', '{add,kick,line,add,add}',
  ARRAY['{"n": 1, "d": 1}', '{"who": {"agent": "a\\@b", "authority": "c@d"}}', '{"what": "three"}', '{"n": -1}', '{"n": 1, "d": 2}']::json[]);
SELECT seq, channel, effects, delta IS NOT NULL AS is_last FROM adama.history('eff', 'h', from_seq => 5);
SELECT seq, effects FROM adama.history('eff', 'h', from_seq => 6, max => 1);
-- another program that says something else, nothing, or something more
SELECT seq, channel, sqlstate, error, delta = logged AS same_delta, effects, effects_logged FROM adama.try('eff', 'h', (SELECT replace(replace(source,
  'Messaging.broadcast("made", @null)', ''), '"you added"', '"you have added"') FROM eff.program)) WHERE seq NOT IN (3, 7);
SELECT key, seq, channel, effects, effects_logged FROM adama.try('eff', (SELECT replace(source, 'Document.disconnect(m.who)', 'if (m.who != @no_one) { abort; }') FROM eff.program), documents => 1)
  WHERE seq IS NOT NULL;
SELECT count(*) AS differ FROM adama.try('eff', 'h', (SELECT source FROM eff.program));
BEGIN;
UPDATE eff.log SET effects = '[{"seq": 2, "send": ["other", 1]}]'::document WHERE key = 'h' AND seq = 2;
SELECT seq, effects, effects_logged FROM adama.try('eff', 'h', (SELECT source FROM eff.program));
ROLLBACK;

SELECT adama.delete('eff', 'h');

-- ---- destroy ----
SELECT eff.kill('a') AS seq, (SELECT seq FROM eff.document WHERE key = 'a') AS was;
SELECT count(*) AS documents FROM eff.document;
SELECT count(*) AS entries FROM eff.log;
SELECT eff.kill('a');
SELECT eff.create_document('a');
BEGIN;
SELECT eff.kill('a');
SAVEPOINT gone;
SELECT eff.create_document('a'), adama.send('eff', 'a', 'add', '{"n": 4}');
ROLLBACK TO gone;
SELECT eff.kill('a');
ROLLBACK;
SELECT adama.send('eff', 'a', 'add', '{"n": 4}');
SELECT ord, seq, sqlstate, error FROM adama.ingest('eff', '{a,b,a,a,a}', '{add,add,kill,add,nope}', ARRAY['{"n": 5}', '{"n": 5}', '{}', '{"n": 6}', '{}']::json[]);
SELECT count(*) AS documents FROM eff.document;
SELECT count(*) AS entries FROM eff.log;
-- many messages, of which one in the middle ends the document
SELECT eff.create_document('a');
SELECT count(*), min(ord) FILTER (WHERE sqlstate IS NOT NULL) AS first, count(*) FILTER (WHERE sqlstate = 'YA012') AS late
  FROM adama.ingest('eff', array_fill('a'::text, ARRAY[9000]), (SELECT array_agg(CASE i WHEN 4500 THEN 'kill' ELSE 'line' END ORDER BY i) FROM generate_series(1, 9000) i),
    (SELECT array_agg(CASE i WHEN 4500 THEN '{}'::json ELSE '{"what": "x"}' END ORDER BY i) FROM generate_series(1, 9000) i));
SELECT count(*) AS entries FROM eff.log;

-- ---- the last one to leave ----
SELECT eff.create_document('a'), adama.send('eff', 'a', 'add', '{"n": 1001}');
BEGIN;
SELECT adama.connect('eff', 'a') AS connection \gset
SELECT adama.disconnect(:'connection');
COMMIT;
SELECT count(*) AS documents FROM eff.document;

-- ---- much to say: a batch becomes several entries ----
SELECT eff.create_document('a');
SELECT count(*) FROM adama.ingest('eff', array_fill('a'::text, ARRAY[12]), array_fill('large'::text, ARRAY[12]), array_fill('{"n": 10}'::json, ARRAY[12]));
SELECT seq, events, length(effects::text) FROM eff.log ORDER BY seq;
SELECT adama.send('eff', 'a', 'large', '{"n": 14}');
SELECT ok, seq FROM adama.verify('eff', 'a');
DROP SCHEMA eff CASCADE;
