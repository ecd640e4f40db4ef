# What goes wrong with one document stays with it: its viewers are told, the others notice nothing, and when it is over they are shown the whole.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $program = <<'END';
record Entry { public string what; }
table<Entry> _entries;
public formula entries = iterate _entries;
int work = 0;
function spin(int n) -> int {
  int i = 0;
  while (i < n) { i++; }
  return i;
}
public formula spun = spin(work);
message Add { string what; }
channel add(Add m) { _entries <- { what: m.what }; }
message Work { int n; }
channel set_work(Work m) { work = m.n; }
END

my $alice = Session->new('alice');
for my $space (qw(bad good))
{
	$alice->ask(qq{SELECT adama.deploy('$space', \$program\$$program\$program\$);}, map { qq{SELECT adama.create('$space', '$_');} } qw(a b c));
}
my $sick = Viewer->new('sick', 'bad', 'a');
my $near = Viewer->new('near', 'bad', 'b');
my $far = Viewer->new('far', 'good', 'a');
$_->changes(10) for $sick, $near, $far;

# The others are served within a second, each with a change.
sub others_are_served
{
	my ($when, @others) = @_;
	for my $other (@others)
	{
		$other->changes(10) if !$other->seq();
		my $start = time;
		my $seq = $alice->value(qq{SELECT $other->{space}.add('$other->{key}', what => 'x')});
		my @changes = $other->changes_to($seq, 10);
		ok($other->seq() == $seq && !(grep { $_->{reset} } @changes) && time - $start < 1, "$when, $other->{name} is served");
	}
}

# ---- a view that can't be computed ----

$alice->ask(q{SELECT bad.set_work('a', n => 2000000000);});
my ($told) = $sick->changes(20);
is($told->{failed}, 'YA032', 'a view that runs out of its budget is said to have failed');
like($told->{message}, qr/budget/, 'and how');
others_are_served('then', $near, $far);
$alice->ask(q{SELECT bad.add('a', what => 'while it fails');});
is(scalar $sick->changes(2), 0, 'it is said once');
my $late = Viewer->new('late', 'bad', 'a');
($told) = $late->changes(20);
is($told->{failed}, 'YA032', 'who joins is told, too');
my $seq = $alice->value(q{SELECT bad.set_work('a', n => 5)});
for my $viewer ($sick, $late)
{
	my @changes = $viewer->changes_to($seq, 20);
	ok($changes[-1]{reset}, "when it is over, $viewer->{name} is shown the whole");
	ok($viewer->knows_all($alice), 'which is all');
}
$late->quit();

# ---- a damaged document: of a change that is kept nowhere but in the log ----

$alice->ask('BEGIN;', q{SELECT bad.add('a', what => repeat('lost ', 200));}, q{DELETE FROM bad.log WHERE key = 'a' AND seq = (SELECT max(seq) FROM bad.log WHERE key = 'a');}, 'COMMIT;');
($told) = $sick->changes(20);
is($told->{failed}, 'XX001', 'a document whose log is damaged is said to have failed');
others_are_served('then', $near, $far);
# So much that the session that still knows the document stores its state anew, beyond the hole.
$alice->ask(q{SELECT count(bad.set_work('a', n => 5 + i % 2)) FROM generate_series(1, 200) i;});
($told) = $sick->changes(20);
ok($told->{reset}, 'when a state is there again, it is shown');

# ---- a table that somebody locks ----

my $holder = Session->new('holder');
my $waiter = Viewer->new('waiter', 'bad', 'c', later => 1);
$waiter->session()->ask('BEGIN;');
$waiter->join();
$holder->ask('BEGIN;', q{SELECT bad.add('b', what => 'with the lock');}, 'LOCK TABLE bad.document IN ACCESS EXCLUSIVE MODE;');
$waiter->session()->ask('COMMIT;');
sleep 0.05;
others_are_served('while a table of another space is locked', $far, Viewer->new('newcomer', 'good', 'b'));
is(scalar $waiter->changes(1.5), 0, 'who joined there has to wait');
others_are_served('still', $far);
$holder->ask('COMMIT;');
($told) = $waiter->changes(20);
ok($told->{reset}, 'and is shown the document when the lock is gone');
($told) = $near->changes(20);
like($told->{raw}, qr/with the lock/, 'the others there are told what has changed');
ok($near->knows_all($alice), 'everything');
ok(!$told->{reset}, 'as a change');

$_->quit() for $alice, $holder, $sick, $near, $far, $waiter;
done_testing();
