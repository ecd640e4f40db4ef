# What programs log is in the server's log, whatever becomes of the event, and nowhere else; what is run again is silent.
use strict;
use warnings;
use Test::More;
use Session;
use Viewer;

my $alice = Session->new('alice');
$alice->ask('SET client_min_messages = debug1;', q{SELECT adama.deploy('logs', $$
public int x;
procedure shown() -> int readonly { log "a formula of " + x; return x; }
public formula f = shown();
message M { int n; }
@static { create { log "may create?"; return true; } }
@construct { log "made"; }
@connected { log @who; return true; }
@disconnected { log "gone"; }
@load { log "loaded"; }
@delete { log "deleted?"; return true; }
channel put(M m) { x = m.n; log {x: x}; if (x < 0) { abort; } }
channel two(M m) { log "first line\nsecond line"; }
$$);});

# The lines of our documents that the log has got since the last call, without what comes before the message.
my $seen = 0;
sub logged
{
	my @lines = `tools/cluster log`;
	my @new = @lines[$seen .. $#lines];
	$seen = @lines;
	return map { s/^.*? LOG:  //r } grep { / LOG:  document ".*" of space "logs", / } map { chomp; $_ } @new;
}
logged();

my @said = $alice->ask(q{SELECT adama.create('logs', 'a');}, q{SELECT logs.put('a', n => 3);});
is_deeply([logged()], ['document "a" of space "logs", create: may create?', 'document "a" of space "logs", create: made',
	'document "a" of space "logs", channel "put": {"x":3}'], 'each line tells which document and which channel');
unlike("@said", qr/may create|"x":3/, 'who sends is not told');

@said = $alice->ask(q{SELECT logs.put('a', n => -1);});
like("@said", qr/ERROR: +the program aborted/, 'a message is aborted');
is_deeply([logged()], ['document "a" of space "logs", channel "put": {"x":-1}'], 'its lines are written all the same');
$alice->ask('BEGIN;', q{SELECT logs.put('a', n => 4);}, 'ROLLBACK;');
is_deeply([grep { !/loaded/ } logged()], ['document "a" of space "logs", channel "put": {"x":4}'], 'and those of a transaction that is rolled back');
$alice->ask(q{SELECT * FROM adama.ingest('logs', '{a,a}', '{put,put}', ARRAY['{"n":5}', '{"n":-5}']::json[]);});
is_deeply([logged()], ['document "a" of space "logs", load: loaded', 'document "a" of space "logs", channel "put": {"x":5}',
	'document "a" of space "logs", channel "put": {"x":-5}'], 'of each message of a batch');

my $bob = Viewer->new('bob', 'logs', 'a');
$bob->changes(10);
is_deeply([grep { !/loaded/ } logged()], ['document "a" of space "logs", connect: postgres@postgres'], 'of connecting, and nothing of what a view computes');
$bob->session()->ask(sprintf q{SELECT adama.disconnect('%s');}, $bob->channel());
is_deeply([grep { !/loaded/ } logged()], ['document "a" of space "logs", disconnect: gone'], 'of leaving');

$alice->ask(q{SELECT * FROM adama.verify('logs', 'a');}, q{SELECT adama.replay('logs', 'a');}, q{SELECT adama.view('logs', 'a');},
	q{SELECT count(*) FROM adama.try('logs', 'a', 'public int x; message M { int n; } channel put(M m) { log "tried"; }');});
is_deeply([logged()], [], 'what is run again or looked at is silent');

$alice->ask(q{SELECT logs.two('a', n => 0);});
my $log = `tools/cluster log`;
like($log, qr/channel "two": first line\n\tsecond line/, 'a line of two lines stays one entry');
unlike($log, qr/channel "two"[^\n]*\n\tsecond line\n[^\n]*STATEMENT/, 'without the statement');
logged();
$alice->ask(q{SELECT adama.delete('logs', 'a');});
is_deeply([grep { !/loaded/ } logged()], ['document "a" of space "logs", delete: deleted?'], 'of deleting');

$_->quit() for $alice, $bob->session();
done_testing();
