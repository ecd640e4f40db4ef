# Tables are registered, taken back and altered while several sessions send, create, delete, fail and take back: in the end each table has what is published, and no more.
use strict;
use warnings;
use Test::More;
use Session;

my $SECONDS = 6;
my $alice = Session->new('alice', limit => 120);

$alice->ask('SET client_min_messages = warning;',
	q{SELECT adama.deploy('game', $$
	message Set { string title; int best; bool open; }
	message Score { int id; string nick; int points; }
	message Gone { int id; }
	message Board { string title; int best; }
	public string title;
	public int best;
	public bool open = true;
	record Player { public int id; public string nick; public int points; replication<player:upsert> player = {nick: nick, points: points, title: title}; }
	table<Player> players;
	procedure board() -> maybe<Board> readonly { if (open) { return @maybe({title: title, best: best}); } maybe<Board> none; return none; }
	replication<board:upsert> shown = board();
	channel set(Set s) { title = s.title; best = s.best; open = s.open; }
	channel score(Score s) { if ((iterate players where id == s.id)[0] as p) { p.nick = s.nick; p.points = s.points; } else { players <- {nick: s.nick, points: s.points}; } }
	channel gone(Gone g) { (iterate players where id == g.id).delete(); }
	$$);},
	q{SELECT count(adama.create('game', 'k' || i)) FROM generate_series(1, 30) i;},
	'CREATE TABLE board (key text PRIMARY KEY, title text, best int CHECK (best < 990));',
	'CREATE TABLE later (key text PRIMARY KEY, title text, best int);',
	'CREATE TABLE player (key text, "row" int, title text, nick text, points int, PRIMARY KEY (key, "row"));',
	'CREATE TABLE all_of_it (id text PRIMARY KEY, title text, nick text, n int);',
	q{SELECT adama.replicate('game', 'board', 'board', mode => 'sync'), adama.replicate('game', 'board', 'later'), adama.replicate('game', 'player', 'player', mode => 'sync');},
	# What one message does, or several in a subtransaction: also what fails, and what is taken back.
	q{CREATE TABLE counted (what text PRIMARY KEY, n int NOT NULL);},
	q{CREATE FUNCTION act() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE k text := 'k' || (1 + (random() * 29)::int);
	  what int := (random() * 12)::int;
	BEGIN
	  CASE
	  WHEN what < 4 THEN PERFORM game.set(k, title => 't' || (random() * 3)::int, best => (random() * 1000)::int, open => random() < 0.8);
	  WHEN what < 7 THEN PERFORM game.score(k, id => (random() * 6)::int, nick => 'n' || (random() * 3)::int, points => (random() * 5)::int);
	  WHEN what < 8 THEN PERFORM game.gone(k, id => (random() * 6)::int);
	  WHEN what < 9 THEN
	    BEGIN
	      PERFORM game.set(k, title => 'undone', best => 5, open => true);
	      RAISE EXCEPTION 'undo';
	    EXCEPTION WHEN raise_exception THEN RETURN 'undone';
	    END;
	  WHEN what < 10 THEN
	    PERFORM adama.ingest('game', ARRAY[k, k, 'k1', 'k2'], '{set,score,set,set}', ARRAY['{"title": "i", "best": 7, "open": true}', '{"id": 1, "nick": "i", "points": 3}',
	      '{"title": "j", "best": 995, "open": true}', '{"title": "k", "best": 1, "open": true}']::json[]);
	  WHEN what < 11 THEN PERFORM adama.delete('game', k);
	  ELSE PERFORM adama.create('game', k);
	  END CASE;
	  RETURN 'done';
	-- no such document, there is one, too good for the table, in each other's way
	EXCEPTION WHEN SQLSTATE 'YA012' OR SQLSTATE 'YA013' OR check_violation OR deadlock_detected THEN RETURN SQLSTATE;
	END $$;},
	q{CREATE PROCEDURE work(seconds int) LANGUAGE plpgsql AS $$
	DECLARE until timestamptz := clock_timestamp() + seconds * interval '1 second';
	BEGIN
	  WHILE clock_timestamp() < until LOOP
	    INSERT INTO counted VALUES (act() || pg_backend_pid(), 1) ON CONFLICT (what) DO UPDATE SET n = counted.n + 1;
	    COMMIT;
	  END LOOP;
	END $$;},
	q{CREATE PROCEDURE come_and_go(seconds int) LANGUAGE plpgsql AS $$
	DECLARE until timestamptz := clock_timestamp() + seconds * interval '1 second';
	BEGIN
	  WHILE clock_timestamp() < until LOOP
	    PERFORM adama.replicate('game', 'player', 'all_of_it', '{"id": "$id", "title": "title", "nick": "nick", "n": "points"}', 'sync');
	    COMMIT;
	    PERFORM pg_sleep(0.02);
	    PERFORM adama.unreplicate('game', 'player', 'all_of_it');
	    COMMIT;
	    DELETE FROM all_of_it;
	    INSERT INTO counted VALUES ('registered', 1) ON CONFLICT (what) DO UPDATE SET n = counted.n + 1;
	    COMMIT;
	  END LOOP;
	  PERFORM adama.replicate('game', 'player', 'all_of_it', '{"id": "$id", "title": "title", "nick": "nick", "n": "points"}', 'sync');
	END $$;},
	q{CREATE PROCEDURE alter_it(seconds int) LANGUAGE plpgsql AS $$
	DECLARE until timestamptz := clock_timestamp() + seconds * interval '1 second';
	BEGIN
	  WHILE clock_timestamp() < until LOOP
	    ALTER TABLE player ALTER nick TYPE varchar(40);
	    COMMIT;
	    ALTER TABLE later ADD more int;
	    COMMIT;
	    PERFORM pg_sleep(0.1);
	    ALTER TABLE player ALTER nick TYPE text;
	    COMMIT;
	    ALTER TABLE later DROP more;
	    INSERT INTO counted VALUES ('altered', 1) ON CONFLICT (what) DO UPDATE SET n = counted.n + 1;
	    COMMIT;
	  END LOOP;
	END $$;});

