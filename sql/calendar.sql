-- Dates, times, datetimes and timespans: as arguments of a channel's function, as columns of a read function, and what SQL values do not fit.
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SELECT adama.deploy('cal', $$
message Set {
  date d; time t; datetime dt; timespan ts;
  maybe<date> md; maybe<datetime> mdt; date[] ds; datetime[] dts; timespan[] tss; time[] ts2;
  date dd = @date 2024/2/29; time dt2 = @time 4:05; datetime dt3 = @datetime "2023-04-24T17:57:19.8-05:00"; timespan ts3 = @timespan 90 min;
}
record Row { public date d; public time t; public datetime dt; public timespan ts; public maybe<date> md; public maybe<datetime> mdt; }
table<Row> _rows;
public formula rows = iterate _rows order by d, ts;
public int n;
channel set(Set m) {
  _rows <- {d: m.d, t: m.t, dt: m.dt, ts: m.ts, md: m.md, mdt: m.mdt};
  _rows <- {d: m.dd, t: m.dt2, dt: m.dt3, ts: m.ts3};
  foreach (d in m.ds) { _rows <- {d: d}; }
  n = m.dts.size() * 100 + m.tss.size() * 10 + m.ts2.size();
}
$$);
SELECT regexp_split_to_table(pg_get_function_arguments('cal.set'::regproc), ', (?=[a-z_0-9]+ )') AS arguments;
SELECT adama.create('cal', 'k');
SELECT cal.set('k', '2023-11-14', '22:13', '2023-11-14 22:13:20.123999+01', '1 day 02:03:04.5', md => '0001-01-01', mdt => '1969-12-31 23:59:59.9999+00',
	ds => '{4713-01-01 BC,9999-12-31,0001-12-31 BC}', dts => '{2000-01-01 00:00+00,1900-01-01 00:00+00}', tss => '{1 sec,-1 day}', ts2 => '{00:00,23:59}');
SELECT * FROM cal.rows('k');
SET timezone = 'America/New_York';
SELECT dt, dt = '2023-11-14 21:13:20.123+00' AS same FROM cal.rows('k') WHERE md IS NOT NULL;
SET timezone = 'UTC';
SELECT jsonb_pretty(message) AS message FROM adama.history('cal', 'k', from_seq => 2);
SELECT jsonb_path_query_array(adama.view('cal', 'k'), '$.rows[*].dt') AS datetimes, adama.view('cal', 'k') -> 'n' AS n;
\set VERBOSITY terse
SELECT cal.set('k', 'infinity', '22:13', now(), '1 s', ds => '{}', dts => '{}', tss => '{}', ts2 => '{}');
SELECT cal.set('k', '10000-01-01', '22:13', now(), '1 s', ds => '{}', dts => '{}', tss => '{}', ts2 => '{}');
SELECT cal.set('k', '2023-11-14', '22:13:01', now(), '1 s', ds => '{}', dts => '{}', tss => '{}', ts2 => '{}');
SELECT cal.set('k', '2023-11-14', '24:00', now(), '1 s', ds => '{}', dts => '{}', tss => '{}', ts2 => '{}');
SELECT cal.set('k', '2023-11-14', '22:13', '-infinity', '1 s', ds => '{}', dts => '{}', tss => '{}', ts2 => '{}');
SELECT cal.set('k', '2023-11-14', '22:13', now(), '1 mon', ds => '{}', dts => '{}', tss => '{}', ts2 => '{}');
SELECT adama.send('cal', 'k', 'set', '{"dt": "2023-11-14T22:13:20+01:00[Europe/Berlin]"}');
SELECT adama.send('cal', 'k', 'set', '{"d": "2023-11-31"}');
\set VERBOSITY default
-- saved, and read back by the next version of the program
SELECT adama.deploy('cal', $$
record Row { public date d; public time t; public datetime dt; public timespan ts; public maybe<date> md; public maybe<datetime> mdt; }
table<Row> _rows;
public formula rows = iterate _rows order by ts desc, dt limit 2;
message Add { } channel add(Add m) { _rows <- {ts: @timespan 3 day * 2.5}; }
$$);
SELECT cal.add('k');
SELECT * FROM cal.rows('k');
SELECT adama.deploy('cal', $$ record Row { public datetime d; } table<Row> _rows; $$);
DROP SCHEMA cal CASCADE;
