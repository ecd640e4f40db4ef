# Writers at full speed, viewers who come and go: whoever is there at the end knows all, and nobody was told anything out of order.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $WRITERS = 4;
my $DOCUMENTS = 6;
my $MESSAGES = 400;

my $program = <<'END';
record Count { public int writer; public int n; }
table<Count> _counts;
public formula counts = iterate _counts order by writer asc;
message Add { int writer; int n; }
channel add(Add m) {
  (iterate _counts where writer == m.writer && n < m.n).delete();
  _counts <- { writer: m.writer, n: m.n };
}
END

my $alice = Session->new('alice');
$alice->ask(qq{SELECT adama.deploy('storm', \$program\$$program\$program\$);}, qq{SELECT adama.create('storm', 'd' || i) FROM generate_series(1, $DOCUMENTS) i;});

my @writers = map { Session->new("writer $_") } 1 .. $WRITERS;
for my $w (1 .. $WRITERS)
{
	# Every seventh message is one that is rolled back.
	$writers[$w - 1]->start('\o /dev/null', <<"SQL", '\o');
SELECT CASE WHEN i % 7 = 0 THEN format('BEGIN; SELECT storm.add(%1\$L, writer => $w, n => -%2\$s); ROLLBACK', 'd' || 1 + i % $DOCUMENTS, i)
            ELSE format('SELECT storm.add(%1\$L, writer => $w, n => %2\$s)', 'd' || 1 + i % $DOCUMENTS, i) END
FROM generate_series(1, $MESSAGES) i \\gexec
SQL
}

my (@there, @gone);
my $names = 0;
my $end = time + 4;
while (time < $end)
{
	push @there, Viewer->new('viewer ' . ++$names, 'storm', 'd' . (1 + int rand $DOCUMENTS));
	$_->changes() for @there;
	if (@there > 8)
	{
		my $leaver = splice @there, int rand @there, 1;
		$leaver->quit();
		push @gone, $leaver;
	}
}
my @said = map { $_->finish() } @writers;
is(scalar(grep { /ERROR/ } @said), 0, 'the writers had no trouble') or diag($said[0]);

for my $viewer (@there)
{
	my $seq = $alice->value("SELECT seq FROM storm.documents WHERE key = '$viewer->{key}'");
	$viewer->changes_to($seq, 20);
	ok($viewer->knows_all($alice), "$viewer->{name} of $viewer->{key} knows all");
}
my ($backwards, $resets, $headless) = (0, 0, 0);
for my $viewer (@there, @gone)
{
	my $last = 0;
	for ($viewer->heard())
	{
		$backwards++ if $_->{seq} <= $last;
		$last = $_->{seq};
	}
	my ($first, @rest) = $viewer->heard() or next;
	$headless++ if !$first->{reset};
	$resets++ for grep { $_->{reset} } @rest;
}
is($backwards, 0, 'seq always grew');
is($headless, 0, 'everybody began with a whole view');
is($resets, 0, 'nobody was started over');
cmp_ok($names, '>', 12, "viewers came and went ($names)");

my $wanted = @there;
my $deadline = time + 10;
while ($alice->value('SELECT count(*) FROM storm.connection') != $wanted && time < $deadline) { sleep 0.05; }
is($alice->value('SELECT count(*) FROM storm.connection'), $wanted, 'those who left have left');

is($alice->value(q{SELECT bool_and(v.ok) FROM storm.document d, adama.verify('storm', d.key) v}), 't', 'running the log again gives every document');

$_->quit() for @there, @writers, $alice;
done_testing();
