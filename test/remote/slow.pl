# Rows that another system takes for ever to write, one or several, do not hold up the others, whoever is killed meanwhile; a system that takes for ever with all of them is waited for.  Both remotes at once: each
# has a courier of its own.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Remote;
use Server;

my $DOCUMENTS = 24;
my $PATIENCE = $ENV{PATIENCE} // 60;

my $program = <<'END';
public string title;
public int score;
replication<games:upsert> shown = {title: title, score: score};
message Set { string title; int score; }
channel set(Set m) { title = m.title; score = m.score; }
END

my $far = Remote->postgres();
my $maria = Remote->mariadb();
my @remotes = ($far, $maria);
my $said = query('postgres', 'CREATE ROLE app LOGIN', 'GRANT CREATE ON DATABASE postgres TO app', 'GRANT ALL ON SCHEMA public TO app', 'GRANT USAGE ON SCHEMA adama TO app', 'SET ROLE app',
	qq{SELECT adama.deploy('play', \$p\$$program\$p\$)}, qq{SELECT count(adama.create('play', 'g' || i)) FROM generate_series(1, $DOCUMENTS) i});
die $said if $said =~ /ERROR/;
$_->make('app') for @remotes;

# ---- what sleeps there, for ten minutes ----

$far->sql('CREATE TABLE slow (pattern text)', 'GRANT SELECT ON slow TO app',
	'CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600) FROM public.slow WHERE new.title LIKE pattern; RETURN new; END $$',
	'CREATE TRIGGER dawdle BEFORE INSERT OR UPDATE ON games FOR EACH ROW EXECUTE FUNCTION dawdle()');
# Who is cut off is not waited for any longer, so that the locks go that it holds.
$far->sql(q{ALTER SYSTEM SET client_connection_check_interval = '100ms'});
$far->sql('SELECT pg_reload_conf()');
# Some setting of the server says how long: nobody who sleeps holds a lock on it.  Whoever was cut off is woken there after some seconds, and then the row is written after all.
$maria->sql(map { "CREATE TRIGGER dawdle_$_ BEFORE $_ ON games FOR EACH ROW DO IF(new.title LIKE 'slow%', SLEEP(\@\@global.slow_launch_time - 2), 0)" } qw(INSERT UPDATE));

sub slow
{
	my ($pattern) = @_;
	$far->sql("INSERT INTO slow VALUES ('$pattern')");
	$maria->sql('SET GLOBAL slow_launch_time = 602');
}

