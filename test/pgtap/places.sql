-- Rows are looked for where they were found before; whatever happens to a table meanwhile, it is the right row that is found.
SELECT plan(16);

SELECT adama.deploy('shelf', $adama$
record Book {
  public int id;
  public int n;
  replication<books:upsert> shown = {n: n};
}
table<Book> _books;
public int sum;
message Sum { int sum; }
replication<sums:upsert> all = {sum: sum};
message Number { int n; }
message Change { int id; int n; }
channel add(Number m) { _books <- {n: m.n}; sum += m.n; }
channel change(Change m) { foreach (b in iterate _books where id == m.id) { sum += m.n - b.n; b.n = m.n; } }
channel drop(Number m) { foreach (b in iterate _books where id == m.n) { sum -= b.n; } (iterate _books where id == m.n).delete(); }
$adama$) \g /dev/null
SELECT count(adama.create('shelf', k)) FROM unnest('{a,b,c}'::text[]) k \g /dev/null
SELECT count(shelf.add(k, n => 1)) FROM unnest('{a,b,c}'::text[]) k, generate_series(1, 200) \g /dev/null

-- What all documents publish is what their programs say.
CREATE FUNCTION proof() RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(d.key || ': ' || v.problem, '; ') FILTER (WHERE NOT ok), format('%s right', count(*))) FROM shelf.document d, adama.verify('shelf', d.key) v
$$;
-- A message each, in a transaction of its own; n tells what is to be in the row.
CREATE PROCEDURE change_all(n int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. 200 LOOP
    PERFORM shelf.change('a', id => i, n => n + i);
    IF i % 50 = 0 THEN
      PERFORM shelf.change('b', id => i, n => n);
    END IF;
    COMMIT;
  END LOOP;
END $$;
CREATE FUNCTION rows_that_are(n int) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM shelf.replica r WHERE name = 'books' AND key = 'a' AND (value->>'n')::int = n + "row"
$$;

CALL change_all(1000);
SELECT is(rows_that_are(1000), 200::bigint, 'many rows of a document, one after the other');
CALL change_all(2000);
SELECT is(rows_that_are(2000), 200::bigint, 'and again, from where they were');
SELECT is(proof(), '3 right', 'all is as the programs say');

-- ---- rows are somewhere else ----
VACUUM FULL shelf.replica;
VACUUM FULL shelf.document;
CALL change_all(3000);
SELECT is(rows_that_are(3000), 200::bigint, 'after the tables have been written anew');
CLUSTER shelf.replica USING replica_pkey;
CALL change_all(4000);
SELECT is(rows_that_are(4000), 200::bigint, 'and in another order');
SELECT is(proof(), '3 right', 'all is as the programs say');

-- ---- what was there is gone, and others are in its place ----
SELECT count(*) FROM (SELECT shelf.change('c', id => i, n => 7) FROM generate_series(1, 200) i) s \g /dev/null
DELETE FROM shelf.replica WHERE key = 'c';
VACUUM shelf.replica;
SELECT adama.create('shelf', 'd') \g /dev/null
SELECT count(shelf.add('d', n => 9)) FROM generate_series(1, 200) \g /dev/null
SELECT count(shelf.change('c', id => i, n => 8)) FROM generate_series(1, 200) i \g /dev/null
SELECT is((SELECT count(*) FROM shelf.replica WHERE key = 'c' AND name = 'books' AND value = '{"n": 8}'), 200::bigint, 'rows that somebody took away are made anew');
SELECT is((SELECT count(*) FROM shelf.replica WHERE key = 'd' AND name = 'books' AND value = '{"n": 9}'), 200::bigint, 'and those in their places are left alone');
SELECT is(proof(), '4 right', 'all is as the programs say');
SELECT count(shelf.drop('d', n => i)), count(shelf.drop('a', n => i)) FROM generate_series(1, 100) i \g /dev/null
VACUUM shelf.replica;
SELECT count(shelf.add('c', n => 3)) FROM generate_series(1, 150) \g /dev/null
SELECT count(shelf.change('a', id => i, n => 5)) FROM generate_series(1, 200) i \g /dev/null
SELECT is(proof(), '4 right', 'also when documents let go of rows, and others get their places');

-- ---- a document that is made anew ----
SELECT adama.delete('shelf', 'b'), adama.create('shelf', 'b') \g /dev/null
SELECT shelf.add('b', n => 4), shelf.add('b', n => 5) \g /dev/null
SELECT results_eq($$ SELECT name COLLATE "default", "row", value FROM shelf.replica WHERE key = 'b' ORDER BY name, "row" $$,
  $$ VALUES ('books', 1, '{"n": 4}'::jsonb), ('books', 2, '{"n": 5}'), ('sums', 0, '{"sum": 9}') $$, 'a document of the same name is another');

-- ---- transactions ----
BEGIN;
SELECT shelf.change('b', id => 1, n => 40) \g /dev/null
SAVEPOINT s;
SELECT shelf.change('b', id => 1, n => 41), shelf.change('b', id => 1, n => 42) \g /dev/null
ROLLBACK TO s;
SELECT shelf.change('b', id => 2, n => 50) \g /dev/null
SELECT is((SELECT string_agg(value::text, ' ' ORDER BY "row") FROM shelf.replica WHERE key = 'b' AND name = 'books'), '{"n": 40} {"n": 50}', 'what was rolled back is not where it is looked for');
ROLLBACK;
SELECT shelf.change('b', id => 1, n => 43) \g /dev/null
SELECT is((SELECT string_agg(value::text, ' ' ORDER BY "row") FROM shelf.replica WHERE key = 'b' AND name = 'books'), '{"n": 43} {"n": 5}', 'nor what was, of all of it');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM shelf.replica \g /dev/null
SELECT shelf.change('b', id => 1, n => 44), shelf.change('b', id => 1, n => 45) \g /dev/null
COMMIT;
SELECT is((SELECT value->>'n' FROM shelf.replica WHERE key = 'b' AND name = 'books' AND "row" = 1), '45', 'under a snapshot of before, too');
SELECT is(proof(), '4 right', 'all is as the programs say');

-- ---- updates stay in their pages ----
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT n_tup_upd AS n, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relid = 'shelf.document'::regclass \gset
CALL change_all(5000);
CALL change_all(6000);
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT cmp_ok(n_tup_hot_upd - :hot, '>', (n_tup_upd - :n) * 9 / 10, 'a page is cleared before there is no room for another version') FROM pg_stat_user_tables WHERE relid = 'shelf.document'::regclass;

SELECT * FROM finish();
