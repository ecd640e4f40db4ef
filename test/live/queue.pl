# The queue of notifications fills while a session that listens sits in a transaction.  Then changes become coarser, and before the queue is full nothing is sent;
# when there is room again nobody has lost anything.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Gateway;
use Session;
use Viewer;

my $alice = Session->new('alice');
$alice->ask('\set program `cat examples/pubsub.adama`', q{SELECT adama.deploy('chat', :'program' || ' @connected { return true; }');}, q{SELECT adama.create('chat', 'lobby');},
	q{SELECT adama.create('chat', 'attic');});

# A limit that is reached soon: 0.8 MB of 8 GB.
my $limit = 0.0001;
$alice->ask("ALTER SYSTEM SET adama.emitter_queue_limit = $limit;", 'SELECT pg_reload_conf();');
my @viewers = map { Viewer->new("viewer $_", 'chat', 'lobby') } 1 .. 3;
my $waits = Viewer->new('waits', 'chat', 'lobby', window => 2);
my $attic = Viewer->new('attic', 'chat', 'attic');
$_->changes(10) for @viewers, $waits, $attic;
my $gate = Gateway->new('gate');
$gate->connect('chat', map { { id => $_, key => 'lobby', agent => "p$_" } } 1 .. 3);
$gate->wait_told(10, 1 .. 3);

sub usage { return $alice->value('SELECT pg_notification_queue_usage()'); }
sub activity { return $alice->value(q{SELECT query FROM pg_stat_activity WHERE backend_type = 'adama emitter' AND datname = current_database()}); }
my $publish = q{SELECT chat.publish('lobby', payload => repeat(md5(random()::text), 60)) \g /dev/null};

my $sitter = Session->new('sitter');
$sitter->ask('LISTEN something;', 'BEGIN;', 'SELECT 1;');
my $deadline = time + 50;
while (activity() !~ /^waiting/ && time < $deadline)
{
	$alice->ask(($publish) x 20);
	$_->changes() for @viewers;
	$gate->listen(0);
}
like(activity(), qr/^waiting for the notification queue/, 'while a session that listens sits in a transaction, the emitter comes to wait');
my $used = usage();
cmp_ok($used, '>', $limit / 2, 'when the queue is as full as it may be');
cmp_ok($used, '<', $limit * 1.35, 'and not much fuller');
$alice->ask(($publish) x 50);
my $seq = $alice->value(q{SELECT seq FROM chat.documents WHERE key = 'lobby'});
$_->changes() for @viewers;
my $attic_seq = $alice->value(q{SELECT chat.publish('attic', payload => 'held back')});
my $newcomer = Viewer->new('newcomer', 'chat', 'lobby');
sleep 1;
cmp_ok(usage(), '<', $limit * 1.35, 'however much is done, it does not get fuller');
is(scalar(map { $_->changes() } $attic, $newcomer), 0, 'nobody is sent anything');
ok($viewers[0]->seq() < $seq, 'they lack something');
my $held = $alice->value(q{SELECT seq FROM chat.documents WHERE key = 'lobby'}) - 50;
my $told = () = $viewers[0]->heard();
cmp_ok($told, '<', $seq / 2, 'what they were sent before was coarse already');
# Somebody else may notify.
is_deeply([grep { /ERROR|WARNING/ } $alice->ask('NOTIFY something;')], [], 'others may notify as always');

$sitter->ask('COMMIT;');
# A session that does not read what it is sent would hold the queue, too: so all read in turns.
$deadline = time + 40;
while (time < $deadline && grep { $_->seq() < $seq } @viewers, $newcomer)
{
	$_->changes() for @viewers, $newcomer, $attic, $waits;
	$gate->listen(0);
	sleep 0.05;
}
is($_->seq(), $seq, "when it is over, all is sent ($_->{name})") for @viewers, $newcomer;
is(scalar(grep { $_->knows_all($alice) } @viewers, $newcomer), 4, 'and adds up');
my @after = map { scalar grep { $_->{seq} > $held } $_->heard() } @viewers;
cmp_ok($after[0], '<=', 3, 'in few changes');
ok($gate->wait_for($_, $seq, 20) && $gate->knows_all($_, $alice), "a gateway's connection $_ is sent all") for 1 .. 3;
$attic->changes_to($attic_seq, 10);
ok($attic->seq() == $attic_seq && 1 == (grep { $_->{reset} } $attic->heard()) && $attic->knows_all($alice), 'another document\'s viewer is sent what it lacks');
$deadline = time + 20;
while ($waits->seq() < $seq && time < $deadline)
{
	$waits->session()->ask(sprintf "SELECT adama.ack('%s', %d) \\g /dev/null", $waits->channel(), $waits->seq());
	$waits->changes(0.2);
	$gate->listen(0);
}
ok($waits->knows_all($alice), 'also who acknowledges');
$deadline = time + 10;
while (usage() > $limit / 10 && time < $deadline) { $_->changes() for @viewers, $newcomer, $attic, $waits; $gate->listen(0); sleep 0.1; }
cmp_ok(usage(), '<', $limit / 10, 'the queue is empty');
unlike(activity(), qr/^waiting/, 'the emitter watches again');

$alice->ask('ALTER SYSTEM RESET adama.emitter_queue_limit;', 'SELECT pg_reload_conf();');
$gate->quit();
$_->quit() for $alice, $sitter, @viewers, $waits, $attic, $newcomer;
done_testing();
