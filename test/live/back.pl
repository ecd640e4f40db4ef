# Clients that leave and come back at random, while a document of many forms changes at random: what each was told adds up to what it may see, each time.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Gateway;
use Session;

my $program = <<'END';
view int limit;
view string word;
public int n = 0;
public int count = 0;
public maybe<int> m;
public dynamic d;
public long l = 1;
private string secret = "";
record Note { public string head; private int weight; }
record Row {
  public int id;
  public int n;
  public principal owner;
  use_policy<mine> string own;
  public maybe<string> perhaps;
  public Note note;
  private bool hidden;
  policy mine { return owner == @who; }
  policy shows { return !hidden || owner == @who; }
  require shows;
}
table<Row> _rows;
public map<int, string> words;
public formula all = iterate _rows order by n;
bubble some = iterate _rows where n > 2 order by n desc limit @viewer.limit;
bubble told = @viewer.word + ":" + secret;
bubble numbers = (iterate _rows where owner == @who).n;
@static { invent { return true; } }
@connected { return true; }
message Do { dynamic many; dynamic one; int what; int a; int b; string s; }
channel act(Do x) {
  n = x.a;
  count++;
  if (x.what == 0) { _rows <- { n: x.a, owner: @who, own: x.s, hidden: x.b < 4, note: { head: x.s, weight: x.b } }; }
  if (x.what == 1) { (iterate _rows where n == x.a).n = x.b; }
  if (x.what == 2) { (iterate _rows where n == x.a).delete(); }
  if (x.what == 3) { words[x.a] = x.s; }
  if (x.what == 4) { words.remove(x.a); }
  if (x.what == 5) { d = x.a < 4 ? x.many : x.one; }
  if (x.what == 6) { (iterate _rows where n > x.a).hidden = x.b < 6; secret = x.s; }
  if (x.what == 7) { m = x.a; l = l * 3 + 1; (iterate _rows where n < x.a).perhaps = x.s; }
}
END
my $seed = $ENV{SEED} // time ^ $$;
srand $seed;
diag("SEED=$seed");

my $alice = Session->new('alice');
my @said = grep { /ERROR|LINE|error|HINT|DETAIL/ } $alice->ask(qq{SELECT adama.deploy('room', \$program\$$program\$program\$);});
is_deeply(\@said, [], 'the program');

my @agents = qw(ada bob cyd);
my $gate = Gateway->new('gate');
my $next = 1;
my %open;			# id => what it had before it came back
my @away;			# clients that left: {agent, viewer, seq, life, heard}

sub join_new
{
	my $id = $next++;
	my $viewer = rand > 0.5 ? '{"limit":2,"word":"x"}' : '{"limit":4,"word":"y"}';
	$gate->connect('room', { id => $id, key => 'a', agent => $agents[rand @agents], viewer => $viewer });
	$open{$id} = [];
}
sub leave
{
	my ($id) = @_;
	push @away, { agent => $gate->{connections}{$id}{agent}, viewer => $gate->{connections}{$id}{viewer}, seq => $gate->seq($id), life => $gate->life($id),
		heard => [@{ $open{$id} }, $gate->heard($id)] };
	delete $open{$id};
	$gate->disconnect('room', $id);
}
sub come_back
{
	my ($client) = @_;
	my $id = $next++;
	$gate->connect('room', { id => $id, key => 'a', agent => $client->{agent}, viewer => $client->{viewer}, since => $client->{seq}, life => $client->{life} });
	$gate->{connections}{$id}{life} = $client->{life};
	$open{$id} = $client->{heard};
}
sub act
{
	my $n = 1 + int rand 4;
	my @senders = ('ada', map { $gate->{connections}{$_}{agent} } keys %open);
	my @messages = map { sprintf q{'{"what":%d,"a":%d,"b":%d,"s":"%s","many":[%s],"one":{"k":%d}}'}, rand 8, rand 8, rand 12, 'w' . int rand 5,
		join(',', map { int rand 3 } 1 .. rand 4), rand 3 } 1 .. $n;
	my $answer = $alice->value("SELECT string_agg(coalesce(error, ''), '') FROM adama.ingest('room', array_fill('a'::text, '{$n}'), array_fill('act'::text, '{$n}'), ARRAY[" .
		join(',', @messages) . "]::json[], NULL, ARRAY[" . join(',', map { "'" . $senders[rand @senders] . "'" } 1 .. $n) .
		"], array_fill('jwt'::text, '{$n}'))");
	die "$answer\n" if $answer ne '';
}

join_new() for 1 .. 3;
# Somebody who stays, and sees something of each message.
$gate->connect('room', { id => 100000, key => 'a', agent => 'ada' });
my ($n_deltas, $n_resets, $wrong) = (0, 0, 0);
for my $round (1 .. ($ENV{ROUNDS} // 25))
{
	act() for 1 .. rand 3;
	leave((keys %open)[rand keys %open]) if keys %open > 2 && rand > 0.3;
	act() for 1 .. rand 3;
	join_new() if keys %open < 4;
	come_back(splice @away, rand @away, 1) if @away && rand > 0.2;
	my $seq = $alice->value(q{SELECT seq FROM room.document WHERE key = 'a'});
	my @ids = sort { $a <=> $b } keys %open;
	my $deadline = time + 10;
	# Changes that a viewer can't see are not sent: so it is waited for one that sees all.
	$gate->wait_for(100000, $seq, 10);
	$gate->wait_told(5, grep { !$gate->heard($_) } @ids);
	for my $id (@ids)
	{
		my ($first) = $gate->heard($id);
		next if $gate->{connections}{$id}{looked}++ && rand > 0.5;
		if (!$gate->knows_all($id, $alice, @{ $open{$id} }))
		{
			$wrong++;
			diag("round $round, connection $id ($gate->{connections}{$id}{agent})" . (@{ $open{$id} } ? ' came back' : '') . ' does not know what it may see');
		}
		next if !@{ $open{$id} } || $gate->{connections}{$id}{looked} > 1;
		$first->{reset} ? $n_resets++ : $n_deltas++;
	}
}
is($wrong, 0, 'what each was told adds up');
cmp_ok($n_deltas, '>', $n_resets, "most who came back were told what they lacked ($n_deltas, $n_resets the whole)");

$_->quit() for $gate, $alice;
done_testing();
