# Viewers that look with another state: each is told what that changes for it, as a change, and nobody else is told anything.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Session;
use Viewer;

my $program = <<'END';
view int limit;
view string word;
public string title = "title";
record Row { public int id; public int n; public string what; }
table<Row> _rows;
public formula all = iterate _rows;
bubble some = iterate _rows order by n limit @viewer.limit;
bubble said = @viewer.word;
bubble own = @viewer.limit > 2 ? title + "!" : title;
message Add { int n; string what; }
channel add(Add m) { _rows <- m; }
message Title { string to; }
channel entitle(Title m) { title = m.to; }
END

my $alice = Session->new('alice');
$alice->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);}, q{SELECT adama.create('room', 'a');},
	map { qq{SELECT room.add('a', n => $_, what => 'row $_');} } 3, 1, 2);
my $log = q{SELECT seq || ' ' || (SELECT count(*) FROM room.log) FROM room.document WHERE key = 'a'};
my $before = $alice->value($log);

# ---- alone in its class ----

my $bob = Viewer->new('bob', 'room', 'a', viewer => '{"limit":1,"word":"x"}');
my ($first) = $bob->changes(10);
ok($first->{reset}, 'the first is a whole view');
is_deeply([$bob->look_with('{"limit":2,"word":"x"}')], [], 'the state can be updated');
my @changes = $bob->changes(10);
is(scalar @changes, 1, 'which is one change');
ok(!$changes[0]{reset}, 'and not a whole view');
is($changes[0]{seq}, $first->{seq}, 'of the same seq');
is_deeply([sort keys %{ $changes[0]{data} }], ['some'], 'of what depends on the fields that are different');
like($changes[0]{raw}, qr/"row 2"/, 'with the row that he sees now');
unlike($changes[0]{raw}, qr/"row 1"/, 'and not those that he saw before');
ok($bob->knows_all($alice), 'it adds up');
is($alice->value($log), $before, 'there is no event, no seq and no entry of the log');

$bob->look_with('{"word":"x","limit":2}');
is(scalar $bob->changes(0.5), 0, 'a state that means the same is nothing to tell');
$bob->look_with('{"word":"x","limit":2,"unknown":1}');
is(scalar $bob->changes(0.5), 0, 'nor is a member that the program does not know');
like(join("\n", $bob->look_with('{"limit":"many"}')), qr/ERROR/, 'what is not of the declared type is refused');
$bob->{viewer} = '{"limit":2,"word":"x"}';
is(scalar $bob->changes(0.3), 0, 'and changes nothing');

$bob->session()->ask('BEGIN;');
$bob->look_with('{"limit":3,"word":"x"}');
$bob->session()->ask('ROLLBACK;');
$bob->{viewer} = '{"limit":2,"word":"x"}';
is(scalar $bob->changes(0.5), 0, 'an update that is rolled back never was');
my $seq = $alice->value(q{SELECT room.add('a', n => 0, what => 'row 0')});
@changes = $bob->changes_to($seq, 10);
ok($bob->knows_all($alice), 'then changes of the document go on as before');

$bob->session()->ask('BEGIN;');
$bob->look_with($_) for '{"limit":3,"word":"x"}', '{"limit":3,"word":"y"}', '{"limit":1,"word":"z"}';
$bob->session()->ask('COMMIT;');
@changes = $bob->changes(10);
is(scalar @changes, 1, 'several in one transaction are one change');
ok($bob->knows_all($alice), 'to the last one');

$alice->ask('BEGIN;', q{SELECT room.add('a', n => -1, what => 'row -1');});
$bob->session()->ask('BEGIN;');
$bob->look_with('{"limit":4,"word":"both"}');
$alice->ask('COMMIT;');
$bob->session()->ask('COMMIT;');
$bob->changes_to($seq + 1, 10);
$bob->changes(0.5);
ok($bob->knows_all($alice), 'a change of the document and one of the state at the same time add up');

# ---- several in one class ----

