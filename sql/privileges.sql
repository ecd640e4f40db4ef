-- Who may do what: PostgreSQL's privileges, as ordinary roles meet them.
SET client_min_messages = warning;
CREATE ROLE adama_owner;
CREATE ROLE adama_alice;
CREATE ROLE adama_bob;
CREATE ROLE adama_team;
GRANT adama_team TO adama_owner;
SELECT format('GRANT CREATE ON DATABASE %I TO adama_owner', current_database()) \gexec

-- ---- deploying takes CREATE on the database; the space is the deployer's ----
SET ROLE adama_alice;
SELECT adama.deploy('priv', 'public int x;');
SET ROLE adama_owner;
SELECT adama.deploy('priv', $$
record Line { public principal who; public string text; }
table<Line> _lines;
public formula lines = iterate _lines;
message Say { string text; }
message Nothing { }
channel say(Say m) { _lines <- { who: @who, text: m.text }; }
channel clear(Nothing n) { (iterate _lines).delete(); }
$$);
RESET ROLE;
SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'priv';
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'priv'::regnamespace;
SELECT DISTINCT proowner::regrole FROM pg_proc WHERE pronamespace = 'priv'::regnamespace;

-- ---- nothing is granted to begin with ----
SET ROLE adama_alice;
SELECT adama.create('priv', 'k');
SELECT adama.send('priv', 'k', 'say', '{"text": "x"}');
SELECT adama.view('priv', 'k');
SELECT adama.connect('priv', 'k');
SELECT adama.history('priv', 'k');
SELECT adama.delete('priv', 'k');
SELECT * FROM adama.ingest('priv', '{k}', '{say}', '{"{}"}');
SELECT priv.say('k', 'x');
SELECT adama.deploy('priv', 'public int x;');
SELECT count(*) FROM priv.document;
-- types, algebra and check are everybody's
SELECT '{"a":1}'::adama.document OPERATOR(adama.+) '{"b":2}'::adama.delta, adama.whoami();
SELECT count(*) FROM adama.check('public int x;');

-- ---- USAGE: look and connect ----
RESET ROLE;
GRANT USAGE ON SCHEMA priv TO adama_alice, adama_bob;
SET ROLE adama_owner;
SELECT adama.create('priv', 'k'), priv.say('k', 'from the owner');
SET ROLE adama_alice;
SELECT adama.view('priv', 'k');
BEGIN;
SELECT adama.connect('priv', 'k') IS NOT NULL AS connected;
ROLLBACK;
SELECT * FROM priv.lines('k');
SELECT priv.say('k', 'x');
SELECT adama.send('priv', 'k', 'say', '{"text": "x"}');
SELECT sqlstate, error FROM adama.ingest('priv', '{k}', '{say}', '{"{\"text\":\"x\"}"}');
SELECT adama.create('priv', 'k2');
SELECT priv.create_document('k2');
SELECT count(*) FROM priv.document;
SELECT count(*) FROM priv.documents;
SELECT count(*) FROM priv.log;
SELECT count(*) FROM priv.connection;
SELECT count(*) FROM adama.history('priv', 'k');
SELECT adama.delete('priv', 'k');

-- ---- EXECUTE on a channel: send on that one, whichever way ----
RESET ROLE;
GRANT EXECUTE ON FUNCTION priv.say, priv.lines TO adama_alice;
SET ROLE adama_alice;
SELECT priv.say('k', 'directly'), adama.send('priv', 'k', 'say', '{"text": "generically"}');
SELECT ord, seq, error FROM adama.ingest('priv', '{k,k}', '{say,clear}', ARRAY['{"text":"in a batch"}', '{}']::json[]);
SELECT * FROM priv.lines('k');
SELECT priv.clear('k');
SELECT adama.send('priv', 'k', 'clear', '{}');
-- ---- EXECUTE on create_document: create ----
RESET ROLE;
GRANT EXECUTE ON FUNCTION priv.create_document TO adama_bob;
SET ROLE adama_bob;
SELECT adama.create('priv', 'bobs'), priv.create_document('bobs too');
SELECT priv.say('bobs', 'x');
-- creating is not owning
SELECT adama.delete('priv', 'bobs');
SET ROLE adama_owner;
SELECT adama.delete('priv', 'bobs');

