# What documents publish is brought to tables and queues after the message: the last value of a burst, past what the table refuses, on after whoever brings it is ended.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $database = $ENV{PGDATABASE};
my $alice = Session->new('alice', limit => 120);
my $bob = Session->new('bob');
$alice->ask('SET client_min_messages = warning;');

sub becomes
{
	my ($query, $value, $patience, $name) = @_;
	my $deadline = time + $patience;
	my $got;
	while (($got = $alice->value($query)) ne $value && time < $deadline) { sleep 0.05; }
	is($got, $value, $name);
}

sub status { my ($target) = @_; return qq{SELECT format('%s: %s pending, %s parked', state, pending, parked) FROM adama.replication_status WHERE target = '$target'::regclass}; }
sub settle { my ($target, $name) = @_; becomes(status($target), 'current: 0 pending, 0 parked', 60, $name); }

# What is in one and not in the other.
sub differences
{
	my ($table) = @_;
	return qq{SELECT string_agg(concat_ws(' ', side, key, title, best), ', ' ORDER BY side, key) FROM (
		SELECT 'only published', x.* FROM (SELECT key, value->>'title' AS title, (value->>'best')::int AS best FROM game.replica WHERE name = 'board' EXCEPT SELECT key, title, best FROM $table) x
		UNION ALL
		SELECT 'only there', x.* FROM (SELECT key, title, best FROM $table EXCEPT SELECT key, value->>'title', (value->>'best')::int FROM game.replica WHERE name = 'board') x) y (side, key, title, best)};
}

$alice->ask(q{SELECT adama.deploy('game', $$
	public string title;
	public int best;
	public bool open = true;
	message Set { int best; }
	message Name { string title; }
	message Open { bool open; }
	message Board { string title; int best; }
	procedure board() -> maybe<Board> readonly { if (open) { return @maybe({title: title, best: best}); } maybe<Board> none; return none; }
	replication<board:upsert> shown = board();
	record Player { public int id; public string nick; public int points; replication<player:upsert> shown = {nick: nick, points: points}; }
	table<Player> players;
	message Player1 { string nick; int points; }
	channel set(Set s) { best = s.best; }
	channel name(Name n) { title = n.title; }
	channel open(Open o) { open = o.open; }
	channel play(Player1 p) { if ((iterate players where nick == p.nick)[0] as there) { there.points = p.points; } else { players <- {nick: p.nick, points: p.points}; } }
	channel leave(Name n) { (iterate players where nick == n.title).delete(); }
	$$);},
	q{SELECT count(adama.create('game', 'd' || to_char(i, 'FM0000'))) FROM generate_series(1, 3000) i;});

# ---- what was there before ----

$alice->ask('CREATE TABLE board (key text PRIMARY KEY, title text, best int, writes int NOT NULL DEFAULT 0);',
	q{CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.writes := OLD.writes + 1; RETURN NEW; END$$;},
	'CREATE TRIGGER count_writes BEFORE UPDATE ON board FOR EACH ROW EXECUTE FUNCTION count_writes();',
	q{SELECT adama.replicate('game', 'board', 'board', '{"key": "$key", "title": "title", "best": "best"}');});
settle('board', 'a new table is filled by the worker');
is($alice->value(differences('board')), '', 'with all that is published');
is($alice->value('SELECT count(*) FROM board'), 3000, 'by all documents');
is($alice->value(q{SELECT format('%s of %s', fill_done, fill_total) FROM adama.replication_status}), '3000 of 3000', 'as its status says');

# ---- bursts ----

