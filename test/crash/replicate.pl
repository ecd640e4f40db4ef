# The tables of a space are replicated logically to another database: documents can be read and run again there, and go on there when it takes over.
use strict;
use warnings;
use Test::More;
use Server;

my $program = q{record Line { public int id; public string text; replication<lines:upsert> published = {text: text}; }
replication<rooms:upsert> published = {lines: _lines.size(), chance: chance}; table<Line> _lines; public formula lines = iterate _lines; public double chance;
message Say { string text; } channel say(Say m) { _lines <- { text: m.text }; chance = Random.genDouble(); }};
my $STATES = q{SELECT string_agg(key || ' ' || seq || ' ' || state, E'\n' ORDER BY key) FROM chat.documents};
my $PROOF = q{SELECT count(*), bool_and(v.ok) FROM chat.document d, adama.verify('chat', d.key) v};
my $REPLICAS = q{SELECT string_agg(r::text, E'\n' ORDER BY r.name, r.key, r."row") FROM chat.replica r};
my $SEQS = q{SELECT string_agg(key || ' ' || seq, ',' ORDER BY key) FROM chat.document};

query('postgres', 'ALTER SYSTEM SET wal_level = logical');
cluster('stop', 'fast');
cluster('start');

command('createdb', 'copy');
query('postgres', qq{SELECT adama.deploy('chat', \$\$$program\$\$)}, q{SELECT adama.create('chat', 'd' || i) FROM generate_series(1, 3) i}, q{SELECT chat.say('d' || (1 + i % 3), 'before ' || i) FROM generate_series(1, 60) i},
	'CREATE PUBLICATION chat FOR TABLE chat.document, chat.log, chat.program, chat.replica');
query('copy', 'CREATE EXTENSION adama', qq{SELECT adama.deploy('chat', \$\$$program\$\$)}, 'TRUNCATE chat.program');
# The slot is made by hand, since both databases are of one server.
query('postgres', q{SELECT pg_create_logical_replication_slot('chat', 'pgoutput')});
my $server = "host=$ENV{PGHOST} port=$ENV{PGPORT} user=$ENV{PGUSER} dbname=postgres";
is(query('copy', qq{CREATE SUBSCRIPTION chat CONNECTION '$server' PUBLICATION chat WITH (create_slot = false, slot_name = 'chat')}), '', 'there is a subscription');

is(settles('copy', $SEQS, query('postgres', $SEQS), 60), query('postgres', $SEQS), 'what was there comes over');
query('postgres', q{SELECT chat.say('d' || (1 + i % 3), repeat('later ', 200) || i) FROM generate_series(1, 300) i}, q{SELECT adama.create('chat', 'new')},
	q{SELECT adama.delete('chat', 'd2')});
is(settles('copy', $SEQS, query('postgres', $SEQS), 60), query('postgres', $SEQS), 'what happens comes over');
is(query('copy', $STATES), query('postgres', $STATES), 'states are the same');
is(settles('copy', $REPLICAS, query('postgres', $REPLICAS), 60), query('postgres', $REPLICAS), 'and what they publish');
is(query('copy', $PROOF), '3|t', 'each log makes its document');
is(query('copy', q{SELECT count(*) > 100 FROM chat.lines('d1')}), 't', 'what is public can be read');

# A session that keeps documents in memory sees what the subscription writes.
my $reader = q{SELECT jsonb_array_length(adama.view('chat', 'd1')->'lines')};
my ($before) = split /\n/, query('copy', $reader);
query('postgres', q{SELECT chat.say('d1', 'one more')});
is(settles('copy', $reader, $before + 1, 30), $before + 1, 'views follow');

