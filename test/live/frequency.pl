# A program may say how often its viewers are sent changes.
use strict;
use warnings;
use Test::More;
use Session;
use Viewer;

my $alice = Session->new('alice');
$alice->ask(q{SELECT adama.deploy('slow', '@static { frequency = 3000; } public int n; message Add { int by; } channel add(Add m) { n += m.by; }');},
	q{SELECT adama.create('slow', 'k');});
my $bob = Viewer->new('bob', 'slow', 'k');
$bob->changes(10);

$bob->changes_to($alice->value(q{SELECT slow.add('k', 1)}), 10);
my $n_before = () = $bob->heard();
my $seq;
for (1 .. 20)
{
	$seq = $alice->value(q{SELECT slow.add('k', 1)});
	$alice->ask('SELECT pg_sleep(0.02);');
}
$bob->changes_to($seq, 20);
my $n_after = () = $bob->heard();
cmp_ok($n_after - $n_before, '<=', 2, 'twenty changes of a second were sent at once');
ok($bob->knows_all($alice), 'and add up');

# One who comes meanwhile need not wait, and nothing is sent twice.
my $carol = Viewer->new('carol', 'slow', 'k');
my ($view) = $carol->changes(10);
ok($view->{reset}, 'who comes is sent the view');
$seq = $alice->value(q{SELECT slow.add('k', 5)});
$_->changes_to($seq, 20) for $bob, $carol;
ok($_->knows_all($alice), 'and all know the same') for $bob, $carol;

# A version without the setting is as fast as others.
$alice->ask(q{SELECT adama.deploy('slow', 'public int n; message Add { int by; } channel add(Add m) { n += m.by; }');});
$bob->changes_to($alice->value(q{SELECT slow.add('k', 1)}), 20);
$n_before = () = $bob->heard();
for (1 .. 10)
{
	$seq = $alice->value(q{SELECT slow.add('k', 1)});
	$alice->ask('SELECT pg_sleep(0.1);');
}
$bob->changes_to($seq, 20);
$n_after = () = $bob->heard();
cmp_ok($n_after - $n_before, '>=', 3, 'another version has another frequency');
ok($bob->knows_all($alice), 'and its changes add up');

$_->quit() for $alice, $bob, $carol;
done_testing();
