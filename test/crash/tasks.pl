# What is done in the background survives its worker and the server: killed and stopped in the middle, it goes on where it was, and each document moves once.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Server;
use Session;

my $DOCUMENTS = 4000;

sub server
{
	my $session = returned();
	$session->ask('SET client_min_messages = warning;');
	return $session;
}

sub deploy
{
	my ($session, $version) = @_;
	my $fields = join ' ', map { "public int v$_ = $_;" } 1 .. $version;
	return $session->value(qq{SELECT adama.deploy('chat', \$p\$public int n; $fields message Add { int by; } channel add(Add m) { n += m.by; }\$p\$)});
}

my $session = server();
my $version = deploy($session, 0);
$session->ask(qq{SELECT count(adama.create('chat', 'd' || i)) FROM generate_series(1, $DOCUMENTS) i;});

# Everything moves; when some have, $blow strikes.
sub strike
{
	my ($what, $blow, $by_itself) = @_;
	deploy($session, $version++);
	$session->ask(q{SELECT adama.upgrade_background('chat');});
	my $moved = 0;
	my $deadline = time + 30;
	while ($moved < 300 && time < $deadline) { $moved = $session->value("SELECT count(*) FROM chat.document WHERE program = $version"); }
	my $pid = $session->value(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'adama keeper'});
	$blow->($pid);
	cmp_ok($moved, '>=', 300, "$what: it had begun");
	cmp_ok($moved, '<', $DOCUMENTS, "$what: in the middle");
	$session = server();
	# The first use after a start brings the worker, when the postmaster has not.
	$session->ask(q{SELECT chat.add('d1', by => 1);}) if !$by_itself;
	becomes($session, "SELECT count(*) FROM chat.document WHERE program = $version", $DOCUMENTS, 60, "$what: all documents come to the new version");
	becomes($session, q{SELECT finished IS NOT NULL FROM adama.tasks WHERE task = 'upgrade'}, 't', 20, "$what: and the task ends");
	# One may have moved with the message above.
	like($session->value(qq{SELECT format('%s missing of %s, %s failed', total - done, total, failed) FROM adama.tasks WHERE task = 'upgrade' AND version = $version}),
		qr/^[01] missing of $DOCUMENTS, 0 failed$/, "$what: all were counted once");
	is($session->value(qq{SELECT count(*) FROM (SELECT FROM chat.log WHERE event = 'upgrade' AND program = $version GROUP BY key HAVING count(*) <> 1) x}), 0, "$what: each moved once");
	is($session->value(q{SELECT string_agg(d.key, ' ') FROM (SELECT key FROM chat.document ORDER BY hashtext(key) LIMIT 200) d, adama.verify('chat', d.key) v WHERE NOT v.ok}), '',
		"$what: their logs give what they are");
}

strike('the worker is killed', sub { kill KILL => $_[0]; sleep 0.5; }, 1);
strike('the worker is ended', sub { kill TERM => $_[0]; sleep 0.2; }, 1);
strike('the server is stopped at once', sub { cluster('stop', 'immediate'); cluster('start'); });
strike('the power fails', sub { cluster('kill'); cluster('start'); });

# A worker that sleeps until something is too old, not connected, is woken by others' work, and by the time.
$session->ask('ALTER SYSTEM SET adama.trim_interval = 1;', 'SELECT pg_reload_conf();', q{SELECT adama.retain('chat', age => '20 seconds');});
my $asleep = time + 20;
while ($session->value(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'adama keeper'}) ne '0' && time < $asleep) { sleep 0.1; }
my $main = $session->value(q{SELECT (string_to_array(pg_read_file('postmaster.pid'), E'\n'))[1]});
my ($sleeper) = `ps -o pid,args --ppid $main` =~ /^\s*(\d+) .*adama keeper for database/m;
ok($sleeper, 'it sleeps, without a connection');
kill KILL => $sleeper;
sleep 1;
$session = server();
becomes($session, 'SELECT max(n) FROM (SELECT count(*) AS n FROM chat.log GROUP BY key) x', 1, 60, 'killed in its sleep, it comes back, and logs are trimmed');
$session->quit();
done_testing();
