-- The arguments of a channel's function: types, defaults, nulls, arrays.
SET client_min_messages = warning;
SELECT adama.deploy('args', $$
enum Size { S, M:5, L }
message Part { string name; int n = 2; }
message All {
  bool b; int i; long l; double d; string s; principal p; Size z;
  maybe<int> mi; maybe<string> ms; maybe<principal> mp; maybe<Size> mz;
  int[] ai; string[] as_; principal[] ap; Size[] az;
  Part part; Part[] parts;
  int di = 7; string ds = "it's \"so\""; bool db = true; double dd = 0.5; Size dz = Size::L; long dl = 5000000000L;
}
public string seen;
public long l;
public double d;
public Size z;
public maybe<int> mi;
public maybe<string> ms;
public principal p;
public int parts;
public string first;
channel all(All a) {
  seen = a.s + "/" + a.ds + "/" + a.i + "/" + a.di + "/" + a.b + "/" + a.db + "/" + a.dd + "/" + a.dl;
  l = a.l; d = a.d; z = a.z; mi = a.mi; ms = a.ms; p = a.p; parts = a.parts.size();
  first = a.part.name;
}
message Few { int a; int b = 1; int c; }
channel few(Few f) { seen = f.a + "," + f.b + "," + f.c; }
$$);
SELECT regexp_split_to_table(pg_get_function_arguments('args.all'::regproc), ', ') AS arguments;
SELECT pg_get_function_arguments('args.few'::regproc);
SELECT adama.create('args', 'k');

SELECT args.all('k', b => true, i => -3, l => 9007199254740993, d => 1.25, s => 'text', p => 'bob@home', z => 'M', mi => 4, ms => 'x', mp => 'a@b', mz => 'S',
	ai => '{1,2}', as_ => '{a,b}', ap => '{a@b}', az => '{S,L}', part => '{"name": "wheel"}', parts => '[{"name": "a", "n": 1}, {"name": "b"}]');
SELECT jsonb_pretty(adama.view('args', 'k')) AS view;
SELECT jsonb_pretty(message) AS message FROM adama.history('args', 'k', from_seq => 2);
-- maybe: null is empty
SELECT args.all('k', false, 1, 2, 3, 's', 'a@b', 'L', '{}', '{}', '{}', '{}', '{"name": ""}', '[]', di => 0);
SELECT adama.view('args', 'k') - 'seen';
-- in order, with defaults
SELECT args.few('k', 1, 3);
SELECT adama.view('args', 'k')->'seen' AS seen;
SELECT args.few('k', c => 3, a => 1, b => 2);
SELECT adama.view('args', 'k')->'seen' AS seen;

-- what is refused
SELECT args.few('k', 1, NULL);
SELECT args.few('k', 1);
SELECT args.few('k', 1, 2, d => 3);
SELECT args.few('k', 'x', 2);
SELECT args.few(NULL, 1, 2);
SELECT args.all('k', false, 1, 2, 3, 's', 'a@b', 'XL', '{}', '{}', '{}', '{}', '{"name": ""}', '[]');
SELECT args.all('k', false, 1, 2, 3, 's', 'a@b', 'L', '{1,NULL}', '{}', '{}', '{}', '{"name": ""}', '[]');
SELECT args.all('k', false, 1, 2, 3, 's', 'a@b', 'L', '{{1},{2}}', '{}', '{}', '{}', '{"name": ""}', '[]');
SELECT args.all('k', false, 1, 2, 'NaN', 's', 'a@b', 'L', '{}', '{}', '{}', '{}', '{"name": ""}', '[]');
SELECT args.all('k', false, 1, 2, 3, 's', 'a@b', 'L', '{}', '{}', '{}', '{}', '{"nam": ""}', '[]');
SELECT args.all('k', false, 1, 2, 3, 's', 'a@b', 'L', '{}', '{}', '{}', '{}', '{"name": ""}', '{}');
SELECT args.all('k', false, 1, 2, 3, 's', 'a@b', 'L', '{}', '{}', '{}', '{}', '{"name": ""}', NULL);
DROP SCHEMA args CASCADE;

-- ---- what read functions yield ----
SELECT adama.deploy('cols', $$
enum Size { S, M:5 }
record Row {
  public int id; public bool b; public int i; public long l; public double d; public string s; public principal p; public Size z;
  public maybe<int> mi; public maybe<Size> mz;
  private int hidden; viewer_is<p> string mine; use_policy<even> string sometimes;
  public formula twice = i * 2;
  policy even { return i % 2 == 0; }
  require shown; policy shown { return i < 10; }
}
table<Row> _rows;
public formula rows = iterate _rows order by i;
private formula none = iterate _rows;
bubble own = iterate _rows where p == @who;
view int least;
bubble from_least = iterate _rows where i >= @viewer.least order by i;
message Add { int i; principal p; maybe<int> mi; maybe<Size> mz; }
channel add(Add a) {
  _rows <- { b: true, i: a.i, l: 10000000000L, d: 0.5, s: "s" + a.i, p: a.p, z: Size::M, mi: a.mi, mz: a.mz, hidden: 1, mine: "m" + a.i, sometimes: "e" + a.i };
}
$$);
\df cols.*
CREATE ROLE adama_carl;
GRANT USAGE ON SCHEMA cols TO adama_carl;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cols TO adama_carl;
SELECT cols.create_document('k'), cols.add('k', 3, 'adama_carl@postgres'), cols.add('k', 2, 'x@y', mi => 5, mz => 'S'), cols.add('k', 10, 'adama_carl@postgres'), cols.add('k', 4, 'adama_carl@postgres');
SET ROLE adama_carl;
SELECT * FROM cols.rows('k');
SELECT id, i FROM cols.own('k');
SELECT i FROM cols.from_least('k'), pg_typeof(i) t;
SELECT i FROM cols.from_least('k', viewer => '{"least": 3}');
SELECT i FROM cols.from_least('k', viewer => '{"least": "three"}');
SELECT cols.rows('k');
SELECT count(*) FROM cols.rows(NULL);
SELECT * FROM cols.rows('none');
RESET ROLE;
DROP SCHEMA cols CASCADE;
DROP ROLE adama_carl;