# Nobody sleeps any more, nor does who was asleep.
sub quick
{
	$far->sql('DELETE FROM slow', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'});
	$maria->kill();
	$maria->start();
}

# ---- what is told ----

sub status { return settles('postgres', "SELECT target, $_[0] FROM adama.replication_status WHERE target IS NOT NULL ORDER BY target::text", join("\n", map { $_->name() . "_games|$_[1]" } @remotes), $PATIENCE); }
sub told
{
	my ($columns, $wanted, $what) = @_;
	is(status($columns, $wanted), join("\n", map { $_->name() . "_games|$wanted" } @remotes), $what) or
		diag(query('postgres', 'SELECT target, state, pending, parked, failures, retry_at - now(), last_error FROM adama.replication_status', 'SELECT * FROM play.outbox'));
}

# So many rows have been put aside, and all others brought; the MariaDB may have got some of these.
sub parked
{
	my ($n, $what) = @_;
	told("state, pending, CASE WHEN target = 'maria_games'::regclass AND parked < $n THEN $n ELSE parked END", "current|0|$n", $what);
}

sub set
{
	my ($title, @games) = @_;
	my $n = query('postgres', sprintf q{SELECT count(play.set('g' || i, title => '%s', score => (random() * 1000000)::int)) FROM unnest(ARRAY[%s]) i}, $title, join(', ', @games));
	die $n if $n ne scalar @games;
}

# Games whose row is not as the document says.
sub wrong
{
	my ($name) = @_;
	return query('postgres', qq{SELECT coalesce(string_agg(key, ' ' ORDER BY key), '') FROM (SELECT key, value->>'title' AS title, (value->>'score')::bigint AS score FROM play.replica WHERE name = 'games') r
		FULL JOIN ${name}_games g ON r.key = g.game WHERE (r.title, r.score) IS DISTINCT FROM (g.title, g.score)});
}

sub only_wrong
{
	my ($games, $what) = @_;
	for (map { $_->name() } @remotes)
	{
		my $deadline = time + $PATIENCE;
		my $wrong;
		my $look = sub { $wrong = wrong($_[0]); $wrong = $games if $_[0] eq 'maria' && join(' ', grep { my $game = $_; grep { $_ eq $game } split / /, $games } split / /, $wrong) eq $wrong; return $wrong; };
		while ($look->($_) ne $games && time < $deadline) { sleep 0.1; }
		is($wrong, $games, "$what: $_");
	}
}

sub retry { query('postgres', map { sprintf q{SELECT adama.replication_retry('play', 'games', '%s_games')}, $_->name() } @remotes); }

sub all_right
{
	my ($what) = @_;
	told('state, pending, parked', 'current|0|0', "$what: everything is delivered");
	only_wrong('', "$what: and is as the documents say");
}

sub couriers { return split /\n/, query('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'adama courier'}); }

sub register { query('postgres', 'SET ROLE app', map { sprintf q{SELECT adama.replicate('play', 'games', '%s_games', '{"game": "$key", "title": "title", "score": "score"}')}, $_->name() } @remotes); }

is(query('postgres', 'SELECT adama.whoami() IS NULL', q{ALTER SYSTEM SET adama.replication_timeout = '500ms'}, 'SELECT pg_reload_conf()'), "f\nt", 'a delivery may last half a second');
like(register(), qr/\A\d+\n\d+\z/, 'targets are registered');
all_right('at first');

# ---- one row ----

slow('slow%');
set('slow', 3);
told('state, failures > 2, parked', 'waiting|t|0', 'a row by itself is too slow: whether it is the row is not known');
set('quick', grep { $_ != 3 } 1 .. $DOCUMENTS);
parked(1, 'others come: then it is, and is put aside');
only_wrong('g3', 'and only that is not as it should be');
like(query('postgres', q{SELECT string_agg(DISTINCT key || ': ' || error, ' ') FROM play.outbox}), qr/\Ag3: .*adama\.replication_timeout[^:]*\z/, 'it is told why');
set('slow again', 3);
set('on', 1 .. 2, 4 .. 9);
parked(1, 'it changes, and is still too slow');
only_wrong('g3', 'others go on');
cmp_ok(query('postgres', q{SELECT count(*) FROM play.outbox WHERE value->>'title' = 'slow again'}), '>', 0, 'what it is now is kept');
# It is tried again and again; others come nevertheless.
is(settles('postgres', q{SELECT min(attempts) > 2 FROM play.outbox}, 't', $PATIENCE), 't', 'it is tried again, in vain');
set('on', 10 .. 20);
only_wrong('g3', 'others go on all the same');
quick();
retry();
all_right('nobody sleeps any more');

# ---- several, and whoever does it is killed ----

slow('slow%');
set('slow', 2, 5, 6, 11, 17);
set('quick', 1, 3, 4, 7 .. 10);
sleep 1;
query('postgres', "SELECT pg_terminate_backend($_)") for couriers();
sleep 2;
my ($pid) = couriers();
ok($pid, 'a courier is at work') and kill KILL => $pid;
sleep 0.5;
my $session = returned();
$session->quit();
set('quick', 18 .. 20);
parked(5, 'several rows are too slow, and those who bring them are killed: these are put aside');
only_wrong('g11 g17 g2 g5 g6', 'and all others are there');
quick();
retry();
all_right('several rows were too slow');
set('quick', 2, 5, 6, 11, 17);
all_right('they change again');

# ---- a row of what was published before ----

slow('slow%');
query('postgres', 'SET ROLE app', map { sprintf q{SELECT adama.unreplicate('play', 'games', '%s_games')}, $_->name() } @remotes);
set('slow', 14);
set('quick', 15);
$_->sql('DELETE FROM games') for @remotes;
register();
parked(1, 'a table is filled: a row that is too slow is put aside');
only_wrong('g14', 'and all others are there');
# And goes; should it have come there after all, that must not be the end of it.
query('postgres', q{SELECT adama.delete('play', 'g14')});
quick();
retry();
all_right('what was too slow is deleted');

# ---- a trigger of the foreign table here ----

$said = query('postgres', 'CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.title = \'slow here\' THEN PERFORM pg_sleep(60); END IF; RETURN new; END $$',
	map { sprintf 'CREATE TRIGGER dawdle BEFORE INSERT OR UPDATE ON %s_games FOR EACH ROW EXECUTE FUNCTION dawdle()', $_->name() } @remotes);
die $said if $said ne '';
set('slow here', 8);
set('quick', 1 .. 7);
parked(1, 'a trigger here is too slow: the row is put aside');
only_wrong('g8', 'and all others are there');
# A newer value comes without being asked for.
set('quick', 8);
all_right('it is not too slow for the next value');
query('postgres', map { sprintf 'DROP TRIGGER dawdle ON %s_games', $_->name() } @remotes);

# ---- the server ----

slow('%');
$maria->freeze();
set('all', grep { $_ != 14 } 1 .. $DOCUMENTS);
told('state, failures > 6, parked', 'waiting|t|0', 'the whole server is too slow: it is waited for');
set('all', grep { $_ != 14 } 1 .. $DOCUMENTS);
told("state, pending < 2 * $DOCUMENTS - 10, parked", 'waiting|t|0', 'changes of one row become one meanwhile, and nothing is put aside');
$maria->thaw();
$far->sql('DELETE FROM slow', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'});
$maria->sql('SET GLOBAL slow_launch_time = 2');
all_right('it is not too slow any more');

done_testing();
