# Sessions that learn of each other's changes through shared memory know what the log says: after rollbacks, savepoints, batches, changes too large to be
# kept there, and more changes than fit.
use strict;
use warnings;
use Test::More;
use Session;

my $program = <<'END';
record Row { public int id; public int n; public string text; }
table<Row> _rows;
public formula rows = iterate _rows;
message Add { int n; string text; }
message Drop { int n; }
channel add(Add m) { _rows <- { n: m.n, text: m.text }; (iterate _rows order by n desc offset 30).delete(); }
channel change(Add m) { if (m.n < 0) { abort; } (iterate _rows where n == m.n).text = m.text; }
channel drop(Drop m) { (iterate _rows where n == m.n).delete(); }
END

my $DOCUMENTS = 3;
my $SESSIONS = 5;
my $ROUNDS = 60;
my $seed = $ENV{LIVE_SEED} // 20;
srand $seed;

my $owner = Session->new('owner');
$owner->ask(qq{SELECT adama.deploy('recent', \$program\$$program\$program\$);}, qq{SELECT adama.create('recent', 'd' || i) FROM generate_series(1, $DOCUMENTS) i;});
my @sessions = map { Session->new("session $_") } 1 .. $SESSIONS;

# Whether what a session has in memory is what the log adds up to.
my $same = <<'SQL';
SELECT bool_and(coalesce((SELECT jsonb_agg(jsonb_build_array(r->'id', r->'n', r->'text') ORDER BY (r->>'id')::int) FROM jsonb_array_elements(adama.view('recent', d.key)->'rows') r), '[]')
  = coalesce((SELECT jsonb_agg(jsonb_build_array(v->'id', v->'n', v->'text') ORDER BY (v->>'id')::int) FROM jsonb_each(d.state::jsonb->'_rows') e(i, v)), '[]'))
FROM recent.documents d
SQL

my $n = 100;
my %do = (
	add => sub { my $key = shift; $n++; "SELECT recent.add('$key', n => $n, text => 'row $n');" },
	change => sub { my $key = shift; sprintf "SELECT recent.change('%s', n => %d, text => 'changed %d');", $key, $n - int rand 20, $n++ },
	drop => sub { my $key = shift; sprintf "SELECT recent.drop('%s', n => %d);", $key, $n - int rand 20 },
	large => sub { my $key = shift; $n++; "SELECT recent.add('$key', n => $n, text => repeat('x', 1000));" },
	refused => sub { my $key = shift; "SELECT recent.change('$key', n => -1, text => '');" },
	undone => sub { my $key = shift; $n++; "BEGIN; SELECT recent.add('$key', n => $n, text => 'never'); ROLLBACK;" },
	savepoint => sub {
		my $key = shift;
		$n += 3;
		"BEGIN; SELECT recent.add('$key', n => $n - 2, text => 'a'); SAVEPOINT s; SELECT recent.add('$key', n => $n - 1, text => 'never'); "
		  . "ROLLBACK TO s; SELECT recent.add('$key', n => $n, text => 'c'); COMMIT;";
	},
	released => sub {
		my $key = shift;
		$n += 2;
		"BEGIN; SAVEPOINT s; SELECT recent.add('$key', n => $n - 1, text => 'a'); RELEASE s; SELECT recent.add('$key', n => $n, text => 'b'); COMMIT;";
	},
	batch => sub {
		my $key = shift;
		$n += 5;
		"SELECT count(*) FROM adama.ingest('recent', array_fill('$key'::text, '{5}'), array_fill('add'::text, '{5}'), "
		  . "ARRAY(SELECT json_build_object('n', $n - 5 + i, 'text', 'batch') FROM generate_series(1, 5) i));";
	},
	many => sub { my $key = shift; $n += 150; "SELECT count(recent.add('$key', n => $n - 150 + i, text => 'many')) FROM generate_series(1, 150) i;" },
);
my @kinds = (('add') x 8, ('change') x 6, ('drop') x 3, ('large') x 2, 'refused', 'undone', ('savepoint') x 2, 'released', 'batch', 'many');