my @sessions = map { Session->new("worker $_", limit => 120) } 1 .. 5;
$_->ask('SET client_min_messages = warning;', 'SET deadlock_timeout = 50;') for @sessions;
$sessions[$_]->start("CALL work($SECONDS);") for 0 .. 2;
$sessions[3]->start("CALL come_and_go($SECONDS);");
$sessions[4]->start("CALL alter_it($SECONDS);");
is(join("\n", $_->finish), '', 'nothing fails that must not') for @sessions;

sub published
{
	my ($name, $columns, $table) = @_;
	return qq{WITH published AS (SELECT $columns FROM game.replica WHERE name = '$name'), there AS (SELECT * FROM $table)
		SELECT (SELECT count(*) FROM (TABLE published EXCEPT TABLE there) x) + (SELECT count(*) FROM (TABLE there EXCEPT TABLE published) y)};
}
my $board = q{key, value->>'title', (value->>'best')::int};
is($alice->value(published('board', $board, 'board')), 0, 'what messages write themselves is what is published');
is($alice->value(published('player', q{key, "row", value->>'title', value->>'nick', (value->>'points')::int}, 'player')), 0, 'of records, too, while the table is altered');
is($alice->value(published('player', q{concat_ws('/', 'game', key, name, "row"), value->>'title', value->>'nick', (value->>'points')::int}, 'all_of_it')), 0,
	'and in a table that came and went');
my $left = '';
for (1 .. 600)
{
	$left = $alice->value(q{SELECT string_agg(DISTINCT state, ', ') FROM adama.replication_status});
	last if $left eq 'current';
	select undef, undef, undef, 0.1;
}
is($left, 'current', 'the worker comes to an end');
is($alice->value(published('board', $board, 'later')), 0, 'and to the same');
is($alice->value(q{SELECT bool_and((adama.verify('game', key)).ok) FROM game.document}), 't', 'every document is proven');
for my $what (qw(done undone registered altered))
{
	cmp_ok($alice->value("SELECT coalesce(sum(n), 0) FROM counted WHERE what LIKE '$what%'"), '>', 2, "much was $what");
}
cmp_ok($alice->value(q{SELECT count(*) FROM counted WHERE what LIKE '23514%' OR what LIKE 'YA01%'}), '>', 2, 'and something refused');
done_testing();
