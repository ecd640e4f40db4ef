-- From a program's text to a space: diagnostics, tables, functions, versions.
SET client_min_messages = warning;

-- ---- check says everything about a program ----
SELECT * FROM adama.check($$
public int score = 0;
message Add { int n; }
channel add(Add a) { score += a.n; }
$$);
SELECT * FROM adama.check($$public int score = "many";
public int score2 = missing;
message Add { int n }
$$);
SELECT * FROM adama.check('');

-- ---- deploy raises the first error, shows the line, and counts the rest ----
SELECT adama.deploy('bad', $$public int score = 0;
message Add { int n; }
channel add(Add a) {
  score = a.m;
  score = "x";
}
$$);
SELECT adama.deploy('bad', $$public int score = 0
public int other;$$);
SELECT count(*) AS spaces FROM pg_namespace WHERE nspname = 'bad';

-- ---- names ----
SELECT adama.deploy('', 'public int x;');
SELECT adama.deploy('pg_mine', 'public int x;');
SELECT adama.deploy('public', 'public int x;');
SELECT adama.deploy(repeat('x', 64), 'public int x;');
SELECT adama.deploy(E'a\nb', 'public int x;');
CREATE SCHEMA occupied;
CREATE TABLE occupied.t ();
SELECT adama.deploy('occupied', 'public int x;');
DROP TABLE occupied.t;
SELECT adama.deploy('occupied', 'public int x;');
DROP SCHEMA occupied CASCADE;
SELECT adama.deploy('Odd "name"', 'message M { int n; } public int sum; channel add(M m) { sum += m.n; }');
SELECT adama.create('Odd "name"', 'k'), "Odd ""name""".add('k', n => 5);
SELECT adama.view('Odd "name"', 'k');
DROP SCHEMA "Odd ""name""" CASCADE;

-- ---- what a space consists of ----
SELECT adama.deploy('d', $$
enum Color { RED, GREEN:7, @default BLUE }
record Item { public int id; public string name; public Color color; private int secret; public int when; }
message NewItem { string name; Color color = Color::GREEN; maybe<int> stock; int when; }
message Reset { }
message Start { string title; int size = 10; }
private string title;
private int size;
table<Item> _items;
public formula items = iterate _items order by name;
public formula n = _items.size();
@construct(Start s) { title = s.title; size = s.size; }
channel add(NewItem m) { _items <- { name: m.name, color: m.color, when: m.when }; }
channel reset(Reset r) { (iterate _items).delete(); }
channel many(NewItem[] ms) { foreach (m in ms) { _items <- { name: m.name, color: m.color }; } }
$$);
\dt d.*
\dv d.*
\df d.*
SELECT attname, format_type(atttypid, atttypmod), attnotnull, attcompression, collname
FROM pg_attribute LEFT JOIN pg_collation c ON c.oid = attcollation AND collname <> 'default'
WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'd'::regnamespace AND relkind = 'r') AND attnum > 0 ORDER BY attrelid, attnum;
SELECT reloptions FROM pg_class WHERE oid = 'd.document'::regclass;
-- nothing is without a comment, and nothing is PUBLIC's
SELECT c.relname, a.attname FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'd'::regnamespace AND relkind IN ('r', 'v') AND col_description(c.oid, coalesce(a.attnum, 0)) IS NULL;
SELECT proname FROM pg_proc WHERE pronamespace = 'd'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL;
SELECT proname, proowner::regrole, proacl, provolatile, proparallel, proisstrict, prosecdef FROM pg_proc WHERE pronamespace = 'd'::regnamespace ORDER BY proname;
SELECT relname, relacl FROM pg_class WHERE relnamespace = 'd'::regnamespace AND relkind IN ('r', 'v') AND relacl::text ~ '[{,]=' ORDER BY relname;
SELECT version, source LIKE '%enum Color%' AS source, deployer FROM d.program;

-- ---- the functions at work ----
SELECT d.create_document('one', title => 'first');
SELECT d.create_document('two', 'second', size => 3);
SELECT d.add('one', name => 'pen', "when" => 1), d.add('one', "when" => 2, name => 'ink', color => 'RED', stock => 4);
SELECT * FROM d.items('one');
SELECT d.many('one', '[{"name": "a", "color": 0, "when": 1}, {"name": "b", "when": 2}]'), d.reset('two');
SELECT name, color FROM d.items('one');