my $wrong = 0;
my %done;
for my $round (1 .. $ROUNDS)
{
	my $kind = $kinds[rand @kinds];
	my $key = 'd' . (1 + int rand $DOCUMENTS);
	my $session = $sessions[rand @sessions];
	my @said = $session->ask($do{$kind}->($key));
	$done{$kind}++;
	my @errors = grep { /ERROR/ } @said;
	is(scalar(@errors), $kind eq 'refused' ? 1 : 0, "round $round: $kind $key") or diag("@said");
	# One looks now; the others fall behind.
	$wrong++ if $sessions[rand @sessions]->value($same) ne 't';
}
is($wrong, 0, "whoever looked saw what the log says (seed $seed)");
for my $session (@sessions)
{
	is($session->value($same), 't', 'each knows all in the end');
}
my $late = Session->new('late');
is($late->value($same), 't', 'so does one who comes late');

# Every document's path back: the table is put to what it was, and goes another way from there.
$owner->ask("CREATE TABLE kept AS SELECT * FROM recent.document;", "CREATE TABLE kept_log AS SELECT * FROM recent.log;");
$sessions[0]->ask("SELECT count(recent.add('d1', n => 900000 + i, text => 'past')) FROM generate_series(1, 5) i;");
$sessions[1]->value($same);
$owner->ask("BEGIN;", "TRUNCATE recent.document, recent.log;", "INSERT INTO recent.document SELECT * FROM kept;", "INSERT INTO recent.log SELECT * FROM kept_log;", "COMMIT;");
my $restored = Session->new('restored');
$restored->ask("SELECT recent.add('d1', n => 950000, text => 'another past');");
$restored->ask("SELECT recent.add('d1', n => 950001, text => repeat('y', 1000));");
my $after = Session->new('after');
is($after->value($same), 't', 'a table that was restored goes on from there');

# A log that does not reach back to what a session has in memory.
(my $short = $program) =~ s/^/\@static { maximum_history = 10; }\n/;
$owner->ask(qq{SELECT adama.deploy('short', \$program\$$short\$program\$);}, q{SELECT adama.create('short', 'd1');}, q{SELECT short.add('d1', n => 1, text => 'first');});
(my $same_there = $same) =~ s/recent/short/g;
is($after->value($same_there), 't', 'a session reads a document');
$owner->ask(q{SELECT count(short.add('d1', n => 1 + i, text => repeat('z', 50))) FROM generate_series(1, 3000) i;});
cmp_ok($owner->value(q{SELECT log_from FROM short.document}), '>', 100, 'whose log then forgets its beginnings');
is($after->value($same_there), 't', 'and finds all when it looks again');
$after->ask(q{SELECT short.add('d1', n => 9999, text => 'last');});
is($owner->value($same_there), 't', 'and goes on from there');
is($owner->value(q{SELECT ok FROM adama.verify('short', 'd1')}), 't', 'which the log confirms');

# Nor to where the changes begin that are still known: one before them was too large.
$owner->ask(q{SELECT adama.deploy('gap', '@static { maximum_history = 1; } public string text; message Say { string text; } channel say(Say m) { text = m.text; }');},
	q{SELECT adama.create('gap', 'd1');});
$after->ask(q{SELECT gap.say('d1', 'first');});
$owner->ask(q{SELECT gap.say('d1', repeat('x', 2000));}, q{SELECT count(gap.say('d1', repeat('y', 800) || i)) FROM generate_series(1, 40) i;});
cmp_ok($owner->value(q{SELECT log_from FROM gap.document}), '>', 4, 'a log forgets more than a session lacks of it');
is($after->value(q{SELECT gap.say('d1', 'last')}), '44', 'and the session goes on');
is($after->value(q{SELECT state OPERATOR(adama.->>) 'text' FROM gap.documents}), 'last', 'with the last change');

done_testing();
