# What does not fit into one notification comes in parts.
use strict;
use warnings;
use Test::More;
use Session;
use Viewer;

my $alice = Session->new('alice');
$alice->ask('\set program `cat examples/pubsub.adama`', q{SELECT adama.deploy('chat', :'program');}, q{SELECT adama.create('chat', 'lobby');});

# Characters that JSON, and JSON within JSON, write otherwise.
my $odd = q{'"\\ä€' || chr(128512) || chr(9) || '|' || };
$alice->ask('\o /dev/null', qq{SELECT chat.publish('lobby', payload => ${odd}repeat(md5(i::text), 16)) FROM generate_series(1, 100) i;}, '\o');

my $bob = Viewer->new('bob', 'chat', 'lobby');
my ($first) = $bob->changes(10);
cmp_ok(length $first->{raw}, '>', 50_000, 'a view of more than 50 kB');
cmp_ok($first->{n_parts}, '>=', 7, 'comes in parts');
ok($first->{reset}, 'and is a whole view');
ok($bob->knows_all($alice), 'equal to what adama.view shows');

my $seq = $alice->value(qq{SELECT chat.publish('lobby', payload => ${odd}repeat('x"\\', 10000))});
my ($change) = $bob->changes_to($seq, 10);
cmp_ok($change->{n_parts}, '>=', 4, 'a change of 30 kB does, too');
ok(!$change->{reset}, 'and is a change');
ok($bob->knows_all($alice), 'and adds up');

# Around the limit of one notification, each length once.
for my $length (7700 .. 8000)
{
	$alice->ask('\o /dev/null', qq{SELECT chat.publish('lobby', payload => repeat('x', $length));}, '\o') if $length % 10 == 0 || $length > 7850 && $length < 7950;
	$bob->changes() if $length % 10 == 0;
}
$seq = $alice->value(q{SELECT seq FROM chat.documents WHERE key = 'lobby'});
$bob->changes_to($seq, 10);
ok($bob->knows_all($alice), 'payloads around the limit of one notification add up');
cmp_ok((sort { $b <=> $a } map { length $_->{raw} } grep { !$_->{n_parts} } $bob->heard())[0], '<=', 7999, 'none that was sent alone was larger than that');

$_->quit() for $alice, $bob;
done_testing();
