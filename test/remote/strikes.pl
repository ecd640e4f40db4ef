# What documents publish is brought to a table here, to another PostgreSQL, to a MariaDB, and to whoever empties a queue, while all of these and the server itself are
# struck.  Messages go on as if nothing were the matter, and each target ends as the documents are: nothing is lost, nothing is there twice.
use strict;
use warnings;
use Test::More;
use List::Util qw(sum);
use Time::HiRes qw(sleep time);
use Load;
use Remote;
use Server;
use Session;

my $CLIENTS = 3;
my $DOCUMENTS = 12;
my $PATIENCE = 60;

my $program = <<'END';
record Seat {
	public int id;
	public string who;
	public int points;
	replication<seats:upsert> status = {who: who, points: points};
}
table<Seat> _seats;
public string title;
public int score;
public int moves;
formula rate = moves == 0 ? 0.0 : score / (1.0 * moves);
public formula moved = moves;
replication<games:upsert> status = {title: title, score: score, moves: moves, rate: rate};
message Play { string who; int points; }
channel play(Play m) {
	moves++;
	score += m.points;
	title = m.who + " \\ 'moved' \"" + m.points + "\" 😀";
	if ((iterate _seats where who == m.who).size() == 0) {
		_seats <- {who: m.who, points: m.points};
	} else if (m.points % 5 == 0) {
		(iterate _seats where who == m.who).delete();
	} else {
		foreach (seat in iterate _seats where who == m.who) { seat.points += m.points; }
	}
}
END

my $far = Remote->postgres();
my $maria = Remote->mariadb();
my @remotes = ($far, $maria);

# ---- what is brought where ----

my $said = query('postgres', 'CREATE ROLE app LOGIN', 'GRANT CREATE ON DATABASE postgres TO app', 'GRANT ALL ON SCHEMA public TO app', 'GRANT USAGE ON SCHEMA adama TO app', 'SET ROLE app', qq{SELECT adama.deploy('play', \$p\$$program\$p\$)},
	q{SELECT adama.deploy('idle', 'public int n; message Touch { } channel touch(Touch t) { n++; }')}, q{SELECT adama.create('idle', 'it')},
	'CREATE TABLE here_games (game text PRIMARY KEY, title text, score bigint, moves bigint, rate double precision)',
	'CREATE TABLE here_seats (game text, seat int, who text, points bigint, PRIMARY KEY (game, seat))',
	'CREATE TABLE fetched (key text PRIMARY KEY, value jsonb)');
die $said if $said =~ /ERROR/;
$_->make('app') for @remotes;
# Some documents are there before.
query('postgres', qq{SELECT adama.create('play', 'g' || i) FROM generate_series(1, $DOCUMENTS) i}, q{SELECT play.play('g' || i, who => 'before', points => i) FROM generate_series(1, 5) i});
my $GAMES = q{'{"game": "$key", "title": "title", "score": "score", "moves": "moves", "rate": "rate"}'};
my $SEATS = q{'{"id": "$id", "game": "$key", "who": "who", "points": "points"}'};
$said = query('postgres', 'SET ROLE app',
	"SELECT adama.replicate('play', 'games', 'here_games', $GAMES)", q{SELECT adama.replicate('play', 'seats', 'here_seats', '{"game": "$key", "seat": "$row", "who": "who", "points": "points"}')},
	(map { ("SELECT adama.replicate('play', 'games', '${_}_games', $GAMES)", "SELECT adama.replicate('play', 'seats', '${_}_seats', $SEATS)") } map { $_->name() } @remotes),
	q{SELECT adama.replicate_queue('play', 'games')});
like($said, qr/\A(\d+\n?){7}\z/, 'targets are registered');

my $REPLICAS = q{SELECT key, row, name, value FROM play.replica};
my %WANTED = (
	games => q{SELECT key AS id, concat_ws('|', value->>'title', value->>'score', value->>'moves', (value->>'rate')::float8) AS row FROM play.replica WHERE name = 'games'},
	seats => q{SELECT 'play/' || key || '/seats/' || row AS id, concat_ws('|', key, value->>'who', value->>'points') AS row FROM play.replica WHERE name = 'seats'});
my %FOUND = (
	games => q{SELECT game AS id, concat_ws('|', title, score, moves, rate) AS row FROM %s_games},
	seats => q{SELECT id, concat_ws('|', game, who, points) AS row FROM %s_seats});
my $HERE_SEATS = q{SELECT 'play/' || game || '/seats/' || seat AS id, concat_ws('|', game, who, points) AS row FROM here_seats};

