-- A document as one JSON value, made anew elsewhere: what it was, all that it was before, and how it goes on.
SET search_path = public, adama;
SET client_min_messages = warning;
\set program 'record Line { public int id; public principal who; public string text; public double weight; } table<Line> _lines; public formula lines = iterate _lines; public int n; public double chance; public double one = 1.0; message Say { string text; } message Nothing { } @connected { n += 1000; return true; } @disconnected { n -= 1000; } channel say(Say m) { if (m.text == "") { abort; } _lines <- { who: @who, text: m.text, weight: 1.0 }; n++; } channel roll(Nothing m) { chance = Random.genDouble(); }'
\set wider :program ' public string title = "none"; message Title { string title; } channel rename(Title m) { title = m.title; }'
SELECT adama.deploy('here', :'program');
SELECT adama.create('here', 'k'), here.say('k', E'on\u00e9 "quoted"\n'), here.roll('k'), adama.send('here', 'k', 'say', '{"text": "once"}', dedupe => 'd1');
SELECT count(*) FROM adama.ingest('here', '{k,k,k}', '{say,say,roll}', '{"{\"text\":\"two\"}","{\"text\":\"\"}","{}"}');
BEGIN;
SELECT adama.connect('here', 'k') AS connection \gset
SELECT adama.disconnect(:'connection');
COMMIT;
SELECT adama.deploy('here', :'wider');
SELECT here.rename('k', 'new');
SELECT adama.rewind('here', 'k', 4) > 4 AS rewound, here.rename('k', 'after') IS NOT NULL AS renamed;
CREATE TABLE exported AS SELECT adama.export('here', 'k') AS value;
SELECT value - 'document' - 'log' - 'programs' AS names, value->'document'->'seq' AS seq, jsonb_array_length(value->'log') AS entries, jsonb_array_length(value->'programs') AS programs,
  value->'log'->0->>'event' AS first, value->'log'->1->>'message' AS message FROM exported;
SELECT adama.export('here', 'nobody');

-- ---- elsewhere: versions of the program have other numbers ----
SELECT adama.deploy('there', 'public int other;');
SELECT adama.import('there', 'k', value) FROM exported;
SELECT adama.deploy('there', :'program');
SELECT adama.import('there', 'k', value) FROM exported;
SELECT count(*) FROM there.document;
SELECT adama.deploy('there', :'wider');
SELECT adama.import('there', 'k', value) = (value->'document'->>'seq')::bigint AS at_its_seq FROM exported;
SELECT ok, problem FROM adama.verify('there', 'k');
SELECT h.key, h.seq = t.seq AS seq, h.updated = t.updated AS updated, h.program AS here, t.program AS there, t.created > h.created AS later
  FROM here.document h JOIN there.document t USING (key);
SELECT count(*) FILTER (WHERE adama.at('here', 'k', s) <> adama.at('there', 'k', s)) AS differ, count(*) > 10 AS many FROM exported, generate_series(1, (value->'document'->>'seq')::int) s;
SELECT count(*) FROM (SELECT seq, events, at, event, agent, authority, channel, message, dedupe, delta::text, origin, ip, state::text, effects::text FROM here.log WHERE event <> 'upgrade'
  EXCEPT SELECT seq, events, at, event, agent, authority, channel, message, dedupe, delta::text, origin, ip, state::text, effects::text FROM there.log) l;
SELECT seq, message, program FROM there.log WHERE event = 'upgrade';
-- the same chance, the same ids, the same keys of messages
SELECT here.roll('k') = there.roll('k') AS seq, here.say('k', 'next') = there.say('k', 'next') AS seq2;
SELECT h.state->>'chance' = t.state->>'chance' AS chance, h.state = t.state AS state FROM here.documents h, there.documents t;
SELECT adama.send('there', 'k', 'say', '{"text": "once"}', dedupe => 'd1');
SELECT ok FROM adama.verify('there', 'k');
SELECT adama.import('there', 'k', value) FROM exported;
-- a second time, and a copy of the copy
SELECT adama.import('there', 'copy', adama.export('there', 'k')) = (SELECT seq FROM there.document WHERE key = 'k') AS copied;
SELECT v.ok FROM adama.verify('there', 'copy') v;
-- an older life of the key is forgotten
SELECT adama.delete('here', 'k'), adama.import('here', 'k', value) > 0 AS imported FROM exported;
SELECT here.say('k', 'again') = (value->'document'->>'seq')::int + 1 AS goes_on FROM exported;
SELECT ok FROM adama.verify('here', 'k');
BEGIN;
SELECT adama.import('here', 'gone', value) > 0 AS imported FROM exported;
ROLLBACK;
SELECT count(*) FROM here.log WHERE key = 'gone';

