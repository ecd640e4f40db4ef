-- A message is a part of the transaction that sends it, like any other change: with the user's tables, triggers, foreign keys and joins.
\set program `cat ../../examples/pubsub.adama`
SELECT plan(21);

SELECT adama.deploy('chat', :'program') \g /dev/null
SELECT adama.create('chat', 'lobby') \g /dev/null
CREATE TABLE room (key text PRIMARY KEY REFERENCES chat.document (key) ON DELETE CASCADE, title text NOT NULL);
CREATE TABLE bill (id int PRIMARY KEY, room text REFERENCES room, what text);
INSERT INTO room VALUES ('lobby', 'The lobby');

-- both or neither
BEGIN;
INSERT INTO bill VALUES (1, 'lobby', 'kept');
SELECT chat.publish('lobby', payload => 'kept') AS seq \gset
COMMIT;
SELECT is(:seq, 2, 'a message and a row commit together');
BEGIN;
INSERT INTO bill VALUES (2, 'lobby', 'gone');
SELECT chat.publish('lobby', payload => 'gone') \g /dev/null
ROLLBACK;
SELECT is((SELECT array_agg(what) FROM bill), '{kept}'::text[], 'and roll back together: the row');
SELECT is((SELECT array_agg(payload) FROM chat.publishes('lobby')), '{kept}'::text[], 'and the message');
SELECT is((SELECT seq FROM chat.document WHERE key = 'lobby'), 2::bigint, 'with its sequence number');

-- a constraint of the user's own refuses both
SELECT throws_ok($$ WITH sent AS (SELECT chat.publish('lobby', payload => 'twice')) INSERT INTO bill SELECT 1, 'lobby', 'twice' FROM sent $$, '23505', NULL, 'an error beside it');
SELECT is((SELECT count(*) FROM chat.publishes('lobby')), 1::bigint, 'undoes the message');

-- savepoints
BEGIN;
SELECT chat.publish('lobby', payload => 'first') \g /dev/null
SAVEPOINT s;
SELECT chat.publish('lobby', payload => 'never') \g /dev/null
ROLLBACK TO s;
SELECT chat.publish('lobby', payload => 'second') \g /dev/null
COMMIT;
SELECT is((SELECT array_agg(payload ORDER BY id) FROM jsonb_to_recordset(adama.view('chat', 'lobby')->'publishes') AS x(id int, payload text)), '{kept,first,second}'::text[],
  'a savepoint takes back what came after it');
SELECT is((SELECT seq FROM chat.document WHERE key = 'lobby'), 4::bigint, 'and nothing else');

-- triggers of the user on the space's tables
CREATE TABLE seen (key text, seq bigint, event text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN INSERT INTO public.seen VALUES (new.key, new.seq, new.event); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT ON chat.log FOR EACH ROW EXECUTE FUNCTION note();
SELECT chat.publish('lobby', payload => 'noted') \g /dev/null
SELECT results_eq('TABLE seen', $$ VALUES ('lobby'::text, 5::bigint, 'send'::text) $$, 'a trigger on the log sees each event');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'closed today' USING ERRCODE = 'P0C10'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON chat.log FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT throws_ok($$ SELECT chat.publish('lobby', payload => 'refused') $$, 'P0C10', 'closed today', 'and may refuse it');
DROP TRIGGER refuse ON chat.log;
SELECT is((SELECT count(*) FROM chat.publishes('lobby') WHERE payload = 'refused'), 0::bigint, 'then nothing of it is left');
SELECT is(chat.publish('lobby', payload => 'goes on'), 6::bigint, 'and the document goes on');

-- live documents in queries
SELECT results_eq($$ SELECT r.title, count(*) FROM room r, chat.publishes(r.key) p GROUP BY r.title $$, $$ VALUES ('The lobby'::text, 5::bigint) $$, 'documents join with tables');
SELECT results_eq($$ SELECT key COLLATE "default", seq, jsonb_typeof(state::jsonb->'_publishes') FROM chat.documents $$, $$ VALUES ('lobby'::text, 6::bigint, 'object'::text) $$, 'and are rows of a view');
SELECT col_type_is('chat', 'document', 'state', 'adama.document', 'their state has a type of its own');

-- one statement, many messages; many documents
SELECT adama.create('chat', 'room ' || i) FROM generate_series(1, 5) i \g /dev/null
SELECT is((SELECT count(chat.publish('room ' || i % 5 + 1, payload => 'number ' || i)) FROM generate_series(1, 50) i), 50::bigint, 'one statement sends many messages');
SELECT results_eq($$ SELECT DISTINCT seq FROM chat.document WHERE key LIKE 'room %' $$, 'SELECT 11::bigint', 'to many documents');
PREPARE say AS SELECT chat.publish($1, payload => $2);
EXECUTE say('lobby', 'prepared') \g /dev/null
SELECT is((SELECT count(*) FROM chat.publishes('lobby') WHERE payload = 'prepared'), 1::bigint, 'prepared statements send');

-- deleting
SELECT throws_ok($$ SELECT adama.delete('chat', 'lobby') $$, '23503', NULL, 'a row of the user''s that needs a document keeps it');
DELETE FROM bill;
SELECT adama.delete('chat', 'lobby') \g /dev/null
SELECT is_empty($$ SELECT FROM room WHERE key = 'lobby' $$, 'and what refers to it goes with it, as the user said');
SELECT is_empty($$ SELECT FROM chat.log WHERE key = 'lobby' $$, 'and its log');

SELECT * FROM finish();
