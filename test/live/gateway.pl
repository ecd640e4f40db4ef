# Gateways: many connections of many principals on one channel, told once for each class; presence in batches; coming back.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Gateway;
use Session;

my $program = <<'END';
view int limit;
public int online = 0;
public int left = 0;
public string words = "";
record Row { public int id; public int n; public principal by; public string what; }
table<Row> _rows;
public formula count = (iterate _rows).size();
bubble mine = iterate _rows where by == @who order by n;
bubble some = iterate _rows order by n limit @viewer.limit;
@static { create { return true; } invent { return true; } }
@connected { online++; words = words + "+" + @who.agent(); return @who.agent() != "mallory"; }
@disconnected { online--; left++; words = words + "-" + @who.agent(); }
message Add { int n; string what; }
channel add(Add m) { _rows <- { n: m.n, what: m.what, by: @who }; }
message Say { string what; }
channel say(Say m) { words = m.what; }
END
my $shared = <<'END';
public int online = 0;
public int n = 0;
record Row { public int id; public string what; }
table<Row> _rows;
public formula rows = iterate _rows;
@static { invent { return true; } }
@connected { online++; return true; }
@disconnected { online--; }
message Add { string what; }
channel add(Add m) { _rows <- { what: m.what }; n++; }
END

my $alice = Session->new('alice');
$alice->ask(qq{SELECT adama.deploy('hall', \$program\$$program\$program\$);}, qq{SELECT adama.deploy('wide', \$program\$$shared\$program\$);});

sub becomes
{
	my ($query, $value, $patience, $name) = @_;
	my $deadline = time + $patience;
	my $got;
	while (($got = $alice->value($query)) ne $value && time < $deadline) { sleep 0.05; }
	is($got, $value, $name);
}
sub entries { return $alice->value(qq{SELECT count(*) FROM $_[0].log WHERE key = '$_[1]'}); }
sub state_of { return $alice->value(qq{SELECT state OPERATOR(adama.->>) '$_[2]' FROM $_[0].documents WHERE key = '$_[1]'}); }

# ---- one class, however many ----

my $gate = Gateway->new('gate');
my $other = Gateway->new('other');
is_deeply([$gate->connect('wide', map { { id => $_, key => 'a', agent => "p$_" } } 1 .. 200)], [('') x 200], '200 people come in one call');
is(entries('wide', 'a'), 2, 'which is one entry of the log, after that of the creation');
is_deeply([$other->connect('wide', { id => 1, key => 'a', agent => 'p1' })], [''], 'one comes through another gateway');
ok($gate->wait_told(10, 1 .. 200), 'all are told something');
is($gate->n_payloads(), 1, 'at once');
my ($first) = $gate->told(200);
ok($first->{reset} && $first->{life}, 'the whole view, and which document it is');
is(scalar(() = $gate->told($_)), 1, "connection $_ that alone") for 1, 100;
ok($other->wait_told(10, 1), 'so is the one at the other gateway');
isnt($gate->class_of(1), undef, 'they belong to a class');
is($gate->class_of(1), $gate->class_of(200), 'all to one');
$gate->told($_) for 1 .. 200;
my $seq = $alice->value(q{SELECT wide.add('a', what => 'x')});
ok($gate->wait_for(200, $seq, 10), 'a change reaches them');
is($gate->n_payloads(), 2, 'as one payload');
ok($other->wait_for(1, $seq, 10), 'and the other gateway');
ok($gate->knows_all($_, $alice), "connection $_ knows all") for 1, 77, 200;
ok($other->knows_all(1, $alice), 'the other one does');
is_deeply([$gate->connect('wide', { id => 201, key => 'a', agent => 'p1' }, { id => 202, key => 'a', agent => 'p202' })], ['', ''], 'two more come');
ok($gate->wait_told(10, 201, 202), 'and are told');
my ($late) = $gate->told(201);
ok($late->{reset}, 'the whole view');
is(state_of('wide', 'a', 'online'), 201, 'who came twice is there once');
$gate->listen(0.5);
ok(!(grep { $_->{reset} } $gate->told(5)), 'the others are not told it again');

