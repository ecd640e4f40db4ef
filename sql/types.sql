-- The types document, delta and principal: in and out, looking inside, equality, the algebra.
SET search_path = public, adama;

-- ---- document: JSON in, JSON out ----
SELECT '{"a": 1, "b": [true, false, null, "x"], "c": {"d": 1.5}}'::document;
SELECT '1'::document, '1.0'::document, '-0.5e3'::document, '"é\u00e9\ud83d\ude00"'::document, 'null'::document, '[]'::document, '{}'::document;
-- an object has no null members, and of two members of one name the last one counts
SELECT '{"a": null, "b": 1, "b": 2}'::document;
-- 64-bit integers are exact
SELECT '[9223372036854775807, -9223372036854775808]'::document;
-- what no document can hold
SELECT '9223372036854775808'::document;
SELECT '{"a": 1'::document;
SELECT '{"a": 01}'::document;
SELECT '"\u0000"'::document;
SELECT '"\ud83d"'::document;
SELECT ''::document;
SELECT '1 2'::document;
SELECT (repeat('[', 128) || repeat(']', 128))::document IS NOT NULL AS deep;
SELECT (repeat('[', 129) || repeat(']', 129))::document;
-- reserved names must mean what they mean
SELECT '{"1": {}, "@o": [1]}'::document, '{"@s": 0}'::document;
SELECT '{"@o": "x"}'::document;
SELECT '{"@r": true}'::document;

-- ---- casts ----
SELECT '{"a": [1, 2.50, "x"]}'::jsonb::document AS doc, '{"a": [1, 2.5]}'::document::jsonb AS js, '{"a": 1}'::document::text AS txt;
SELECT '{"x": 1e400}'::jsonb::document;
-- jsonb writes out large doubles
SELECT '{"a": 1e300, "b": -2.5e20, "c": [9223372036854775807, 9223372036854775808], "d": "x\\\"9223372036854775808", "9223372036854775808": 1}'::jsonb::document AS doc;
SELECT d::jsonb::document = d AS same FROM (VALUES ('{"a": 1.5e300, "b": [-1e19, 1, "1e300", 12345678901234567890.5]}'::document)) t(d);
CREATE TEMP TABLE t (d document, j jsonb);
INSERT INTO t (d, j) VALUES ('{"k": "v"}'::jsonb, '{"k": "w"}'::document);
SELECT * FROM t;

-- ---- looking inside ----
WITH x(d) AS (VALUES ('{"a": {"b": [10, {"c": "deep"}]}, "s": "text", "z": false}'::document))
SELECT d -> 'a' -> 'b' -> 0 AS first, d -> 'a' -> 'b' -> -1 AS last, d ->> 's' AS s, d -> 's' AS quoted, d ->> 'z' AS z, d -> 'none' AS none,
	d #> '{a,b,1,c}' AS path, d #>> '{a,b,1,c}' AS text, d #> '{a,b,7}' AS beyond, d #>> '{s,x}' AS into_string, d -> 'a' -> 0 AS no_array
FROM x;

-- ---- equality is about content, not about the order of members ----
SELECT '{"a":1,"b":{"c":2,"d":3}}'::document = '{"b":{"d":3,"c":2},"a":1}'::document AS same,
	'{"a":1}'::document = '{"a":1.0}'::document AS int_and_double, '[1,2]'::document <> '[2,1]'::document AS arrays_have_order;
SELECT document_hash('{"a":1,"b":2}') = document_hash('{"b":2,"a":1}') AS same_hash,
	document_hash_extended('{"a":1,"b":2}', 7) = document_hash_extended('{"b":2,"a":1}', 7) AS same_with_seed,
	document_hash_extended('{"a":1}', 7) = document_hash_extended('{"a":1}', 8) AS seed_ignored;
SELECT count(*), min(d::text) FROM (VALUES ('{"a":1,"b":2}'::document), ('{"b":2,"a":1}'), ('{"a":1}')) v(d) GROUP BY d ORDER BY 2;
SET enable_nestloop = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT * FROM t a JOIN t b ON a.d = b.d;
RESET enable_nestloop;
RESET enable_mergejoin;
-- documents have no order
SELECT d FROM t ORDER BY d;

