# The demo: two psql sessions, a document between them, and a third session that checks what the second was told.
#
# What each session typed stands behind its prompt, what it got below.  Every claim that is printed was checked; when one does not hold, the
# demo says so and ends with status 1.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use List::Util qw(max sum0);
use Time::HiRes qw(time sleep);
use Session;

my $BURST = 1000;
my $WIDTH = 118;
my $failed = 0;
$| = 1;

sub narrate { print "\n", map("-- $_\n", @_), "\n"; }

sub claim
{
	my ($holds, $text) = @_;
	print $holds ? "   ✓ $text\n" : "   ✗ NOT SO: $text\n";
	$failed = 1 if !$holds;
}

# Types statements into a session, shows them and what psql answers.
sub type
{
	my ($who, @statements) = @_;
	show_typed($who, @statements);
	return show_answer($who->ask(@statements));
}

sub show_typed
{
	my ($who, @statements) = @_;
	for (@statements)
	{
		my ($first, @rest) = split /\n/;
		print "$who->{name}=> $first\n", map("$who->{name}-> $_\n", @rest);
	}
}

sub show_answer
{
	my @lines = @_;
	print map { '      ' . shortened($_) . "\n" } grep { $_ ne '' } @lines;
	die "the statement failed\n" if grep { /^(?:psql:.*)?(?:ERROR|FATAL|PANIC):/ } @lines;
	return @lines;
}

sub shortened
{
	my ($text) = @_;
	return length $text <= $WIDTH ? $text : substr($text, 0, $WIDTH - 30) . ' … (' . length($text) . ' characters)';
}

# Shows notifications as psql prints them, without the parts that only say which connection it is.
sub show_told
{
	my ($who, @told) = @_;
	print "$who->{name}=> ;\n";
	for (@told)
	{
		print "      Asynchronous notification with payload\n      ", shortened($_->{payload}), "\n";
	}
	print "      (nothing)\n" if !@told;
}

# Waits for more notifications until one carries the number $seq.
sub told_up_to
{
	my ($who, $seq, $patience) = @_;
	my @told;
	my $deadline = time + $patience;
	do
	{
		push @told, $who->notifications(0.2);
	} until (grep { reaches($_->{payload}, $seq) } @told) || time > $deadline;
	# The last change may have been split: take its other parts too.
	push @told, $who->notifications(0.2);
	return @told;
}

sub reaches
{
	my ($payload, $seq) = @_;
	return $payload =~ /"seq":\s*$seq\b/;
}

# A single value from a session, not shown.
sub value
{
	my ($who, $query) = @_;
	my @lines = $who->ask('\pset tuples_only on', '\pset format unaligned', "$query;", '\pset tuples_only off', '\pset format aligned');
	die join("\n", @lines), "\n" if grep { /^ERROR:/ } @lines;
	return $lines[0] // '';
}

# ---- the document ----

my $alice = Session->new('alice');
my $bob = Session->new('bob');

narrate 'Alice installs the extension, deploys the program of examples/pubsub.adama, and makes a document.';
type($alice, 'CREATE EXTENSION adama;');
type($alice, '\set program `cat examples/pubsub.adama`', q{SELECT adama.deploy('chat', :'program');});
type($alice, q{SELECT adama.create('chat', 'lobby');});

narrate 'Bob connects to it. What he may see comes as a notification; psql prints it when it next talks to the server.';
type($bob, q{SELECT adama.connect('chat', 'lobby');});
my @heard = $bob->notifications(10);
show_told($bob, @heard);
claim(scalar(@heard) == 1 && $heard[0]{payload} =~ /"reset":\s*true/, 'one notification: the whole view, marked "reset"');