$alice->ask(q{DO $$BEGIN FOR i IN 1 .. 1000 LOOP PERFORM game.set('d0001', best => i); COMMIT; END LOOP; END$$;});
becomes(q{SELECT best FROM board WHERE key = 'd0001'}, 1000, 20, 'the last of a burst of 1,000 changes arrives');
cmp_ok($alice->value(q{SELECT writes FROM board WHERE key = 'd0001'}), '<', 200, 'with few writes: ' . $alice->value(q{SELECT writes FROM board WHERE key = 'd0001'}));
settle('board', 'nothing is pending then');
$alice->ask(q{DO $$BEGIN FOR i IN 1 .. 1000 LOOP PERFORM game.set('d0002', best => i); END LOOP; END$$;});
becomes(q{SELECT format('%s in %s', best, writes) FROM board WHERE key = 'd0002'}, '1000 in 1', 20, 'a burst of one transaction is one write');
my $delivered = $alice->value('SELECT delivered FROM adama.replication_status');
$alice->ask(q{SELECT game.set('d0002', best => 1000);});
sleep 0.5;
is($alice->value('SELECT delivered FROM adama.replication_status'), $delivered, 'what publishes the same is not brought');
my $start = time;
$alice->ask(q{SELECT game.set('d0003', best => 1);});
becomes(q{SELECT best FROM board WHERE key = 'd0003'}, 1, 20, 'a single change arrives');
cmp_ok(time - $start, '<', 1, 'at once');
$alice->ask('BEGIN;', q{SELECT game.set('d0003', best => 2);}, 'ROLLBACK;');
sleep 0.3;
is($alice->value(q{SELECT best FROM board WHERE key = 'd0003'}), 1, 'what is rolled back does not');

# Again and again, also while the worker is about to leave.
sub one_by_one
{
	my ($n, $pause, $name) = @_;
	my $late = 0;
	for my $i (1 .. $n)
	{
		$alice->ask("SELECT game.set('d0004', best => $i);");
		my $limit = time + 5;
		while ($alice->value(q{SELECT best FROM board WHERE key = 'd0004'}) ne $i && time < $limit) { sleep 0.005; }
		$late++ if time >= $limit;
		sleep $pause * ($i % 5);
	}
	is($late, 0, $name);
}
one_by_one(100, 0.012, 'none of many single changes is missed');
$alice->ask('ALTER SYSTEM SET adama.emitter_idle_timeout = 0;', 'SELECT pg_reload_conf();');
one_by_one(60, 0.005, 'nor when the worker leaves at once each time');
$alice->ask('ALTER SYSTEM RESET adama.emitter_idle_timeout;', 'SELECT pg_reload_conf();');

# ---- deletes, records ----

$alice->ask('CREATE TABLE player (doc text, id int, nick text, points int, PRIMARY KEY (doc, id));',
	q{SELECT adama.replicate('game', 'player', 'player', '{"doc": "$key", "id": "$row", "nick": "nick", "points": "points"}');},
	q{SELECT count(game.play('d000' || i, nick => 'n' || j, points => j)) FROM generate_series(1, 9) i, generate_series(1, 5) j;},
	q{SELECT game.leave('d0001', 'n2');}, q{SELECT adama.delete('game', 'd0009');}, q{SELECT game.open('d0008', false);});
settle('player', 'records');
settle('board', 'and documents');
is($alice->value('SELECT count(*) FROM player'), 39, 'a row for each');
is($alice->value(q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM player WHERE doc = 'd0001'}), '1 3 4 5', 'what goes, goes');
is($alice->value(differences('board')), '', 'also documents that are deleted, or publish nothing any more');
$alice->ask(q{SELECT game.open('d0008', true);}, q{SELECT adama.create('game', 'd0009');});
settle('board', 'they may come back');
is($alice->value(differences('board')), '', 'as they are now');

# ---- two tables of one name, one of them refuses something ----

$alice->ask('CREATE TABLE picky (key text PRIMARY KEY, title text, best int CHECK (best < 1000000));',
	q{SELECT adama.replicate('game', 'board', 'picky');});
