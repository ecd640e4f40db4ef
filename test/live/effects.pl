# What events say beside the view reaches those who watch, between the changes; connections that a document ends.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $program = <<'END';
public int n = 0;
public int online = 0;
public int left = 0;
view int extra;
bubble sum = n + @viewer.extra;
message Add { int n; }
message Say { string name; string text; }
message Who { string agent; }
message Nothing { }
@connected { if (n < 0) { return false; } online++; return true; }
@disconnected { online--; left++; Messaging.broadcast("left", @who.agent().dyn()); }
channel add(Add m) { n += m.n; Messaging.broadcast("tick", n.dyn()); }
channel quiet(Add m) { n += m.n; }
channel say(Say m) { Messaging.broadcast(m.name, m.text.dyn()); }
channel whisper(Say m) { Messaging.send(m.name, m.text.dyn()); ViewState.goto("/" + m.text); ViewState.send("port", m.to_dynamic()); ViewState.log(m.text); }
channel scream(Say m) { Messaging.broadcast(m.name, (m.text * 2000).dyn()); }
channel kick(Nothing m) { Document.disconnect(@who); n = 0 - 1; }
channel renew(Nothing m) { Document.disconnect(@who); }
channel heal(Nothing m) { n = 0; }
channel kill(Nothing m) { Messaging.broadcast("never", @null); Document.destroy(); }
END

my $alice = Session->new('alice');
$alice->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);}, 'GRANT USAGE ON SCHEMA room TO PUBLIC;',
	'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA room TO PUBLIC;', 'CREATE ROLE live_bob;', 'CREATE ROLE live_carol;', 'GRANT USAGE ON SCHEMA adama TO PUBLIC;');
sub fresh { $alice->value(qq{SELECT adama.create('room', '$_[0]')}); }
sub seen { return $alice->value(qq{SELECT adama.view('room', '$_[0]')->>'$_[1]'}); }

sub watch
{
	my ($role, $key) = @_;
	my $viewer = Viewer->new($role, 'room', $key, later => 1);
	$viewer->session()->ask("SET ROLE $role;");
	$viewer->join();
	$viewer->changes(10);
	return $viewer;
}

sub becomes
{
	my ($query, $value, $patience, $name) = @_;
	my $deadline = time + $patience;
	my $got;
	while (($got = $alice->value($query)) ne $value && time < $deadline) { sleep 0.05; }
	is($got, $value, $name);
}