# ---- leaving ----

my $before = entries('wide', 'a');
is_deeply([$gate->disconnect('wide', 1 .. 100, 300)], [('') x 100, 'YA016'], '100 leave in one call');
is(entries('wide', 'a'), $before + 1, 'which is one entry');
is(state_of('wide', 'a', 'online'), 102, 'who has another connection is still there: p1 has two');
ok($gate->wait_for(200, $alice->value(q{SELECT seq FROM wide.document WHERE key = 'a'}), 10), 'the others are told');
$gate->told($_) for 1 .. 202;
$seq = $alice->value(q{SELECT wide.add('a', what => 'y')});
ok($gate->wait_for(150, $seq, 10), 'and of what comes');
ok($gate->knows_all(150, $alice), 'it adds up');
$before = entries('wide', 'a');
my $pid = $gate->ears()->backend();
$alice->ask("SELECT pg_terminate_backend($pid);");
becomes(q{SELECT count(*) FROM wide.connection}, 1, 10, 'when the session that listens ends, its connections go');
is(state_of('wide', 'a', 'online'), 1, 'all principals but the one with a connection at another gateway have left');
is(entries('wide', 'a'), $before + 1, 'in one entry');
is_deeply([eval { $gate->connect('wide', { id => 900, key => 'a', agent => 'late' }) }], [''], 'who joins a listener that is gone');
becomes(q{SELECT count(*) FROM wide.connection}, 1, 10, 'leaves, too');
is(state_of('wide', 'a', 'online'), 1, 'with its @disconnected');
$_->quit() for $gate->hand();

# ---- many classes ----

$gate = Gateway->new('gate');
is_deeply([$gate->connect('hall', (map { { id => $_, key => 'h', agent => "p$_", viewer => '{"limit":2}' } } 1 .. 40),
	{ id => 41, key => 'h', agent => 'mallory' }, { id => 42, key => 'h', agent => 'p1', viewer => '{"limit":1}' },
	{ id => 43, key => 'h', agent => 'p1', viewer => '{"limit":2}' })],
	[('') x 40, '42501', '', ''], 'each answer is its own');
is(state_of('hall', 'h', 'words'), join('', map { "+p$_" } 1 .. 40), 'principals come in the order of the call, once each');
ok($gate->wait_told(20, 1 .. 40, 42, 43), 'all are told');
is($gate->class_of(1), $gate->class_of(43), 'who sees the same is in one class');
isnt($gate->class_of(1), $gate->class_of(42), 'who looks otherwise in another');
$gate->told($_) for 1 .. 43;
my $payloads = $gate->n_payloads();
$alice->ask(qq{SELECT * FROM adama.ingest('hall', ARRAY['h','h','h'], ARRAY['add','add','add'], ARRAY['{"n":3,"what":"c"}','{"n":1,"what":"a"}','{"n":2,"what":"b"}']::json[], NULL, ARRAY['p1','p2','p1'], ARRAY['jwt','jwt','jwt']);});
$seq = $alice->value(q{SELECT seq FROM hall.document WHERE key = 'h'});
ok($gate->wait_for($_, $seq, 10), "connection $_ is told of messages of others") for 1, 2, 40, 42;
ok($gate->knows_all($_, $alice), "connection $_ knows what it may") for 1, 2, 40, 42, 43;
is_deeply([$gate->disconnect('hall', 43, 1, 5, 42)], ['', '', '', ''], 'some leave, one of them with three connections');
like(state_of('hall', 'h', 'words'), qr/\+p40-p5-p1$/, 'with the last of them, in the order of the call');

# ---- another viewer state ----

