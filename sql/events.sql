-- Events that the document itself gives cause to: @load; what an event says of itself; settings of @static.
SET client_min_messages = warning;
SET search_path = adama;

-- @load: before the first event of a session that had to read the document; its change is in the log, and only when there is one
SELECT adama.deploy('ev', $$
public int n;
message M { }
channel go(M m) { n++; }
$$);
SELECT ev.create_document('k'), ev.go('k'), ev.create_document('j');
SELECT adama.deploy('ev', $$
public int n;
public int doubled;
public int version;
message M { }
@load { if (version == 0) { doubled = n * 2; version = 1; } }
channel go(M m) { n++; doubled += 2; }
$$);
SELECT ev.go('k');
SELECT adama.view('ev', 'k');
SELECT seq, event, agent IS NULL AS by_nobody, CASE event WHEN 'create' THEN NULL ELSE delta END AS delta FROM ev.log WHERE key = 'k' ORDER BY seq;
\c -
SET client_min_messages = warning;
SET search_path = adama;
SELECT ev.go('k');
SELECT seq, event, delta FROM ev.log WHERE key = 'k' AND seq > 5 ORDER BY seq;
-- each of a batch comes after it, and who connects sees what it did
SELECT ord, seq FROM adama.ingest('ev', '{j,j}', '{go,go}', ARRAY['{}', '{}']::json[]);
SELECT seq, events, event, delta FROM ev.log WHERE key = 'j' AND seq > 1 ORDER BY seq;
SELECT adama.create('ev', 'i');
SELECT seq, event FROM ev.log WHERE key = 'i' ORDER BY seq;
\c -
SET client_min_messages = warning;
SET search_path = adama;
BEGIN;
SELECT adama.connect('ev', 'i') IS NOT NULL AS connected;
SELECT adama.connect('ev', 'i') IS NOT NULL AS again;
SELECT adama.view('ev', 'i');
SELECT seq, event, delta FROM ev.log WHERE key = 'i' AND seq > 1 ORDER BY seq;
ROLLBACK;
SELECT adama.view('ev', 'i');
SELECT ev.go('i');
SELECT seq, event, delta FROM ev.log WHERE key = 'i' AND seq > 1 ORDER BY seq;
SELECT d.state = fold('{}', ARRAY(SELECT delta FROM ev.log l WHERE l.key = d.key ORDER BY seq)) AS folded FROM ev.documents d;
-- one that fails keeps messages out, until another program
SELECT adama.deploy('ev', $$
public int n;
public int doubled;
public int version;
message M { }
@load { while (version == 1) { n++; } }
channel go(M m) { n++; }
$$);
SELECT ev.go('i');
SELECT ev.go('i');
SELECT ord, seq, sqlstate, error FROM adama.ingest('ev', '{i}', '{go}', ARRAY['{}']::json[]);
SELECT adama.view('ev', 'i');
SELECT adama.deploy('ev', $$
public int n;
message M { }
channel go(M m) { n++; }
$$);
SELECT ev.go('i');

-- who may delete is asked of the newest program, after @load; what that did is undone with the refusal
SELECT adama.deploy('gone', 'public int n; @delete { return true; } message M { } channel go(M m) { n++; }');
SELECT gone.create_document('a'), gone.create_document('b'), gone.go('a');
SELECT adama.deploy('gone', $$
public int n;
public bool ready;
message M { }
@load { ready = true; }
@delete { return ready && n > 0; }
channel go(M m) { n++; }
$$);
SELECT adama.delete('gone', 'b');
SELECT seq, event FROM gone.log WHERE key = 'b' ORDER BY seq;
SELECT adama.delete('gone', 'a');
SELECT (SELECT count(*) FROM gone.document WHERE key = 'a') AS documents, (SELECT count(*) FROM gone.log WHERE key = 'a') AS entries;
-- one that fails keeps nobody from deleting where nobody is asked
SELECT adama.deploy('gone', 'public int n; @load { while (true) { n++; } } message M { } channel go(M m) { n++; }');
SELECT adama.delete('gone', 'b');
SELECT count(*) FROM gone.document;

-- @context: of this session; origin and ip are in the log only when the program asks for one of them
SELECT adama.deploy('ctx', $$
public string told;
message M { }
@static { create { return @context.key == "a"; } }
channel go(M m) { told = @context.key + "|" + @context.space + "|" + @context.origin + "|" + @context.ip + "|" + @context.who.authority(); }
$$);
SELECT ctx.create_document('b');
SELECT ctx.create_document('a'), ctx.go('a');
SELECT adama.view('ctx', 'a')->>'told' = 'a|ctx||' || coalesce(host(inet_client_addr()), '') || '|postgres' AS told;
SELECT bool_and(ip IS NOT DISTINCT FROM host(inet_client_addr())) AS ip, bool_and(origin IS NULL) AS no_origin FROM ctx.log;

