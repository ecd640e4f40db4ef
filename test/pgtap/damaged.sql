-- Bits of what is stored are flipped, at random places: of states, deltas, messages, effects; with the checksum left as it was, and with one that fits the damage.
-- Everything that reads them works, or says that it is damaged; verify tells where; nothing crashes.
SELECT plan(17);
SELECT setseed(0.25);

CREATE CAST (adama.document AS bytea) WITHOUT FUNCTION;
CREATE CAST (adama.delta AS bytea) WITHOUT FUNCTION;
CREATE CAST (bytea AS adama.document) WITHOUT FUNCTION;
CREATE CAST (bytea AS adama.delta) WITHOUT FUNCTION;

SELECT $program$
  record Item { public int id; public string name; public int amount; public maybe<double> weight; map<string, int> tags; replication<items:upsert> published = {name: name, amount: amount}; }
  table<Item> _items;
  public string title;
  public datetime touched;
  public double chance;
  public principal last;
  map<int, string> names;
  bool seen;
  public formula items = iterate _items order by amount desc;
  public formula heavy = (iterate _items where amount > 5).size();
  replication<stores:upsert> published = {title: title, chance: chance};
  message Put { string name; int amount; maybe<double> weight; string[] tags; }
  message Take { int id; }
  message Call { string title; }
  channel put(Put m) {
    _items <- { name: m.name, amount: m.amount, weight: m.weight } as id;
    if ((iterate _items where_as it: it.id == id)[0] as added) { foreach (t in m.tags) { added.tags[t] = m.amount; } }
    names[id] = m.name;
    touched = Time.datetime();
    chance = Random.genDouble();
    last = @who;
    if (Messaging.broadcast("put", m.name.dyn())) { seen = false; }
  }
  channel take(Take m) { (iterate _items where id == m.id).delete(); names.remove(m.id); }
  channel call(Call m) { title = m.title; seen = true; }
$program$ AS program \gset
SELECT adama.deploy('store', :'program') \g /dev/null

-- Documents of all kinds: many entries and few, batches, one that was led back, a long text, a snapshot far behind.
SELECT adama.create('store', 'd' || i) FROM generate_series(1, 6) i \g /dev/null
SELECT store.put('d' || (1 + i % 6), 'item ' || i, i % 11, weight => CASE WHEN i % 3 = 0 THEN i / 7.0::float END, tags => ARRAY['red', 'tag' || i]) FROM generate_series(1, 90) i \g /dev/null
SELECT store.take('d' || (1 + i % 6), i % 5) FROM generate_series(1, 18) i \g /dev/null
SELECT store.call('d1', repeat('a long title ', 400)) \g /dev/null
SELECT store.put('d1', 'item ' || i, i % 11, '{}') FROM generate_series(1, 10) i \g /dev/null
SELECT adama.ingest('store', array_agg('d2'::text), array_agg('put'::text), array_agg(json_build_object('name', 'batched ' || i, 'amount', i, 'tags', '[]'::json))) FROM generate_series(1, 8) i \g /dev/null
SELECT adama.rewind('store', 'd3', 9) \g /dev/null
SELECT store.put('d3', 'after', 4, '{}', 0.5) \g /dev/null
SELECT adama.deploy('store', :'program' || 'public int more = 3;') \g /dev/null
SELECT store.put(key, 'newer', 4, '{}') FROM store.document WHERE key <> 'd6' ORDER BY key \g /dev/null
SELECT is((SELECT count(*) FROM store.document d WHERE (adama.verify('store', d.key)).ok), 6::bigint, 'they are whole');
SELECT cmp_ok((SELECT count(*) FROM store.log WHERE effects IS NOT NULL), '>', 100::bigint, 'some have effects');
SELECT cmp_ok((SELECT count(*) FROM store.log WHERE state IS NOT NULL), '>', 0::bigint, 'some entries keep a state');
SELECT cmp_ok((SELECT count(*) FROM store.log WHERE event = 'batch'), '>', 0::bigint, 'some entries are batches');