# All that comes until something with this seq or a later one has come that is a change.
sub until_seq
{
	my ($viewer, $seq) = @_;
	my @all;
	my $deadline = time + 10;
	do { push @all, $viewer->changes(0.2); } until (grep({ ($_->{seq} // 0) >= $seq } @all) || time > $deadline);
	return @all;
}

# ---- who hears what ----

fresh('a');
my $bob = watch('live_bob', 'a');
my $carol = watch('live_carol', 'a');
$bob->changes(2);
$bob->session()->ask(q{SELECT room.whisper('a', name => 'hello', text => 'x');});
my @heard = until_seq($bob, 4);
push @heard, $bob->changes(0.3);
is(join(' ', map { $_->{raw} } @heard),
	'{"hello":"x","seq":4} {"goto":"/x","seq":4} {"viewport":"port","message":{"name":"hello","text":"x"},"seq":4} {"log":"x","seq":4}',
	'what is said to who sent the message, in order');
is(scalar($carol->changes(0.3)), 0, 'others are not told');

$alice->ask(q{SELECT room.add('a', 3);});
is(join(' ', map { $_->{raw} } (until_seq($_, 5), $_->changes(0.3))), '{"tick":3,"seq":5} {"data":{"n":3,"sum":3},"seq":5}',
	'what is said to all comes before the change of that event') for $bob, $carol;

$alice->ask(qq{SELECT room.scream('a', name => 'large', text => '"quoted\\slashed"');});
my ($large) = until_seq($carol, 6);
cmp_ok($large->{n_parts}, '>', 1, 'what is too large for one notification comes in parts');
is($large->{large}, '"quoted\\slashed"' x 2000, 'that add up');
$bob->changes(1);

# ---- many events in one turn: changes are put together, what is said is not ----

$alice->ask('BEGIN;', (map { "SELECT room.add('a', 1);" } 1 .. 5), "SELECT room.quiet('a', 10);", 'COMMIT;');
@heard = until_seq($bob, 12);
push @heard, $bob->changes(0.5);
is(join(' ', map { $_->{tick} } grep { exists $_->{tick} } @heard), '4 5 6 7 8', 'all that several events said');
is(join(' ', map { $_->{seq} } grep { exists $_->{tick} } @heard), '7 8 9 10 11', 'with the numbers of the events');
is(join(' ', map { $_->{raw} } grep { exists $_->{data} } @heard), '{"data":{"n":18,"sum":18},"seq":12}', 'one change');
ok(exists $heard[-1]{data}, 'which comes last');
ok($bob->knows_all($alice), 'and adds up');

# an event that fails has said nothing, nor has what is rolled back
$alice->ask('BEGIN;', "SELECT room.say('a', 'undone', 'x');", 'ROLLBACK;');
$alice->ask(qq{SELECT adama.ingest('room', '{a,a}', '{say,say}', ARRAY['{"name":"seq","text":"refused"}','{"name":"once","text":"y"}']::json[]);});
is(join(' ', map { $_->{raw} } (until_seq($bob, 14), $bob->changes(0.3))), '{"once":"y","seq":14}', 'of a batch, and of what was rolled back, only what was said');

# ---- many entries behind: the copy is loaded anew, nothing that was said is left out ----

$carol->changes(0.2);
$alice->ask('BEGIN;', (map { "SELECT room.add('a', 1);" } 1 .. 400), 'COMMIT;');
@heard = until_seq($carol, 414);
push @heard, $carol->changes(0.5);
is(scalar(grep { exists $_->{tick} } @heard), 400, 'four hundred events at once');
is(join(',', map { $_->{tick} } grep { exists $_->{tick} } @heard), join(',', 19 .. 418), 'in order');
$bob->changes(1);

# ---- a later viewer ----

my $late = watch('live_bob', 'a');
is(scalar(grep { exists $_->{tick} } $late->heard()), 0, 'who comes later does not hear what was said before');
$late->quit();
becomes(q{SELECT count(*) FROM room.connection WHERE agent = 'live_bob'}, 1, 5, 'and leaves');

# ---- disconnect ----

my $second = watch('live_bob', 'a');
$_->changes(0.5) for $bob, $carol;
my $left = seen('a', 'left');
$bob->session()->ask(q{SELECT room.kick('a');});
for ($bob, $second)
{
	my @end = $_->changes(10);
	push @end, $_->changes(0.3);
	is(join(' ', map { $_->{raw} } @end), '{"closed":"disconnected"}', 'all connections of a principal that is disconnected are told so, and nothing after it');
}
becomes(q{SELECT count(*) FROM room.connection WHERE agent = 'live_bob'}, 0, 5, 'they go');
becomes(q{SELECT adama.view('room', 'a')->>'left'}, $left + 1, 5, '@disconnected runs, once');
is($alice->value('SELECT count(*) FROM room.connection'), 1, 'nobody else is disconnected');
@heard = until_seq($carol, 416);
is(join(' ', map { $_->{left} } grep { exists $_->{left} } @heard), 'live_bob', 'and what @disconnected says is heard');
like(join("\n", $bob->session()->ask("SELECT adama.connect('room', 'a');")), qr/does not let you connect/, 'who comes back is asked for a permission again');
$alice->ask(q{SELECT room.heal('a');});

# who comes while a connection that is to end is still there is not asked: its guest, who goes with it
$bob->join();
ok(($bob->changes(10))[0]{reset}, 'when it is given, the viewer is back');
$second->session()->ask('BEGIN;', q{SELECT room.renew('a');}, q{SELECT room.quiet('a', 1);});
$second->join();
$second->session()->ask('COMMIT;');
becomes(q{SELECT count(*) FROM room.connection WHERE agent = 'live_bob'}, 0, 5, 'guests go with their host');
is(join(' ', map { $_->{closed} } grep { exists $_->{closed} } $second->changes(5), $second->changes(0.3)), 'disconnected', 'and are told, once');
$bob->changes(1);
$bob->join();
ok(($bob->changes(10))[0]{reset}, 'later they may come again');

# ---- the emitter is not there when it happens ----

my $pids = q{SELECT coalesce(string_agg(pid::text, ','), '') FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'adama emitter'};
my $pid = $alice->value($pids);
$alice->ask("SELECT pg_terminate_backend($pid);");
$bob->session()->ask(q{SELECT room.renew('a');});
becomes(q{SELECT count(*) FROM room.connection WHERE agent = 'live_bob'}, 0, 20, 'an emitter that starts anew still ends connections');
is(join(' ', map { $_->{closed} } grep { exists $_->{closed} } $bob->changes(5), $bob->changes(0.3)), 'disconnected', 'and tells them');
$carol->changes(2);
$alice->ask(q{SELECT room.add('a', 1);});
my @after = $carol->changes(5);
ok((grep { exists $_->{tick} } @after), 'and goes on saying what is said');
ok($carol->knows_all($alice), 'all viewers know all');

# ---- destroy ----

my $seq = $alice->value(q{SELECT room.kill('a')});
my @end = $carol->changes(10);
push @end, $carol->changes(0.3);
is(join(' ', map { $_->{raw} } grep { !exists $_->{data} && !exists $_->{left} } @end), '{"closed":"deleted"}', 'viewers of a document that destroys itself are told so');
becomes('SELECT count(*) FROM room.connection', 0, 5, 'their connections go');
like(join("\n", $alice->ask(q{SELECT room.add('a', 1);})), qr/does not exist/, 'and so has the document');
done_testing();