# What is published goes elsewhere by itself: some of the names, some of the columns, to a database without the extension.
command('createdb', 'board');
query('postgres', q{CREATE PUBLICATION lines FOR TABLE chat.replica (name, key, "row", value) WHERE (name = 'lines')}, q{SELECT pg_create_logical_replication_slot('lines', 'pgoutput')});
query('board', 'CREATE SCHEMA chat', q{CREATE TABLE chat.replica (name text COLLATE "C", key text COLLATE "C", "row" int, value jsonb NOT NULL, PRIMARY KEY (name, key, "row"))},
	'CREATE TABLE counted (key text PRIMARY KEY, n int)',
	q{CREATE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		INSERT INTO public.counted SELECT COALESCE(new.key, old.key), CASE tg_op WHEN 'INSERT' THEN 1 ELSE -1 END ON CONFLICT (key) DO UPDATE SET n = counted.n + excluded.n;
		RETURN NULL; END $$},
	'CREATE TRIGGER tally AFTER INSERT OR DELETE ON chat.replica FOR EACH ROW EXECUTE FUNCTION tally()', 'ALTER TABLE chat.replica ENABLE ALWAYS TRIGGER tally');
query('board', qq{CREATE SUBSCRIPTION board CONNECTION '$server' PUBLICATION lines WITH (create_slot = false, slot_name = 'lines')});
my $LINES = q{SELECT string_agg(name || key || "row" || value, E'\n' ORDER BY key, "row") FROM chat.replica WHERE name = 'lines'};
is(settles('board', $LINES, query('postgres', $LINES), 60), query('postgres', $LINES), 'what is published under one name comes to a plain table');
query('postgres', q{SELECT chat.say('new', 'to the board')}, q{SELECT adama.create('chat', 'short')}, q{SELECT chat.say('short', 'not for long')}, q{SELECT adama.delete('chat', 'short')});
is(settles('board', $LINES, query('postgres', $LINES), 60), query('postgres', $LINES), 'and follows');
my $COUNTS = q{SELECT string_agg(key || ' ' || n, ',' ORDER BY key) FROM %s};
is(query('board', sprintf $COUNTS, '(SELECT key COLLATE "C" AS key, n FROM counted WHERE n > 0) c'),
	query('postgres', sprintf $COUNTS, q{(SELECT key, count(*) AS n FROM chat.replica WHERE name = 'lines' GROUP BY key) c}), 'where triggers count it');
query('board', 'ALTER SUBSCRIPTION board DISABLE', 'ALTER SUBSCRIPTION board SET (slot_name = NONE)', 'DROP SUBSCRIPTION board');
query('postgres', q{SELECT pg_drop_replication_slot('lines')});

# A new version of the program.
query('postgres', qq{SELECT adama.deploy('chat', \$\$$program public int more = 7;\$\$)}, q{SELECT chat.say('d1', 'newer')});
is(settles('copy', $SEQS, query('postgres', $SEQS), 60), query('postgres', $SEQS), 'a new version comes over, and documents that run it');
is(query('copy', $PROOF), '3|t', 'and each log makes its document');

# It takes over.
query('copy', 'ALTER SUBSCRIPTION chat DISABLE', 'ALTER SUBSCRIPTION chat SET (slot_name = NONE)', 'DROP SUBSCRIPTION chat');
query('postgres', q{SELECT pg_drop_replication_slot('chat')});
is(query('copy', qq{SELECT adama.deploy('chat', \$\$$program public int more = 7;\$\$)}), '2', 'the program is deployed there, for its functions');
is(query('copy', q{SELECT chat.say('d1', 'here')}), query('postgres', q{SELECT chat.say('d1', 'here')}), 'documents go on there');
like(query('copy', q{SELECT state OPERATOR(adama.->>) 'chance' FROM chat.documents WHERE key = 'd1'}), qr/^0\.\d+$/, 'chance is asked');
is(query('copy', q{SELECT state OPERATOR(adama.->>) 'chance' FROM chat.documents WHERE key = 'd1'}), query('postgres', q{SELECT state OPERATOR(adama.->>) 'chance' FROM chat.documents WHERE key = 'd1'}), 'with the same chance');
is(query('copy', $PROOF), '3|t', 'as they should');
done_testing();
