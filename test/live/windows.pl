# Connections with a window: they are sent so many changes without acknowledging one, then nothing until they do, then one change with all that they lack.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $program = <<'END';
view int least;
public string title = "title";
record Row { public int id; public int n; public string what; }
table<Row> _rows;
public formula all = iterate _rows;
bubble large = iterate _rows where n >= @viewer.least order by n desc limit 3;
message Add { int n; string what; }
channel add(Add m) { _rows <- m; }
channel remove(Add m) { (iterate _rows where n == m.n).delete(); }
message Title { string to; }
channel entitle(Title m) { title = m.to; }
END

my $alice = Session->new('alice');
$alice->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);});
sub fresh { $alice->value(qq{SELECT adama.create('room', '$_[0]')}); }
sub burst
{
	my ($key, $n, $what) = @_;
	$alice->ask('\o /dev/null', (map { "SELECT room.add('$key', n => $_, what => '$what');" } 1 .. $n), '\o');
	return $alice->value("SELECT seq FROM room.document WHERE key = '$key'");
}
sub ack { my ($viewer, $seq) = @_; return grep { /\S/ } $viewer->session()->ask(sprintf q{SELECT adama.ack('%s', %d) \g /dev/null}, $viewer->channel(), $seq); }

# ---- the only viewer ----

fresh('a');
my $bob = Viewer->new('bob', 'room', 'a', window => 1);
my ($first) = $bob->changes(10);
ok($first->{reset}, 'the whole view comes');
my $seq = burst('a', 30, 'first');
is(scalar $bob->changes(0.5), 0, 'with a window of 1 nothing more comes until that is acknowledged');
is_deeply([ack($bob, $first->{seq})], [], 'it can be acknowledged');
my @changes = $bob->changes(10);
push @changes, $bob->changes(0.3);
is(scalar @changes, 1, 'then one change comes');
is($changes[0]{seq}, $seq, 'as of now');
ok(!$changes[0]{reset}, 'not a whole view');
ok($bob->knows_all($alice), 'with all that it lacked');
$seq = burst('a', 1, 'second');
is(scalar $bob->changes(0.3), 0, 'which has to be acknowledged, too');
ack($bob, $changes[0]{seq});
@changes = $bob->changes(10);
is($changes[0]{seq}, $seq, 'to get the next');
ack($bob, $seq);
is(scalar $bob->changes(0.3), 0, 'when there is nothing new, nothing comes');
$seq = burst('a', 1, 'third');
@changes = $bob->changes(10);
is($changes[0]{seq}, $seq, 'who has acknowledged everything is sent a change at once');

# ---- one of many ----

my $carol = Viewer->new('carol', 'room', 'a');
my $dan = Viewer->new('dan', 'room', 'a', window => 2);
$_->changes(10) for $carol, $dan;
for my $round (1 .. 5)
{
	$seq = $alice->value("SELECT room.add('a', n => $round, what => 'round')");
	@changes = $carol->changes_to($seq, 10);
	is($changes[-1]{seq}, $seq, "who has no window is not held up ($round)");
}
is(scalar $bob->changes(0.3), 0, 'who has one of 1 gets nothing');
@changes = $dan->changes(10);
push @changes, $dan->changes(0.3);
is(scalar @changes, 1, 'who has one of 2 gets one change after the whole view');
ack($dan, $changes[0]{seq});
@changes = $dan->changes(10);
ok($changes[-1]{seq} == $seq && @changes == 1, 'and the rest as one when it acknowledges');
ok($dan->knows_all($alice), 'which adds up');
ack($bob, $bob->seq());
@changes = $bob->changes(10);
ok(@changes == 1 && $changes[0]{seq} == $seq && !$changes[0]{reset}, 'so does the other');
ok($bob->knows_all($alice), 'and it adds up');
is(scalar(grep { $_->{reset} } map { $_->heard() } $bob, $carol, $dan), 3, 'nobody was started over');

# A long time away: more changes than are worth keeping.
for (1 .. 25)
{
	$seq = $alice->value("SELECT room.entitle('a', \"to\" => repeat(md5('$_'), 100))");
	$carol->changes_to($seq, 10);
}
is(scalar $bob->changes(0.3), 0, 'who does not acknowledge is sent nothing for ever');
ack($bob, $bob->seq());
@changes = $bob->changes(10);
ok(@changes == 1 && $changes[0]{seq} == $seq, 'what comes then is one');
ok($changes[0]{reset}, 'a whole view, when the changes are not worth keeping any more');
ok($bob->knows_all($alice), 'and it adds up');
ok($carol->knows_all($alice), 'as for the others');

ack($bob, $bob->seq());

# ---- another viewer state meanwhile ----

fresh('v');
my $eve = Viewer->new('eve', 'room', 'v', window => 1, viewer => '{"least":5}');
my $fay = Viewer->new('fay', 'room', 'v', viewer => '{"least":5}');
$_->changes(10) for $eve, $fay;
$seq = burst('v', 9, 'x');
$fay->changes_to($seq, 10);
$eve->look_with('{"least":9}');
is(scalar $eve->changes(0.4), 0, 'another viewer state waits for the window, too');
my $got = 0;
for (1 .. 5)
{
	ack($eve, $eve->seq());
	$got += $eve->changes(0.5);
}
cmp_ok($got, '<=', 2, 'and comes with it');
ok($eve->knows_all($alice), 'it adds up');
is(scalar(grep { $_->{reset} } $eve->heard()), 1, 'without starting over');
$seq = burst('v', 12, 'y');
$fay->changes_to($seq, 10);
ok($fay->knows_all($alice), 'the other goes on as before');

