# A server that stops in whatever way while hundreds are connected through gateways: everyone who was there has left afterwards, in an entry for each document,
# and a gateway that comes back brings its clients up to date.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Gateway;
use Server;
use Session;

my $DOCUMENTS = 3;
my $PER_DOCUMENT = 70;

my $program = <<'END';
public int online = 0;
public int left = 0;
record Entry { public string what; }
table<Entry> _entries;
public formula entries = iterate _entries;
@static { invent { return true; } }
@connected { online++; return true; }
@disconnected { online--; left++; }
message Add { string what; }
channel add(Add m) { _entries <- { what: m.what }; }
END

my $session = Session->new('first');
$session->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);});
$session->quit();

my $next = 1;
my $messages = 0;

# Everybody's connections: each principal has one to each document, the first of them two.
sub wanted
{
	my (%since) = @_;
	my @wanted;
	for my $d (1 .. $DOCUMENTS)
	{
		push @wanted, { id => $next++, key => "d$d", agent => "p$_", %{ $since{"d$d"} // {} } } for 1 .. $PER_DOCUMENT, 1;
	}
	return @wanted;
}

sub strike
{
	my ($what, $blow) = @_;
	my $gate = Gateway->new('gate');
	my @wanted = wanted();
	my @ids = map { $_->{id} } @wanted;
	is_deeply([grep { $_ ne '' } $gate->connect('room', @wanted)], [], "$what: everybody comes");
	ok($gate->wait_told(20, @ids), 'and is told');
	my $hand = $gate->hand();
	$hand->ask(qq{SELECT adama.ingest('room', ARRAY['d1','d2','d3'], ARRAY['add','add','add'], ARRAY['{"what":"$what"}','{"what":"$what"}','{"what":"$what"}']::json[],
		NULL, ARRAY['p1','p2','p3'], ARRAY['jwt','jwt','jwt']) \\g /dev/null});
	my $seq = $hand->value(q{SELECT seq FROM room.document WHERE key = 'd1'});
	ok($gate->wait_for($ids[0], $seq, 10), 'also of a message');
	my %had = map { $_->{key} => { since => $gate->seq($_->{id}), life => $gate->life($_->{id}), heard => [$gate->heard($_->{id})] } } @wanted;
	my %entries = map { $_ => $hand->value("SELECT count(*) FROM room.log WHERE key = '$_'") } keys %had;
	is($hand->value(q{SELECT min((state OPERATOR(adama.->>) 'online')::int) FROM room.documents WHERE key LIKE 'd_'}), $PER_DOCUMENT, 'they are there, each once');

	$blow->($gate);
	eval { local $SIG{__DIE__}; $gate->quit(); };
	my $after = returned();
	# The first use of adama after a start of the server wakes the emitter.
	$after->ask(q{SELECT adama.create('room', 'wake' || pg_backend_pid() || clock_timestamp()) \g /dev/null});
	becomes($after, 'SELECT count(*) FROM room.connection', 0, 30, 'no connection is left');
	is($after->value(q{SELECT max((state OPERATOR(adama.->>) 'online')::int) FROM room.documents}), 0, 'everybody has left');
	for (sort keys %had)
	{
		is($after->value("SELECT count(*) FROM room.log WHERE key = '$_'"), $entries{$_} + 1, "$_: as one entry of the log");
		is($after->value("SELECT events FROM room.log WHERE key = '$_' ORDER BY seq DESC LIMIT 1"), $PER_DOCUMENT, 'with an event for each principal');
	}
	is($after->value(q{SELECT count(*) FROM room.document d WHERE key LIKE 'd%' AND NOT (adama.verify('room', d.key)).ok}), 0, 'the log is whole');

	$gate = Gateway->new('gate again');
	my %since = map { $_ => { since => $had{$_}{since}, life => $had{$_}{life} } } keys %had;
	@wanted = wanted(%since);
	is_deeply([grep { $_ ne '' } $gate->connect('room', @wanted)], [], 'they come back');
	ok($gate->wait_told(20, map { $_->{id} } @wanted), 'and are told');
	my @resets = grep { ($gate->heard($_->{id}))[0]{reset} } @wanted;
	is(scalar @resets, 0, 'what they lack');
	ok($gate->knows_all($_->{id}, $after, @{ $had{ $_->{key} }{heard} }), "$_->{agent} at $_->{key} knows all") for @wanted[0, $PER_DOCUMENT, -2];
	$gate->quit();
	becomes($after, 'SELECT count(*) FROM room.connection', 0, 30, 'when the gateway goes, they go');
	$after->quit();
}

strike('an immediate stop', sub { cluster('stop', 'immediate'); cluster('start'); });
strike('a power cut', sub { cluster('kill'); cluster('start'); });
strike('a backend that crashes', sub { my ($gate) = @_; kill 'KILL', $gate->ears()->backend(); sleep 0.5; });
strike('a fast stop', sub { cluster('stop', 'fast'); cluster('start'); });

done_testing();
