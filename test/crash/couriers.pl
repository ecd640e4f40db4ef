# Replicas are brought to tables and queues although their worker is killed and the server is stopped in the middle: nothing is lost, nothing is there twice.
use strict;
use warnings;
use Test::More;
use List::Util qw(sum);
use Time::HiRes qw(sleep time);
use Load;
use Server;
use Session;

my $DOCUMENTS = 500;
my $CLIENTS = 4;

sub server
{
	my $session = returned(limit => 120);
	$session->ask('SET client_min_messages = warning;');
	return $session;
}

my $session = server();
$session->ask(q{SELECT adama.deploy('game', $$
	public int best;
	public int refused;
	message Set { int best; }
	replication<board:upsert> shown = {best: best, doubled: best * 2};
	channel set(Set s) { best = s.best; }
	$$);},
	qq{SELECT count(adama.create('game', 'd' || i)) FROM generate_series(1, $DOCUMENTS) i;},
	'CREATE TABLE board (key text PRIMARY KEY, best int, doubled int);',
	'CREATE TABLE picky (key text PRIMARY KEY, best int CHECK (best % 1000 <> 500), doubled int);',
	'CREATE TABLE consumed (n bigserial, key text, operation text, best int);',
	q{SELECT adama.replicate('game', 'board', 'board'), adama.replicate('game', 'board', 'picky'), adama.replicate_queue('game', 'board');});

my $differences = q{SELECT count(*) FROM (SELECT key, (value->>'best')::int AS best, (value->>'doubled')::int AS doubled FROM game.replica) r FULL JOIN board b USING (key)
	WHERE r.best IS DISTINCT FROM b.best OR r.doubled IS DISTINCT FROM b.doubled};
my $picky = q{SELECT count(*) FROM (SELECT key, (value->>'best')::int AS best FROM game.replica) r FULL JOIN picky b USING (key) WHERE r.best IS DISTINCT FROM b.best AND coalesce(r.best, 0) % 1000 <> 500};
my $take = q{INSERT INTO consumed (key, operation, best) SELECT key, operation, (value->>'best')::int FROM adama.dequeue('game', 'board', 100) ORDER BY since, key};

sub strike
{
	my ($what, $blow, $by_itself) = @_;
	my $load = Load->new($CLIENTS, sub { my ($client, $i) = @_; return sprintf "SELECT game.set('d%d', best => %d)", 1 + ($i * 7 + $client * 13) % $DOCUMENTS, $i * 10 + $client });
	my $consumers = Load->new(2, sub { return $take });
	my $deadline = time + 30;
	my %so_far;
	do { sleep 0.1; %so_far = $load->acknowledged(); } until (sum(values %so_far) > 1500 || time > $deadline);
	cmp_ok(sum(values %so_far), '>', 1500, "$what: messages were being sent");
	my $pid = $session->value(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'adama keeper'});
	my $delivered = $session->value('SELECT min(delivered) FROM game.replication');
	$blow->($pid);
	cmp_ok($delivered, '>', 0, "$what: in the middle");
	$session = server();
	sleep 0.3;
	$load->stop();
	$consumers->stop();
	$session->ask(q{SELECT game.set('d1', best => 7);}) if !$by_itself;
	becomes($session, $differences, 0, 60, "$what: the table becomes what is published");
	becomes($session, $picky, 0, 60, "$what: so does one that refuses some of it, but for that");
	becomes($session, 'SELECT count(*) FROM game.replica_change', 0, 60, "$what: no change is left");
	is($session->value(q{SELECT count(*) FROM game.replica r, picky p WHERE r.key = p.key AND (value->>'best')::int % 1000 = 500 AND NOT EXISTS (SELECT FROM game.outbox o WHERE o.key = r.key AND o.error IS NOT NULL)}), 0,
		"$what: what is refused is put aside");
	is($session->value(q{SELECT count(*) FROM game.outbox o JOIN game.replica r USING (key) WHERE o.error IS NOT NULL AND (r.value->>'best')::int % 1000 <> 500}), 0, "$what: and nothing else");
	for (1 .. 20) { $session->ask("$take;"); }
	is($session->value(q{SELECT count(*) FROM game.outbox WHERE error IS NULL}), 0, "$what: the queue can be emptied");
	is($session->value(q{SELECT count(*) FROM (SELECT DISTINCT ON (key) key, best FROM consumed ORDER BY key, n DESC) c FULL JOIN game.replica r USING (key) WHERE c.best IS DISTINCT FROM (r.value->>'best')::int}), 0,
		"$what: what consumers took last of each is what is published");
	is($session->value(q{SELECT string_agg(d.key, ' ') FROM (SELECT key FROM game.document ORDER BY hashtext(key) LIMIT 100) d, adama.verify('game', d.key) v WHERE NOT v.ok}), '', "$what: documents are right");
}

strike('the worker is killed', sub { kill KILL => $_[0]; sleep 0.5; }, 1);
strike('the worker is ended', sub { kill TERM => $_[0]; sleep 0.2; }, 1);
strike('the server is stopped at once', sub { cluster('stop', 'immediate'); cluster('start'); });
strike('the power fails', sub { cluster('kill'); cluster('start'); });
strike('the server is stopped in order', sub { cluster('stop', 'fast'); cluster('start'); });
$session->quit();
done_testing();