settle('picky', 'a second table of the name');
$alice->ask(q{SELECT game.set('d0005', best => 5000000), game.set('d0006', best => 6);}, q{SELECT count(game.set('d1' || to_char(i, 'FM000'), best => i)) FROM generate_series(1, 900) i;}, q{SELECT game.set('d0007', best => 7000000);});
becomes(status('picky'), 'current: 0 pending, 2 parked', 30, 'what the table refuses is put aside');
settle('board', 'the other table takes it');
is($alice->value(differences('board')), '', 'and all the rest');
is($alice->value(differences('picky')), 'only published d0005  5000000, only published d0007  7000000, only there d0005  0, only there d0007  0', 'the rest arrives there, too');
like($alice->value(q{SELECT string_agg(key || ': ' || error, ' ' ORDER BY key) FROM game.outbox}), qr/^d0005: .*violates check constraint "picky_best_check".* d0007: .*violates check constraint/, 'it says what was refused and why');
like($alice->value(q{SELECT last_error FROM adama.replication_status WHERE target = 'picky'::regclass}), qr/^document "d000[57]": new row .*violates check constraint/, 'so does the status');
$alice->ask(q{SELECT game.set('d0005', best => 55);});
becomes(q{SELECT best FROM picky WHERE key = 'd0005'}, 55, 10, 'a new value of it is brought at once');
becomes(status('picky'), 'current: 0 pending, 1 parked', 10, 'and it is not put aside any more');
$alice->ask('ALTER TABLE picky DROP CONSTRAINT picky_best_check;', q{SELECT adama.replication_retry('game', 'board', 'picky');});
settle('picky', 'when the cause is gone, what was put aside is brought');
is($alice->value(differences('picky')), '', 'all is there');
$alice->ask(q{SELECT adama.unreplicate('game', 'board', 'picky');}, 'DROP TABLE picky;');

# It is tried again by itself, too.
$alice->ask('CREATE TABLE picky (key text PRIMARY KEY, title text, best int CHECK (best < 1000000));', q{SELECT adama.replicate('game', 'board', 'picky');});
becomes(status('picky'), 'current: 0 pending, 1 parked', 30, 'what is refused when a table is filled is put aside');
$alice->ask('ALTER TABLE picky DROP CONSTRAINT picky_best_check;');
settle('picky', 'and tried again after a while');
is($alice->value(differences('picky')), '', 'until all is there');

# ---- a table that is held, dropped, or does not fit ----

$bob->ask('BEGIN;', q{SELECT * FROM picky WHERE key = 'd0010' FOR UPDATE;});
$alice->ask(q{SELECT game.set('d0010', best => 10), game.set('d0011', best => 11);});
becomes(q{SELECT best FROM picky WHERE key = 'd0011'}, 11, 20, 'a row that somebody holds does not hold up others');
$bob->ask('COMMIT;');
settle('picky', 'it comes when it is free');
$bob->ask('BEGIN;', 'LOCK TABLE picky;');
$alice->ask(q{SELECT game.set('d0010', best => 100), game.set('d0011', best => 110);});
becomes(q{SELECT format('%s %s', state, failures > 0) FROM adama.replication_status WHERE target = 'picky'::regclass}, 'waiting t', 20, 'a table that somebody holds is waited for');
becomes(q{SELECT best FROM board WHERE key = 'd0010'}, 100, 10, 'which holds up no other table');
$alice->ask(q{DO $$BEGIN FOR i IN 1 .. 5000 LOOP PERFORM game.set('d' || to_char(i % 50 + 40, 'FM0000'), best => i); END LOOP; END$$;});
becomes(q{SELECT count(*) <= 60 FROM game.replica_change WHERE replication = (SELECT max(id) FROM game.replication)}, 't', 30, 'what waits is one change of each document, however many there were');
$bob->ask('COMMIT;');
settle('picky', 'then all goes on');
$alice->ask('ALTER TABLE picky RENAME COLUMN best TO worst;', q{SELECT game.set('d0010', best => 101), game.set('d0011', best => 111);});
becomes(q{SELECT state FROM adama.replication_status WHERE target = 'picky'::regclass}, 'broken', 20, 'a table that does not fit any more');
is($alice->value(q{SELECT count(*) FROM game.outbox}), 0, 'does not make rows be put aside');
$alice->ask(q{INSERT INTO game.replica_change SELECT t.id, 'x' || i, 0, now() FROM game.replication t, generate_series(1, 2) n, generate_series(1, 110000) i WHERE t.target = 'picky'::regclass ORDER BY n;});
becomes(q{SELECT count(*) FROM game.replica_change WHERE key LIKE 'x%'}, 110000, 60, 'and what waits is one change of each of very many, too');
$alice->ask(q{DELETE FROM game.replica_change WHERE key LIKE 'x%';});
$alice->ask('ALTER TABLE picky RENAME COLUMN worst TO best;', q{SELECT adama.replication_retry('game', 'board', 'picky');});
settle('picky', 'when it fits again, it goes on');
is($alice->value(differences('picky')), '', 'with all that happened');
$alice->ask('DROP TABLE picky;', q{SELECT game.set('d0010', best => 102);});
settle('board', 'a table that is dropped holds up nothing');
becomes(q{SELECT string_agg(state, ',') FROM adama.replication_status WHERE name = 'board' AND state <> 'current'}, 'broken', 10, 'its status says so');
$alice->ask(q{SELECT adama.unreplicate('game', 'board', target) FROM adama.replication_status WHERE state = 'broken';});
is($alice->value(q{SELECT count(*) FROM game.replica_change WHERE replication NOT IN (SELECT id FROM game.replication)}), 0, 'its changes go with it');

