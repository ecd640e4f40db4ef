# What changed is found in chat.replica itself: whoever commits when, however rows move, and whatever a worker has forgotten, each change reaches the table, and what has been brought is not brought again.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;

my $database = $ENV{PGDATABASE};
my $alice = Session->new('alice', limit => 120);
my $bob = Session->new('bob', limit => 120);
$alice->ask('SET client_min_messages = warning;');

sub becomes
{
	my ($query, $value, $patience, $name) = @_;
	my $deadline = time + $patience;
	my $got;
	while (($got = $alice->value($query)) ne $value && time < $deadline) { sleep 0.05; }
	is($got, $value, $name);
}

my $n_differences = q{SELECT count(*) FROM (SELECT key, value FROM game.replica WHERE name = 'board') r FULL JOIN board b USING (key) WHERE (r.value->>'best')::int IS DISTINCT FROM b.best OR r.value->>'note' IS DISTINCT FROM b.note};
my $status = q{SELECT format('%s: %s pending', state, pending) FROM adama.replication_status WHERE target = 'board'::regclass};
sub settle
{
	my ($name) = @_;
	becomes($status, 'current: 0 pending', 30, $name);
	is($alice->value($n_differences), 0, '... and the table is what is published');
}
sub best { my ($key) = @_; return "SELECT best FROM board WHERE key = '$key'"; }
my $worker = qq{SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama keeper'};
# Ends the worker, and waits until it is gone; another comes when there is something to do.
sub end_worker
{
	my $pid = $alice->value(qq{SELECT pid FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama keeper'});
	return if $pid eq '';
	$alice->ask("SELECT pg_terminate_backend($pid);");
	becomes("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid", 0, 20, 'the worker is ended');
}

$alice->ask(q{SELECT adama.deploy('game', $$
	public int best;
	public string note;
	message Set { int best; }
	message Note { string note; }
	message Board { int best; string note; }
	channel set(Set s) { best = s.best; }
	channel note(Note n) { note = n.note; }
	channel end(Set s) { Document.destroy(); }
	replication<board:upsert> shown = {best: best, note: note};
	$$);},
	q{SELECT count(adama.create('game', 'd' || i)) FROM generate_series(1, 400) i;},
	'CREATE TABLE board (key text PRIMARY KEY, best int, note text);', q{SELECT adama.replicate('game', 'board', 'board');});
settle('a table is filled');
is($alice->value('SELECT count(*) FROM game.replica_change'), 0, 'nothing is written for a change');
$alice->ask(q{SELECT game.set('d1', best => 1);});
becomes(best('d1'), 1, 10, 'a change is found');
is($alice->value('SELECT count(*) FROM game.replica_change'), 0, 'without a trace elsewhere');

# ---- who commits late ----

$bob->ask('BEGIN;', q{SELECT game.set('d2', best => 2);});
$alice->ask(q{SELECT game.set('d3', best => 3);});
becomes(best('d3'), 3, 10, 'a transaction that lasts holds up nobody');
becomes($status, 'current: 0 pending', 10, 'and makes nothing look late that has been brought');
sleep 0.5;
is($alice->value(best('d2')), 0, 'what it does is not seen before');
$bob->ask('COMMIT;');
becomes(best('d2'), 2, 10, 'and is brought when it is committed, though what came after it was brought long ago');
$bob->ask('BEGIN;', q{SELECT game.set('d2', best => 22);});
$alice->ask(q{SELECT game.set('d3', best => 33);});
becomes(best('d3'), 33, 10, 'another one');
end_worker();
$alice->ask(q{SELECT game.set('d3', best => 34);});
becomes(best('d3'), 34, 10, 'another worker goes on');
$bob->ask('COMMIT;');
becomes(best('d2'), 22, 10, 'and finds what is committed to it, which the worker before it had looked at');
$bob->ask('BEGIN;', q{SELECT game.set('d2', best => 222);});
$alice->ask(q{SELECT game.set('d3', best => 333);});
becomes(best('d3'), 333, 10, 'and another');
$bob->ask('ROLLBACK;', q{SELECT game.set('d4', best => 4);});
becomes(best('d4'), 4, 10, 'which is taken back');
settle('leaves nothing');

# More subtransactions than a snapshot can name, some of them taken back, with others' changes in between.
$bob->ask('BEGIN;', map { (($_ % 7 == 0) ? ("SAVEPOINT s;", "SELECT game.set('d$_', best => 9000 + $_);", 'ROLLBACK TO s;') : ("SAVEPOINT s;", "SELECT game.set('d$_', best => 8000 + $_);", 'RELEASE s;')) } 10 .. 150);
$alice->ask(map { "SELECT game.set('d$_', best => $_);" } 151 .. 170);
becomes(best('d170'), 170, 10, 'beside a transaction of many savepoints');
$bob->ask('COMMIT;');
becomes(best('d150'), 8150, 10, 'its changes are found');
settle('all of them');
is($alice->value(best('d14')), 0, 'but what it took back');

# ---- more than is brought at once ----

$alice->ask(q{SELECT count(adama.create('game', 'm' || i)) FROM generate_series(1, 5000) i;});
settle('many new ones');
$bob->ask('BEGIN;', q{SELECT game.set('m77', best => 1);}, q{SELECT game.set('m4999', best => 1);});
$alice->start(map { sprintf q{SELECT count(game.set('m' || (i * 1237 %% 5000 + 1), best => i + %d)) FROM generate_series(1, 5000) i WHERE i * 1237 %% 5000 + 1 NOT IN (77, 4999);}, $_ } 1 .. 4);
sleep 1;
$bob->ask('COMMIT;');
$alice->finish();
settle('many changes, in several deliveries, while others come');

# ---- rows that move ----

$alice->ask(q{SELECT count(game.note('d' || i, note => repeat(md5(i::text), 20))) FROM generate_series(1, 400) i;});
settle('rows that find no room on their pages are found on others');
$bob->ask('BEGIN;', q{SELECT game.note('d5', note => repeat('x', 700));});
$alice->ask(q{SELECT count(game.note('d' || i, note => repeat(md5(i::text), 21))) FROM generate_series(6, 400) i;});
becomes(q{SELECT count(*) FROM board WHERE length(note) = 672}, 395, 20, 'also beside one that is not committed');
$bob->ask('COMMIT;');
settle('which is found then');
$alice->ask('BEGIN;', q{SELECT count(game.set('d' || i, best => i)) FROM generate_series(1, 100) i;}, 'COMMIT;', 'VACUUM FULL game.replica;', q{SELECT game.set('d101', best => 101);});
becomes(best('d101'), 101, 20, 'a table that was rewritten');
settle('has them all');
$alice->ask('BEGIN;', q{SELECT count(game.set('d' || i, best => i + 1)) FROM generate_series(1, 100) i;}, 'CLUSTER game.replica USING replica_pkey;', 'COMMIT;');
settle('also in the transaction that changed them');

# ---- what a worker has forgotten ----

# Nobody can bring anything while the table is held.
sub held
{
	my (@statements) = @_;
	$bob->ask('BEGIN;', 'LOCK TABLE board;');
	$alice->ask(@statements);
	end_worker();
	$bob->ask('COMMIT;');
	$alice->ask(q{SELECT game.set('d400', best => 1 + (SELECT max(best) FROM board));});
}
held(q{SELECT count(game.set('d' || i, best => i + 2)) FROM generate_series(1, 200) i;});
settle('what was to be brought when a worker ended is brought by the next');
$alice->ask('ALTER TABLE board RENAME best TO worst;', q{SELECT count(game.set('d' || i, best => i + 3)) FROM generate_series(1, 200) i;}, 'VACUUM FREEZE game.replica;');
cmp_ok($alice->value(q{SELECT age(relfrozenxid) FROM pg_class WHERE oid = 'game.replica'::regclass}), '<', 100, 'rows are frozen before they are brought');
end_worker();
$alice->ask('ALTER TABLE board RENAME worst TO best;', q{SELECT adama.replication_retry('game', 'board', 'board');});
settle('and brought all the same');
held(q{SELECT count(game.set('d' || i, best => i + 4)) FROM generate_series(1, 200) i;}, 'VACUUM FULL game.replica;');
settle('or rewritten');
held(q{SELECT game.end('d7', best => 0), game.end('d8', best => 0);}, q{SELECT adama.create('game', 'd8');});
settle('or is gone, or gone and back');
$alice->ask(q{UPDATE board SET note = 'by hand' WHERE key = 'd20';});
end_worker();
$alice->ask(q{SELECT game.set('d21', best => 2100);});
becomes(best('d21'), 2100, 20, 'another worker');
becomes($status, 'current: 0 pending', 20, 'has looked at all');
is($alice->value(q{SELECT note FROM board WHERE key = 'd20'}), 'by hand', 'and knows what has been brought');
end_worker();
$alice->ask('UPDATE game.replication SET brought_in = 0;', q{SELECT game.set('d21', best => 2101);});
settle('but not what was brought by another server: everything is compared then');
for my $brought ("'900000000000:900000000005:'", "'3:9:4'", 'NULL')
{
	end_worker();
	$alice->ask(q{UPDATE board SET note = 'by hand' WHERE key = 'd20';}, "UPDATE game.replication SET brought = $brought;", q{SELECT game.set('d21', best => 1 + (SELECT best FROM board WHERE key = 'd21'));});
	settle("or by one of another time ($brought)");
}

# A worker that goes because nothing is to be done leaves word of what it has seen.
sub gone { becomes($worker, 0, 30, 'the worker goes by itself'); }
my $pages_read = q{SELECT heap_blks_hit + heap_blks_read FROM pg_statio_user_tables WHERE relid = 'game.replica'::regclass};
# Autovacuum reads pages, too.
$alice->ask('ALTER TABLE game.replica SET (autovacuum_enabled = false);');
gone();
my $n_pages = $alice->value(q{SELECT pg_relation_size('game.replica') / current_setting('block_size')::int});
cmp_ok($n_pages, '>', 100, 'the table has many pages');
for my $what (1 .. 3)
{
	my $before = $alice->value($pages_read);
	$alice->ask("SELECT game.set('d30', best => 30000 + $what);");
	becomes(best('d30'), 30000 + $what, 10, 'the next one finds a change');
	gone();
	cmp_ok($alice->value($pages_read) - $before, '<', $n_pages / 3, '... without reading all pages');
}
$bob->ask('BEGIN;', q{SELECT game.set('d31', best => 31000);});
$alice->ask(q{SELECT game.set('d32', best => 32000);});
becomes(best('d32'), 32000, 10, 'beside a transaction that lasts');
gone();
$bob->ask('COMMIT;');
becomes(best('d31'), 31000, 10, 'what it commits when the worker is gone is found');
gone();
$alice->ask('VACUUM FULL game.replica;', q{SELECT game.set('d33', best => 33000);});
becomes(best('d33'), 33000, 10, 'so is what is in another file');
settle('and all else');
gone();

# ---- several tables, and several names ----

$alice->ask('CREATE TABLE another (key text PRIMARY KEY, best int, note text);', q{SELECT adama.replicate('game', 'board', 'another');}, q{SELECT count(game.set('d' || i, best => -i)) FROM generate_series(10, 400) i;});
settle('one of two tables');
becomes(q{SELECT count(*) FROM board FULL JOIN another USING (key, best, note) WHERE board IS NULL OR another IS NULL}, 0, 20, 'has what the other one has');

done_testing();
