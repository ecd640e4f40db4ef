-- What holds for documents and deltas, tried in SQL on documents that a program made, and for what the log keeps of them.
\set program `cat ../../examples/pubsub.adama`
SET search_path = public, adama;
SELECT plan(20);

SELECT adama.deploy('chat', :'program') \g /dev/null
SELECT adama.create('chat', k) FROM unnest('{a,b}'::text[]) k \g /dev/null
SELECT count(chat.publish('a', payload => 'message ' || i)) FROM generate_series(1, 150) i \g /dev/null
SELECT count(*) FROM adama.ingest('chat', array_fill('b'::text, '{120}'), array_fill('publish'::text, '{120}'),
  ARRAY(SELECT json_build_object('payload', 'in a batch ' || i) FROM generate_series(1, 120) i)) \g /dev/null
SELECT count(chat.publish('b', payload => 'alone ' || i)) FROM generate_series(1, 20) i \g /dev/null

-- The states that the document went through, from its log alone.
CREATE TABLE past AS
  SELECT l.key, l.seq, adama.fold('{}', array_agg(p.delta ORDER BY p.seq)) AS state
  FROM chat.log l JOIN chat.log p ON p.key = l.key AND p.seq <= l.seq GROUP BY l.key, l.seq;
SELECT is((SELECT count(*) FROM past WHERE key = 'a'), 151::bigint, 'an entry for each message and one for the creation');
SELECT is((SELECT count(*) FROM past WHERE key = 'b'), 22::bigint, 'a batch is one entry');
SELECT is_empty($$ SELECT key FROM chat.documents d WHERE d.state <> (SELECT state FROM past p WHERE p.key = d.key ORDER BY seq DESC LIMIT 1) $$,
  'all deltas of the log, from nothing, give the document of now');
SELECT is_empty($$ SELECT a.seq FROM past a JOIN past b ON a.key = b.key WHERE a.key = 'a' AND a.seq % 10 = 0 AND b.seq % 15 = 0 AND a.state + (b.state - a.state) <> b.state $$,
  'a + (b - a) = b, forward and backward');
SELECT is_empty($$ SELECT seq FROM past WHERE (state - state)::text <> '{}' OR state + '{}'::adama.delta <> state $$, 'what has not changed makes an empty delta, which changes nothing');
SELECT is_empty($$
  SELECT key FROM chat.log GROUP BY key
  HAVING adama.compose(delta ORDER BY seq)::text <> ((SELECT state FROM past p WHERE p.key = log.key ORDER BY seq DESC LIMIT 1) - '{}'::adama.document)::text
    AND adama.fold('{}', ARRAY[adama.compose(delta ORDER BY seq)]) <> (SELECT state FROM past p WHERE p.key = log.key ORDER BY seq DESC LIMIT 1)
$$, 'all of them composed lead there in one step');
SELECT is_empty($$
  SELECT a.seq FROM chat.log a JOIN chat.log b ON a.key = b.key AND b.seq = a.seq + 1 JOIN chat.log c ON a.key = c.key AND c.seq = a.seq + 2
  WHERE ((a.delta + b.delta) + c.delta)::text <> (a.delta + (b.delta + c.delta))::text
$$, 'composition is associative');
SELECT is_empty($$ SELECT seq FROM past WHERE state::text::adama.document <> state OR state::jsonb::adama.document <> state $$, 'a document survives being written as text and as jsonb');
SELECT is((SELECT count(*) FROM (SELECT state FROM past GROUP BY state) p), (SELECT count(*) FROM past), 'documents are told apart by their content');
SELECT is_empty($$ SELECT a.seq FROM past a JOIN past b ON a.state = b.state WHERE a.seq <= 20 AND b.seq <= 20 AND adama.document_hash(a.state) <> adama.document_hash(b.state) $$,
  'equal documents have equal hashes');
SELECT results_eq($$ SELECT seq FROM chat.log WHERE key = 'a' ORDER BY seq $$, $$ SELECT generate_series(1::bigint, 151) $$, 'the log has no gaps');
SELECT is_empty($$ SELECT key FROM (SELECT key, seq - events AS before, lag(seq) OVER (PARTITION BY key ORDER BY seq) AS last FROM chat.log) l WHERE before <> last AND last IS NOT NULL $$,
  'also where an entry stands for many messages');
SELECT is_empty($$ SELECT key FROM (SELECT key, at, lag(at) OVER (PARTITION BY key ORDER BY seq) AS last FROM chat.log) l WHERE at < last $$, 'and its time never goes back');

-- the past, and proof
SELECT is_empty($$ SELECT key, seq FROM past p WHERE adama.at('chat', key, seq) <> state $$, 'the document of any sequence number is there');
SELECT is((SELECT count(*) FROM generate_series(2, 120) n WHERE jsonb_array_length(adama.plain(adama.at('chat', 'b', n))->'x') IS NULL
  AND (SELECT count(*) FROM jsonb_object_keys(adama.at('chat', 'b', n)::jsonb->'_publishes')) = least(n - 1, 100)), 119::bigint, 'also in the middle of a batch');
SELECT is_empty($$ SELECT l.key, l.seq FROM chat.log l WHERE adama.at('chat', l.key, l.at) <> adama.at('chat', l.key, (SELECT max(seq) FROM chat.log m WHERE m.key = l.key AND m.at <= l.at)) $$,
  'and that of any time');
SELECT adama.create('chat', 'c') \g /dev/null
SELECT count(chat.publish('c', payload => 'message ' || i)) FROM generate_series(1, 1500) i \g /dev/null
SELECT ok((SELECT count(*) BETWEEN 2 AND 30 FROM chat.log WHERE state IS NOT NULL AND key = 'c'), 'a long log keeps states, now and then');
SELECT is_empty($$ SELECT l.seq FROM chat.log l WHERE l.key = 'c' AND (l.state IS NOT NULL OR l.seq % 300 IN (0, 1))
  AND adama.at('chat', 'c', l.seq) <> (SELECT adama.fold('{}', array_agg(p.delta ORDER BY p.seq)) FROM chat.log p WHERE p.key = 'c' AND p.seq <= l.seq) $$, 'which are those of then');
SELECT results_eq($$ SELECT v.ok, v.seq, v.problem FROM chat.document d, adama.verify('chat', d.key) v ORDER BY d.key $$,
  $$ VALUES (true, 151::bigint, NULL::text), (true, 141, NULL), (true, 1501, NULL) $$, 'running every message again gives every delta and every state');
SELECT is_empty($$ SELECT key FROM chat.documents WHERE adama.replay('chat', key) <> state $$, 'and the document');

SELECT * FROM finish();
