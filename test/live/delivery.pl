# First the whole view, then what changes, as data; many messages are few changes; and it all adds up to the document.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Session;
use Viewer;

my $alice = Session->new('alice');
$alice->ask('\set program `cat examples/pubsub.adama`', q{SELECT adama.deploy('chat', :'program');}, q{SELECT adama.create('chat', 'lobby');},
	q{SELECT adama.create('chat', 'attic');});

my $bob = Viewer->new('bob', 'chat', 'lobby');
my @changes = $bob->changes(10);
is(scalar @changes, 1, 'one notification follows a connect');
ok($changes[0]{reset}, 'it is a whole view');
is($changes[0]{seq}, 1, 'as of the document\'s seq');

my $seq = $alice->value(q{SELECT chat.publish('lobby', payload => 'hello')});
@changes = $bob->changes_to($seq, 10);
is(scalar @changes, 1, 'one notification follows a message');
ok(!$changes[0]{reset}, 'it is a change');
like($changes[0]{raw}, qr/"payload":"hello"/, 'that holds the data');
is($changes[0]{seq}, $seq, 'and the seq that the sender got');

$alice->ask(q{SELECT chat.publish('attic', payload => 'elsewhere');});
is(scalar $bob->changes(0.5), 0, 'another document is nothing to him');

$alice->ask('BEGIN;', q{SELECT chat.publish('lobby', payload => 'never said');}, 'ROLLBACK;');
is(scalar $bob->changes(0.5), 0, 'what is rolled back is not told');

$alice->ask('BEGIN;', q{SELECT chat.publish('lobby', payload => 'kept');}, 'SAVEPOINT s;', q{SELECT chat.publish('lobby', payload => 'dropped');},
	'ROLLBACK TO s;', 'COMMIT;');
@changes = $bob->changes(10);
is(scalar @changes, 1, 'of a transaction with a savepoint');
like($changes[0]{raw}, qr/"kept"/, 'what was committed is told');
unlike($changes[0]{raw}, qr/"dropped"/, 'and what was rolled back is not');

$alice->ask('BEGIN;', q{SELECT chat.publish('lobby', payload => 'later');});
is(scalar $bob->changes(0.5), 0, 'nothing is told before the commit');
$alice->ask('COMMIT;');
is(scalar(my @told = $bob->changes(10)), 1, 'but right after it');

# Two in one class, one of whom joins late.
my $carol = Viewer->new('carol', 'chat', 'lobby');
@changes = $carol->changes(10);
ok($changes[0]{reset}, 'who joins late gets the whole view');
like($changes[0]{raw}, qr/"hello".*"kept".*"later"/, 'with all that is in it');
is(scalar $bob->changes(0.5), 0, 'which is nothing to those who are there');
$seq = $alice->value(q{SELECT chat.publish('lobby', payload => 'to both')});
my ($to_bob) = $bob->changes_to($seq, 10);
my ($to_carol) = $carol->changes_to($seq, 10);
is($to_bob->{raw}, $to_carol->{raw}, 'then both get the same');

# One session may watch several documents, and a document twice.
my $attic = Viewer->new('carol', 'chat', 'attic', session => $carol->session());
my $again = Viewer->new('carol', 'chat', 'lobby', session => $carol->session());
isnt($again->channel(), $carol->channel(), 'each connection has a channel of its own');
$carol->session()->quit();

# The burst.
my $n = 1000;
$bob->session()->start('SELECT pg_sleep(1);');
$alice->ask('\o /dev/null', "SELECT format(\$\$SELECT chat.publish('lobby', payload => %L)\$\$, 'message ' || i) FROM generate_series(1, $n) i \\gexec", '\o');
$seq = $alice->value(q{SELECT seq FROM chat.documents WHERE key = 'lobby'});
$bob->session()->finish();
@changes = $bob->changes_to($seq, 20);
is($changes[-1]{seq}, $seq, 'after a burst the last change is that of the last message');
ok(@changes <= $n / 2, "$n messages are " . @changes . ' changes');
ok($bob->knows_all($alice), 'what he was told adds up to what adama.view shows');

# All of it in one transaction is one change.
$alice->ask('\o /dev/null', qq{SELECT chat.publish('lobby', payload => 'in one ' || i) FROM generate_series(1, 50) i;}, '\o');
is(scalar(@told = $bob->changes(10)), 1, 'messages of one transaction are one change');
ok($bob->knows_all($alice), 'and it adds up');

my $last = 0;
ok(!(grep { my $is_less = $_->{seq} <= $last; $last = $_->{seq}; $is_less } $bob->heard()), 'seq grew from each change to the next');
is(scalar(grep { $_->{reset} } $bob->heard()), 1, 'nobody started him over');

# Leaving.
$bob->session()->ask(sprintf q{SELECT adama.disconnect('%s');}, $bob->channel());
$alice->ask(q{SELECT chat.publish('lobby', payload => 'too late');});
is(scalar $bob->changes(0.5), 0, 'who disconnects is told no more');
is($alice->value('SELECT count(*) FROM chat.connection'), 0, 'no connection is left, also of the session that ended');

# What shows the document's seq changes with each event, also one that changes nothing else.
$alice->ask(q{SELECT adama.deploy('counter', 'public formula n = Document.seq(); public int x; message M { } channel go(M m) { } channel same(M m) { x = x; }');},
	q{SELECT adama.create('counter', 'c');});
my $dave = Viewer->new('dave', 'counter', 'c', session => $bob->session());
($last) = $dave->changes(10);
is_deeply($last->{data}, { n => 1, x => 0 }, 'a view shows the seq');
$seq = $alice->value(q{SELECT counter.go('c')});
is_deeply([map { $_->{data} } $dave->changes_to($seq, 10)], [{ n => 2 }], 'and follows it, when nothing else changes');

# What is attached is an event like a message: told after the commit, without the file's name; what differs in the name only is not told.
$alice->ask(q{SELECT adama.deploy('album', 'public asset cover; @can_attach { return @who != @no_one; } @attached (a) { if (a.size() > 100L) { abort; } cover = a; }');},
	q{SELECT adama.create('album', 'summer');});
my $erin = Viewer->new('erin', 'album', 'summer', session => $bob->session());
$erin->changes(10);
my $attach = q{SELECT adama.attach('album', 'summer', '{"id":"f1","name":"%s","type":"image/png","size":%d,"md5":"m","sha384":"s"}')};
$seq = $alice->value(sprintf $attach, 'beach.png', 12);
is_deeply([map { $_->{data} } $erin->changes_to($seq, 10)], [{ cover => { id => 'f1', size => '12', type => 'image/png', md5 => 'm', sha384 => 's' } }],
	'what is attached is told');
$alice->ask(sprintf($attach, 'sea.png', 101) . ';', sprintf($attach, 'other.png', 12) . ';');
is(scalar $erin->changes(0.5), 0, 'not what the program refuses, nor another name');

$_->quit() for $alice, $bob;
done_testing();
