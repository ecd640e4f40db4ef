-- The pub/sub of examples/pubsub.adama as one would write it in PL/pgSQL over a jsonb column: one row per room, its messages in an array in order
-- of time.  Appending and dropping from the front with jsonb's own operators is the fastest form found (rebuilding the array with
-- jsonb_agg costs about three times as much).  It keeps no log and tells nobody.
CREATE SCHEMA plain;
CREATE TABLE plain.room (key text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL, messages jsonb NOT NULL) WITH (fillfactor = 50);

CREATE FUNCTION plain.publish(room_key text, payload text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  now_ms bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
  m jsonb;
  n bigint;
BEGIN
  SELECT messages INTO m FROM plain.room WHERE key = room_key FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no room %', room_key;
  END IF;
  m := m || jsonb_build_object('who', session_user, 'when', now_ms, 'payload', payload);
  WHILE jsonb_array_length(m) > 100 OR (m -> 0 ->> 'when')::bigint < now_ms - 60000 LOOP
    m := m - 0;
  END LOOP;
  UPDATE plain.room SET messages = m, seq = seq + 1 WHERE key = room_key RETURNING seq INTO n;
  RETURN n;
END $$;

-- What a message costs at the least: one row updated, one log row written, of the same columns and size as adama's.
CREATE SCHEMA bare;
CREATE TABLE bare.document (key text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL, updated timestamptz NOT NULL DEFAULT now(), state text NOT NULL)
  WITH (fillfactor = 50);
CREATE TABLE bare.log (key text COLLATE "C" NOT NULL, seq bigint NOT NULL, events int NOT NULL DEFAULT 1, at timestamptz NOT NULL, event text NOT NULL, agent text,
  authority text, channel text, message text, dedupe text, delta text NOT NULL, PRIMARY KEY (key, seq));