-- CRC-32C, as in the header of a stored value.
CREATE TABLE crc_table AS
  WITH RECURSIVE step(byte, round, value) AS (
    SELECT i, 0, i::bigint FROM generate_series(0, 255) i
    UNION ALL SELECT byte, round + 1, CASE WHEN value & 1 = 1 THEN (value >> 1) # 2197175160 ELSE value >> 1 END FROM step WHERE round < 8)
  SELECT array_agg(value ORDER BY byte) AS value FROM step WHERE round = 8;
CREATE FUNCTION crc32c(bytes bytea) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  crc bigint := 4294967295;
  steps bigint[] := (SELECT value FROM crc_table);
BEGIN
  FOR i IN 0 .. length(bytes) - 1 LOOP
    crc := (crc >> 8) # steps[1 + ((crc # get_byte(bytes, i)) & 255)::int];
  END LOOP;
  RETURN crc # 4294967295;
END $$;
CREATE FUNCTION with_checksum(bytes bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  crc bigint := crc32c(substr(bytes, 9));
BEGIN
  FOR i IN 0 .. 3 LOOP bytes := set_byte(bytes, 4 + i, (crc >> 8 * i & 255)::int); END LOOP;
  RETURN bytes;
END $$;
SELECT is(with_checksum(state::bytea), state::bytea, 'the checksum is made as adama makes it') FROM store.document WHERE key = 'd4';

-- One bit or several; a byte in place of another; the end cut off.
CREATE FUNCTION damaged(bytes bytea, fits boolean) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  head int := CASE WHEN fits THEN 8 ELSE 0 END;
  kind float := random();
  n int := length(bytes) - head;
  at bigint;
BEGIN
  IF kind < 0.1 AND n > 1 THEN
    bytes := substr(bytes, 1, head + (random() * (n - 1))::int);
  ELSE
    FOR i IN 1 .. CASE WHEN kind < 0.8 THEN 1 ELSE 3 END LOOP
      IF kind < 0.7 THEN
        at := 8 * head + floor(random() * 8 * n);
        bytes := set_bit(bytes, at, 1 - get_bit(bytes, at));
      ELSE
        bytes := set_byte(bytes, head + floor(random() * n)::int, floor(random() * 256)::int);
      END IF;
    END LOOP;
  END IF;
  RETURN CASE WHEN fits THEN with_checksum(bytes) ELSE bytes END;
END $$;

-- What a statement answers: nothing, when it worked; else the SQLSTATE and the message.
CREATE FUNCTION answer(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
BEGIN
  BEGIN
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'P0099';		-- what it did is taken back
  EXCEPTION WHEN SQLSTATE 'P0099' THEN RETURN NULL;
  WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    RETURN SQLSTATE || ' ' || message;
  END;
END $$;

CREATE TABLE finding (place text, fits boolean, key text, seq bigint, is_other boolean, ok boolean, verified bigint, problem text, answers text[]);
-- Does the damage, looks, and takes it back; a finding is left.
CREATE FUNCTION look(f finding, damage text, new bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    EXECUTE damage USING new, f.key, f.seq;
    BEGIN
      SELECT v.ok, v.seq, v.problem INTO f.ok, f.verified, f.problem FROM adama.verify('store', f.key) v;
    EXCEPTION WHEN OTHERS THEN
      f.problem := 'RAISED ' || SQLSTATE || ' ' || SQLERRM;
    END;
    f.answers := ARRAY[
      answer(format('SELECT adama.view(''store'', %L)', f.key)),
      answer(format('SELECT store.put(%L, ''x'', 1, ARRAY[''y''])', f.key)),
      answer(format('SELECT adama.send(''store'', %L, ''take'', ''{"id": 3}'')', f.key)),
      answer(format('SELECT * FROM adama.ingest(''store'', ARRAY[%L], ARRAY[''call''], ARRAY[''{"title": "t"}'']::json[])', f.key)),
      answer(format('SELECT adama.at(''store'', %L, %s)::text', f.key, greatest(1, f.seq - 1))),
      answer(format('SELECT adama.at(''store'', %L, %s)::jsonb', f.key, f.seq)),
      answer(format('SELECT adama.view_at(''store'', %L, %s, ''a@b'')', f.key, f.seq)),
      answer(format('SELECT delta::text, message::text FROM adama.history(''store'', %L)', f.key)),
      answer(format('SELECT * FROM adama.history(''store'', %L, who => ''a@b'')', f.key)),
      answer(format('SELECT adama.replay(''store'', %L)::text', f.key)),
      answer(format('SELECT * FROM adama.try(''store'', %L, (SELECT source FROM store.program WHERE version = 2))', f.key)),
      answer(format('SELECT adama.rewind(''store'', %L, %s)', f.key, greatest(1, f.seq - 2))),
      answer(format('SELECT adama.export(''store'', %L)::text', f.key)),
      answer(format('SELECT state::text, state::jsonb FROM store.documents WHERE key = %L', f.key)),
      answer(format('SELECT * FROM store.items(%L)', f.key)),
      answer(format('SELECT adama.delete(''store'', %L)', f.key))];
    RAISE EXCEPTION USING ERRCODE = 'P0098';
  EXCEPTION WHEN SQLSTATE 'P0098' THEN NULL;
  END;
  INSERT INTO finding SELECT f.*;
END $$;

CREATE FUNCTION damage_value(place text, fits boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f finding;
  old bytea;
  new bytea;
  place_table text := CASE WHEN place = 'document' THEN 'document' ELSE 'log' END;
  place_column text := CASE WHEN place = 'document' THEN 'state' ELSE place END;
BEGIN
  EXECUTE format('SELECT key, seq, %1$I::bytea FROM store.%2$I WHERE %1$I IS NOT NULL ORDER BY random() LIMIT 1', place_column, place_table) INTO f.key, f.seq, old;
  new := damaged(old, fits);
  f.place := place;
  f.fits := fits;
  f.is_other := new <> old;
  PERFORM look(f, format('UPDATE store.%I SET %I = $1::%s WHERE key = $2 AND seq = $3', place_table, place_column, CASE WHEN place = 'delta' THEN 'adama.delta' ELSE 'adama.document' END), new);
END $$;

-- Documents in this session's memory are trusted; so most of it is done by one that keeps none.
SELECT count(damage_value(place, fits)) FROM unnest(ARRAY['document', 'delta', 'message', 'effects', 'state']) place, (VALUES (true), (false)) v(fits), generate_series(1, 8) \g /dev/null
SET adama.document_cache_size = 0;
SELECT count(damage_value(place, fits)) FROM unnest(ARRAY['document', 'delta', 'message', 'effects', 'state']) place, (VALUES (true), (false)) v(fits), generate_series(1, 40) \g /dev/null

-- 22P05: a flip has made a text with a NUL, which jsonb can't have.
SELECT is((SELECT string_agg(DISTINCT place || ': ' || answer, E'\n') FROM finding, unnest(answers) answer WHERE answer !~ '^(XX001|22P05) .'), NULL,
  'what reads a damaged value works, or says that it is damaged');
SELECT is((SELECT string_agg(DISTINCT problem, E'\n') FROM finding WHERE ok IS NULL OR problem LIKE 'RAISED%'), NULL, 'verify answers');
SELECT is((SELECT string_agg(format('%s of %s at %s, checksum %s', place, key, seq, fits), E'\n') FROM finding WHERE is_other AND ok), NULL, 'verify sees all of it');
SELECT is((SELECT string_agg(format('%s of %s at %s: %s', place, key, seq, problem), E'\n') FROM finding WHERE NOT is_other AND NOT ok), NULL, 'and sees none where there is none');
SELECT is((SELECT count(*) FROM finding WHERE NOT ok AND (verified IS NULL OR problem IS NULL OR problem = '')), 0::bigint, 'it says where, and what');
SELECT is((SELECT count(*) FROM finding WHERE NOT ok AND place IN ('delta', 'message', 'effects') AND verified NOT BETWEEN seq - 8 AND seq), 0::bigint, 'which is where it is, or the event before in its batch');
SELECT is((SELECT count(*) FROM (SELECT * FROM finding WHERE place = 'document' AND is_other AND NOT fits OFFSET 8) f WHERE answers[1] IS NULL), 0::bigint,
  'a document that does not fit its checksum is never shown');
SELECT cmp_ok((SELECT count(*) FROM finding WHERE fits AND place = 'document' AND is_other AND answers[1] IS NOT NULL), '>', 10::bigint, 'nor one whose bytes can''t be what was stored');

-- Columns beside these.
CREATE FUNCTION damage_column(statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f finding;
BEGIN
  SELECT key, seq INTO f.key, f.seq FROM store.log WHERE event = 'send' AND key <> 'd2' AND seq BETWEEN 5 AND 12 ORDER BY random() LIMIT 1;
  f.place := statement;
  f.is_other := true;
  PERFORM look(f, statement, '');
END $$;
TRUNCATE finding;
SELECT count(damage_column(statement)) FROM unnest(ARRAY[
  'UPDATE store.log SET events = 2 WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET events = 0 WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET events = -2147483648 WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET events = 2147483647 WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET event = ''sent'' WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET event = ''batch'' WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET event = ''create'' WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET event = ''rewind'' WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET event = ''load'' WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET channel = ''nowhere'' WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET channel = NULL WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET message = NULL WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET agent = NULL WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET program = 77 WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET program = -1 WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET seq = 1000000 WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET seq = -seq WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET state = (SELECT state FROM store.document WHERE key = ''d5'') WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET delta = ''{"n":[]}'' WHERE key = $2 AND seq = $3',
  'UPDATE store.log SET delta = ''{"title":"other"}'' WHERE key = $2 AND seq = $3',
  'DELETE FROM store.log WHERE key = $2 AND seq = $3',
  'DELETE FROM store.log WHERE key = $2 AND seq = 1',
  'DELETE FROM store.log WHERE key = $2',
  'UPDATE store.document SET seq = seq + 1 WHERE key = $2',
  'UPDATE store.document SET seq = seq - 1 WHERE key = $2',
  'UPDATE store.document SET seq = -9223372036854775808 WHERE key = $2',
  'UPDATE store.document SET seq = 9223372036854775807 WHERE key = $2',
  'UPDATE store.document SET state_seq = state_seq - 1 WHERE key = $2',
  'UPDATE store.document SET state_seq = seq + 5 WHERE key = $2',
  'UPDATE store.document SET state_seq = -1 WHERE key = $2',
  'UPDATE store.document SET program = 77 WHERE key = $2',
  'UPDATE store.document SET program = 0 WHERE key = $2',
  'UPDATE store.document SET state = (SELECT state FROM store.document WHERE key = ''d2'') WHERE key = $2',
  'UPDATE store.document SET state = ''[1]'' WHERE key = $2',
  'DELETE FROM store.replica WHERE key = $2',
  'DELETE FROM store.replica WHERE key = $2 AND name = ''stores''',
  'DELETE FROM store.replica r USING (SELECT min("row") AS "row" FROM store.replica WHERE key = $2 AND name = ''items'') m WHERE key = $2 AND name = ''items'' AND r."row" = m."row"',
  'UPDATE store.replica SET value = ''{"title": "other", "chance": 0.5}'' WHERE key = $2 AND name = ''stores''',
  'UPDATE store.replica SET value = ''[]'' WHERE key = $2',
  'UPDATE store.replica SET hash = hash + 1 WHERE key = $2 AND name = ''stores''',
  'UPDATE store.replica SET "row" = -"row" - 1 WHERE key = $2',
  'INSERT INTO store.replica SELECT ''nothing'', $2, 0, ''{}'', 0, 1, now()',
  'INSERT INTO store.replica SELECT ''items'', $2, 2147483647, ''{"name": "x", "amount": 1}'', 0, 1, now()',
  'UPDATE store.program SET source = ''public int n;'' WHERE version = 1',
  'UPDATE store.program SET source = ''no program'' WHERE version = 1',
  'UPDATE store.program SET version = 5 WHERE version = 1',
  'UPDATE store.log SET state = ''7'' WHERE key = $2 AND seq = $3']) statement, generate_series(1, 3) \g /dev/null
SELECT is((SELECT string_agg(DISTINCT place || ': ' || answer, E'\n') FROM finding, unnest(answers) answer WHERE answer !~ '^(XX001|YA0[0-9][0-9]|23505) .'), NULL,
  'what reads a damaged row works, or says what is wrong');
SELECT is((SELECT string_agg(DISTINCT place || ': ' || problem, E'\n') FROM finding WHERE problem LIKE 'RAISED%' AND problem !~ '^RAISED (XX001|YA018) .'), NULL,
  'verify answers; or raises, when there is no program, or no such log');
SELECT is((SELECT string_agg(DISTINCT place, E'\n') FROM finding WHERE ok), NULL, 'verify sees it');

SELECT is((SELECT count(*) FROM store.document d WHERE (adama.verify('store', d.key)).ok), 6::bigint, 'all was taken back');
SELECT * FROM finish();
