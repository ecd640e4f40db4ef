-- The two programs of the front page, from deploy to history.
SET client_min_messages = warning;
SET search_path = public, adama;

\set program `cat examples/pubsub.adama`
SELECT adama.deploy('chat', :'program');
SELECT adama.create('chat', 'lobby');
SELECT chat.publish('lobby', payload => 'hello');
SELECT chat.publish(key => 'lobby', payload => 'wörld "☃"');
SELECT adama.send('chat', 'lobby', 'publish', '{"payload": "generic"}');

-- rows with typed columns, and the same as JSON
SELECT who, payload, "when" BETWEEN extract(epoch FROM now() - interval '1 minute') * 1000 AND extract(epoch FROM now() + interval '1 minute') * 1000 AS just_now
FROM chat.publishes('lobby');
SELECT jsonb_path_query_array(adama.view('chat', 'lobby'), '$.publishes[*].payload') AS payloads,
	jsonb_path_query_array(adama.view('chat', 'lobby'), '$.publishes[0].who') AS who;
-- live documents join with tables
CREATE TEMP TABLE seen (payload text, note text);
INSERT INTO seen VALUES ('hello', 'greeting'), ('bye', 'parting');
SELECT payload, note FROM chat.publishes('lobby') LEFT JOIN seen USING (payload) ORDER BY payload;

-- what is stored
SELECT key, seq, state - '_publishes' - '__entropy' AS rest, jsonb_path_query_array(state::jsonb, '$._publishes.*.payload') AS payloads
FROM (SELECT key, seq, state::jsonb AS state FROM chat.documents) d;
SELECT seq, state_seq <= seq AS state_not_ahead, program, due FROM chat.document;
SELECT seq, events, event, agent = current_user AS me, authority, channel, CASE event WHEN 'create' THEN NULL ELSE message END AS message, dedupe FROM chat.log ORDER BY seq;
SELECT seq, event, channel, message - 'entropy' AS message, delta #>> '{_publishes,1,payload}' AS payload, size > 0 AS size FROM adama.history('chat', 'lobby');
SELECT seq FROM adama.history('chat', 'lobby', from_seq => 2, max => 2);
SELECT seq FROM adama.history('chat', 'lobby', max => 0);

-- the cap: of 150 messages 100 stay (which, is for the program to say: many have the same time)
SELECT max(chat.publish('lobby', payload => 'm' || i)) AS seq FROM generate_series(1, 150) i;
SELECT count(*) FROM chat.publishes('lobby');
SELECT jsonb_array_length(adama.view('chat', 'lobby')->'publishes') AS viewed;
-- state + log is the document, whatever was written when
SELECT d.state = fold('{}', ARRAY(SELECT delta FROM chat.log ORDER BY seq)) AS folded,
	d.state = '{}'::document + (SELECT compose(delta ORDER BY seq) FROM chat.log) AS composed
FROM chat.documents d;

-- a key that was used is free again after delete
SELECT adama.create('chat', 'lobby');
SELECT adama.delete('chat', 'lobby');
SELECT count(*) AS documents, (SELECT count(*) FROM chat.log) AS log FROM chat.document;
SELECT chat.publish('lobby', payload => 'gone');
SELECT chat.create_document('lobby');
SELECT count(*) FROM chat.publishes('lobby');

-- dedupe: what is sent twice under one key is reduced once
SELECT adama.send('chat', 'lobby', 'publish', '{"payload": "once"}', dedupe => 'k1');
SELECT adama.send('chat', 'lobby', 'publish', '{"payload": "once"}', dedupe => 'k1');
SELECT adama.send('chat', 'lobby', 'publish', '{"payload": "twice"}', dedupe => 'k2');
SELECT payload FROM chat.publishes('lobby') ORDER BY payload;
SELECT seq, dedupe FROM chat.log WHERE dedupe IS NOT NULL ORDER BY seq;

-- connect records a connection (and, once committed, is notified)
BEGIN;
SELECT id ~ '^adama_[0-9a-f]{32}$' AS id, id AS connection FROM adama.connect('chat', 'lobby') id \gset
SELECT :'id' AS id_is_an_id, key, agent = current_user AS me, authority, viewer, created = (SELECT created FROM chat.document) AS created, pid = pg_backend_pid() AS mine
FROM chat.connection WHERE id = :'connection';
SELECT count(*) AS listening FROM pg_listening_channels();
SELECT adama.disconnect(:'connection');
SELECT count(*) FROM chat.connection;
DO $$ BEGIN PERFORM adama.disconnect('adama_0123456789abcdef0123456789abcdef'); EXCEPTION WHEN SQLSTATE 'YA016' THEN RAISE WARNING '%', SQLERRM; END $$;
ROLLBACK;
SELECT count(*) FROM chat.connection;
SELECT adama.whoami() = adama.principal(current_user, 'postgres') AS me;

-- the other program
\set program `cat examples/notify.adama`
SELECT adama.deploy('notify', :'program');
SELECT adama.create('notify', 'seq');
SELECT notify.notify('seq', db_seq => 7), notify.notify('seq', 3), notify.notify('seq', 9);
SELECT adama.view('notify', 'seq');
-- a message that changes nothing counts all the same
SELECT seq, message - 'entropy' AS message, delta - '__entropy' AS delta FROM adama.history('notify', 'seq');
SELECT state -> 'max_db_seq' AS max_db_seq FROM notify.documents;

DROP SCHEMA chat CASCADE;
DROP SCHEMA notify CASCADE;