# Two principals see the same here: nothing reads who looks.
my $carol = Viewer->new('carol', 'room', 'a', viewer => '{"limit":2,"word":"same"}');
$carol->changes(10);
$bob->look_with('{"limit":2,"word":"same"}');
@changes = $bob->changes(10);
ok(@changes == 1 && !$changes[0]{reset}, 'who comes to look as another does is sent a change, too');
ok($bob->knows_all($alice), 'that adds up');
is(scalar $carol->changes(0.3), 0, 'the other is told nothing');
$seq = $alice->value(q{SELECT room.entitle('a', "to" => 'second')});
my ($to_bob) = $bob->changes_to($seq, 10);
my ($to_carol) = $carol->changes_to($seq, 10);
is($to_bob->{raw}, $to_carol->{raw}, 'then both are sent the same');

$bob->look_with('{"limit":3,"word":"other"}');
@changes = $bob->changes(10);
ok(@changes == 1 && !$changes[0]{reset}, 'who parts from the others is sent a change');
is_deeply([sort keys %{ $changes[0]{data} }], ['own', 'said', 'some'], 'of what is different');
ok($bob->knows_all($alice), 'that adds up');
is(scalar $carol->changes(0.3), 0, 'the other is told nothing');
$seq = $alice->value(q{SELECT room.add('a', n => -2, what => 'row -2')});
$_->changes_to($seq, 10) for $bob, $carol;
ok($bob->knows_all($alice) && $carol->knows_all($alice), 'each goes on with what it sees');

# All at once, to and fro, while the document changes.
my @many = map { Viewer->new("many $_", 'room', 'a', viewer => '{"limit":1,"word":"many"}') } 1 .. 6;
$_->changes(10) for @many;
for my $round (1 .. 15)
{
	$seq = $alice->value(qq{SELECT room.add('a', n => @{[ $round * 7 % 11 - 5 ]}, what => 'round $round')});
	$many[$_]->look_with(sprintf '{"limit":%d,"word":"%s"}', 1 + ($round + $_) % 3, $round % 2 ? 'odd' : 'even') for grep { ($round + $_) % 4 } 0 .. $#many;
	$_->changes() for @many;
}
$_->changes_to($seq, 10) for $bob, @many;
$_->changes(0.3) for @many;
is(scalar(grep { $_->knows_all($alice) } @many), scalar @many, 'whoever moves as often as it likes, it adds up');
is(scalar(grep { (grep { $_->{reset} } $_->heard()) != 1 } @many), 0, 'and nobody is started over');

$_->changes_to($seq, 10) for $bob, $carol;

# ---- whose may be updated ----

my $channel = $bob->channel();
$alice->ask('CREATE ROLE stranger;', 'GRANT USAGE ON SCHEMA room TO stranger;', 'SET ROLE stranger;');
like(join("\n", $alice->ask(qq{SELECT adama.update('$channel', '{"limit":1}');})), qr/ERROR:  there is no connection/, 'not by another session');
$alice->ask('RESET ROLE;');
$alice->ask(qq{SELECT adama.update('$channel', '{"limit":1,"word":"by the owner"}');});
$bob->{viewer} = '{"limit":1,"word":"by the owner"}';
@changes = $bob->changes(10);
ok(@changes == 1 && !$changes[0]{reset} && $bob->knows_all($alice), 'but by the owner of the space');
$alice->ask('DROP OWNED BY stranger;', 'DROP ROLE stranger;');
like(join("\n", $alice->ask(q{SELECT adama.update('adama_00000000000000000000000000000000', '{}');})), qr/ERROR:  there is no connection/,
	'what is no connection is an error');

# ---- a state that the program has ceased to take ----

(my $other = $program) =~ s/view int limit/view string limit/;
$other =~ s/limit \@viewer.limit/limit 1/;
$other =~ s/\@viewer.limit > 2 \?/true ?/;
$alice->ask(qq{SELECT adama.deploy('room', \$program\$$other\$program\$);});
$seq = $alice->value(q{SELECT room.add('a', n => 9, what => 'under another program')});
@changes = $bob->changes(10);
is($changes[-1]{failed}, 'YA024', 'under a program that takes another type there is no view');
$bob->look_with('{"limit":"few","word":"new"}');
@changes = $bob->changes(10);
ok(@changes && $changes[-1]{reset}, 'until the state is one of that type');
ok($bob->knows_all($alice), 'then it is shown');

$_->quit() for $alice, $bob, $carol, @many;
done_testing();
