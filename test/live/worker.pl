# The emitter comes when it is needed, leaves when it is not, and is in nobody's way.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $database = $ENV{PGDATABASE};
my $admin = Session->new('admin', arguments => ['-d', 'postgres']);
my $alice = Session->new('alice');
$alice->ask('\set program `cat examples/pubsub.adama`');

my $emitters = qq{SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama emitter'};

sub becomes
{
	my ($query, $value, $patience, $name) = @_;
	my $deadline = time + $patience;
	my $got;
	while (($got = $admin->value($query)) ne $value && time < $deadline) { sleep 0.05; }
	is($got, $value, $name);
}

sub space { $alice->ask(q{SELECT adama.deploy('chat', :'program');}, q{SELECT adama.create('chat', 'lobby');}); }

space();
becomes($emitters, 0, 10, 'with nobody watching there is no emitter, or it leaves');
$alice->ask(q{SELECT chat.publish('lobby', payload => 'unheard');});
sleep 0.5;
is($admin->value($emitters), 0, 'messages that nobody watches start none');

my $bob = Viewer->new('bob', 'chat', 'lobby');
my ($first) = $bob->changes(10);
ok($first->{reset}, 'a connection brings it');
is($admin->value($emitters), 1, 'there is one');
like($admin->value(qq{SELECT query FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama emitter'}),
	qr/^watching: 1 connections to 1 documents$/, 'that says what it does');

# ---- a connect that takes longer to commit than an idle emitter stays ----

$bob->quit();
becomes($emitters, 0, 10, 'when the last viewer has gone it leaves');
$admin->ask("ALTER SYSTEM SET adama.emitter_idle_timeout = 0;", 'SELECT pg_reload_conf();');
$bob = Viewer->new('bob', 'chat', 'lobby', later => 1);
$bob->session()->ask('BEGIN;');
$bob->join();
sleep 0.5;
becomes($emitters, 0, 5, 'the emitter does not wait for a connect that does not commit');
$bob->session()->ask('COMMIT;');
($first) = $bob->changes(10);
ok($first->{reset}, 'a connect whose transaction outlasts the emitter is served all the same');

# ---- many connects while it leaves ----

$bob->quit();
my ($served, $asked) = (0, 0);
for (1 .. 40)
{
	my $viewer = Viewer->new('viewer', 'chat', 'lobby');
	$asked++;
	$served++ if $viewer->changes(10);
	$viewer->quit();
	sleep 0.013 * ($_ % 4);
}
is($served, $asked, 'an emitter that leaves at once leaves nobody behind');
$admin->ask("ALTER SYSTEM RESET adama.emitter_idle_timeout;", 'SELECT pg_reload_conf();');

# ---- it is ended ----

$bob = Viewer->new('bob', 'chat', 'lobby');
$bob->changes(10);
my $pid_query = qq{SELECT pid FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama emitter'};
my $pid = $admin->value($pid_query);
$admin->ask("SELECT pg_terminate_backend($pid);");
my $seq = $alice->value(q{SELECT chat.publish('lobby', payload => 'while it was away')});
$bob->changes_to($seq, 15);
is($bob->seq(), $seq, 'an emitter that was terminated comes back, and tells what happened meanwhile');
isnt($admin->value($pid_query), $pid, 'it is another process');
is(scalar(grep { $_->{reset} } $bob->heard()), 2, 'with a whole view');
ok($bob->knows_all($alice), 'that is the document\'s');

$pid = $admin->value($pid_query);
$admin->ask("SELECT pg_cancel_backend($pid);");
sleep 0.2;
$seq = $alice->value(q{SELECT chat.publish('lobby', payload => 'after a cancel')});
$bob->changes_to($seq, 15);
ok($bob->knows_all($alice), 'a cancelled one goes on');
is($admin->value($pid_query), $pid, 'as the same process');

# ---- the extension ----

$alice->ask('SET client_min_messages = warning;');
my @said = $alice->ask(q{UPDATE pg_catalog.pg_extension SET extversion = '0.9' WHERE extname = 'adama';});
becomes(qq{SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama emitter' AND pid <> $pid}, 1, 15,
	'an update of the extension makes it start anew');
$alice->ask(q{UPDATE pg_catalog.pg_extension SET extversion = '1.0' WHERE extname = 'adama';});
$bob->quit();

my $start = time;
@said = $alice->ask('DROP EXTENSION adama CASCADE;');
ok(!(grep { /ERROR/ } @said), 'the extension can be dropped');
cmp_ok(time - $start, '<', 5, 'without waiting long');
becomes($emitters, 0, 5, 'and the emitter goes');
$alice->ask('CREATE EXTENSION adama;');
space();
$bob = Viewer->new('bob', 'chat', 'lobby');
ok($bob->changes(10), 'made anew, it works again');

$alice->ask('BEGIN;', 'DROP EXTENSION adama CASCADE;', 'CREATE EXTENSION adama;', q{SELECT adama.deploy('chat', :'program');},
	q{SELECT adama.create('chat', 'lobby');}, 'COMMIT;');
my @changes = $bob->changes(10);
is($changes[-1]{closed}, 'deleted', 'dropped and made in one transaction, the documents before are gone');
$bob->quit();
$bob = Viewer->new('bob', 'chat', 'lobby');
ok($bob->changes(10), 'and those of now are served');

# ---- the database ----

$bob->quit();
$alice->quit();
$start = time;
@said = $admin->ask(qq{DROP DATABASE $database;});
ok(!(grep { /ERROR/ } @said), 'the database can be dropped right after the last viewer has gone') or diag(@said);

$admin->ask(qq{CREATE DATABASE $database TEMPLATE template0;});
$alice = Session->new('alice');
$alice->ask('\set program `cat examples/pubsub.adama`', 'SET client_min_messages = warning;', 'CREATE EXTENSION adama;');
space();
$bob = Viewer->new('bob', 'chat', 'lobby');
$bob->changes(10);
my $oid = $admin->value(qq{SELECT oid FROM pg_database WHERE datname = '$database'});
@said = $admin->ask(qq{DROP DATABASE $database WITH (FORCE);});
ok(!(grep { /ERROR/ } @said), 'with force also while somebody watches') or diag(@said);
my $gone = qr/FATAL: +database $oid does not exist/;
sleep 3.5;
# One start of the emitter is refused, and perhaps one of an autovacuum worker; not one each second.
my $refused = () = `tools/cluster log` =~ /$gone/g;
cmp_ok($refused, '<=', 2, 'its emitter is not started again and again');

$admin->ask(qq{CREATE DATABASE $database TEMPLATE template0;});
$admin->quit();
done_testing();