# ---- killed and ended in the middle, under load, with a queue that several consumers empty ----

$alice->ask(q{SELECT adama.replicate_queue('game', 'board');}, 'CREATE TABLE consumed (n bigserial, key text, operation text, title text, best int, consumer int);');
becomes(q{SELECT pending FROM adama.replication_status WHERE target IS NULL}, 3000, 60, 'a queue is filled with what is there');
my @writers = map { Session->new("writer $_", limit => 120) } 1 .. 3;
for my $w (0 .. 2)
{
	$writers[$w]->start(map { my $i = $_; sprintf q{SELECT %s \g /dev/null}, $i % 10 == 0 ? sprintf("game.open('d%04d', %s)", 1 + ($i * 13 + $w) % 2900, $i % 20 == 0 ? 'true' : 'false') :
		sprintf("game.set('d%04d', best => %d)", 1 + ($i * 7 + $w * 31) % 2900, $i * 3 + $w) } 1 .. 1500);
}
my @consumers = map { Session->new("consumer $_", limit => 180) } 1 .. 3;
my $take = q{INSERT INTO consumed (key, operation, title, best, consumer) SELECT key, operation, value->>'title', (value->>'best')::int, %d FROM adama.dequeue('game', 'board', 50) ORDER BY since, key};
for my $c (0 .. 2)
{
	$consumers[$c]->start(map { ('BEGIN;', sprintf("$take;", $c), $_ % 5 == 0 ? 'ROLLBACK;' : 'COMMIT;', 'SELECT pg_sleep(0.01) \g /dev/null') } 1 .. 120);
}
for (1 .. 6)
{
	sleep 0.4;
	$alice->ask(qq{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama keeper';});
}
$_->finish() for @writers, @consumers;
settle('board', 'after the worker was ended again and again all is brought');
is($alice->value(differences('board')), '', 'and the table is what is published');
becomes(q{SELECT count(*) FROM game.replica_change}, 0, 20, 'no change is left');
my $deadline = time + 60;
while ($alice->value('SELECT count(*) FROM game.outbox') ne '0' && time < $deadline) { $alice->ask(sprintf("$take;", 9)); }
# For a consumer the last that it took of a key is what counts.
is($alice->value(q{SELECT string_agg(concat_ws(' ', key, c.operation, c.best, r.value), ', ') FROM (SELECT DISTINCT ON (key) * FROM consumed ORDER BY key, n DESC) c
	FULL JOIN (SELECT key, value FROM game.replica WHERE name = 'board') r USING (key)
	WHERE (r.key IS NULL AND c.operation <> 'delete') OR (r.key IS NOT NULL AND (c.operation <> 'upsert' OR c.best IS DISTINCT FROM (r.value->>'best')::int OR c.key IS NULL))}), '',
	'what consumers took, with commits and rollbacks, is what is published');
cmp_ok($alice->value(q{SELECT count(DISTINCT consumer) FROM consumed}), '>=', 3, 'several of them took part');
$_->quit() for @writers, @consumers;

# ---- a consumer that holds what changes ----

$alice->ask(q{CREATE FUNCTION queued() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_notify('queued', ''); RETURN NULL; END$$;},
	'CREATE TRIGGER queued AFTER INSERT ON game.outbox FOR EACH STATEMENT EXECUTE FUNCTION queued();');
$bob->ask('LISTEN queued;');
$alice->ask(q{SELECT game.set('d0020', best => 1);});
becomes('SELECT count(*) FROM game.outbox', 1, 10, 'it lies in the queue');
is(scalar($bob->notifications(10)), 1, 'a trigger may tell who listens');
$bob->ask('UNLISTEN queued;');
$alice->ask('DROP TRIGGER queued ON game.outbox;');
$bob->ask('BEGIN;');
is($bob->value(q{SELECT value->>'best' FROM adama.dequeue('game', 'board')}), 1, 'somebody takes it');
$alice->ask(q{SELECT game.set('d0020', best => 2), game.set('d0021', best => 3);});
becomes(q{SELECT count(*) FROM game.outbox WHERE key = 'd0021'}, 1, 10, 'what is taken does not hold up the rest');
is($alice->value(q{SELECT key FROM adama.dequeue('game', 'board')}), 'd0021', 'nobody else is given what is being worked on');
$bob->ask('ROLLBACK;');
becomes(q{SELECT value->>'best' FROM game.outbox WHERE key = 'd0020'}, 2, 10, 'given back, it is what it is now');
$bob->ask('BEGIN;');
is($bob->value(q{SELECT value->>'best' FROM adama.dequeue('game', 'board')}), 2, 'taken again');
$alice->ask(q{SELECT game.set('d0020', best => 4);});
sleep 0.3;
$bob->ask('COMMIT;');
becomes(q{SELECT value->>'best' FROM game.outbox WHERE key = 'd0020'}, 4, 10, 'acknowledged, what came meanwhile lies there anew');

# Who takes the queue back waits for it, and lets messages pass meanwhile.
$bob->ask('BEGIN;');
is($bob->value(q{SELECT count(*) FROM adama.dequeue('game', 'board')}), 1, 'a consumer holds something');
my $carol = Session->new('carol');
$carol->start(q{SELECT adama.unreplicate('game', 'board');});
becomes(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%unreplicate%' AND pid <> pg_backend_pid()}, 1, 10, 'the queue is to be taken back');
$alice->ask(q{SET lock_timeout = '3s';}, q{SELECT game.set('d0020', best => 5);}, 'RESET lock_timeout;');
is($alice->value(q{SELECT value->>'best' FROM game.replica WHERE name = 'board' AND key = 'd0020'}), 5, 'messages do not wait for the consumer');
$bob->ask('COMMIT;');
$carol->finish();
$carol->quit();
is($alice->value(q{SELECT count(*) FROM game.replication WHERE target IS NULL}), 0, 'then it is gone');
$alice->ask(q{SELECT adama.replicate_queue('game', 'board');});
becomes(q{SELECT state FROM adama.replication_status WHERE target IS NULL}, 'current', 30, 'and made anew');
$alice->ask(q{SELECT count(*) FROM adama.dequeue('game', 'board', 10000);}, q{SELECT game.set('d0020', best => 6);});
becomes('SELECT count(*) FROM game.outbox', 1, 10, 'it works');

# One that holds more than is brought at once, which changes again and again.
is($alice->value(q{SELECT count(*) FROM adama.dequeue('game', 'board', 10000)}), 1, 'the queue is emptied');
$alice->ask(q{SELECT count(game.open('d' || to_char(i, 'FM0000'), true)), count(game.set('d' || to_char(i, 'FM0000'), best => 500000 + i)) FROM generate_series(1000, 2500) i;});
becomes('SELECT count(*) FROM game.outbox', 1501, 30, 'many changes lie in the queue');
$bob->ask('BEGIN;');
is($bob->value(q{SELECT count(*) FROM adama.dequeue('game', 'board', 10000)}), 1501, 'one consumer takes them all');
$alice->ask(map { sprintf q{SELECT count(game.set('d' || to_char(i, 'FM0000'), best => %d + i)) FROM generate_series(1000, 2500) i;}, 600000 + 10000 * $_ } 1 .. 15);
$alice->ask(q{SELECT game.set('d2800', best => 28);});
becomes(q{SELECT count(*) FROM game.outbox WHERE key = 'd2800'}, 1, 20, 'what comes after them is not held up');
becomes('SELECT count(*) <= 1501 FROM game.replica_change', 't', 20, 'of each that is held one change is kept');
$bob->ask('ROLLBACK;');
becomes(q{SELECT count(*) FROM game.outbox WHERE (value->>'best')::int > 750000}, 1501, 30, 'given back, they are what they are now');
is($alice->value('SELECT count(*) FROM game.outbox'), 1502, 'once each');
$alice->ask(q{SELECT count(*) FROM adama.dequeue('game', 'board', 10000);});

# ---- a space that comes while the worker is there ----

$alice->ask(q{SELECT game.set('d0001', best => 1);});
$alice->ask('CREATE TABLE late (key text PRIMARY KEY, n int);', q{SELECT adama.deploy('late', 'public int n; message Set { int n; } channel set(Set s) { n = s.n; } replication<it:upsert> shown = {n: n};');},
	q{SELECT adama.create('late', 'k');}, q{SELECT adama.replicate('late', 'it', 'late');}, q{SELECT late.set('k', 5);});
becomes('SELECT n FROM late', 5, 10, 'a new space is found');
$alice->ask(q{INSERT INTO late.replica_change VALUES (77, 'k', 0, now()); INSERT INTO late.outbox (replication, key, "row", since) VALUES (77, 'k', 0, now());}, q{SELECT adama.replication_retry('late', 'it');});
becomes('SELECT (SELECT count(*) FROM late.replica_change) + (SELECT count(*) FROM late.outbox)', 0, 10, 'what is of nobody is taken out');

# ---- a table of the space that its owner has damaged ----

my $pid = $alice->value('SELECT pg_backend_pid()');
$alice->ask('ALTER TABLE late.replica_change ALTER key DROP NOT NULL;', 'INSERT INTO late.replica_change SELECT id, NULL, 0, now() FROM late.replication;', q{SELECT late.set('k', 6);});
becomes(q{SELECT format('%s: %s', state, last_error) FROM adama.replication_status WHERE space = 'late'}, 'waiting: column 2 of a row of the table "replica_change" is null', 10, 'a change of no document ends no worker');
$alice->ask(q{SELECT game.set('d0001', best => 77);});
becomes(q{SELECT best FROM board WHERE key = 'd0001'}, 77, 10, 'and is in the way of no other space');
$alice->ask('DELETE FROM late.replica_change WHERE key IS NULL;', q{SELECT adama.replication_retry('late', 'it');});
becomes('SELECT n FROM late', 6, 10, 'without it all goes on');
is($alice->value('SELECT pg_backend_pid()'), $pid, 'nobody was cut off');

# ---- what is appended to and emptied all the time stays small ----

$alice->ask(q{SELECT adama.replicate_queue('late', 'it');});
$alice->ask(map { sprintf q{SELECT count(late.set('k', n => %d + i)) FROM generate_series(1, 1000) i;}, 1000 * $_ } 1 .. 25);
becomes('SELECT n FROM late', 26000, 30, 'many changes of one replica');
$alice->ask(q{SELECT late.set('k', n => 26001);});
becomes(q{SELECT vacuum_count > 0 FROM pg_stat_user_tables WHERE relid = 'late.replica_change'::regclass}, 't', 30, 'who has taken out so many has the table vacuumed');
$alice->ask(map { sprintf q{SELECT count(late.set('k', n => %d + i)) FROM generate_series(1, 1000) i;}, 100000 + 1000 * $_ } 1 .. 50);
becomes('SELECT n FROM late', 151000, 30, 'and many more');
cmp_ok($alice->value(q{SELECT pg_relation_size('late.replica_change') / current_setting('block_size')::int}), '<', 400, 'find their places in the pages of those before');

# ---- a trigger of the table that refuses a row with an error as if something were not ready ----

$alice->ask(q{CREATE FUNCTION unready() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.best = 14 THEN RAISE 'not ready' USING ERRCODE = 'object_not_in_prerequisite_state'; END IF; RETURN NEW; END$$;},
	'CREATE TRIGGER unready BEFORE UPDATE ON board FOR EACH ROW EXECUTE FUNCTION unready();', q{SELECT game.set('d0031', best => 14);});
becomes(status('board'), 'current: 0 pending, 1 parked', 10, 'it is put aside');
$alice->ask(q{SELECT game.set('d0032', best => 32);});
becomes(q{SELECT best FROM board WHERE key = 'd0032'}, 32, 10, 'and others go on');
$alice->ask('DROP TRIGGER unready ON board;', q{SELECT adama.replication_retry('game', 'board', 'board');});
settle('board', 'until it is let in');

# ---- what workers do themselves: who leaves without a word, documents that move to another program ----

$alice->ask('CREATE TABLE present (key text PRIMARY KEY, online int, left_so_far int);',
	q{SELECT adama.deploy('room', 'public int online; public int left; @connected { online++; return true; } @disconnected { online--; left++; } replication<present:upsert> shown = {online: online, left_so_far: left};');},
	q{SELECT adama.create('room', 'r');}, q{SELECT adama.replicate('room', 'present', 'present');});
my $viewer = Viewer->new('viewer', 'room', 'r');
becomes(q{SELECT online || ' ' || left_so_far FROM present}, '1 0', 10, 'somebody comes');
$alice->ask(sprintf 'SELECT pg_terminate_backend(%d);', $viewer->session()->backend());
becomes(q{SELECT online || ' ' || left_so_far FROM present}, '0 1', 20, 'and is gone: what the emitter writes is brought, too');
$alice->ask(q{SELECT count(adama.create('room', 'r' || i)) FROM generate_series(1, 200) i;},
	q{SELECT adama.deploy('room', 'public int online; public int left; @connected { online++; return true; } @disconnected { online--; left++; } replication<present:upsert> shown = {online: online + 100, left_so_far: left};');},
	q{SELECT adama.upgrade_background('room');});
becomes('SELECT count(*) || \' \' || sum(online) FROM present', '201 20100', 30, 'so is what the keeper does, when documents move to another program');
eval { $viewer->quit() };
$alice->ask('DROP SCHEMA room CASCADE;');

# ---- a trigger of the table that takes too long ----

$alice->ask('ALTER SYSTEM SET adama.replication_timeout = 500;', 'SELECT pg_reload_conf();',
	q{CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.best = 13 THEN PERFORM pg_sleep(20); END IF; RETURN NEW; END$$;},
	'CREATE TRIGGER dawdle BEFORE UPDATE ON board FOR EACH ROW EXECUTE FUNCTION dawdle();', q{SELECT game.set('d0030', best => 13);});
becomes(q{SELECT format('%s parked, %s', parked, last_error) FROM adama.replication_status WHERE target = 'board'::regclass}, '1 parked, document "d0030": canceling statement due to statement timeout', 20,
	'what takes too long is broken off, and put aside');
$alice->ask(q{SELECT count(game.open('d' || to_char(i, 'FM0000'), true)) FROM generate_series(31, 60) i;}, q{SELECT game.set('d0030', best => 13), count(game.set('d' || to_char(i, 'FM0000'), best => 3)) FROM generate_series(31, 60) i;});
becomes(q{SELECT count(*) FROM board WHERE key BETWEEN 'd0031' AND 'd0060' AND best = 3}, 30, 60, 'nothing is stuck behind it');
becomes(q{SELECT count(*) FROM game.outbox WHERE key = 'd0030' AND error IS NULL}, 1, 10, 'the queue of the same name goes on');
$alice->ask('DROP TRIGGER dawdle ON board;', 'ALTER SYSTEM RESET adama.replication_timeout;', 'SELECT pg_reload_conf();', q{SELECT adama.replication_retry('game', 'board', 'board');});
settle('board', 'and is done when it can be');
is($alice->value(differences('board')), '', 'all of it');

# ---- a space that goes ----

$alice->start(map { sprintf q{SELECT game.set('d%04d', best => %d) \g /dev/null}, 100 + $_, $_ } 1 .. 500);
$alice->finish();
my @said = $alice->ask('DROP SCHEMA game CASCADE;');
ok(!(grep { /ERROR/ } @said), 'a space can be dropped while it is delivered') or diag(@said);
my $admin = Session->new('admin', arguments => ['-d', 'postgres']);
my $keepers = qq{SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama keeper'};
$deadline = time + 15;
while ($admin->value($keepers) ne '0' && time < $deadline) { sleep 0.1; }
is($admin->value($keepers), 0, 'and the worker leaves');
$_->quit() for $alice, $bob, $admin;
done_testing();