# The rows that are other than they should be, at most 5; "" when all are right.
sub wrong
{
	my ($place, $name) = @_;
	my $found = $place eq 'here' && $name eq 'seats' ? $HERE_SEATS : sprintf $FOUND{$name}, $place;
	return query('postgres', qq{
		WITH wanted AS MATERIALIZED ($WANTED{$name}), found AS MATERIALIZED ($found)
		SELECT format('%s: wanted %s, found %s', id, array_agg(w.row), array_agg(f.row)) FROM wanted w FULL JOIN found f USING (id) GROUP BY id
		HAVING array_agg(w.row) IS DISTINCT FROM array_agg(f.row) OR count(*) > 1 LIMIT 5});
}

my $OPEN = q{SELECT count(*) FROM adama.replication_status WHERE target IS NOT NULL AND (pending > 0 OR parked > 0 OR state <> 'current')};
my $STATUS = q{SELECT target, state, pending, parked, failures, retry_at - now(), last_error FROM adama.replication_status WHERE pending > 0 OR parked > 0 OR state <> 'current'};

sub all_right
{
	my ($what) = @_;
	my $left = settles('postgres', $OPEN, 0, $PATIENCE);
	is($left, 0, "$what: everything is delivered") or diag(query('postgres', $STATUS));
	for my $name ('games', 'seats')
	{
		is(wrong($_, $name), '', "$what: $name $_ are as the documents say") for 'here', map { $_->name() } @remotes;
	}
	is(query('postgres', q{SELECT count(*) FROM play.replica_change}), 0, "$what: nothing of the changes is left") if $left eq '0';
}

# ---- consumers of the queue: each puts what it takes into a table, or ends before it has ----

sub consume
{
	my ($session, $is_kept) = @_;
	$session->ask('BEGIN;',
		q{WITH taken AS MATERIALIZED (SELECT * FROM adama.dequeue('play', 'games', 5)), gone AS (DELETE FROM fetched f USING taken t WHERE f.key = t.key AND t.operation = 'delete') INSERT INTO fetched SELECT key, value FROM taken WHERE operation = 'upsert' ON CONFLICT (key) DO UPDATE SET value = excluded.value;},
		$is_kept ? 'COMMIT;' : 'ROLLBACK;');
}

# ---- strikes ----

my $SENT = q{SELECT play.play('g%d', who => 'p%d', points => %d)};

sub load
{
	my ($pause) = @_;
	return Load->new($CLIENTS, sub { my ($client, $i) = @_; sleep $pause if $pause; return sprintf $SENT, 1 + ($i * 7 + $client) % $DOCUMENTS, ($i + $client) % 6, 1 + $i % 11; });
}

sub count { my ($load) = @_; my %n = $load->acknowledged(); return sum(values %n); }

sub until_sent
{
	my ($load, $n) = @_;
	my $deadline = time + 30;
	my $wanted = count($load) + $n;
	while (count($load) < $wanted && time < $deadline) { sleep 0.02; }
	return count($load) >= $wanted;
}

sub wait_for_server
{
	my $deadline = time + 60;
	until (query('postgres', 'SELECT 1') eq '1') { die "the server did not come back\n" if time > $deadline; sleep 0.1; }
}