-- time moves by more than the resolution, or not at all
SELECT adama.deploy('slow', $$
public long at;
message M { }
@static { temporal_resolution_ms = 1000000; }
channel go(M m) { at = Time.now(); }
$$);
SELECT slow.create_document('k'), slow.go('k'), pg_sleep(0.01), slow.go('k');
SELECT count(DISTINCT at) AS times, count(*) AS events FROM slow.log;

-- readonly
SELECT adama.deploy('ro', $$
public int n;
message M { int n; }
@static { readonly = true; }
@construct (M m) { n = m.n; }
channel go(M m) { n++; }
$$);
SELECT ro.create_document('k', n => 7);
SELECT ro.go('k', n => 1);
SELECT adama.view('ro', 'k');

-- the seq of an event, of each of a batch, of what is looked at; and what was computed with it is computed again
SELECT adama.deploy('sq', $$
public formula now = Document.seq();
record R { public int id; public int at; }
table<R> t;
public formula rows = iterate t where at < Document.seq();
message M { }
@construct { t <- {at: Document.seq()}; }
channel go(M m) { t <- {at: Document.seq()}; }
channel nothing(M m) { }
channel fails(M m) { t <- {at: Document.seq()}; abort; }
$$);
SELECT sq.create_document('k'), sq.go('k');
SELECT ord, seq, sqlstate FROM adama.ingest('sq', '{k,k,k,k}', '{go,fails,nothing,go}', ARRAY['{}', '{}', '{}', '{}']::json[]);
SELECT adama.view('sq', 'k'), adama.view_at('sq', 'k', 2, adama.whoami());
SELECT * FROM sq.rows('k');
SELECT * FROM adama.verify('sq', 'k');

-- passwords: a replay hashes to the same
SELECT adama.deploy('pw', $$
string hash;
public bool ok;
message M { string s; }
channel set_password(M m) { hash = m.s.passwordHash(); }
channel login(M m) { ok = hash.passwordCheck(m.s); if (!ok) { abort; } }
$$);
SELECT pw.create_document('k'), pw.set_password('k', s => 'open sesame'), pw.login('k', s => 'open sesame');
SELECT pw.login('k', s => 'open barley');
SELECT adama.view('pw', 'k');
SELECT state->>'hash' ~ '^\$s0\$e0801\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$' AS has_form FROM pw.documents;
SELECT ok, problem FROM adama.verify('pw', 'k');

-- a document that goes with its last connection
SELECT adama.deploy('shut', '@static { delete_on_close = true; } @connected { n++; return true; } @disconnected { n--; if (n == 7) { Document.rewind(100); } } @delete { return false; } public int n; message Add { int by; } channel add(Add m) { n += m.by; }');
SELECT shut.create_document('k'), shut.create_document('idle'), shut.add('k', 1);
SELECT adama.delete('shut', 'k');
BEGIN;
SELECT adama.connect('shut', 'k') AS one, adama.connect('shut', 'k') AS two \gset
SELECT adama.disconnect(:'one');
SELECT adama.view('shut', 'k');
SELECT adama.disconnect(:'two');
SELECT adama.view('shut', 'k');
SELECT key, seq FROM shut.documents;
ROLLBACK;
BEGIN;
SELECT adama.connect('shut', 'k') AS one \gset
SAVEPOINT s;
SELECT adama.disconnect(:'one');
SELECT shut.create_document('k'), adama.connect('shut', 'k') AS two \gset
SELECT adama.view('shut', 'k');
ROLLBACK TO s;
SELECT adama.view('shut', 'k');
SELECT adama.disconnect(:'one');
COMMIT;
SELECT key, seq FROM shut.documents;
SELECT count(*) FROM shut.log WHERE key = 'k';
SELECT shut.add('k', 1);
-- whatever @disconnected says
SELECT shut.create_document('k'), shut.add('k', 7);
BEGIN;
SELECT adama.connect('shut', 'k') AS one \gset
SELECT adama.disconnect(:'one');
COMMIT;
SELECT key, seq FROM shut.documents;
-- by a version that says so, and by one that does not any more; without events, too
SELECT adama.deploy('shut', 'public int n;');
SELECT shut.create_document('k');
BEGIN;
SELECT adama.connect('shut', 'k') AS one \gset
SELECT adama.disconnect(:'one');
COMMIT;
SELECT adama.deploy('shut', '@static { delete_on_close = true; } public int n;');
SELECT key, seq FROM shut.documents ORDER BY key;
BEGIN;
SELECT adama.connect('shut', 'k') AS one \gset
SELECT adama.disconnect(:'one');
COMMIT;
SELECT key, seq FROM shut.documents ORDER BY key;

DROP SCHEMA ev, ctx, slow, ro, sq, pw, gone, shut CASCADE;
