-- How much of their past the logs of a space keep: by age, by size, by number; also of documents that nobody touches.
SET search_path = public, adama;
SET client_min_messages = warning;
\set program 'record Line { public string text; } table<Line> _lines; public int n; message Say { string text; } channel say(Say m) { _lines <- { text: m.text }; (iterate _lines order by id desc offset 5).delete(); n++; }'
SELECT adama.deploy('kept', :'program');
CREATE FUNCTION say(key text, n int) RETURNS bigint LANGUAGE sql AS $$ SELECT count(kept.say(key, text => repeat('x', 100) || i)) FROM generate_series(1, n) i $$;
-- what is wrong with a log: nothing, whatever was taken out
CREATE VIEW look AS SELECT d.key, d.seq, d.log_from > 1 AS is_trimmed, count(l.*) AS entries,
  bool_and(l.seq >= d.log_from) AS begins, bool_or(l.seq = d.log_from AND (l.state IS NOT NULL OR l.seq = 1)) AS with_a_state,
  d.log_gone = d.log_size - sum(s.size) AS counted, (adama.verify('kept', d.key)).ok,
  (SELECT count(adama.at('kept', d.key, i)) = d.seq - d.log_from + 1 FROM generate_series(d.log_from, d.seq) i) AS all_there
  FROM kept.document d JOIN kept.log l USING (key) JOIN LATERAL (SELECT max(h.size) AS size FROM adama.history('kept', d.key, l.seq, 1) h) s ON true GROUP BY d.key ORDER BY d.key;

-- ---- by size ----
SELECT count(adama.create('kept', k)) FROM unnest('{a,b,idle}'::text[]) k;
SELECT adama.retain('kept', size => 40000);
SELECT keep_age, keep_size FROM kept.program;
SELECT say('a', 1000);
SELECT key, is_trimmed, entries < 600 AS is_short, begins, with_a_state, counted, ok, all_there FROM look WHERE key = 'a';
SELECT sum(size) BETWEEN 40000 AND 80000 AS keeps_the_size FROM adama.history('kept', 'a');
-- a bound that comes late: step by step, then nothing is left to do
SELECT adama.retain('kept');
SELECT keep_age, keep_size FROM kept.program;
SELECT say('b', 1000), log_from FROM kept.document WHERE key = 'b';
SELECT adama.trim('kept');
SELECT adama.retain('kept', NULL, 10000), adama.trim('kept', 1), adama.trim('kept', 1), adama.trim('kept');
SELECT key, is_trimmed, entries < 300 AS is_short, begins, with_a_state, counted, ok, all_there FROM look;
-- a new version takes the bounds over
SELECT adama.deploy('kept', :'program' || ' public int more;');
SELECT version, keep_size FROM kept.program;

-- ---- by age ----
SELECT adama.retain('kept', age => '1 hour');
SELECT say('idle', 20);
SELECT adama.trim('kept');
UPDATE kept.log SET at = at - interval '2 hours';
UPDATE kept.document SET updated = updated - interval '2 hours';
SELECT say('b', 1);
BEGIN;
SELECT adama.trim('kept');
ROLLBACK;
SELECT adama.trim('kept'), adama.trim('kept');
SELECT key, is_trimmed, entries < 40 AS is_short, begins, with_a_state, counted, ok, all_there FROM look;
-- and they go on
SELECT say('idle', 3), say('a', 300);
SELECT key, is_trimmed, ok, all_there FROM look;
SELECT adama.import('kept', 'copy', adama.export('kept', 'idle')) AS seq;
-- the state before is still what it is rewound to
SELECT adama.rewind('kept', 'idle', log_from) > 1 AS rewound FROM kept.document WHERE key = 'idle';
SELECT say('idle', 3);
UPDATE kept.log SET at = at - interval '2 hours' WHERE key = 'idle';
UPDATE kept.document SET updated = updated - interval '2 hours' WHERE key = 'idle';
SELECT adama.trim('kept');
SELECT ok FROM adama.verify('kept', 'idle');

-- ---- what is refused ----
SELECT adama.retain('kept', age => '-1 hour');
SELECT adama.retain('kept', age => '0');
SELECT adama.retain('kept', size => 0);
SELECT adama.retain('nowhere', size => 1);
SELECT adama.retain(NULL);
CREATE ROLE adama_trimmer;
GRANT USAGE ON SCHEMA kept TO adama_trimmer;
SET ROLE adama_trimmer;
SELECT adama.retain('kept', size => 1);
SELECT adama.trim('kept');
RESET ROLE;
BEGIN READ ONLY;
SELECT adama.retain('kept', size => 1);
ROLLBACK;
BEGIN READ ONLY;
SELECT adama.trim('kept');
ROLLBACK;
DROP OWNED BY adama_trimmer;
DROP ROLE adama_trimmer;
DROP VIEW look;
DROP FUNCTION say;
DROP SCHEMA kept CASCADE;

-- ---- a log that is trimmed as fast as it grows keeps its size, without vacuum: entries, and the states beside them that lie out of line ----
SELECT adama.deploy('busy', $$
@static { maximum_history = 50; }
record Line { public string text; }
table<Line> _lines;
message Say { string text; }
channel say(Say m) {
  _lines <- {text: m.text};
  (iterate _lines order by id desc offset 60).delete();
}
$$);
SELECT count(adama.create('busy', 'k' || g)) FROM generate_series(1, 5) g;
ALTER TABLE busy.log SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);
ALTER TABLE busy.document SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);
CREATE PROCEDURE say_much(rounds int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. rounds LOOP
    PERFORM count(busy.say('k' || g, text => (SELECT string_agg(md5(random()::text), ' ') FROM generate_series(1, 3 + g)))) FROM generate_series(1, 5) g, generate_series(1, 10);
    COMMIT;
  END LOOP;
END $$;
CREATE VIEW sizes AS SELECT relname, pg_total_relation_size(oid) AS size FROM pg_class WHERE oid IN ('busy.log'::regclass, 'busy.document'::regclass);
CALL say_much(100);
CREATE TABLE before AS SELECT * FROM sizes;
CALL say_much(200);
SELECT relname, CASE WHEN s.size < b.size * 1.5 THEN 'keeps its size' ELSE format('grew from %s to %s bytes', b.size, s.size) END FROM sizes s JOIN before b USING (relname) ORDER BY 1;
SELECT bool_and(v.ok) FROM busy.document d, adama.verify('busy', d.key) v;
-- analyze does not compare documents with each other
SELECT attrelid::regclass, attname FROM pg_attribute WHERE attrelid IN ('busy.log'::regclass, 'busy.document'::regclass)
  AND atttypid IN ('adama.document'::regtype, 'adama.delta'::regtype) AND attstattarget IS DISTINCT FROM 0;
DROP PROCEDURE say_much(int);
DROP VIEW sizes;
DROP TABLE before;
DROP SCHEMA busy CASCADE;
