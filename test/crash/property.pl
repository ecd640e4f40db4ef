# Random programs, random messages from several sessions, and crashes in between: afterwards each document's log is true, every state and every view of its past is what was
# there then, and no message that was acknowledged is lost or twice there.
#
#	PROPERTY_SEED=N		the programs and messages, and what the clients do with them (their turns remain a matter of chance); printed when not given
#	PROPERTY_SECONDS=N	for so long; one generation of spaces, which lives through three blows, when not given; then come the next ones
#
# test/fuzz/stories.c makes up the programs, property.sql remembers and compares.  What a space was when something was wrong with it is left in BUILD.
use strict;
use warnings;
use Test::More;
use IO::Handle;
use JSON::PP;
use POSIX ();
use open ':std', ':encoding(UTF-8)';
use Time::HiRes qw(sleep time);
use Server;
use Session;

my $SPACES = 4;
my $KEYS = 4;
my $CLIENTS = 5;
my $ROUND = 3;			# seconds between two blows

my $seed = $ENV{PROPERTY_SEED} // int(rand(1_000_000));
my $end = time + ($ENV{PROPERTY_SECONDS} // 0);
my $build = "$ENV{BUILD}/property";
my $stories = "$ENV{BUILD}/../fuzz/stories";
diag("PROPERTY_SEED=$seed");
system('rm', '-rf', $build);
system('mkdir', '-p', $build) == 0 or die "$build: $!\n";

# Errors that messages and the like may well end in.  Damage, internal errors, and statements of this test that are wrong are not among them.
my $EXPECTED = qr/^(?:YA0(?:12|13|14|15|16|17|18|21|22|23|24|31|32|33|34|36|37|02)|42501|40001|40P01|25P01|25P02|3B001|57014|57P01|57P02|57P03|53400|54000|08006|2D000)$/;

sub quoted { return '$q$' . $_[0] . '$q$'; }
sub array { return @_ ? 'ARRAY[' . join(',', map { quoted($_) } @_) . ']' : q('{}'); }
sub any { return $_[rand @_]; }

sub session { return prepared(Session->new($_[0], limit => 120)); }

sub prepared
{
	my ($session) = @_;
	$session->ask('\pset tuples_only on', '\pset format unaligned', '\set VERBOSITY verbose');
	return $session;
}

# What must not fail.
sub must
{
	my ($session, @statements) = @_;
	my @lines = $session->ask(@statements);
	die join("\n", @lines) . "\n" if grep { /ERROR|FATAL|PANIC/ } @lines;
	return @lines;
}

# ---- a client ----

package Client;

use Time::HiRes qw(sleep time);

# Asks; whether all went well.  Acknowledgements are kept until the transaction ends well, errors are reported at once.
sub ask
{
	my ($self, @statements) = @_;
	my $ok = 1;
	for my $line ($self->{session}->ask(@statements))
	{
		if ($line =~ /^ACK\t/) { push @{ $self->{said} }, $line; }
		elsif ($line =~ /^FAILED\t(\w{5}): (.*)/) { print { $self->{report} } "ERR\t$1\t$2\n"; }
		elsif ($line =~ /^(?:ERROR|FATAL|PANIC):\s+(\w{5}): (.*)/)
		{
			$ok = 0;
			$self->{last_error} = $1;
			print { $self->{report} } "ERR\t$1\t$2\t" . substr($statements[-1], 0, 300) =~ s/\s+/ /gr . "\n";
		}
	}
	return $ok;
}

sub value { my ($self, $query) = @_; return ($self->{session}->ask("$query;"))[0] // ''; }

sub acknowledge
{
	my ($self) = @_;
	my %status;
	for (@{ $self->{said} })
	{
		# Only what the server has called committed: a statement that was cancelled may leave a transaction where none was meant.
		s/^ACK\t(\d+)/ACK/ or next;
		$status{$1} //= $self->value("SELECT pg_xact_status('$1')");
		print { $self->{report} } "$_\n" if $status{$1} eq 'committed';
	}
	$self->{said} = [];
}

# A space, and which version it has: by chance also one that it had.
sub story
{
	my ($self) = @_;
	my $space = main::any(keys %{ $self->{stories} });
	my $story = $self->{stories}{$space};
	if (!defined $self->{version}{$space} || rand() < 0.1)
	{
		my $digest = $self->value("SELECT md5(source) FROM $space.program ORDER BY version DESC LIMIT 1");
		my ($is) = grep { $story->{versions}[$_]{digest} eq $digest } 0 .. $#{ $story->{versions} };
		$self->{version}{$space} = $is // 0;
	}
	return ($space, $story, $story->{versions}[ $self->{version}{$space} ]);
}

sub key { return 'd' . (1 + int rand($KEYS)); }

# The statement that sends something.
sub send_one
{
	my ($self, $space, $version) = @_;
	my ($channel, $message) = @{ main::any(@{ $version->{sends} }) };
	my $dedupe = rand() < 0.15 ? quoted_or_null('m' . int(rand 100)) : 'NULL';
	my $agent = rand() < 0.6 ? quoted_or_null(main::any('a', 'b', 'c')) : 'NULL';
	return sprintf 'SELECT witness.send(%s, %s, %s, %s, %s, %s);', map({ main::quoted($_) } $space, key(), $channel, $message), $dedupe, $agent;
}
sub quoted_or_null { return defined $_[0] ? main::quoted($_[0]) : 'NULL'; }

sub ingest
{
	my ($self, $space, $version) = @_;
	my @keys = map { key() } 1 .. 1 + int rand 3;
	my @items = map { [main::any(@keys), @{ main::any(@{ $version->{sends} }) }] } 1 .. 1 + int rand 12;
	my $agents = rand() < 0.6 ? main::array(map { main::any('a', 'b', 'c') } @items) : 'NULL';
	return sprintf 'SELECT witness.ingest(%s, %s, %s, %s::json[], %s);', main::quoted($space), (map { my $i = $_; main::array(map { $_->[$i] } @items) } 0 .. 2), $agents;
}

sub create
{
	my ($self, $space, $version, $key) = @_;
	return "SELECT adama.create('$space', '$key', " . main::quoted(main::any(@{ $version->{constructs} })) . ');';
}

# Something else happens to a document, and is looked at.
sub other
{
	my ($self, $space, $version) = @_;
	my $key = key();
	my $look = "SELECT witness.look('$space', '$key');";
	my $dice = int rand 20;
	return ($self->create($space, $version, $key), $look) if $dice < 3;
	return ("SELECT adama.delete('$space', '$key');") if $dice == 3;
	return ("SELECT adama.rewind('$space', '$key', (SELECT greatest(1, log_from, seq - 1 - (random() * 20)::int) FROM $space.document WHERE key = '$key'));", $look) if $dice < 9;
	return ("SELECT adama.upgrade('$space', " . (1 + int rand 3) . ');') if $dice < 11;
	return ("SELECT adama.trim('$space');") if $dice == 11;
	return ("SELECT adama.retain('$space', size => " . main::any(500, 2000, 10000, 'NULL') . ');') if $dice == 12;
	return ("SELECT witness.carry('$space', '$key', 'd' || " . (1 + $KEYS + int rand 2) . ');') if $dice == 13 && !$version->{asks_for_names};
	return (q{SELECT adama.attach('} . $space . q{', '} . $key . q{', '{"id":"f","size":12,"name":"n","type":"t","md5":"m","sha384":"s"}');}, $look) if $dice == 14 && $version->{attaches};
	return ("SELECT E'FAILED\\tXX001: a log is not true: ' || v FROM adama.verify('$space', '$key') v WHERE NOT v.ok;") if $dice == 15;
	return ("SELECT adama.connect('$space', '$key') AS connection \\gset", $look) if $dice < 18;
	return ("SELECT adama.disconnect(:'connection');", $look) if $dice == 18 && $self->{has_connected};
	return ("SELECT * FROM adama.gateway_connect(:'listener', '$space', ARRAY[" . join(',', map { ++$self->{ids} } 1 .. 3) . "], ARRAY['$key','$key','" . key() . "'], ARRAY['a','b','c'], ARRAY['t','t','t']);", $look);
}

# Several things in one transaction; some are taken back, now and then all.
sub transaction
{
	my ($self) = @_;
	my ($space, undef, $version) = $self->story();
	return unless $self->ask(rand() < 0.2 ? 'BEGIN ISOLATION LEVEL REPEATABLE READ;' : 'BEGIN;');
	for my $savepoint (map { "s$_" } 1 .. 1 + int rand 4)
	{
		my @said = @{ $self->{said} };
		my $has_savepoint = rand() < 0.5;
		my @statements = rand() < 0.6 ? $self->send_one($space, $version) : rand() < 0.4 ? $self->ingest($space, $version) : $self->other($space, $version);
		my $ok = 1;
		$self->ask("SAVEPOINT $savepoint;") if $has_savepoint;
		for (@statements) { $ok &&= $self->ask($_); }
		if ($has_savepoint && (!$ok || rand() < 0.3))
		{
			$self->ask("ROLLBACK TO $savepoint;");
			$self->{said} = \@said;
		}
		elsif (!$ok)
		{
			$self->ask('ROLLBACK;');
			$self->{said} = [];
			return;
		}
		($space, undef, $version) = $self->story() if rand() < 0.3;
	}
	if (rand() < 0.15)
	{
		$self->ask('ROLLBACK;');
		$self->{said} = [];
		return;
	}
	# A transaction that has failed is rolled back without a word.
	$self->{said} = [] unless $self->ask('SELECT 1 \g /dev/null') && $self->ask('COMMIT;');
	$self->acknowledge();
}

# Another version; sometimes only to look what it would be.
sub deploy
{
	my ($self) = @_;
	my ($space, $story) = $self->story();
	my $next = main::any(@{ $story->{versions} });
	my $deploy = rand() < 0.8 ? "SELECT adama.deploy('$space', " . main::quoted($next->{program}) . ');' :
		"SELECT adama.rollback('$space', (SELECT version FROM $space.program ORDER BY random() LIMIT 1));";
	if (rand() < 0.4)
	{
		$self->ask('BEGIN;');
		$self->ask($deploy) && $self->ask($self->send_one($space, $next)) && $self->ask("SELECT count(*) FROM adama.try('$space', '" . key() . "', " . main::quoted($next->{program}) . ');');
		$self->ask('ROLLBACK;');
		$self->{said} = [];
		return;
	}
	$self->{version}{$space} = undef if $self->ask($deploy);
}

sub step
{
	my ($self) = @_;
	my ($space, undef, $version) = $self->story();
	my $dice = rand();
	if ($dice < 0.45)
	{
		my $send = $self->send_one($space, $version);
		# Where there is none, somebody makes one.
		if (!$self->ask($send) && $self->{last_error} eq 'YA012' && $send =~ /\$q\$(d\d)\$q\$/) { $self->ask($self->create($space, $version, $1)); }
		$self->acknowledge();
	}
	elsif ($dice < 0.6)
	{
		$self->ask($self->ingest($space, $version));
		$self->acknowledge();
	}
	elsif ($dice < 0.8) { $self->transaction(); }
	elsif ($dice < 0.95)
	{
		my @statements = $self->other($space, $version);
		my $ok = $self->ask('BEGIN;');
		for (@statements) { $ok &&= $self->ask($_); }
		$self->{has_connected} ||= $ok && $statements[0] =~ /adama\.connect/;
		$ok = $self->ask($ok ? 'COMMIT;' : 'ROLLBACK;') && $ok;
		$self->{said} = [] unless $ok;
		$self->acknowledge();
	}
	elsif ($dice < 0.965) { $self->deploy(); }
	elsif ($dice < 0.98) { $self->ask(main::any('SET adama.max_steps = ' . main::any(1, 20, 1000, 10000), 'SET adama.max_document_size = ' . main::any(q('20kB'), q('200kB')), 'SET adama.document_cache_size = ' . main::any(q('64kB'), q('64MB')), 'SET statement_timeout = ' . main::any(5, 50, 0, 0)) . ';'); }
	elsif ($dice < 0.99) { $self->ask(q{SELECT } . main::any('pg_cancel_backend', 'pg_terminate_backend') . q{(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type IN ('client backend', 'adama emitter') ORDER BY random() LIMIT 1;}) if $self->{number} == 1; }
	else { $self->ask('SELECT adama.disconnect(id) FROM ' . $space . '.connection ORDER BY random() LIMIT 1;'); }
}

# Goes on until the server is gone, or it is told to stop.
sub run
{
	my ($self) = @_;
	my $is_over = 0;
	local $SIG{TERM} = sub { $is_over = 1 };
	open STDERR, '>', '/dev/null';
	while (!$is_over)
	{
		$self->{session} = eval { main::session("client $self->{number}") } or last;
		$self->{said} = [];
		$self->{has_connected} = 0;
		$self->{ids} = 0;
		eval {
			$self->ask('SELECT adama.gateway_listen() AS listener \gset');
			$self->step() until $is_over;
		};
		print { $self->{report} } "DIED\t$@" if $@ && $@ !~ /the session ended/ && !$is_over;
	}
}

package main;

# ---- the story of a generation ----

my $checker;
my %count;
my %unexpected;

sub start_client
{
	my ($number, $round, $stories) = @_;
	my $path = "$build/client$number";
	my $pid = fork // die "fork: $!\n";
	return ($pid, $path) if $pid;
	srand(($seed * 1000 + $round * 10 + $number) * 2654435761 % 2**32);
	open(my $report, '>', $path) or die "$path: $!\n";
	$report->autoflush(1);
	eval { bless({ number => $number, stories => $stories, report => $report, version => {} }, 'Client')->run() };
	print $report "DIED\t$@\n" if $@;
	# Not the end of the test that forked.
	POSIX::_exit(0);
}

# What clients said: acknowledgements go where they can be compared, errors are counted.
sub collect
{
	my @paths = @_;
	my @acknowledged;
	for my $path (@paths)
	{
		open(my $in, '<', $path) or die "$path: $!\n";
		while (<$in>)
		{
			# The last line may be cut off.
			next unless /\n$/;
			if (s/^ACK\t//) { push @acknowledged, $_; }
			elsif (/^ERR\t(\w+)\t(.*)/)
			{
				$count{$1}++;
				$unexpected{"$1 $2"}++ unless $1 =~ $EXPECTED;
			}
			elsif (/^DIED\t(.*)/) { $unexpected{$1}++; }
		}
		unlink $path;
	}
	$count{acknowledged} += @acknowledged;
	open(my $out, '>', "$build/acknowledged") or die "$build/acknowledged: $!\n";
	print $out @acknowledged;
	close $out;
	must($checker, "\\copy witness.acknowledged FROM '$build/acknowledged'");
	unlink "$build/acknowledged";
}

sub random_backend
{
	my $one = session('finder');
	my ($pid) = $one->ask("SELECT pid FROM pg_stat_activity WHERE $_[0] AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1;");
	eval { $one->quit() };
	return $pid;
}

my %blows = (
	'the server is stopped at once' => sub { cluster('stop', 'immediate'); cluster('start'); },
	'the power fails' => sub { cluster('kill'); cluster('start'); },
	'a backend is killed' => sub { my $pid = random_backend(q{query LIKE 'SELECT%witness%'}); kill KILL => $pid if $pid; sleep 0.5; },
	'the emitter is killed' => sub { my $pid = random_backend(q{backend_type = 'adama emitter'}); kill KILL => $pid if $pid; sleep 0.5; },
	'the server is stopped in order' => sub { cluster('stop', 'fast'); cluster('start'); },
	'nothing happens' => sub { },
);

sub leave_evidence
{
	my ($space, $story, @problems) = @_;
	my $path = "$build/seed-$seed-$space-" . int(time);
	open(my $out, '>:encoding(UTF-8)', $path) or die "$path: $!\n";
	print $out map({ "$_\n" } @problems), map { "\n---- version $_\n$story->{versions}[$_]{program}" } 0 .. $#{ $story->{versions} };
	close $out;
	system('pg_dump', '-n', $space, '-n', 'witness', '-f', "$path.sql");
	diag("$space: $_") for map { substr $_, 0, 600 } @problems[0 .. (@problems > 5 ? 4 : $#problems)];
	diag("its programs and tables are in $path and $path.sql");
}

sub check_spaces
{
	my ($what, $stories) = @_;
	my $wrong = 0;
	for my $space (sort keys %$stories)
	{
		$checker->ask('BEGIN ISOLATION LEVEL REPEATABLE READ;');
		my @problems = grep { $_ ne '' } $checker->ask("SELECT key || ': ' || problem FROM witness.check_space('$space');");
		$checker->ask('COMMIT;');
		leave_evidence($space, $stories->{$space}, @problems) if @problems;
		$wrong++ if @problems;
	}
	is($wrong, 0, "$what: everything is as it was");
}

sub generation
{
	my ($number) = @_;
	my %stories;
	my $told = qx("$stories" @{[ $seed + $number ]} $SPACES 60);
	is($?, 0, "generation $number: there are stories");
	my $n = 0;
	for my $line (split /\n/, $told)
	{
		my $story = decode_json($line);
		my $space = 'p' . ++$n;
		$stories{$space} = $story;
		# Such a document can't be imported under another name: its log would say otherwise.
		my $asks_for_names = grep { $_->{program} =~ /\bDocument\.(?:key|space)\(/ } @{ $story->{versions} };
		for my $version (@{ $story->{versions} })
		{
			$version->{asks_for_names} = $asks_for_names;
			my ($digest) = must($checker, 'SELECT md5(' . quoted($version->{program}) . ');');
			$version->{digest} = $digest;
		}
		must($checker, sprintf('SELECT adama.deploy(%s, %s);', quoted($space), quoted($story->{versions}[0]{program})),
			"CREATE TRIGGER gone AFTER DELETE ON $space.document FOR EACH ROW EXECUTE FUNCTION witness.gone();");
		must($checker, "CREATE TRIGGER any_event AFTER INSERT OR UPDATE ON $space.document FOR EACH ROW EXECUTE FUNCTION witness.any_event();") if rand() < 0.5;
	}
	for my $round (1 .. 3)
	{
		my $what = any(sort keys %blows);
		my %clients = map { start_client($_, $number * 3 + $round, \%stories) } 1 .. $CLIENTS;
		sleep $ROUND * (0.5 + rand);
		$blows{$what}->();
		kill TERM => keys %clients;
		waitpid $_, 0 for keys %clients;
		$checker = prepared(returned(limit => 120));
		collect(values %clients);
		check_spaces("generation $number, $what", \%stories);
	}
	my ($events) = must($checker, 'SELECT ' . join(' + ', map { "(SELECT coalesce(sum(seq), 0) FROM $_.document)" } keys %stories) . ';');
	$count{events} += $events;
	must($checker, 'SET client_min_messages = warning;', 'DROP SCHEMA ' . join(', ', keys %stories) . ' CASCADE;', 'TRUNCATE witness.state, witness.sent, witness.gone, witness.acknowledged;');
}

srand($seed * 2654435761 % 2**32);
$checker = session('checker');
must($checker, '\i test/crash/property.sql');
my $number = 0;
do { generation($number++); } until time > $end;
diag(join ', ', map { "$_: $count{$_}" } sort keys %count);
cmp_ok($count{acknowledged}, '>', 100, 'much was done');
is(join("\n", map { "$_ ($unexpected{$_} times)" } sort keys %unexpected), '', 'nothing failed that may not fail');
done_testing();