-- ---- what is no exported document ----
\set VERBOSITY default
SELECT adama.import('here', 'bad', '7');
SELECT adama.import('here', 'bad', '[]');
SELECT adama.import('here', 'bad', '{"adama": "1"}');
SELECT adama.import('here', 'bad', '{"adama": 2}');
SELECT adama.import('here', 'bad', value - 'document') FROM exported;
SELECT adama.import('here', 'bad', value || '{"log": {}}') FROM exported;
SELECT adama.import('here', 'bad', value || '{"programs": 3}') FROM exported;
SELECT adama.import('here', E'bad\nkey', value) FROM exported;
SELECT adama.import('here', NULL, value) IS NULL AS nothing FROM exported;
\set VERBOSITY terse
SELECT adama.import('here', 'bad', value || '{"log": [7]}') FROM exported;
SELECT adama.import('here', 'bad', value || '{"log": []}') FROM exported;
SELECT adama.import('here', 'bad', value || '{"programs": []}') FROM exported;
SELECT adama.import('here', 'bad', value #- '{log,3}') FROM exported;
SELECT adama.import('here', 'bad', value #- '{log,0}') FROM exported;
SELECT adama.import('here', 'bad', value #- '{log,1,delta}') FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{log,1,delta}', '"{\"n\":7}"')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{log,1,delta}', '"{\"n\":"')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{log,1,message}', '"{\"text\":\"forged\"}"')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{log,1,at}', '"then"')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{log,1,seq}', '1')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{document,state}', '"{\"n\":7}"')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{document,state_seq}', '0')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{document,seq}', '3')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{document,program}', '1')) FROM exported;
SELECT adama.import('here', 'bad', jsonb_set(value, '{document,updated}', '"2001-01-01"')) FROM exported;
\set VERBOSITY default
SELECT count(*) FROM here.document WHERE key = 'bad';
SELECT count(*) FROM here.log WHERE key = 'bad';

-- ---- a program that asks for its document's name ----
SELECT adama.deploy('named', 'public string name; message Nothing { } channel tell(Nothing m) { name = Document.key(); }');
SELECT adama.create('named', 'one'), named.tell('one');
SELECT adama.import('named', 'two', adama.export('named', 'one'));
SELECT adama.export('named', 'one') AS value \gset
SELECT adama.delete('named', 'one'), adama.import('named', 'one', :'value');

-- ---- a log that was trimmed, and a program with what it includes ----
SELECT adama.deploy('short', '@static { maximum_history = 100; } @include say;',
  '{"say": "record Line { public string text; } table<Line> _lines; message Say { string text; } channel say(Say m) { _lines <- { text: m.text }; (iterate _lines order by id desc offset 5).delete(); }"}');
SELECT adama.create('short', 'k');
SELECT count(short.say('k', text => repeat('x', 100) || i)) FROM generate_series(1, 500) i;
SELECT adama.import('short', 'copy', adama.export('short', 'k'));
SELECT key, d.seq, log_from > 1 AS is_trimmed, v.ok FROM short.document d, adama.verify('short', d.key) v ORDER BY key;
SELECT count(*) AS differ FROM short.document d, generate_series(d.log_from, d.seq) s WHERE d.key = 'k' AND adama.at('short', 'k', s) <> adama.at('short', 'copy', s);

-- ---- a trigger on the documents finds it whole ----
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '% is at %', NEW.key, (SELECT (seq, state OPERATOR(adama.=) adama.at('short', 'k', seq)) FROM short.documents WHERE key = NEW.key); RETURN NEW; END $$;
CREATE TRIGGER tell AFTER INSERT ON short.document FOR EACH ROW EXECUTE FUNCTION tell();
SELECT adama.import('short', 'other', adama.export('short', 'k'));
DROP FUNCTION tell CASCADE;

-- ---- it is the owner's ----
CREATE ROLE adama_carrier;
GRANT USAGE ON SCHEMA here TO adama_carrier;
GRANT SELECT ON exported TO adama_carrier;
SET ROLE adama_carrier;
SELECT adama.export('here', 'k');
SELECT adama.import('here', 'stolen', value) FROM exported;
RESET ROLE;
BEGIN READ ONLY;
SELECT adama.export('here', 'k') IS NOT NULL AS exported;
SELECT adama.import('here', 'other', value) FROM exported;
ROLLBACK;
DROP OWNED BY adama_carrier;
DROP ROLE adama_carrier;
DROP TABLE exported;
DROP SCHEMA here, there, named, short CASCADE;