-- ---- lists as arrays ----
SELECT plain('{"l": {"7": {"n": "a"}, "3": {"n": "b"}, "@o": [3, 7]}, "s": {"0": "x", "1": "y", "@s": 2}, "e": {"@o": []}}');
SELECT plain('[1]'), plain('"x"');

-- ---- the algebra ----
SELECT '{"a":1,"b":{"c":2},"x":0}'::document + '{"a":null,"b":{"d":3},"x":5}'::delta AS sum;
SELECT '{"a":1,"b":{"c":2,"e":1}}'::document - '{"a":1,"b":{"c":1},"gone":true}'::document AS difference;
SELECT '{"a":1}'::document - '{"a":1}'::document AS nothing;
SELECT '{"a":null,"b":1}'::delta + '{"a":{"n":1},"c":null}'::delta AS composed;
-- lists keep their order as slices of the order before
SELECT '{"l":{"1":{"t":"a"},"2":{"t":"b"},"3":{"t":"c"},"4":{"t":"d"},"@o":[1,2,3,4]}}'::document +
	'{"l":{"1":null,"5":{"t":"e"},"@o":[[1,3],5]}}'::delta AS slice;
SELECT '{"l":{"1":{},"@o":[1]}}'::document + '{"l":{"@o":[[0,4]]}}'::delta;
-- laws, over a few documents
CREATE TEMP TABLE docs AS SELECT row_number() OVER () AS n, d FROM (VALUES
	('{}'::document), ('{"a":1}'), ('{"a":{"b":{"c":1}}}'), ('{"a":[1,2]}'), ('{"a":"x","b":true,"c":{}}'),
	('{"l":{"1":{"t":"a"},"2":{"t":"b"},"3":{"t":"c"},"4":{"t":"d"},"5":{"t":"e"},"@o":[1,2,3,4,5]}}'),
	('{"l":{"2":{"t":"b"},"3":{"t":"x"},"4":{"t":"d"},"5":{"t":"e"},"6":{"t":"f"},"@o":[6,2,3,4,5]}}'),
	('{"l":{"6":{"t":"f"},"@o":[6]},"s":{"0":1,"1":{"k":2},"@s":2}}'), ('{"s":{"0":3,"@s":1}}')) v(d);
SELECT count(*) AS pairs, count(*) FILTER (WHERE a.d + (b.d - a.d) = b.d) AS that_hold FROM docs a, docs b;
SELECT count(*) AS triples,
	count(*) FILTER (WHERE a.d + ((b.d - a.d) + (c.d - b.d)) = c.d) AS composed,
	count(*) FILTER (WHERE (a.d + (b.d - a.d)) + (c.d - b.d) = a.d + ((b.d - a.d) + (c.d - b.d))) AS associative
FROM docs a, docs b, docs c;
SELECT count(*) AS quadruples,
	count(*) FILTER (WHERE a.d + (((b.d - a.d) + (c.d - b.d)) + (e.d - c.d)) = a.d + ((b.d - a.d) + ((c.d - b.d) + (e.d - c.d)))) AS associative
FROM docs a, docs b, docs c, docs e;
-- many at once
SELECT fold('{"n":0}', ARRAY['{"n":1}', '{"m":2}', '{"n":null}']::delta[]), fold('{"n":0}', '{}') AS none, fold('{"n":0}', NULL) AS null;
SELECT compose(x ORDER BY i) AS forward, compose(x ORDER BY i DESC) AS backward
FROM (VALUES (1, '{"a":1,"b":1}'::delta), (2, NULL), (3, '{"a":2}'), (4, '{"c":{"d":null}}')) v(i, x);
SELECT compose(x) FROM (VALUES (NULL::delta)) v(x);

-- ---- delta: in and out ----
SELECT '{"a":null,"l":{"@o":[[0,2],5]},"x":{"@r":true,"y":1}}'::delta, '{"a":null}'::jsonb::delta, '{"a":null}'::delta::jsonb;
SELECT '{"l":{"@o":[[2,1]]}}'::delta;
SELECT '{"x":{"@r":false}}'::delta;

