-- JSON as a value: arguments, columns, the state, what viewers see.
SET client_min_messages = warning;
SELECT adama.deploy('dyn', $$
record Item { public int id; public dynamic meta; public maybe<dynamic> more; }
table<Item> items_;
public formula items = iterate items_;
public formula metas = (iterate items_).meta;
public dynamic last;
message Put { dynamic meta; maybe<dynamic> more; json j; dynamic[] all = [@null]; dynamic d = Dynamic.parse("[1]").getOrDefaultTo(@null); }
channel put(Put p) { items_ <- {meta: p.meta, more: p.more}; last = p.meta; }
$$);
SELECT regexp_split_to_table(pg_get_function_arguments('dyn.put'::regproc), ', ') AS arguments;
SELECT pg_get_function_result('dyn.items'::regproc);
SELECT adama.create('dyn', 'k');
SELECT dyn.put('k', meta => '{"b": [1, 2.50, null], "a": {"x": null, "y": "z"}}', j => 'null');
SELECT dyn.put('k', meta => 'null', more => '"text"', j => '1', "all" => '[1, {"a": 2}]');
SELECT id, meta, meta->'a'->>'y' AS y, more FROM dyn.items('k');
SELECT adama.send('dyn', 'k', 'put', '{"meta": {"b": [3]}, "more": {}}');
SELECT jsonb_pretty(adama.view('dyn', 'k'));
SELECT state::jsonb - '__entropy' AS state FROM dyn.documents;
SELECT delta FROM adama.history('dyn', 'k', from_seq => 2) ORDER BY seq;
-- refused
SELECT adama.send('dyn', 'k', 'put', '{"meta": [{"@s": 1}]}');
SELECT adama.send('dyn', 'k', 'put', ('{"meta": ' || repeat('[', 65) || repeat(']', 65) || '}')::jsonb);
SELECT dyn.put('k', meta => NULL, j => '1');
DROP SCHEMA dyn CASCADE;