# Under load, $blow strikes; the load survives it unless the server does not.
sub strike
{
	my ($what, $blow, %option) = @_;
	my $load = do { local $ENV{PGOPTIONS} = $option{settings} // ''; load($option{pause}) };
	ok(until_sent($load, 150), "$what: messages are sent before");
	$blow->($load);
	wait_for_server();
	if ($option{is_end})
	{
		# After a start of the server the first use of adama brings its workers: be it of a space that publishes nothing.
		query('postgres', q{SELECT idle.touch('it')});
	}
	else
	{
		ok(until_sent($load, 150), "$what: and after");
	}
	$load->stop();
	all_right($what);
}

all_right('at first');
is(query('postgres', q{SELECT count(*), max(fill_done) FROM adama.replication_status WHERE fill_done = fill_total}), "7|$DOCUMENTS", 'what was there before is counted');

my $base = time;
my $quiet = do { my $load = load(); until_sent($load, 50); my $n = count($load); sleep 1; $n = count($load) - $n; $load->stop(); $n };
all_right('load alone');

# Who stands still is not waited for longer than this.
is(query('postgres', 'SELECT adama.whoami() IS NULL', q{ALTER SYSTEM SET adama.replication_timeout = '500ms'}, 'SELECT pg_reload_conf()'), "f\nt", 'a delivery may last half a second');
for my $remote (@remotes)
{
	my $name = $remote->name();
	strike("$name is killed and comes back", sub { my ($load) = @_; $remote->kill(); ok(until_sent($load, 300), "$name is killed: messages are sent while it is down"); $remote->start(); });
	strike("$name is stopped and comes back", sub { my ($load) = @_; $remote->stop(); $remote->start(); });
	strike("$name stands still", sub {
		my ($load) = @_;
		$remote->freeze();
		sleep 0.5;
		my $n = count($load);
		sleep 1;
		cmp_ok(count($load) - $n, '>', $quiet / 3, "$name stands still: messages go on, as fast as ever");
		my $before = query('postgres', 'SELECT sum(moves) FROM here_games');
		ok(until_sent($load, 50), "$name stands still: and on");
		# The others get theirs.
		my $deadline = time + 10;
		my $later = $before;
		while ($later <= $before && time < $deadline) { sleep 0.1; $later = query('postgres', 'SELECT sum(moves) FROM here_games'); }
		cmp_ok($later, '>', $before, "$name stands still: the other targets get theirs");
		my $status = "SELECT state, failures > 0, pending > 0 FROM adama.replication_status WHERE target = '${name}_games'::regclass";
		is(settles('postgres', $status, 'waiting|t|t', 20), 'waiting|t|t', "$name stands still: the line is cut, what it lacks is told");
		$remote->thaw();
	});
}
# Who is so slow that what is brought at once takes longer than that is brought less at once.
for my $remote (@remotes)
{
	my $name = $remote->name();
	$remote->sql($remote->is_postgres() ?
		('CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.06); RETURN new; END $$', 'CREATE TRIGGER slow BEFORE UPDATE ON games FOR EACH ROW EXECUTE FUNCTION slow()') :
		'CREATE TRIGGER slow BEFORE UPDATE ON games FOR EACH ROW DO SLEEP(0.06)');
	query('postgres', qq{SELECT play.play('g' || i, who => 'slow', points => 1) FROM generate_series(1, $DOCUMENTS) i});
	all_right("$name is slow");
	$remote->sql('DROP TRIGGER slow' . ($remote->is_postgres() ? ' ON games' : ''));
}
query('postgres', 'ALTER SYSTEM RESET ALL', 'SELECT pg_reload_conf()');

sub workers
{
	return split /\n/, query('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type ~ '^adama' AND backend_type <> 'adama emitter'});
}

strike('the workers are ended', sub {
	my ($load) = @_;
	for (1 .. 3)
	{
		query('postgres', "SELECT pg_terminate_backend($_)") for workers();
		until_sent($load, 100);
	}
});
strike('a worker is killed', sub { my ($pid) = workers(); ok($pid, 'a worker is killed: there is one'); kill KILL => $pid; sleep 0.5; }, is_end => 1);
strike('the server is stopped at once', sub { cluster('stop', 'immediate'); cluster('start'); }, is_end => 1);
strike('the power fails', sub { cluster('kill'); cluster('start'); }, is_end => 1);
# Messages that nobody waited for to be on disk may be lost: then they may be nowhere else.
strike('messages are lost', sub {
	my ($load) = @_;
	# Nobody writes them but who has to.
	kill STOP => query('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'});
	until_sent($load, 200);
	cluster('kill');
	cluster('start');
}, is_end => 1, settings => '-c synchronous_commit=off', pause => 0.02);

# A fast stop does not wait for who stands still.
for my $remote (@remotes)
{
	my $name = $remote->name();
	strike("the server is stopped while $name stands still", sub {
		my ($load) = @_;
		$remote->freeze();
		until_sent($load, 100);
		my $start = time;
		cluster('stop', 'fast');
		cmp_ok(time - $start, '<', 20, "the server is stopped while $name stands still: it stops");
		cluster('start');
		$remote->thaw();
	}, is_end => 1);
}

# ---- rows that are refused ----

for my $remote (@remotes)
{
	my $name = $remote->name();
	my $constraint = 'CHECK (score <> 666666)';
	$remote->sql("ALTER TABLE games ADD CONSTRAINT no_beast $constraint");
	query('postgres', q{SELECT play.play('g3', who => 'beast', points => 666666 - score) FROM (SELECT (value->>'score')::int AS score FROM play.replica WHERE name = 'games' AND key = 'g3') s});
	query('postgres', qq{SELECT play.play('g' || i, who => 'other', points => 2) FROM generate_series(1, $DOCUMENTS) i WHERE i <> 3});
	is(settles('postgres', qq{SELECT parked, pending FROM adama.replication_status WHERE target = '${name}_games'::regclass}, '1|0', 30), '1|0', "$name refuses a row: that is put aside, and the rest goes on");
	is(wrong('here', 'games'), '', "$name refuses a row: the others have it");
	like(query('postgres', qq{SELECT error FROM play.outbox WHERE key = 'g3' AND error IS NOT NULL}), qr/no_beast/, "$name refuses a row: it is told why");
	is((split /: /, wrong($name, 'games'))[0], 'g3', "$name refuses a row: only that is not as it should be");
	# A newer value takes its place.
	query('postgres', q{SELECT play.play('g3', who => 'other', points => 2)});
	all_right("$name refuses a row, and takes the next");
	# Or whoever set up the table sees the error, and what was put aside is tried again.
	query('postgres', q{SELECT play.play('g3', who => 'beast', points => -2)});
	is(settles('postgres', qq{SELECT parked, pending FROM adama.replication_status WHERE target = '${name}_games'::regclass}, '1|0', 30), '1|0', "$name refuses a row: again");
	$remote->sql('ALTER TABLE games DROP CONSTRAINT no_beast');
	query('postgres', qq{SELECT adama.replication_retry('play', 'games', '${name}_games')});
	all_right("$name does not refuse it any more");
	query('postgres', q{SELECT play.play('g3', who => 'other', points => -600000)});
}

# ---- a remote that is set up wrongly ----

for my $remote (@remotes)
{
	my $name = $remote->name();
	my $look = "SELECT state, failures > 0, parked, last_error FROM adama.replication_status WHERE target = '${name}_games'::regclass";
	my $fails = sub {
		my ($why, $match) = @_;
		my $deadline = time + 20;
		my $seen;
		query('postgres', qq{SELECT play.play('g' || i, who => 'other', points => 1) FROM generate_series(1, $DOCUMENTS) i});
		while (($seen = query('postgres', $look)) !~ /^waiting\|t\|0\|/ && time < $deadline) { sleep 0.1; }
		like($seen, qr/^waiting\|t\|0\|.*$match/s, "$name, $why: it waits, and says why");
		is(query('postgres', qq{SELECT count(play.play('g' || i, who => 'other', points => 1)) FROM generate_series(1, $DOCUMENTS) i}), $DOCUMENTS, "$name, $why: messages are sent");
	};
	$remote->password('wrong');
	$fails->('wrong password', qr/(?i:password)/);
	$remote->password('secret');
	query('postgres', qq{SELECT adama.replication_retry('play', 'games', '${name}_games')});
	all_right("$name, right password");
	$remote->sql('ALTER TABLE games RENAME TO hidden');
	$fails->('no table', qr/games/);
	$remote->sql('ALTER TABLE hidden RENAME TO games');
	query('postgres', qq{SELECT adama.replication_retry('play', 'games', '${name}_games')});
	all_right("$name, table there again");
}

# ---- the queue ----

my @consumers = map { Session->new("consumer $_", arguments => ['-U', 'app']) } 1 .. 2;
my $load = load();
my $turn = 0;
my $deadline = time + 2;
while (time < $deadline) { consume($consumers[$turn % 2], $turn % 3 != 1); $turn++; }
$load->stop();
query('postgres', q{SELECT adama.delete('play', 'g1')});
$deadline = time + 20;
do { consume($consumers[0], 1); sleep 0.02; } until query('postgres', q{SELECT sum(pending) FROM adama.replication_status WHERE target IS NULL}) eq '0' || time > $deadline;
is(query('postgres', q{SELECT count(*) FROM (SELECT key, value FROM fetched EXCEPT SELECT key, value FROM play.replica WHERE name = 'games') x}), 0, 'who empties the queue has what the documents say');
is(query('postgres', q{SELECT count(*) FROM fetched}), $DOCUMENTS - 1, 'and no more');
all_right('a document is deleted');

# ---- all of it goes ----

query('postgres', q{SELECT adama.delete('play', key) FROM play.document});
all_right('all documents are deleted');
is(query('postgres', join ' UNION ALL ', map { "SELECT count(*) FROM ${_}_games UNION ALL SELECT count(*) FROM ${_}_seats" } qw(here far maria)), join("\n", (0) x 6), 'no rows are left');
is(query('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'Lock'}), 0, 'nobody waits for a lock');

done_testing();
