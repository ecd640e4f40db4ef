-- Many messages in one call.
SET client_min_messages = warning;
SELECT adama.deploy('bulk', $$
record Entry { public int id; public int n; public principal who; }
table<Entry> _entries;
public int sum;
public formula entries = iterate _entries;
message Add { int n; }
message Clear { }
channel add(Add a) {
  if (a.n < 0) { abort; }
  sum += a.n;
  _entries <- { n: a.n, who: @who };
}
channel clear(Clear c) { (iterate _entries).delete(); sum = 0; }
$$);
SELECT adama.create('bulk', 'a'), adama.create('bulk', 'b'), adama.create('bulk', 'c');

-- each message is answered, in the order in which they were given
SELECT * FROM adama.ingest('bulk', '{b,a,b,a}', '{add,add,add,add}', ARRAY['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}']::json[]);
SELECT key, seq, events, event, message FROM bulk.log WHERE event = 'batch' ORDER BY key;
SELECT key, seq, state->>'sum' AS sum FROM (SELECT key, seq, state::jsonb AS state FROM bulk.documents) d ORDER BY key;
-- one row per event, the change with the last
SELECT seq, event, channel, message - 'entropy' AS message, delta IS NOT NULL AS has_delta FROM adama.history('bulk', 'a');
SELECT seq, message FROM adama.history('bulk', 'a', from_seq => 3);

-- each fails alone: the others are reduced
SELECT * FROM adama.ingest('bulk',
	ARRAY['a', 'a', 'a', 'a', 'a', 'a', 'nowhere', E'a\001', NULL, 'a', 'a', 'a'],
	ARRAY['add', 'add', 'add', 'none', 'add', 'add', 'add', 'add', 'add', NULL, 'add', 'add'],
	ARRAY['{"n":10}', '{"n":-1}', '{"n":"x"}', '{}', '{"n":20,"m":1}', '[]', '{"n":1}', '{"n":1}', '{"n":1}', '{"n":1}', NULL, '{"n":30}']::json[]);
SELECT sum FROM (SELECT adama.view('bulk', 'a')->'sum' AS sum) v;
-- a document for which all failed is as it was
SELECT ord, seq, sqlstate FROM adama.ingest('bulk', '{c,c}', '{add,add}', ARRAY['{"n":-1}', '{"n":-2}']::json[]);
SELECT seq FROM bulk.document WHERE key = 'c';

-- dedupe keys
SELECT ord, seq, sqlstate FROM adama.ingest('bulk', '{c,c,c,c}', '{add,add,add,add}', ARRAY['{"n":1}', '{"n":1}', '{"n":1}', '{"n":1}']::json[], ARRAY['x', 'x', NULL, 'y']);
SELECT ord, seq, sqlstate FROM adama.ingest('bulk', '{c,c}', '{add,add}', ARRAY['{"n":1}', '{"n":1}']::json[], '{y,z}');
SELECT adama.view('bulk', 'c')->'sum' AS sum;

-- nothing, and what can't be a call
SELECT * FROM adama.ingest('bulk', '{}', '{}', '{}');
SELECT * FROM adama.ingest('bulk', '{a,b}', '{add}', ARRAY['{"n":1}', '{"n":1}']::json[]);
SELECT * FROM adama.ingest('bulk', '{a}', '{add}', ARRAY['{"n":1}']::json[], '{}');
SELECT * FROM adama.ingest('bulk', NULL, '{add}', ARRAY['{"n":1}']::json[]);
SELECT * FROM adama.ingest('nowhere', '{a}', '{add}', ARRAY['{"n":1}']::json[]);

-- with the transaction
BEGIN;
SELECT count(*) FILTER (WHERE error IS NULL) FROM adama.ingest('bulk', '{a,b}', '{add,clear}', ARRAY['{"n":1}', '{}']::json[]);
SELECT adama.view('bulk', 'b')->'sum' AS sum;
ROLLBACK;
SELECT adama.view('bulk', 'b')->'sum' AS sum;

-- a large batch of one document becomes several entries
SELECT count(*) AS n, count(error) AS failed, max(seq) - min(seq) + 1 AS distinct_seqs
FROM adama.ingest('bulk', array_fill('b'::text, ARRAY[5000]), array_fill('add'::text, ARRAY[5000]), array_fill('{"n":1}'::json, ARRAY[5000]));
SELECT events FROM bulk.log WHERE key = 'b' ORDER BY seq DESC LIMIT 2;
SELECT adama.view('bulk', 'b')->'sum' AS sum, (SELECT count(*) FROM bulk.entries('b')) AS entries;
SELECT count(*) AS events, sum((message->>'n')::int) AS sum FROM adama.history('bulk', 'b', max => 10000) WHERE channel = 'add';
-- the sum of a batch is what its messages would have made one by one
SELECT adama.create('bulk', 'd'), adama.create('bulk', 'e');
SELECT count(error) FROM adama.ingest('bulk', array_fill('d'::text, ARRAY[50]), array_fill('add'::text, ARRAY[50]),
	(SELECT array_agg(json_build_object('n', i) ORDER BY i) FROM generate_series(1, 50) i));
SELECT max(bulk.add('e', n => i)) FROM generate_series(1, 50) i;
SELECT adama.view('bulk', 'd') = adama.view('bulk', 'e') AS same;
SELECT seq, count(*) OVER () FROM bulk.document WHERE key IN ('d', 'e');
DROP SCHEMA bulk CASCADE;