-- ---- the next version ----
CREATE ROLE adama_reader;
GRANT EXECUTE ON FUNCTION d.add, d.reset TO adama_reader;
GRANT EXECUTE ON FUNCTION d.items(text) TO PUBLIC;
CREATE TEMP TABLE before AS SELECT proname, oid FROM pg_proc WHERE pronamespace = 'd'::regnamespace;
-- the same text is the same version
SELECT adama.deploy('d', source) FROM d.program ORDER BY version DESC LIMIT 1;
SELECT count(*) FROM pg_proc p JOIN before b USING (oid);
-- add has one more field, items one more column, many is gone, reset stays as it is
SELECT adama.deploy('d', $$
enum Color { RED, GREEN:7, @default BLUE }
record Item { public int id; public string name; public Color color; private int secret; public int when; public double price; }
message NewItem { string name; Color color = Color::RED; maybe<int> stock; int when; double price = 1.5; }
message Reset { }
message Start { string title; int size = 10; }
private string title;
private int size;
table<Item> _items;
public formula items = iterate _items order by name;
public formula n = _items.size();
@construct(Start s) { title = s.title; size = s.size; }
channel add(NewItem m) { _items <- { name: m.name, color: m.color, when: m.when, price: m.price }; }
channel reset(Reset r) { (iterate _items).delete(); }
channel rename(Start s) { title = s.title; }
$$);
\df d.*
SELECT proname, CASE WHEN b.oid = p.oid THEN 'same' WHEN b.oid IS NULL THEN 'new' ELSE 'made anew' END AS what, proacl
FROM pg_proc p LEFT JOIN before b USING (proname) WHERE p.pronamespace = 'd'::regnamespace ORDER BY proname;
-- a document goes on under the new program with its next message
SELECT key, program, seq FROM d.document ORDER BY key;
SELECT d.add('one', name => 'cup', "when" => 3, price => 0.25);
SELECT key, program, seq FROM d.document ORDER BY key;
SELECT * FROM d.items('one');
SELECT * FROM d.items('two');
SELECT seq, event, message, delta FROM adama.history('d', 'one', from_seq => 6);
-- documents must remain readable
SELECT adama.deploy('d', 'private int title;');
-- what somebody built on a function is not destroyed silently
CREATE VIEW uses_items AS SELECT name FROM d.items('one');
SELECT adama.deploy('d', 'private string title; private int size;');
DROP VIEW uses_items;
SELECT adama.deploy('d', 'private string title; private int size;');
\df d.*
SELECT version FROM d.program ORDER BY 1;

-- ---- names that SQL can't have, and names that meet ----
SELECT adama.deploy('e', 'message M { int n; } channel create_document(M m) { }');
SELECT adama.deploy('e', format('message M { int n; } channel %s(M m) { }', repeat('c', 64)));
SELECT adama.deploy('e', $$
message M { string key; string document_key; }
record R { public string key; public int n; }
table<R> t;
public string last;
public formula rows = iterate t;
public formula say = iterate t;
channel say(M m) { last = m.key; t <- { key: m.document_key, n: 1 }; }
$$);
\df e.*
SELECT adama.create('e', 'k'), e.say('k', key => 'a', document_key => 'b');
SELECT adama.view('e', 'k')->'last' AS last;
SELECT * FROM e.rows(document_key => 'k');
DROP SCHEMA e CASCADE;

-- ---- a space may be renamed ----
SELECT adama.deploy('old', 'message M { int n; } public int sum; channel add(M m) { sum += m.n; }'), adama.create('old', 'k');
SELECT old.add('k', n => 1);
ALTER SCHEMA old RENAME TO new;
SELECT new.add('k', n => 2), adama.send('new', 'k', 'add', '{"n": 3}');
SELECT adama.view('new', 'k'), adama.view('new', 'k', '{}') = adama.view('new', 'k') AS same;
SELECT adama.view('old', 'k');
ALTER FUNCTION new.add RENAME TO plus;
SELECT new.plus('k', n => 1);
ALTER FUNCTION new.plus RENAME TO add;
SELECT new.add('k', n => 4);
-- what reads documents takes part in queries of any shape
CREATE TABLE keys AS SELECT 'k' AS key FROM generate_series(1, 1000);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*), count(DISTINCT adama.view('new', key)) FROM keys WHERE key = 'k';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE keys;
DROP SCHEMA new CASCADE;

-- ---- a space is dropped like any schema, and the extension knows its spaces ----
\set VERBOSITY terse
SET client_min_messages = notice;
BEGIN;
DROP EXTENSION adama;
ROLLBACK;
BEGIN;
DROP EXTENSION adama CASCADE;
SELECT count(*) FROM pg_namespace WHERE nspname IN ('d', 'adama');
ROLLBACK;
SET client_min_messages = warning;
\set VERBOSITY default
DROP SCHEMA d CASCADE;
SELECT adama.create('d', 'k');
DROP ROLE adama_reader;

-- ---- the extension says what each thing is for ----
SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'adama') AND deptype = 'e'
	AND obj_description(objid, classid::regclass::name) IS NULL AND classid NOT IN ('pg_type'::regclass) ORDER BY 1;
SELECT typname FROM pg_type WHERE typnamespace = 'adama'::regnamespace AND typelem = 0 AND obj_description(oid, 'pg_type') IS NULL;
\dx+ adama
