# What there is to see of connections and of the emitter: adama.connections, adama.emitter_stats, pg_stat_activity.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $alice = Session->new('alice');
$alice->ask('\set program `cat examples/pubsub.adama`', q{SELECT adama.deploy('chat', :'program');}, q{SELECT adama.create('chat', 'lobby');});
my $watch = Session->new('watch');
$alice->ask('CREATE ROLE guard LOGIN;', 'GRANT pg_monitor TO guard;', 'CREATE ROLE nobody_special LOGIN;');
$watch->ask('SET ROLE guard;');
sub becomes
{
	my ($query, $value, $name) = @_;
	my $deadline = time + 10;
	my $got;
	while (($got = $watch->value($query)) ne $value && time < $deadline) { sleep 0.1; }
	is($got, $value, $name);
}
sub stat_of { return "SELECT $_[0] FROM adama.emitter_stats WHERE datname = current_database()"; }

my $bob = Viewer->new('bob', 'chat', 'lobby');
my $carol = Viewer->new('carol', 'chat', 'lobby', window => 2);
$_->changes(10) for $bob, $carol;
$alice->ask('SELECT adama.emitter_stats_reset();');
sleep 0.3;

# ---- counts ----

my $n = 5;
my $bytes = 0;
my $seq;
for (1 .. $n)
{
	$seq = $alice->value("SELECT chat.publish('lobby', payload => 'message $_')");
	$bytes += length $_->{raw} for $bob->changes_to($seq, 10);
	$bytes += length $_->{raw} for $carol->changes(0.05);
	sleep 0.05;
}
$bytes += length $_->{raw} for $carol->changes(0.3);
becomes(stat_of('entries'), $n, 'each event counts');
becomes(stat_of('changes'), $n, 'each is a change');
becomes(stat_of('deltas'), $n, 'of the view of both');
becomes(stat_of('wholes'), 0, 'nobody was shown the whole');
becomes(stat_of('messages'), $n + 1, 'one of them was sent one more, for its window was full then');
becomes(stat_of('payloads'), $n + 1, 'each in one notification');
becomes(stat_of('bytes'), $bytes, 'of so many bytes');
becomes(stat_of('coalescing'), 1, 'nothing came together');
becomes(stat_of('catch_ups'), 0, 'nobody caught up');
becomes(stat_of('lag_seq_max'), 1, 'nor was anything held up');
is($watch->value(stat_of('lag_ms_p50 > 0 AND lag_ms_p50 <= lag_ms_p99 AND lag_ms_p99 <= lag_ms_max AND lag_ms_mean <= lag_ms_max')), 't', 'lags are in order');
is($watch->value(stat_of('read_us > 0 AND share_us > 0 AND commit_us > 0 AND queue_usage < 0.1')), 't', 'the stages took time');
is($watch->value(stat_of(q{connections || ' ' || documents})), '2 1', 'two connections, one document');
is($watch->value(stat_of('pid') . ' AND pid IS NOT NULL'), $alice->value(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'adama emitter' AND datname = current_database()}),
	'its process');
$alice->ask('\o /dev/null', 'BEGIN;', (map { "SELECT chat.publish('lobby', payload => 'together $_');" } 1 .. 10), 'COMMIT;', '\o');
$seq += 10;
$bob->changes_to($seq, 10);
becomes(stat_of('lag_seq_max'), 10, 'ten events in one transaction are one change');
becomes(stat_of('entries'), $n + 10, 'and ten events');
becomes(stat_of('round(coalescing::numeric, 1)'), '2.5', 'which raises their relation');

# ---- connections ----

my $of = sub { return sprintf q{SELECT %s FROM adama.connections WHERE pid = %d}, $_[0], $_[1]->session()->backend(); };
is($watch->value($of->(q{concat_ws(' ', space, key, agent, authority, sent, acked, send_window, unacked, lag)}, $bob)), "chat lobby postgres postgres $seq 0", 'who has no window');
my $has = $carol->seq();
is($watch->value($of->(q{concat_ws(' ', sent, acked, send_window, unacked)}, $carol)), "$has 2 2", 'who has one, which is full');
is($watch->value($of->('lag', $carol)), $seq - $has, 'lags');
is($watch->value(q{SELECT count(DISTINCT class) FROM adama.connections}), 1, 'they are of one class');
$carol->session()->ask(sprintf "SELECT adama.ack('%s', %d) \\g /dev/null", $carol->channel(), $has);
$carol->changes_to($seq, 10);
becomes($of->(q{concat_ws(' ', sent, acked, send_window, unacked, lag)}, $carol), "$seq $has 2 1 0", 'until it has acknowledged');
becomes(stat_of('catch_ups'), 1, 'which is counted');
is($watch->value(sprintf q{SELECT count(*) FROM adama.connections c WHERE c::text LIKE '%%%s%%'}, substr $bob->channel(), 6), 0, 'the secret name does not show');
is($watch->value('SELECT count(*) FROM adama.connections WHERE joined BETWEEN now() - interval \'1 hour\' AND clock_timestamp()'), 2, 'but when they were joined');

# ---- activity ----

becomes(q{SELECT query FROM pg_stat_activity WHERE backend_type = 'adama emitter' AND datname = current_database()}, 'watching: 2 connections to 1 documents', 'activity');
is($watch->value(q{SELECT application_name FROM pg_stat_activity WHERE backend_type = 'adama emitter' AND datname = current_database()}), 'adama emitter', 'it has a name');

# ---- who may look ----

$watch->ask('RESET ROLE;', 'SET ROLE nobody_special;');
like(join("\n", $watch->ask("SELECT * FROM adama.$_;")), qr/ERROR:  permission denied/, "not everybody may see adama.$_") for qw(connections emitter_stats);
like(join("\n", $watch->ask('SELECT adama.emitter_stats_reset();')), qr/ERROR:  permission denied/, 'or reset statistics');
$watch->ask('RESET ROLE;', 'SET ROLE guard;');
like(join("\n", $watch->ask('SELECT adama.emitter_stats_reset();')), qr/ERROR:  permission denied/, 'nor may who monitors');

# ---- the emitter goes and comes ----

my $since = $watch->value(stat_of('since'));
$_->quit() for $bob, $carol;
becomes(stat_of(q{coalesce(pid, 0) || ' ' || connections}), '0 0', 'when it has left there is no process');
is($watch->value(stat_of('entries')), $n + 10, 'but what it counted');
$bob = Viewer->new('bob', 'chat', 'lobby');
$bob->changes(10);
is($watch->value(stat_of('since')), $since, 'the next counts on');
$alice->ask('SELECT adama.emitter_stats_reset();');
isnt($watch->value(stat_of('since')), $since, 'until it is told to begin anew');
is($watch->value(stat_of('entries')), 0, 'from nothing');

$watch->ask('RESET ROLE;');
$alice->ask('DROP OWNED BY guard;', 'DROP ROLE guard;', 'DROP ROLE nobody_special;');
$_->quit() for $alice, $watch, $bob;
done_testing();
