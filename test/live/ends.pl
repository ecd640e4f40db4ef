# Documents, spaces and connections end while somebody watches.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $program = <<'END';
public int online = 0;
public int left = 0;
record Entry { public string what; }
table<Entry> _entries;
public formula entries = iterate _entries;
@connected { online++; return true; }
@disconnected { online--; left++; }
message Add { string what; }
channel add(Add m) { _entries <- { what: m.what }; }
END

my $alice = Session->new('alice');
$alice->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);});

sub fresh { $alice->value(qq{SELECT adama.create('room', '$_[0]')}); }
sub seen { return $alice->value(qq{SELECT adama.view('room', '$_[0]')->>'$_[1]'}); }
sub connections { return $alice->value(q{SELECT count(*) FROM room.connection}); }

# Waits up to $patience seconds for $query to yield $value.
sub becomes
{
	my ($query, $value, $patience, $name) = @_;
	my $deadline = time + $patience;
	my $got;
	while (($got = $alice->value($query)) ne $value && time < $deadline) { sleep 0.05; }
	is($got, $value, $name);
}

# ---- documents ----

fresh('a');
my $bob = Viewer->new('bob', 'room', 'a');
$bob->changes(10);
$alice->ask(q{SELECT adama.delete('room', 'a');});
my ($end) = $bob->changes(10);
is($end->{closed}, 'deleted', 'a document that is deleted says so');
becomes('SELECT count(*) FROM room.connection', 0, 5, 'its connections go');

fresh('b');
$bob = Viewer->new('bob', 'room', 'b', session => $bob->session());
$bob->changes(10);
$alice->ask('BEGIN;', q{SELECT adama.delete('room', 'b');}, q{SELECT adama.create('room', 'b');}, 'COMMIT;');
($end) = $bob->changes(10);
is($end->{closed}, 'deleted', 'one that is made anew is another document');
is(seen('b', 'left'), 0, 'which nobody has left');
becomes('SELECT count(*) FROM room.connection', 0, 5, 'the old one\'s connections go');

# ---- connections ----

fresh('c');
my $one = Viewer->new('one', 'room', 'c');
my $two = Viewer->new('two', 'room', 'c');
$_->changes(10) for $one, $two;
is(seen('c', 'online'), 1, 'a principal that connects twice is there once');
$one->quit();
becomes('SELECT count(*) FROM room.connection', 1, 5, 'a session that ends takes its connection with it');
is(seen('c', 'online'), 1, 'but the principal has another');
my $pid = $two->session()->backend();
$alice->ask("SELECT pg_terminate_backend($pid);");
becomes(q{SELECT adama.view('room', 'c')->>'online'}, 0, 5, 'when the last one\'s backend is terminated the principal is gone');
is(seen('c', 'left'), 1, '@disconnected ran once');
is(connections(), 0, 'no connection is left');

$one = Viewer->new('one', 'room', 'c');
$one->changes(10);
$one->session()->ask(sprintf q{SELECT adama.disconnect('%s');}, $one->channel());
is(seen('c', 'online'), 0, 'a disconnect runs it in its own transaction');
is(seen('c', 'left'), 2, 'once');
$one->quit();
sleep 0.5;
is(seen('c', 'left'), 2, 'and the session\'s end not again');

# ---- a connection of a transaction that does not commit ----

$one = Session->new('one');
$one->ask('BEGIN;', q{SELECT adama.connect('room', 'c');}, 'ROLLBACK;');
is(connections(), 0, 'a connect that is rolled back leaves nothing');
is(seen('c', 'online'), 0, 'not even a principal');
$one->quit();

# ---- somebody holds the document ----

fresh('d');
fresh('e');
my $holder = Session->new('holder');
my $other = Viewer->new('other', 'room', 'e');
$other->changes(10);
my $goer = Viewer->new('goer', 'room', 'd');
$goer->changes(10);
$holder->ask('BEGIN;', q{SELECT room.add('d', what => 'held');});
$goer->quit();
sleep 0.3;
my $worst = 0;
for (1 .. 20)
{
	my $start = time;
	my $seq = $alice->value(qq{SELECT room.add('e', what => 'entry $_')});
	$other->changes_to($seq, 10);
	$worst = time - $start if time - $start > $worst;
}
cmp_ok($worst, '<', 1, 'a connection that can\'t leave a locked document does not hold up the others');
is(connections(), 2, 'it waits for its turn');
$holder->ask('COMMIT;');
becomes('SELECT count(*) FROM room.connection', 1, 20, 'and leaves when the lock is gone');
becomes(q{SELECT adama.view('room', 'd')->>'online'}, 0, 5, 'with its @disconnected');
ok($other->knows_all($alice), 'the other has been told everything');
$holder->quit();

# ---- documents that go with their last connection ----

$alice->ask(q{SELECT adama.deploy('shut', '@static { invent { return true; } delete_on_close = true; } public int online; @connected { online++; return true; } @disconnected { online--; }
	message Kick { principal who; } channel kick(Kick m) { Document.disconnect(m.who); }');});
my $first = Viewer->new('first', 'shut', 's');
my $second = Viewer->new('second', 'shut', 's');
$_->changes(10) for $first, $second;
$first->quit();
becomes('SELECT count(*) FROM shut.connection', 1, 20, 'one leaves, and another stays');
is($alice->value('SELECT count(*) FROM shut.document'), 1, 'so does the document');
$second->quit();
becomes('SELECT count(*) FROM shut.document', 0, 20, 'it goes with the last session');
becomes('SELECT count(*) FROM shut.connection', 0, 5, 'which has left');
my $third = Viewer->new('third', 'shut', 's');
my ($whole) = $third->changes(10);
is($whole->{data}{online}, 1, 'who comes then finds a new one');
$alice->ask(q{SELECT shut.kick('s', 'postgres@postgres');});
($end) = $third->changes(10);
is($end->{closed}, 'disconnected', 'a document that disconnects the last one');
becomes('SELECT count(*) FROM shut.document', 0, 20, 'goes, too');
is($alice->value('SELECT count(*) FROM shut.log'), 0, 'with its log');
$third->quit();

# ---- spaces ----

$alice->ask('SET client_min_messages = warning;', 'DROP SCHEMA room CASCADE;');
my @changes = $other->changes(10);
is($changes[-1]{closed}, 'deleted', 'a space that is dropped closes its documents');

$alice->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);});
fresh('f');
$other = Viewer->new('other', 'room', 'f', session => $other->session());
$other->changes(10);
$alice->ask('DROP EXTENSION adama CASCADE;');
@changes = $other->changes(10);
is($changes[-1]{closed}, 'deleted', 'so does the extension');

$_->quit() for $alice, $bob, $other;
done_testing();