narrate 'Alice sends a message: a function call, in whatever transaction she likes.';
my ($seq) = map { /^\s*(\d+)\s*$/ ? $1 : () } type($alice, q{SELECT chat.publish('lobby', payload => 'hello');});
my @change = told_up_to($bob, $seq // -1, 10);
show_told($bob, @change);
claim(scalar(@change) == 1 && $change[0]{payload} =~ /"payload":\s*"hello"/ && $change[0]{payload} !~ /"reset"/,
	'one notification: the change itself, as data');
push @heard, @change;

# ---- the burst ----

narrate "Bob looks away. Meanwhile Alice sends $BURST messages, each a transaction of its own.";
show_typed($bob, 'SELECT pg_sleep(3);');
$bob->start('SELECT pg_sleep(3);');
my @burst = ('\o /dev/null', "SELECT format(\$\$SELECT chat.publish('lobby', payload => %L)\$\$, 'message ' || i)\n  FROM generate_series(1, $BURST) i \\gexec", '\o');
my $start = time;
type($alice, @burst);
my $took = time - $start;
my $last = value($alice, q{SELECT seq FROM chat.documents WHERE key = 'lobby'});
printf "   (%d messages in %.2f s; the document is at seq %s)\n\n", $BURST, $took, $last;
show_answer($bob->finish());
@change = told_up_to($bob, $last, 20);
push @heard, @change;
my $whole = grep { $_->{payload} !~ /"part":\s*(?!1,)\d/ } @change;
print "bob=> ;\n";
printf "      %d notifications, %d bytes in all, the last of them:\n      %s\n", scalar @change, sum0(map { length $_->{payload} } @change),
	shortened(@change ? $change[-1]{payload} : '(none)');
claim($last == ($seq // -1) + $BURST, "every message counts: seq grew by $BURST");
claim((grep { reaches($_->{payload}, $last) } @change) > 0, 'Bob was told up to the last one');
# A document that never rests is sent every 25 ms; a slow disk takes longer than that for a few commits.
claim($whole > 0 && $whole <= max($BURST / 2, $took / 0.012), "$BURST messages reached him as $whole changes");

# ---- the proof ----

narrate 'Is what Bob was told, put together, what the document is?  Carol adds it up: documents and deltas are values with + and -.';
my $carol = Session->new('carol');
$carol->ask('CREATE TEMP TABLE heard (n int GENERATED ALWAYS AS IDENTITY, payload json);');
my @rows = map { (my $text = $_->{payload}) =~ s/([\\])/\\$1/g; $text } @heard;
$carol->ask('COPY heard (payload) FROM STDIN;', @rows, '\.');
printf "   (the %d notifications, as they came, are the rows of her table \"heard\")\n\n", scalar @heard;
my @sum = type($carol,
	'SET search_path = public, adama;',
	<<'SQL' =~ s/\n\z//r);
WITH RECURSIVE change AS (              -- what was split is put together again
  SELECT row_number() OVER (ORDER BY min(n)) AS i,
         CASE WHEN bool_or(payload->'parts' IS NOT NULL)
              THEN string_agg(payload->>'text', '' ORDER BY n)::json
              ELSE (array_agg(payload))[1] END AS payload
  FROM heard GROUP BY payload->>'seq'
), state AS (                           -- each change is added to what was there
  SELECT 0::bigint AS i, '{}'::document AS doc
  UNION ALL
  SELECT change.i, doc + (payload->>'data')::delta FROM state JOIN change ON change.i = state.i + 1
)
SELECT i AS changes, plain(doc) = view('chat', 'lobby') AS same, jsonb_array_length(plain(doc)->'publishes') AS publishes
FROM state ORDER BY i DESC LIMIT 1;
SQL
my ($same) = map { /^\s*\d+ \| ([tf]?) *\| *\d*\s*$/ ? $1 : () } @sum;
claim(($same // '') eq 't', 'the sum of the changes is exactly what adama.view shows');

# ---- a table over many documents ----

narrate 'Two games of examples/league.adama publish their players. A table of Alice\'s is kept in step with all of them.';
type($alice, '\set program `cat examples/league.adama`', q{SELECT adama.deploy('game', :'program');});
type($alice, $_) for
	('CREATE TABLE leaderboard (game text, id int, name text NOT NULL, points int NOT NULL, PRIMARY KEY (game, id));',
	<<'SQL' =~ s/\n\z//r,
SELECT adama.replicate('game', 'players', 'leaderboard',
  '{"game": "$key", "id": "$row", "name": "name", "points": "points"}', mode => 'sync');
SQL
	q{SELECT adama.create('game', 'final', '{"town": "York"}'), adama.create('game', 'friendly', '{"town": "Leeds"}');},
	q{SELECT game.join('final', name => 'ada'), game.join('final', name => 'bob'), game.join('friendly', name => 'cyd');},
	q{SELECT game.shoot('final', name => 'bob', points => 3), game.shoot('friendly', name => 'cyd', points => 2);});
my @board = type($alice, 'SELECT name, game, points, rank() OVER (ORDER BY points DESC) FROM leaderboard ORDER BY 4, 1;');
claim("@board" =~ /bob +\| final +\| +3 \| +1 +cyd +\| friendly +\| +2 \| +2 +ada +\| final +\| +0 \| +3/, 'the table has what the documents say');
narrate 'A miss changes nothing that is published: no row is written. What is rolled back never was in the table either.';
my $before = value($alice, q{SELECT string_agg(xmin || ' ' || ctid || l, '|' ORDER BY name) FROM leaderboard l});
type($alice, $_) for (q{SELECT game.shoot('final', name => 'ada');}, q{BEGIN; SELECT game.shoot('final', name => 'ada', points => 9); ROLLBACK;});
claim(value($alice, q{SELECT string_agg(xmin || ' ' || ctid || l, '|' ORDER BY name) FROM leaderboard l}) eq $before, 'the rows are the ones that they were');

$_->quit() for $alice, $bob, $carol;
print "\n";
if ($failed)
{
	print "Something did not happen as it should; see the lines marked ✗.\n";
	exit 1;
}
print <<'END';
At the end the server is stopped; its data stays. To play with it:

  tools/cluster start
  tools/cluster psql               -- once or twice, in two terminals
      \df chat.*                      what the program became
      SELECT * FROM chat.publishes('lobby');
      SELECT adama.view('chat', 'lobby');
      BEGIN; SELECT chat.publish('lobby', payload => 'never said'); ROLLBACK;
  tools/cluster stop

Next: docs/tutorial.md, and examples/ for other programs.
END
