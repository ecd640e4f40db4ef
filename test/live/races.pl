# Connects that race with sends, with deletes and with each other.  Channels have random names, so these are not isolation specs.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $program = <<'END';
public int online = 0;
record Entry { public string what; }
table<Entry> _entries;
public formula entries = iterate _entries;
@connected { online++; return true; }
@disconnected { online--; }
message Add { string what; }
channel add(Add m) { _entries <- { what: m.what }; }
END

my $alice = Session->new('alice');
(my $plain = $program) =~ s/^\@.*\n//mg;
$alice->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);}, qq{SELECT adama.deploy('open', \$program\$$plain\$program\$);});
for my $key (qw(a b c d e f)) { $alice->ask(map { "SELECT adama.create('$_', '$key');" } qw(room open)); }

sub online { return $alice->value(qq{SELECT adama.view('room', '$_[0]')->>'online'}); }
sub viewer { return Viewer->new($_[0], $_[1], $_[2], later => 1); }

# Whether the session that was started is still at it after a while.
sub is_waiting
{
	my ($session) = @_;
	my $deadline = time + 5;
	my $pid = $session->backend();
	while (time < $deadline)
	{
		return 1 if $alice->value("SELECT cardinality(pg_blocking_pids($pid)) > 0") eq 't';
		sleep 0.05;
	}
	return 0;
}

# ---- connect and send ----

my $bob = viewer('bob', 'open', 'a');
$bob->session()->ask('BEGIN;');
$bob->join();
my $seq = $alice->value(q{SELECT open.add('a', what => 'before the commit')});
is(scalar $bob->changes(0.3), 0, 'nothing is told before the connect commits');
$bob->session()->ask('COMMIT;');
my ($first) = $bob->changes(10);
ok($first->{reset} && $first->{seq} == $seq, 'then the view that holds what was sent meanwhile');

my $writer = Session->new('writer');
$bob = Viewer->new('bob', 'open', 'b', session => $bob->session(), later => 1);
$writer->ask('BEGIN;', q{SELECT open.add('b', what => 'committed later');});
$bob->join();
($first) = $bob->changes(10);
unlike($first->{raw}, qr/committed later/, 'a view does not hold what is not committed');
$writer->ask('COMMIT;');
my ($change) = $bob->changes(10);
like($change->{raw}, qr/committed later/, 'which is the change that follows');
ok($bob->knows_all($alice), 'and it adds up');

# A transaction that sends and connects, and sends again.
$bob = Viewer->new('bob', 'open', 'c', session => $bob->session(), later => 1);
$bob->session()->ask('BEGIN;', q{SELECT open.add('c', what => 'one');});
$bob->join();
$bob->session()->ask(q{SELECT open.add('c', what => 'two');}, 'COMMIT;');
($first) = $bob->changes(10);
like($first->{raw}, qr/"one".*"two"/, 'who sends and connects in one transaction sees it all in the first view');
is(scalar $bob->changes(0.3), 0, 'and nothing twice');

# ---- connect and delete ----

$bob = Viewer->new('bob', 'open', 'd', session => $bob->session(), later => 1);
$bob->session()->ask('BEGIN;');
$bob->join();
$alice->ask(q{SELECT adama.delete('open', 'd');});
$bob->session()->ask('COMMIT;');
($first) = $bob->changes(10);
is($first->{closed}, 'deleted', 'a document that was deleted before the connect committed is closed at once');

$bob = Viewer->new('bob', 'open', 'e', session => $bob->session(), later => 1);
$writer->ask('BEGIN;', q{SELECT adama.delete('open', 'e');});
$bob->join();
($first) = $bob->changes(10);
ok($first->{reset}, 'one that is about to be deleted is shown');
$writer->ask('COMMIT;');
($change) = $bob->changes(10);
is($change->{closed}, 'deleted', 'until that commits');

# ---- connect and connect, of one principal ----

my ($one, $two) = map { viewer($_, 'room', 'a') } qw(one two);
$one->session()->ask('BEGIN;');
$one->join();
$two->session()->start(q{SELECT adama.connect('room', 'a');});
ok(is_waiting($two->session()), 'the second connect of a principal waits for the first');
$one->session()->ask('COMMIT;');
my @said = $two->session()->finish();
($two->{channel}) = map { /(adama_\w+)/ ? $1 : () } @said;
is(online('a'), 1, 'and finds the principal there');
ok($_->changes(10), "$_->{name} is told") for $one, $two;

# ---- the last leaves while one comes ----

$one->session()->ask(sprintf q{SELECT adama.disconnect('%s');}, $one->channel());
is(online('a'), 1, 'one of two leaves: the principal is there');
$two->session()->ask('BEGIN;', sprintf q{SELECT adama.disconnect('%s');}, $two->channel());
$one->session()->start(q{SELECT adama.connect('room', 'a');});
ok(is_waiting($one->session()), 'a connect waits while the last connection leaves');
$two->session()->ask('COMMIT;');
$one->session()->finish();
is(online('a'), 1, 'and is the first again');

# ---- a backend ends while one comes ----

for my $round (1 .. 10)
{
	my $leaver = Viewer->new('leaver', 'room', 'b');
	my $comer = viewer('comer', 'room', 'b');
	$leaver->quit();
	$comer->join();
	my $deadline = time + 5;
	while ($alice->value(q{SELECT count(*) FROM room.connection WHERE key = 'b'}) != 1 && time < $deadline) { sleep 0.02; }
	is(online('b'), 1, "round $round: one comes while the last one's session ends") if $round == 10 || online('b') != 1;
	$comer->quit();
	$deadline = time + 5;
	while ($alice->value(q{SELECT count(*) FROM room.connection WHERE key = 'b'}) != 0 && time < $deadline) { sleep 0.02; }
}
is(online('b'), 0, 'and when all have gone nobody is there');

$_->quit() for $alice, $writer, $one->session(), $two->session(), $bob->session();
done_testing();
