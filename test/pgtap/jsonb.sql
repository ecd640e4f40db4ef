-- Values of documents as jsonb: byte for byte what the server makes of the same JSON.

SELECT plan(6);

SELECT adama.deploy('shapes', $$
	message M { dynamic it; }
	channel put(M m) { }
$$) \g /dev/null
SELECT adama.create('shapes', 'd') \g /dev/null

SELECT setseed(0.37) \g /dev/null

CREATE FUNCTION pg_temp.word(most int) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT coalesce(string_agg((ARRAY['a', 'b', 'Z', '0', ' ', 'é', '漢', '🂡', '"', E'\n'])[1 + floor(random() * 10)::int], ''), '')
	FROM generate_series(1, floor(random() * (most + 1))::int)
$$;

-- null only in arrays: a member that is null is not there
CREATE FUNCTION pg_temp.shape(depth int, in_array boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	kind int := floor(random() * CASE WHEN depth > 0 THEN 11 ELSE 7 END);
	n int := CASE WHEN random() < 0.2 THEN 30 + floor(random() * 80) ELSE floor(random() * 6) END;
BEGIN
	RETURN CASE
		WHEN kind = 0 THEN CASE WHEN in_array THEN 'null'::jsonb ELSE to_jsonb(false) END
		WHEN kind = 1 THEN to_jsonb(random() < 0.5)
		WHEN kind = 2 THEN to_jsonb(floor(random() * 100)::int)
		WHEN kind = 3 THEN to_jsonb((random() * 9e18 - 4.5e18)::bigint)
		WHEN kind = 4 THEN to_jsonb(floor(random() * 1e6) / 8 + 0.5)
		WHEN kind <= 6 THEN to_jsonb(pg_temp.word(CASE WHEN random() < 0.1 THEN 3000 ELSE 12 END))
		WHEN kind <= 8 THEN (SELECT coalesce(jsonb_agg(pg_temp.shape(depth - 1, true)), '[]') FROM generate_series(1, n))
		ELSE (SELECT coalesce(jsonb_object_agg(pg_temp.word(6) || i, pg_temp.shape(depth - 1, false)), '{}') FROM generate_series(1, n) i)
	END;
END $$;

CREATE TABLE sent AS SELECT i AS seq, pg_temp.shape(3, true) AS it FROM generate_series(1, 600) i;
-- an element more or less than what has an offset of its own, and containers that begin at all distances from a multiple of four
INSERT INTO sent SELECT 600 + n, (SELECT jsonb_agg(i) FROM generate_series(1, n) i) FROM generate_series(1, 100) n;
INSERT INTO sent SELECT 700 + n, (SELECT jsonb_object_agg('k' || i, repeat('x', i % 7)) FROM generate_series(1, n) i) FROM generate_series(1, 100) n;
INSERT INTO sent SELECT 800 + n, jsonb_build_array(repeat('x', n), '{}'::jsonb, repeat('y', n / 3), 7, '[[]]'::jsonb, jsonb_build_object('a', repeat('z', n), 'b', '[1.5]'::jsonb)) FROM generate_series(1, 40) n;

DO $$
DECLARE one record;
BEGIN
	FOR one IN SELECT * FROM sent WHERE it <> 'null' ORDER BY seq LOOP
		PERFORM shapes.put('d', it => one.it);
	END LOOP;
END $$;

CREATE TABLE told AS
	SELECT s.seq, s.it, jsonb_build_object('it', s.it) AS whole, h.message
	FROM (SELECT *, row_number() OVER (ORDER BY seq) AS n FROM sent WHERE it <> 'null') s
	JOIN (SELECT message, row_number() OVER (ORDER BY seq) AS n FROM adama.history('shapes', 'd') WHERE channel = 'put') h USING (n);

SELECT is(count(*), (SELECT count(*) FROM sent WHERE it <> 'null'), 'all messages are in the history') FROM told;
SELECT ok(count(*) > 700, 'and they are many') FROM told;
SELECT is(array_agg(seq) FILTER (WHERE message IS DISTINCT FROM whole), NULL, 'each is equal to what was sent') FROM told;
SELECT is(array_agg(seq) FILTER (WHERE NOT ROW(message)::record *= ROW(whole)::record), NULL, 'byte for byte') FROM told;
SELECT is(array_agg(seq) FILTER (WHERE (SELECT bool_or(message -> 'it' -> key IS DISTINCT FROM value) FROM jsonb_each(it))), NULL, 'members are found in it')
	FROM told WHERE jsonb_typeof(it) = 'object';
SELECT is(array_agg(seq) FILTER (WHERE (SELECT bool_or(message -> 'it' -> i IS DISTINCT FROM it -> i) FROM generate_series(0, jsonb_array_length(it)) i)), NULL, 'elements, too')
	FROM told WHERE jsonb_typeof(it) = 'array';

SELECT * FROM finish();