-- ---- principal ----
SELECT 'alice@postgres'::principal, agent('alice@postgres'), authority('alice@postgres'), principal('bob', 'google');
-- an agent may hold an "@"; an "@" in the authority has a backslash
SELECT p, agent(p), authority(p) FROM (VALUES ('a@b.org@google'::principal), (principal('a', 'x@y')), (principal('back\slash', 'z')), ('@'::principal), ('a\@b@c'::principal)) v(p);
SELECT p, p::text::principal = p AS round_trip FROM (VALUES (principal('a@b\', '\@')), (principal('', '')), (principal('\\@', 'ü@'))) v(p);
SELECT 'nobody'::principal;
SELECT principal(repeat('x', 65536), 'y');
SELECT p FROM (VALUES ('b@x'::principal), ('a@y'), ('a@x'), ('aa@x')) v(p) ORDER BY p;
SELECT 'a@x'::principal < 'b@x'::principal AS lt, 'a@x'::principal <= 'a@x'::principal AS le, 'a@y'::principal > 'b@x'::principal AS gt,
	'a@x'::principal >= 'b@x'::principal AS ge, 'a@x'::principal <> 'a@y'::principal AS ne;
CREATE TEMP TABLE people (who principal PRIMARY KEY, n int);
INSERT INTO people SELECT principal('p' || i, 'test'), i FROM generate_series(1, 1000) i;
ANALYZE people;
SELECT n FROM people WHERE who = 'p77@test';
SELECT count(*), count(DISTINCT who) FROM people a JOIN people b USING (who);
SELECT principal_hash('a@b') = principal_hash_extended('a@b', 0)::bit(32)::int AS low_half;

-- ---- binary form ----
SELECT document_send('{"a":1}') AS document, principal_send('al@pg') AS principal;
CREATE TEMP TABLE out AS SELECT d, '{"x":null}'::delta AS x, 'é@b'::principal AS p FROM docs;
SELECT current_setting('data_directory') || '/adama_types.bin' AS file \gset
COPY out TO :'file' (FORMAT binary);
CREATE TEMP TABLE back (LIKE out);
COPY back FROM :'file' (FORMAT binary);
SELECT count(*) AS rows, count(*) FILTER (WHERE a.d = b.d AND a.x::text = b.x::text AND a.p = b.p) AS equal
FROM (SELECT row_number() OVER () AS n, * FROM out) a JOIN (SELECT row_number() OVER () AS n, * FROM back) b USING (n);
-- every damaged byte of a binary value is refused: its form, its version, its checksum, its content
CREATE FUNCTION pg_temp.refused(value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE file text := current_setting('data_directory') || '/adama_damaged.bin';
BEGIN
	PERFORM lo_unlink(4711) FROM pg_largeobject_metadata WHERE oid = 4711;
	PERFORM lo_from_bytea(4711, '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000' || '\x0001' || int4send(length(value)) || value || '\xffff');
	PERFORM lo_export(4711, file);
	EXECUTE format('COPY back (d) FROM %L (FORMAT binary)', file);
	RETURN 'accepted';
EXCEPTION WHEN invalid_binary_representation THEN RETURN 'refused';
END $$;
SELECT pg_temp.refused(v) AS whole, (SELECT string_agg(DISTINCT pg_temp.refused(set_byte(v, i, get_byte(v, i) # 1)), ',') FROM generate_series(0, length(v) - 1) i) AS damaged,
	pg_temp.refused(substr(v, 1, length(v) - 1)) AS cut, pg_temp.refused(v || '\x00') AS longer
FROM document_send('{"a":[1,2.5,"x",{"b":true}],"c":"text"}') v;
SELECT lo_unlink(4711);

-- ---- labels: names of states, as text ----
SELECT adama.deploy('labels', $$
record Step { public label to; public maybe<label> from; }
table<Step> _steps;
public label at;
public formula steps = iterate _steps;
message Go { label to; maybe<label> from; }
channel go(Go m) { _steps <- { to: m.to, from: m.from }; at = m.to; }
$$);
SELECT adama.create('labels', 'k'), labels.go('k', 'one'), labels.go('k', "to" => 'two', "from" => 'one');
SELECT * FROM labels.steps('k');
SELECT adama.view('labels', 'k')->>'at' AS at;
SET client_min_messages = warning;
DROP SCHEMA labels CASCADE;
RESET client_min_messages;
