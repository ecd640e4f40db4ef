-- a run over all documents of a space is one query, which parallelises
SELECT adama.deploy('par', $$
public int n;
public double r;
message Add { int by; }
channel add(Add m) { n += m.by; r = Random.genDouble(); }
$$);
SELECT count(adama.create('par', 'k' || g)) FROM generate_series(1, 400) g;
SELECT count(par.add('k' || g, by => i)) FROM generate_series(1, 400) g, generate_series(1, 5) i;
SELECT adama.deploy('par', $$
public long n;
public double r;
message Add { int by; }
channel add(Add m) { n += m.by; r = Random.genDouble(); }
$$);
SELECT count(par.add('k' || g, by => i)) FROM generate_series(1, 400, 2) g, generate_series(1, 2) i;
SELECT count(adama.rewind('par', 'k' || g, 3)) FROM generate_series(1, 400, 10) g;
VACUUM ANALYZE par.document;

-- with the settings as they are; in FROM the planner does not see what a function costs, and has to be told that workers are to be had
EXPLAIN (COSTS OFF) SELECT key, program, (v).seq, (v).problem FROM (SELECT key, program, adama.verify('par', key) AS v FROM par.document OFFSET 0) x WHERE NOT (v).ok;
SELECT key, program, (v).seq, (v).problem FROM (SELECT key, program, adama.verify('par', key) AS v FROM par.document OFFSET 0) x WHERE NOT (v).ok;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT d.key, d.program, v.seq, v.problem FROM par.document d, adama.verify('par', d.key) v WHERE NOT v.ok;
EXPLAIN (COSTS OFF) SELECT d.program, t.* FROM par.document d, adama.try('par', d.key, 'public int n; message Add { int by; } channel add(Add m) { n += m.by; }') t;

-- workers do it alone, and find what is wrong; what the transaction itself has done, too
SET parallel_leader_participation = off;
CREATE FUNCTION workers(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  -- others on this server may have taken all workers for a moment
  FOR i IN 1 .. 100 LOOP
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
      IF line ~ 'Workers Launched: [1-9]' THEN
        RETURN 'workers ran it';
      END IF;
    END LOOP;
    PERFORM pg_sleep(0.1);
  END LOOP;
  RETURN 'nobody helped';
END $$;
SELECT workers($$SELECT key, program, (v).seq, (v).problem FROM (SELECT key, program, adama.verify('par', key) AS v FROM par.document OFFSET 0) x WHERE NOT (v).ok$$);
BEGIN;
UPDATE par.log SET delta = '{"n":7}' WHERE key IN ('k77', 'k177') AND seq = 3;
SELECT count(*), bool_and(v.ok) FROM par.document d, adama.verify('par', d.key) v WHERE d.key NOT IN ('k77', 'k177');
SELECT d.key, v.ok, v.seq, v.problem, v.expected, v.found - 'r' - '__entropy' AS found FROM par.document d, adama.verify('par', d.key) v WHERE NOT v.ok ORDER BY 1;
ROLLBACK;
SELECT count(*) FROM par.documents d WHERE adama.replay('par', d.key) OPERATOR(adama.=) d.state;
SELECT count(*), sum((adama.at('par', d.key, 3) OPERATOR(adama.->>) 'n')::int) FROM par.document d;
SELECT count(*) FROM par.document d, adama.try('par', d.key, 'public int n; message Add { int by; } channel add(Add m) { n += m.by; }') t WHERE t.error IS NOT NULL;
-- in REPEATABLE READ as well
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*), bool_and(v.ok) FROM par.document d, adama.verify('par', d.key) v;
COMMIT;
-- whoever may not ask is told so by the workers
CREATE ROLE adama_curious;
GRANT USAGE ON SCHEMA par TO adama_curious;
GRANT SELECT ON par.document TO adama_curious;
SET ROLE adama_curious;
\set VERBOSITY terse
SELECT count(*) FROM par.document d, adama.verify('par', d.key) v;
\set VERBOSITY default
RESET ROLE;
DROP OWNED BY adama_curious;
DROP ROLE adama_curious;
RESET parallel_leader_participation;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
SET client_min_messages = warning;
DROP FUNCTION workers(text);
DROP SCHEMA par CASCADE;