# ---- at random ----

fresh('r');
my @some = map { Viewer->new("some $_", 'room', 'r', window => 1 + $_ % 3, viewer => sprintf '{"least":%d}', $_ % 2) } 1 .. 5;
my $all = Viewer->new('all', 'room', 'r', viewer => '{"least":0}');
$_->changes(10) for @some, $all;
srand 7;
for my $round (1 .. 60)
{
	my $n = int rand 6;
	$seq = $alice->value(rand() < 0.7 ? "SELECT room.add('r', n => $n, what => 'round $round')" : "SELECT room.remove('r', n => $n, what => '')");
	$_->changes() for @some;
	my $viewer = $some[rand @some];
	ack($viewer, $viewer->seq()) if rand() < 0.6;
	$viewer->look_with(sprintf '{"least":%d}', rand 3) if rand() < 0.2;
}
for (1 .. 6)
{
	for my $viewer (@some) { ack($viewer, $viewer->seq()); $viewer->changes(0.1); }
}
$all->changes_to($seq, 10);
is(scalar(grep { $_->knows_all($alice) } @some, $all), @some + 1, 'whoever acknowledges when it likes, it adds up');
for my $viewer (@some, $all)
{
	my $last = 0;
	ok(!(grep { my $is_less = $_->{seq} < $last; $last = $_->{seq}; $is_less } $viewer->heard()), "seq never fell ($viewer->{name})");
}

# ---- acknowledgements that make no sense ----

like(join("\n", ack($bob, $bob->seq() + 1)), qr/ERROR:  the connection was not sent anything of sequence number/, 'what was never sent can\'t be acknowledged');
is_deeply([ack($bob, 1)], [], 'what was acknowledged already can be again');
is_deeply([ack($bob, -5)], [], 'or less');
like(join("\n", $alice->ask(q{SELECT adama.ack('adama_00000000000000000000000000000000', 1);})), qr/ERROR:  there is no connection/, 'no connection');
like(join("\n", $alice->ask(q{SELECT adama.ack('nothing', 1);})), qr/ERROR:  there is no connection/, 'no name of one');
my $channel = $bob->channel();
$alice->ask('CREATE ROLE stranger;', 'GRANT USAGE ON SCHEMA room TO stranger;', 'SET ROLE stranger;');
like(join("\n", $alice->ask("SELECT adama.ack('$channel', 1);")), qr/ERROR:  there is no connection/, 'another session\'s');
$alice->ask('RESET ROLE;', 'DROP OWNED BY stranger;', 'DROP ROLE stranger;');
$seq = burst('a', 2, 'for the owner');
$bob->changes(0.5);
burst('a', 2, 'for the owner');
is(scalar $bob->changes(0.3), 0, 'it waits');
$alice->ask(sprintf "SELECT adama.ack('%s', %d);", $channel, $bob->seq());
is(scalar(@changes = $bob->changes(10)), 1, 'the owner of the space may acknowledge for it');
is_deeply([ack($carol, $carol->seq())], [], 'who has no window may acknowledge, to no effect');

# At once, whatever becomes of the transaction.
burst('a', 1, 'in a transaction');
$bob->session()->ask('BEGIN;', sprintf("SELECT adama.ack('%s', %d);", $channel, $bob->seq()), 'ROLLBACK;');
ok(scalar($bob->changes(10)), 'an acknowledgement does not wait for the commit, nor is it rolled back');

# ---- another emitter ----

$alice->ask(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'adama emitter' AND datname = current_database();});
my $old = $bob->seq();
my $deadline = time + 20;
@changes = $bob->changes(20);
ok($changes[0]{reset}, 'when the emitter had to be started again there is a whole view');
is_deeply([ack($bob, $old)], [], 'what the one before it sent may be acknowledged');
$seq = burst('a', 3, 'under the next');
$deadline = time + 20;
while ($bob->seq() < $seq && time < $deadline) { ack($bob, $bob->seq()); $bob->changes(0.2); }
ok($bob->knows_all($alice), 'and so on');

# ---- many ----

fresh('m');
my $many = Session->new('many');
my $n = 300;
my @channels = $many->ask('\t on', '\a', "SELECT adama.connect('room', 'm', send_window => 1) FROM generate_series(1, $n);", '\a', '\t off');
@channels = grep { /^adama_/ } @channels;
is(scalar @channels, $n, "$n connections of one session");
my %told;
$deadline = time + 20;
while (keys %told < $n && time < $deadline) { $told{ $_->{channel} }++ for $many->notifications(0.2); }
is(scalar(grep { $told{$_} == 1 } @channels), $n, 'each gets its view');
$seq = burst('m', 5, 'for many');
$many->ask(map { "SELECT adama.ack('$_', 1) \\g /dev/null" } @channels);
my %more;
$deadline = time + 20;
while (keys %more < $n && time < $deadline) { push @{ $more{ $_->{channel} } }, $_->{payload} for $many->notifications(0.2); }
is(scalar(grep { @{ $more{$_} // [] } == 1 && $more{$_}[0] =~ /"seq":$seq\}$/ } @channels), $n, 'and one change when it acknowledges');
$many->quit();

$_->quit() for $alice, $bob, $carol, $dan, $eve, $fay, @some, $all;
done_testing();
