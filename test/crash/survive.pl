# Under load, and with viewers, processes are killed and the server is stopped: no acknowledged message is lost, and every connection is either served
# or cleaned away.
use strict;
use warnings;
use Test::More;
use List::Util qw(sum);
use Time::HiRes qw(sleep time);
use Load;
use Server;
use Session;
use Viewer;

my $CLIENTS = 4;
my $DOCUMENTS = 3;

my $program = <<'END';
public int online = 0;
public int left = 0;
record Entry { public int client; public int n; replication<entries:upsert> published = {client: client, n: n}; }
table<Entry> _entries;
public formula entries = iterate _entries;
replication<rooms:upsert> published = {online: online, entries: _entries.size()};
@connected { online++; return true; }
@disconnected { online--; left++; }
message Add { int client; int n; }
channel add(Add m) { _entries <- { client: m.client, n: m.n }; }
END

my $session = Session->new('first');
$session->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);}, qq{SELECT adama.create('room', 'd' || i) FROM generate_series(1, $DOCUMENTS) i;});
$session->quit();

my $round = 0;
my %sent;		# round and client => last acknowledged

# Load and viewers, then $blow strikes; afterwards everything is looked at.
sub strike
{
	my ($what, $blow) = @_;
	my $number = ++$round;
	my @viewers = map { Viewer->new("viewer $_", 'room', 'd' . (1 + $_ % $DOCUMENTS)) } 1 .. 4;
	my $load = Load->new($CLIENTS, sub { my ($client, $i) = @_; return sprintf "SELECT room.add('d%d', client => %d, n => %d)", 1 + $i % $DOCUMENTS, $number * 100 + $client, $i });
	my $deadline = time + 30;
	my %so_far;
	do { sleep 0.1; %so_far = $load->acknowledged(); } until (sum(values %so_far) > 500 || time > $deadline);
	cmp_ok(sum(values %so_far), '>', 500, "$what: messages were being sent");
	$blow->($viewers[0]);
	my $after = returned();
	my %acknowledged = $load->stop();
	$sent{ $number * 100 + $_ } = $acknowledged{$_} for keys %acknowledged;

	my %found;
	for my $d (1 .. $DOCUMENTS)
	{
		for (split /\n/, $after->value(qq{SELECT client || ' ' || n FROM room.entries('d$d')}))
		{
			my ($client, $n) = split / /;
			$found{$client}{$n}++;
		}
	}
	my ($lost, $twice) = (0, 0);
	for my $client (keys %sent)
	{
		$lost += grep { !$found{$client}{$_} } 1 .. $sent{$client};
		$twice += grep { $_ > 1 } values %{ $found{$client} };
	}
	is($lost, 0, "$what: no acknowledged message is lost");
	is($twice, 0, "$what: none is there twice");
	is($after->value(q{SELECT string_agg(format('%s at %s: %s', d.key, v.seq, v.problem), '; ') FROM room.document d, adama.verify('room', d.key) v WHERE NOT v.ok}), '',
		"$what: running the log again gives every document, and what it publishes");
	is($after->value(q{SELECT string_agg(format('%s: %s entries, %s published', key, n, (SELECT count(*) FROM room.replica r WHERE r.key = d.key AND name = 'entries')), '; ')
		FROM (SELECT key, (SELECT count(*) FROM room.entries(key)) AS n FROM room.document) d WHERE n <> (SELECT count(*) FROM room.replica r WHERE r.key = d.key AND name = 'entries')}), '',
		"$what: of which there is one replica each");

	# The first message after a start brings the emitter, when the postmaster has not.
	$after->ask(q{SELECT room.add('d1', client => 0, n => 0);});
	becomes($after, 'SELECT count(*) FROM room.connection', 0, 20, "$what: the connections of before are cleaned away");
	for my $d (1 .. $DOCUMENTS)
	{
		becomes($after, "SELECT adama.view('room', 'd$d')->>'online'", 0, 5, "$what: nobody stays online in d$d");
	}

	my $viewer = Viewer->new('viewer after', 'room', 'd1');
	my ($first) = $viewer->changes(20);
	ok($first->{reset}, "$what: who connects now is served");
	my $seq = $after->value(qq{SELECT room.add('d1', client => 1, n => $number)});
	$viewer->changes_to($seq, 10);
	ok($viewer->knows_all($after), "$what: with all that happens");
	$viewer->quit();
	becomes($after, 'SELECT count(*) FROM room.connection', 0, 20, "$what: and leaves in order");
	eval { $_->quit() } for @viewers;
	$after->quit();
}

sub emitter
{
	my $one = Session->new('finder');
	my $pid = $one->value(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'adama emitter'});
	$one->quit();
	return $pid;
}

strike('the emitter is killed', sub { kill KILL => emitter(); sleep 0.5; });
strike('a listening backend is killed', sub { kill KILL => $_[0]->session()->backend(); sleep 0.5; });
strike('a writing backend is killed', sub {
	my $one = Session->new('finder');
	my ($pid) = split /\n/, $one->value(q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT room.add%' AND pid <> pg_backend_pid()});
	kill KILL => $pid;
	sleep 0.5;
	eval { $one->quit() };
});
strike('the server is stopped at once', sub { cluster('stop', 'immediate'); cluster('start'); });
strike('the power fails', sub { cluster('kill'); cluster('start'); });
strike('the server is stopped in order', sub { cluster('stop', 'fast'); cluster('start'); });

done_testing();
