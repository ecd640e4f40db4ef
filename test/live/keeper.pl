# What is done in the background: documents move to a new program, logs of documents that rest are trimmed; the worker comes when there is something to do, and is in nobody's way.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Session;
use Viewer;

my $database = $ENV{PGDATABASE};
my $admin = Session->new('admin', arguments => ['-d', 'postgres']);
my $alice = Session->new('alice');
my $bob = Session->new('bob');
$alice->ask('SET client_min_messages = warning;');

my $keepers = qq{SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama keeper'};

# Other tests' workers are in the log, too.
sub exits { return scalar(() = `tools/cluster log` =~ /background worker "adama keeper" \(PID \d+\) exited with exit code/g); }
my $exits = exits();

sub becomes
{
	my ($session, $query, $value, $patience, $name) = @_;
	my $deadline = time + $patience;
	my $got;
	while (($got = $session->value($query)) ne $value && time < $deadline) { sleep 0.05; }
	is($got, $value, $name);
}

sub program { my ($more) = @_; return qq{\$p\$public int n; $more message Add { int by; } channel add(Add m) { n += m.by; }\$p\$}; }
sub deploy { my ($more) = @_; return $alice->value(qq{SELECT adama.deploy('chat', } . program($more) . ')'); }
sub task { return q{SELECT format('%s: version %s, %s of %s, %s failed, %s waiting, %s', task, version, done, total, failed, waiting, CASE WHEN finished IS NULL THEN 'goes on' ELSE 'finished' END) FROM adama.tasks WHERE space = 'chat' AND task = 'upgrade'}; }

deploy('');
$alice->ask(q{SELECT count(adama.create('chat', 'd' || to_char(i, 'FM0000'))) FROM generate_series(1, 500) i;});
becomes($admin, $keepers, 0, 10, 'with nothing to do there is no worker, or it leaves');

# ---- documents move, and who watches is told once ----

my $viewer = Viewer->new('viewer', 'chat', 'd0007');
$viewer->changes(10);
deploy('public int m = 5;');
is($alice->value(q{SELECT count(*) FROM chat.document WHERE program = 2}), 0, 'a deploy moves nothing by itself');
$alice->ask(q{SELECT adama.upgrade_background('chat');});
becomes($alice, task(), 'upgrade: version 2, 500 of 500, 0 failed, 0 waiting, finished', 30, 'all documents are moved, and counted');
is($alice->value(q{SELECT count(*) FROM chat.document WHERE program = 2}), 500, 'all of them');
is($alice->value(q{SELECT count(*) FROM chat.log WHERE event = 'upgrade'}), 500, 'once each');
$viewer->changes_to(2, 10);
ok($viewer->knows_all($alice), 'who watches sees it');
is(scalar($viewer->heard()), 2, 'as one change');
becomes($admin, $keepers, 0, 10, 'then the worker leaves');
is($alice->value(q{SELECT string_agg(d.key, ' ') FROM chat.document d, adama.verify('chat', d.key) v WHERE NOT v.ok}), '', 'their logs give what they are');

# ---- documents that can't be moved, and those that are held ----

$alice->ask(q{CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.program = 3 AND OLD.key IN ('d0003', 'd0400') THEN
	RAISE EXCEPTION 'not this one: %', OLD.key; END IF; RETURN NEW; END$$;},
	q{CREATE TRIGGER refuse BEFORE UPDATE ON chat.document FOR EACH ROW EXECUTE FUNCTION refuse();});
deploy('public int m = 5; public string s = "three";');
$bob->ask('BEGIN;', q{SELECT chat.add(key, 1) FROM chat.document WHERE key BETWEEN 'd0100' AND 'd0109' ORDER BY key;});
$alice->ask(q{SELECT adama.upgrade_background('chat');});
becomes($alice, task(), 'upgrade: version 3, 488 of 500, 2 failed, 10 waiting, goes on', 30, 'what fails does not stop the rest, nor does what a transaction holds');
is($alice->value(q{SELECT string_agg(format('%s %s: %s', key, sqlstate, error), ', ' ORDER BY key) FROM adama.task_documents WHERE retry_at IS NULL}),
	'd0003 P0001: not this one: d0003, d0400 P0001: not this one: d0400', 'what failed is named');
is($alice->value(q{SELECT last_error FROM adama.tasks}), 'document "d0400": not this one: d0400', 'the last one in the view');
is($alice->value(q{SELECT string_agg(DISTINCT error, ',') FROM adama.task_documents WHERE retry_at IS NOT NULL}), 'a transaction that has not ended holds the document', 'what is held is said');
$bob->ask('ROLLBACK;');
becomes($alice, task(), 'upgrade: version 3, 498 of 500, 2 failed, 0 waiting, finished', 90, 'documents that were held come later');
is($alice->value(q{SELECT string_agg(key, ' ') FROM chat.document WHERE program < 3}), 'd0003 d0400', 'all but those that fail');
$alice->ask('DROP TRIGGER refuse ON chat.document;', q{SELECT adama.upgrade_background('chat');});
becomes($alice, task(), 'upgrade: version 3, 2 of 2, 0 failed, 0 waiting, finished', 30, 'asked again it moves these, too');
is($alice->value('SELECT count(*) FROM adama.task_documents'), 0, 'and nothing is left over');

# ---- documents of which a new program could not publish what it says ----

$alice->ask(q{SELECT adama.deploy('board', 'public int n = 0; private int by = 1; message To { int by; } channel set(To m) { by = m.by; }');},
	q{SELECT count(adama.create('board', 'd' || i)) FROM generate_series(1, 20) i;}, q{SELECT board.set('d7', 0);});
$alice->ask(q{SELECT adama.deploy('board', 'public int n = 0; private int by = 1; message To { int by; } channel set(To m) { by = m.by; } '
	'replication<scores:upsert> score = {score: spin(by == 0 ? 2000000000 : 0)}; procedure spin(int n) -> int readonly { int i = 0; while (i < n) { i++; } return n; }');},
	q{SELECT adama.upgrade_background('board');});
becomes($alice, q{SELECT format('%s of %s, %s failed', done, total, failed) FROM adama.tasks WHERE space = 'board' AND finished IS NOT NULL}, '19 of 20, 1 failed', 30,
	'what can not be published does not stop the rest either');
like($alice->value(q{SELECT key || ': ' || error FROM adama.task_documents WHERE space = 'board'}),
	qr/^d7: version 2 of the program can't take over the document: the program used up its budget of \d+ steps \(It happened in procedure "spin", called from replication "score"\. /,
	'and is named, with what it is that fails');
$alice->ask('DROP SCHEMA board CASCADE;');

# ---- two versions in a row, killed in between, with messages all the time ----

# Held until the second version is there, so that the task for the first can't have ended.
my $carol = Session->new('carol');
$alice->ask(q{SELECT adama.create('chat', 'held');});
$carol->ask('BEGIN;', q{SELECT chat.add('held', 0);});
$bob->start(map { sprintf q{SELECT chat.add('d%04d', 1) \g /dev/null}, 1 + $_ * 7 % 500 } 1 .. 1500);
deploy('public int m = 5; public string s = "three"; public int four = 4;');
$alice->ask(q{SELECT adama.upgrade_background('chat');});
sleep 0.15;
$alice->ask(qq{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$database' AND backend_type = 'adama keeper';});
deploy('public int m = 5; public string s = "three"; public int four = 4; public int five = 5;');
$carol->ask('COMMIT;');
$carol->quit();
$bob->finish();
becomes($alice, q{SELECT count(*) FROM chat.document WHERE program = 5}, 501, 90, 'two versions in a row, with the worker ended in between: all documents come to the newest');
becomes($alice, q{SELECT finished IS NOT NULL FROM adama.tasks}, 't', 90, 'and the task ends');
like($alice->value(task()), qr/^upgrade: version 5, \d+ of \d+, 0 failed, 0 waiting, /, 'for the newest version');
is($alice->value(q{SELECT count(*) FROM (SELECT FROM chat.log WHERE event = 'upgrade' GROUP BY key, program HAVING count(*) > 1) x}), 0, 'no document moved twice to one version');
is($alice->value(q{SELECT sum((state::jsonb->>'n')::int) FROM chat.documents}), 1500, 'no message is lost');

# ---- transactions ----

deploy('public int m = 5; public string s = "three"; public int six = 6;');
$alice->ask('BEGIN;', q{SELECT adama.upgrade_background('chat');}, 'ROLLBACK;');
sleep 0.5;
is($alice->value(q{SELECT count(*) FROM chat.document WHERE program = 6}), 0, 'what is rolled back is not begun');
$alice->ask('BEGIN;', q{SELECT adama.upgrade_background('chat');});
sleep 0.3;
is($alice->value(q{SELECT count(*) FROM chat.document WHERE program = 6}), 0, 'nor what is not committed');
$alice->ask('COMMIT;');
becomes($alice, q{SELECT count(*) FROM chat.document WHERE program = 6}, 501, 30, 'a commit begins it');
like(join("\n", $alice->ask('BEGIN;', q{SELECT adama.upgrade_background('chat');}, q{PREPARE TRANSACTION 'x';}, 'ROLLBACK;')), qr/ERROR: +cannot PREPARE a transaction that has given|prepared transactions are disabled/,
	'no prepared transactions');

# ---- who may ----

$alice->ask('DROP ROLE IF EXISTS keeper_tom;', 'CREATE ROLE keeper_tom;', 'GRANT USAGE ON SCHEMA chat TO keeper_tom;', 'SET ROLE keeper_tom;');
like(join("\n", $alice->ask(q{SELECT adama.upgrade_background('chat');})), qr/ERROR: +must be owner of schema chat/, 'only the owner');
is($alice->value('SELECT count(*) FROM adama.tasks'), 0, 'others do not see it');
$alice->ask('RESET ROLE;', 'GRANT pg_monitor TO keeper_tom;', 'SET ROLE keeper_tom;');
isnt($alice->value('SELECT count(*) FROM adama.tasks'), 0, 'who may monitor does');
$alice->ask('RESET ROLE;', 'DROP OWNED BY keeper_tom;', 'DROP ROLE keeper_tom;');

# It never runs as superuser on a space's behalf.
$alice->ask('DROP ROLE IF EXISTS keeper_owner;', 'CREATE ROLE keeper_owner;', qq{GRANT CREATE ON DATABASE $database TO keeper_owner;}, 'SET ROLE keeper_owner;',
	q{SELECT adama.deploy('theirs', } . program('') . ');', q{SELECT adama.create('theirs', 'd');}, 'CREATE TABLE theirs.seen (who text, super bool);',
	q{CREATE FUNCTION theirs.look() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO theirs.seen VALUES (current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)); RETURN NEW; END$$;},
	q{CREATE TRIGGER look BEFORE UPDATE ON theirs.document FOR EACH ROW EXECUTE FUNCTION theirs.look();},
	q{CREATE TRIGGER look BEFORE INSERT OR UPDATE ON theirs.task FOR EACH ROW EXECUTE FUNCTION theirs.look();}, 'TRUNCATE theirs.seen;',
	q{SELECT adama.deploy('theirs', } . program('public int m;') . ');', q{SELECT adama.upgrade_background('theirs');}, 'RESET ROLE;');
becomes($alice, q{SELECT finished IS NOT NULL FROM adama.tasks WHERE space = 'theirs'}, 't', 30, 'a space of somebody who is no superuser');
is($alice->value(q{SELECT string_agg(DISTINCT who || ' ' || super, ',') FROM theirs.seen}), 'keeper_owner false', 'its triggers run as its owner');
$alice->ask('DROP SCHEMA theirs CASCADE;', 'DROP OWNED BY keeper_owner;', 'DROP ROLE keeper_owner;');

# ---- a space that goes meanwhile ----

$alice->ask(q{SELECT adama.deploy('gone', } . program('') . ');', q{SELECT count(adama.create('gone', 'd' || i)) FROM generate_series(1, 300) i;},
	q{SELECT adama.deploy('gone', } . program('public int m;') . ');', q{SELECT adama.upgrade_background('gone');});
sleep 0.1;
my $start = time;
my @said = $alice->ask('DROP SCHEMA gone CASCADE;');
ok(!(grep { /ERROR/ } @said), 'a space can be dropped while its documents move') or diag(@said);
cmp_ok(time - $start, '<', 5, 'without waiting long');
becomes($admin, $keepers, 0, 15, 'and the worker leaves');

# ---- logs of documents that rest ----

$alice->ask('ALTER SYSTEM SET adama.trim_interval = 1;', 'SELECT pg_reload_conf();');
$alice->ask(q{SELECT adama.deploy('old', } . program('') . ');', q{SELECT count(adama.create('old', 'd' || i)) FROM generate_series(1, 120) i;},
	q{SELECT count(old.add('d' || i, 1)) FROM generate_series(1, 120) i, generate_series(1, 5);});
is($alice->value('SELECT count(*) FROM old.log'), 720, 'logs are whole');
$alice->ask(q{UPDATE old.log SET at = at - interval '1 hour';}, q{UPDATE old.document SET updated = updated - interval '1 hour';}, q{SELECT adama.retain('old', age => '30 minutes');});
becomes($alice, 'SELECT count(*) FROM old.log', 120, 30, 'what is too old goes by itself, of documents that rest');
is($alice->value(q{SELECT string_agg(d.key, ' ') FROM old.document d, adama.verify('old', d.key) v WHERE NOT v.ok}), '', 'what is left can be run again');
becomes($alice, q{SELECT format('%s done, %s failed', done, failed) FROM adama.tasks WHERE space = 'old' AND task = 'trim'}, '120 done, 0 failed', 10, 'the view says so');
becomes($admin, $keepers, 0, 15, 'until something else is too old no worker is connected');

$alice->ask(q{SELECT adama.retain('old', age => '2 seconds');}, q{SELECT count(old.add('d' || i, 1)) FROM generate_series(1, 120) i;});
becomes($alice, 'SELECT count(*) FROM old.log', 120, 30, 'what becomes too old later goes as well');
$bob->ask('BEGIN;', q{SELECT old.add('d5', 1);});
$alice->ask(q{SELECT count(old.add('d' || i, 1)) FROM generate_series(1, 120) i WHERE i <> 5;});
becomes($alice, q{SELECT count(*) FROM old.log WHERE key <> 'd5'}, 119, 30, 'a document that is held does not hold up others');
$bob->ask('COMMIT;');
becomes($alice, 'SELECT count(*) FROM old.log', 120, 30, 'and comes when it is free');
$alice->ask(q{SELECT adama.retain('old');});
$alice->ask('ALTER SYSTEM SET adama.trim_interval = 60;', 'SELECT pg_reload_conf();');
becomes($admin, $keepers, 0, 20, 'when nothing is bounded by age it leaves');

# ---- the extension and the database ----

$alice->ask(q{SELECT adama.retain('old', age => '1 hour');}, q{SELECT old.add('d1', 1);});
becomes($admin, $keepers, 0, 20, 'while it waits for what will be too old it is not connected');
@said = $alice->ask('DROP EXTENSION adama CASCADE;');
ok(!(grep { /ERROR/ } @said), 'the extension can be dropped') or diag(@said);
$alice->ask('CREATE EXTENSION adama;');
deploy('');
$alice->ask(q{SELECT adama.create('chat', 'd');}, q{SELECT adama.retain('chat', age => '1 hour');}, q{SELECT chat.add('d', 1);});
$viewer->quit();
$alice->ask('ALTER SYSTEM RESET adama.trim_interval;', 'SELECT pg_reload_conf();');
$_->quit() for $alice, $bob;
# Once, when it was terminated.
cmp_ok(exits() - $exits, '<=', 1, 'it has not failed');
sleep 1;
@said = $admin->ask(qq{DROP DATABASE $database;});
ok(!(grep { /ERROR/ } @said), 'and the database, although there is retention') or diag(@said);
$admin->ask(qq{CREATE DATABASE $database TEMPLATE template0;});
$admin->quit();
done_testing();
