# A database with spaces is dumped and restored: documents are what they were, whoever may do what still may, and it goes on.
use strict;
use warnings;
use Test::More;
use Server;

my $program = <<'END';
record Line { public int id; public principal who; public string text; public double weight; replication<lines:upsert> published = {text: text, weight: weight}; }
table<Line> _lines;
public formula lines = iterate _lines;
replication<rooms:upsert> published = {chance: chance, lines: _lines.size()};
public double chance = 1.0;
message Say { string text; }
message Nothing { }
channel say(Say m) { _lines <- { who: @who, text: m.text, weight: 1.0 }; }
channel roll(Nothing m) { chance = Random.genDouble(); }
END

# All states of all documents, as one digest.
my $PAST = q{SELECT md5(string_agg(adama.at('chat', d.key, s)::text, '|' ORDER BY d.key, s)) FROM chat.document d, generate_series(d.log_from, d.seq) s};
my $REPLICAS = q{SELECT md5(string_agg(r::text, '|' ORDER BY r.name, r.key, r."row")) FROM chat.replica r};
my $PROOF = q{SELECT count(*), bool_and(v.ok) FROM chat.document d, adama.verify('chat', d.key) v};

command('createdb', 'origin');
query('origin', 'CREATE EXTENSION adama', 'CREATE ROLE host', 'CREATE ROLE guest', 'CREATE ROLE stranger', 'GRANT CREATE ON DATABASE origin TO host');
query('origin', 'SET ROLE host', qq{SELECT adama.deploy('chat', \$\$$program\$\$)}, q{SELECT adama.retain('chat', '1 year')}, q{GRANT USAGE ON SCHEMA chat TO guest},
	'GRANT EXECUTE ON FUNCTION chat.say, chat.lines TO guest');
query('origin', 'SET ROLE host', q{SELECT adama.create('chat', 'd' || i) FROM generate_series(1, 20) i}, q{SELECT chat.say('d' || (1 + i % 20), repeat('é "x" ', 20) || i) FROM generate_series(1, 400) i},
	q{SELECT chat.roll('d' || i) FROM generate_series(1, 20) i}, q{SELECT adama.send('chat', 'd1', 'say', '{"text": "once"}', 'message 1')},
	qq{SELECT adama.deploy('chat', \$\$$program public int more = 7;\$\$)}, q{SELECT chat.say('d1', 'newer')});
query('origin', 'CREATE TABLE room (key text PRIMARY KEY REFERENCES chat.document ON DELETE CASCADE)', q{INSERT INTO room VALUES ('d1')}, 'CREATE TABLE noted (key text, seq bigint)',
	q{CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.noted VALUES (NEW.key, NEW.seq); RETURN NEW; END $$}, 'GRANT INSERT ON noted TO host',
	'CREATE TRIGGER note AFTER UPDATE ON chat.document FOR EACH ROW EXECUTE FUNCTION note()',
	q{SELECT adama.authority('accounts.example', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}')});
is(query('origin', $PROOF), '20|t', 'there are documents');
is(query('origin', q{SELECT count(*) FROM chat.replica}), '422', 'that publish');
like(query('origin', $PAST), qr/^[0-9a-f]{32}$/, 'with a past');
like(query('origin', 'SET ROLE host', q{SELECT adama.send('chat', 'd1', 'say', '{"text": "once"}', 'message 1')}), qr/reduced already/, 'and messages that are known');

my $FUNCTIONS = q{SELECT string_agg(p.oid::regprocedure || ' ' || p.proowner::regrole || ' ' || coalesce(p.proacl, acldefault('f', p.proowner))::text || ' ' || obj_description(p.oid), E'\n' ORDER BY p.proname) FROM pg_proc p
	WHERE pronamespace = 'chat'::regnamespace};
my $TABLES = q{SELECT string_agg(c.relname || ' ' || c.relowner::regrole || ' ' || coalesce(c.relacl, acldefault('r', c.relowner))::text || ' ' || coalesce(c.reloptions::text, '') || ' ' || coalesce(obj_description(c.oid), ''), E'\n'
	ORDER BY c.relname) FROM pg_class c WHERE relnamespace = 'chat'::regnamespace};

my $file = "$ENV{BUILD}.dump";
command('mkdir', '-p', $ENV{BUILD} =~ s{/[^/]*$}{}r);
for my $form ('custom', 'plain')
{
	my $copy = "restored_$form";
	command('createdb', $copy);
	if ($form eq 'custom')
	{
		command('pg_dump', '-Fc', '-f', $file, 'origin');
		command('pg_restore', '--exit-on-error', '-j', '2', '-d', $copy, $file);
	}
	else
	{
		command('pg_dump', '-f', $file, 'origin');
		command('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $copy, '-f', $file);
	}
	unlink $file;
	is(query($copy, $PROOF), '20|t', "$form: each log makes its document");
	is(query($copy, $PAST), query('origin', $PAST), "$form: and every state of the past");
	is(query($copy, $REPLICAS), query('origin', $REPLICAS), "$form: and what they publish");
	is(query($copy, $FUNCTIONS), query('origin', $FUNCTIONS), "$form: functions, owners, grants and comments are there");
	is(query($copy, $TABLES), query('origin', $TABLES), "$form: tables, too");
	is(query($copy, q{SELECT keep_age FROM chat.program WHERE version = 2}), '1 year', "$form: what the logs keep");
	is(query($copy, q{SELECT name FROM adama.gateway_authorities()}), 'accounts.example', "$form: the keys of authorities");
	like(query($copy, 'SET ROLE host', q{SELECT adama.send('chat', 'd1', 'say', '{"text": "once"}', 'message 1')}), qr/reduced already/, "$form: which messages came");
	query($copy, 'TRUNCATE noted');
	like(query($copy, 'SET ROLE guest', q{SELECT chat.say('d2', 'from a guest')}), qr/^[0-9]+$/, "$form: who may send may");
	is(query($copy, 'SET ROLE guest', q{SELECT count(*) > 20 FROM chat.lines('d2')}), 't', "$form: and look");
	like(query($copy, 'SET ROLE stranger', q{SELECT chat.say('d2', 'no')}), qr/permission denied/, "$form: who may not may not");
	is(query($copy, q{SELECT string_agg(key, ',') FROM noted}), query($copy, q{SELECT 'd2,d2'}), "$form: triggers fire, for the upgrade and the message");
	query($copy, q{SELECT chat.roll('d3')});
	query('origin', q{SELECT chat.roll('d3')});
	like(query($copy, q{SELECT state OPERATOR(adama.->>) 'chance' FROM chat.documents WHERE key = 'd3'}), qr/^0\.\d+$/, "$form: chance is asked");
	is(query($copy, q{SELECT state OPERATOR(adama.->>) 'chance' FROM chat.documents WHERE key = 'd3'}), query('origin', q{SELECT state OPERATOR(adama.->>) 'chance' FROM chat.documents WHERE key = 'd3'}), "$form: chance goes on the same");
	query($copy, q{SELECT adama.delete('chat', 'd1')});
	is(query($copy, 'SELECT count(*) FROM room'), '0', "$form: foreign keys hold");
	is(query($copy, 'SET ROLE host', qq{SELECT adama.deploy('chat', \$\$$program public int more = 7;\$\$)}), '2', "$form: the same program is still deployed");
	like(query($copy, 'DROP EXTENSION adama'), qr/schema chat depends on extension adama/, "$form: and then the extension knows of the space");
	is(query($copy, $PROOF), '19|t', "$form: all of it is in order");
}
done_testing();