-- ---- who acts: SET ROLE counts, a definer function lends rights but not its name ----
RESET ROLE;
SELECT adama.agent(adama.whoami()) = session_user AS session;
SET ROLE adama_alice;
SELECT adama.whoami();
RESET ROLE;
CREATE FUNCTION adama_speak(t text) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp BEGIN ATOMIC SELECT priv.say('k', text => t); END;
CREATE FUNCTION adama_who() RETURNS adama.principal LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp BEGIN ATOMIC SELECT adama.whoami(); END;
ALTER FUNCTION adama_speak OWNER TO adama_owner;
SET ROLE adama_bob;
SELECT adama_speak('lent') IS NOT NULL AS sent, adama_who();
SET ROLE adama_owner;
SELECT * FROM priv.lines('k');
RESET ROLE;
DROP FUNCTION adama_speak, adama_who;

-- ---- a function that was moved here gives no rights here ----
GRANT CREATE ON SCHEMA priv TO adama_bob;
SELECT format('GRANT CREATE ON DATABASE %I TO adama_bob', current_database()) \gexec
SET ROLE adama_bob;
SELECT adama.deploy('bobs', 'message Nothing { } channel clear(Nothing n) { }');
SELECT bobs.create_document('k'), bobs.clear('k');
ALTER FUNCTION bobs.clear(text) RENAME TO say;
ALTER FUNCTION bobs.say(text) SET SCHEMA priv;
SELECT priv.say('k');
SELECT adama.send('priv', 'k', 'say', '{"text": "not bob''s to say"}');
SET ROLE adama_owner;
SELECT adama.deploy('priv', source) FROM priv.program;
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'priv'::regnamespace ORDER BY proname;
RESET ROLE;
DROP SCHEMA bobs CASCADE;

-- ---- connections are their session's, or the space's owner's to end ----
BEGIN;
SET LOCAL ROLE adama_alice;
SELECT adama.connect('priv', 'k') AS id \gset
SET LOCAL ROLE adama_owner;
UPDATE priv.connection SET pid = pid + 1;
SET LOCAL ROLE adama_bob;
SAVEPOINT s;
\set VERBOSITY sqlstate
SELECT adama.disconnect(:'id');
\set VERBOSITY default
ROLLBACK TO s;
SET LOCAL ROLE adama_owner;
SELECT adama.disconnect(:'id');
SELECT count(*) FROM priv.connection;
ROLLBACK;

-- ---- members of the owning role deploy, and what is made stays the owner's ----
RESET ROLE;
ALTER SCHEMA priv OWNER TO adama_team;
SELECT format('ALTER TABLE priv.%I OWNER TO adama_team', relname) FROM pg_class WHERE relnamespace = 'priv'::regnamespace AND relkind = 'r' ORDER BY relname \gexec
SET ROLE adama_owner;
SELECT adama.deploy('priv', $$
record Line { public principal who; public string text; }
table<Line> _lines;
public formula lines = iterate _lines;
message Say { string text; bool loud = false; }
channel say(Say m) { _lines <- { who: @who, text: m.text }; }
$$);
RESET ROLE;
SELECT proname, proowner::regrole, proacl FROM pg_proc WHERE pronamespace = 'priv'::regnamespace ORDER BY proname;
SET ROLE adama_alice;
SELECT priv.say('k', 'granted again') IS NOT NULL AS sent;

-- ---- a function that somebody drops takes the right with it ----
RESET ROLE;
DROP FUNCTION priv.say;
SET ROLE adama_alice;
SELECT adama.send('priv', 'k', 'say', '{"text": "x"}');
SET ROLE adama_owner;
SELECT adama.send('priv', 'k', 'say', '{"text": "the owner may"}') IS NOT NULL AS sent;
RESET ROLE;

DROP SCHEMA priv CASCADE;
DROP OWNED BY adama_owner, adama_alice, adama_bob, adama_team;
DROP ROLE adama_owner, adama_alice, adama_bob, adama_team;