$gate->connect('hall', map { { id => $_, key => 'h', agent => 'twin', viewer => '{"limit":2}' } } 50, 51);
ok($gate->wait_told(10, 50, 51), 'two connections of one principal');
is($gate->class_of(50), $gate->class_of(51), 'are one class');
$gate->told($_) for 50, 51;
is_deeply([$gate->update('hall', { id => 50, viewer => '{"limit":3}' }, { id => 999, viewer => '{}' })], ['', 'YA016'], 'one looks with another state');
ok($gate->wait_told(10, 50), 'and is told');
my ($change) = $gate->told(50);
ok(!$change->{reset}, 'not the whole');
isnt($gate->class_of(50), $gate->class_of(51), 'it is in another class now');
ok($gate->knows_all($_, $alice), "connection $_ knows what it may") for 50, 51;
is(scalar $gate->told(51), 0, 'the other one is told nothing');
is_deeply([$gate->update('hall', { id => 50, viewer => '{"limit":2}' })], [''], 'back to the state of before');
ok($gate->wait_told(10, 50), 'it is told, too');
is($gate->class_of(50), $gate->class_of(51), 'it is with the other one again');
is_deeply([$gate->update('hall', { id => 51, viewer => '{"limit":"x"}' })], ['YA024'], 'what is not of the declared type is refused');
$seq = $alice->value(q{SELECT (adama.ingest('hall', ARRAY['h'], ARRAY['add'], ARRAY['{"n":0,"what":"z"}']::json[], NULL, ARRAY['twin'], ARRAY['jwt'])).seq});
ok($gate->wait_for($_, $seq, 10) && $gate->knows_all($_, $alice), "connection $_ is told of changes") for 50, 51, 2;

# ---- long payloads ----

$gate->connect('wide', { id => 60, key => 'long', agent => 'ada' });
ok($gate->wait_told(10, 60), 'a document');
my @long = map { 'x' x 300 . $_ } 1 .. 60;
$alice->ask("SELECT adama.ingest('wide', array_fill('long'::text, '{60}'), array_fill('add'::text, '{60}'), ARRAY[" . join(',', map { qq{'{"what":"$_"}'} } @long) .
	"]::json[], NULL, array_fill('ada'::text, '{60}'), array_fill('jwt'::text, '{60}')) \\g /dev/null");
ok($gate->wait_for(60, 62, 10) && $gate->knows_all(60, $alice), 'long payloads come in parts');
$gate->connect('wide', map { { id => $_, key => 'long', agent => "p$_" } } 61 .. 63);
ok($gate->wait_told(10, 61 .. 63) && $gate->knows_all(63, $alice), 'also the whole view');

# ---- documents that go ----

$gate->connect('hall', map { { id => $_, key => 'gone', agent => 'ada' } } 70, 71);
ok($gate->wait_told(10, 70, 71), 'two connections to a document');
$gate->told($_) for 70, 71;
$payloads = $gate->n_payloads();
$alice->ask(q{SELECT adama.delete('hall', 'gone');});
ok($gate->wait_told(10, 70, 71), 'that is deleted');
is(($gate->told(70))[0]{closed}, 'deleted', 'are told so');
is($gate->n_payloads(), $payloads + 1, 'at once');
becomes(q{SELECT count(*) FROM hall.connection WHERE key = 'gone'}, 0, 5, 'and go');

# ---- coming back ----

$gate->connect('hall', { id => 80, key => 'back', agent => 'ada', viewer => '{"limit":2}' }, { id => 81, key => 'back', agent => 'bob', viewer => '{"limit":2}' });
ok($gate->wait_told(10, 80, 81), 'two who look');
my $messages = sub
{
	my (@n) = @_;
	my $n = @n;
	$alice->ask("SELECT adama.ingest('hall', array_fill('back'::text, '{$n}'), array_fill('add'::text, '{$n}'), ARRAY[" . join(',', map { qq{'{"n":$_,"what":"row $_"}'} } @n) .
		"]::json[], NULL, array_fill('bob'::text, '{$n}'), array_fill('jwt'::text, '{$n}')) \\g /dev/null");
	return $alice->value(q{SELECT seq FROM hall.document WHERE key = 'back'});
};
$seq = $messages->(5, 6, 7);
ok($gate->wait_for($_, $seq, 10), "connection $_ is told") for 80, 81;
my %before = map { $_ => [$gate->heard($_)] } 80, 81;
my %seq = map { $_ => $gate->seq($_) } 80, 81;
my %life = map { $_ => $gate->life($_) } 80, 81;
$gate->disconnect('hall', 81);
$gate->disconnect('hall', 80);
$gate->connect('hall', { id => 82, key => 'back', agent => 'bob' });
$seq = $messages->(1, 9, 2);
$gate->connect('hall', { id => 83, key => 'back', agent => 'ada', viewer => '{"limit":2}', since => $seq{80}, life => $life{80} },
	{ id => 84, key => 'back', agent => 'bob', viewer => '{"limit":2}', since => $seq{81} },
	{ id => 85, key => 'back', agent => 'ada', viewer => '{"limit":2}', since => $seq{80}, life => $life{80} },
	{ id => 86, key => 'back', agent => 'ada', viewer => '{"limit":2}', since => $seq{80}, life => $life{80} + 1 },
	{ id => 87, key => 'back', agent => 'ada', viewer => '{"limit":2}', since => 1000000 },
	{ id => 88, key => 'back', agent => 'ada', viewer => '{"limit":2}', since => 1 });
ok($gate->wait_told(10, 83 .. 88), 'who comes back is told');
my %told = map { $_ => ($gate->told($_))[0] } 83 .. 88;
ok(!$told{$_}{reset}, "connection $_ what it lacks") for 83, 84, 85, 88;
ok($told{$_}{reset}, "connection $_ the whole: " . ($_ == 86 ? 'it was another document' : 'the document has not come that far')) for 86, 87;
is($told{83}, $told{85}, 'those of one class and seq by one payload');
ok($gate->knows_all(83, $alice, @{ $before{80} }), 'with what it had it is what it may see');
ok($gate->knows_all(84, $alice, @{ $before{81} }), 'for the other one, too');
is($gate->class_of(83), $gate->class_of(86), 'they are of one class');
$seq = $messages->(0);
ok($gate->wait_for($_, $seq, 10), "connection $_ goes on") for 83, 86;
ok($gate->knows_all(83, $alice, @{ $before{80} }), 'it adds up');
$gate->told($_) for 83 .. 88;
$gate->connect('hall', { id => 89, key => 'back', agent => 'ada', viewer => '{"limit":2}', since => $gate->seq(83), life => $life{80} });
ok($gate->wait_told(10, 89), 'who lacks nothing');
($change) = $gate->told(89);
ok(!$change->{reset} && !exists $change->{data} && $change->{seq} == $gate->seq(83), 'is told just that');
$alice->ask(qq{SELECT adama.deploy('hall', \$program\$$program public int more;\$program\$);});
my $at = $gate->seq(83);
$messages->(4);
$gate->connect('hall', { id => 90, key => 'back', agent => 'ada', viewer => '{"limit":2}', since => $at, life => $life{80} });
ok($gate->wait_told(10, 90), 'when the program has changed');
ok(($gate->told(90))[0]{reset}, 'the whole is sent');

# ---- the emitter dies ----

$gate->listen(0.5);
$gate->told($_) for 83 .. 90;
my %class = map { $_ => $gate->class_of($_) } 83, 84, 60;
my $emitter = $alice->value(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'adama emitter' AND datname = current_database()});
$alice->ask("SELECT pg_terminate_backend($emitter);");
ok($gate->wait_told(30, 83, 84, 60), 'when the emitter was ended, all are told');
ok(($gate->told($_))[-1]{reset}, "connection $_ the whole, although it came with a seq") for 83, 84, 60;
isnt($gate->class_of($_), $class{$_}, "the class of $_ has another number") for 83, 84, 60;
$seq = $messages->(-1);
ok($gate->wait_for(83, $seq, 10) && $gate->knows_all(83, $alice), 'and it goes on');

# ---- authorities ----

my $listens = Session->new('listens');
$listens->ask('LISTEN adama_authorities;');
$alice->ask(q{SELECT adama.authority('accounts', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}');});
is_deeply([map { $_->{channel} } $listens->notifications(5)], ['adama_authorities'], 'a change of authorities is told');
$alice->ask('BEGIN;', q{SELECT adama.authority('accounts', NULL);}, 'ROLLBACK;');
is(scalar $listens->notifications(0.3), 0, 'unless it is rolled back');

$_->quit() for $gate, $other, $alice, $listens;
done_testing();
