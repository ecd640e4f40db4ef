-- Another program on the documents of a space that something happened to last.
SET search_path = public, adama;
SET client_min_messages = warning;
\set program 'public int n; public string last; view bool loud; message Say { string text; } channel say(Say m) { n++; last = m.text; } bubble heard = @viewer.loud ? last.upper() : last;'
SELECT adama.deploy('trial', :'program');
SELECT count(adama.create('trial', 'd' || i)) FROM generate_series(1, 5) i;
SELECT count(trial.say('d' || i, 'hello')) FROM generate_series(1, 3) i;
SELECT trial.say('d2', 'bad'), trial.say('d3', 'odd');
CREATE TABLE tried AS SELECT * FROM adama.try('trial', $$
public int n; public string last; view bool loud; message Say { string text; }
channel say(Say m) { if (m.text == "bad") { abort; } n += m.text == "odd" ? 10 : 1; last = m.text; }
bubble heard = @viewer.loud ? last.upper() : last;
$$, who => 'bob@example', viewer => '{"loud": true}');
SELECT key, seq, channel, sqlstate, error, delta, logged FROM tried WHERE seq IS NOT NULL;
SELECT key, events, us > 0 AS us, us_logged > 0 AS us_logged, view, view_logged, error FROM tried WHERE seq IS NULL;
-- the same program: nothing is different, whoever looks
SELECT key, seq, view, error FROM adama.try('trial', :'program', who => 'bob@example');
-- those that something happened to last, so many
SELECT trial.say('d5', 'last');
SELECT key, events FROM adama.try('trial', :'program', documents => 1);
SELECT count(*) FROM adama.try('trial', :'program', documents => 4);
-- with what it includes; without a view
SELECT key, seq, channel, error, view FROM adama.try('trial', '@include say;', sources => '{"say": "public int n; message Say { string text; } channel say(Say m) { n++; } public string last;"}') WHERE seq IS NOT NULL AND key = 'd1';
-- a view that can't be computed under it
SELECT key, sqlstate, view IS NULL AS none, view_logged FROM adama.try('trial', $$
public int n; public string last; message Say { string text; } channel say(Say m) { n++; last = m.text; }
function turn(int n) -> int { while (n > 1) { n = n * 1; } return n; }
public formula part = turn(n);
$$, who => 'bob@example') WHERE seq IS NULL AND key IN ('d2', 'd4');
-- nothing was changed
SELECT key, seq, v.ok FROM trial.document d, LATERAL (SELECT ok FROM adama.verify('trial', d.key)) v ORDER BY key;

-- ---- a log that was trimmed is tried from the state that it begins with ----
SELECT adama.deploy('short', '@static { maximum_history = 10; } record Line { public string text; } table<Line> _lines; public int n; message Say { string text; } channel say(Say m) { _lines <- { text: m.text }; (iterate _lines order by id desc offset 5).delete(); n++; }');
SELECT adama.create('short', 'k');
SELECT count(short.say('k', text => repeat('x', 100) || i)) FROM generate_series(1, 500) i;
SELECT log_from > 1 AS is_trimmed FROM short.document;
SELECT count(*) AS differ FROM adama.try('short', 'k', (SELECT source FROM short.program));
SELECT key, seq, events BETWEEN 10 AND 400 AS some, error FROM adama.try('short', (SELECT source FROM short.program));
SELECT count(*) > 10 AS differ, count(error) AS fail FROM adama.try('short', 'k', (SELECT replace(source, 'n++', 'n += 2') FROM short.program));
SELECT key, sqlstate, error FROM adama.try('short', 'public string n;');

-- ---- damage, and what is refused ----
UPDATE trial.log SET message = '{"text":"forged"}' WHERE key = 'd1' AND seq = 2;
SELECT key, seq, sqlstate, error, us_logged FROM adama.try('trial', :'program') WHERE key = 'd1';
SELECT * FROM adama.try('trial', 'public int n');
SELECT * FROM adama.try('trial', :'program', documents => 0);
SELECT * FROM adama.try('nowhere', :'program');
SELECT count(*) FROM adama.try('trial', NULL);
CREATE ROLE adama_tester;
GRANT USAGE ON SCHEMA trial TO adama_tester;
GRANT SELECT ON ALL TABLES IN SCHEMA trial TO adama_tester;
SET ROLE adama_tester;
SELECT count(*) FROM adama.try('trial', 'public int n;');
RESET ROLE;
DROP OWNED BY adama_tester;
DROP ROLE adama_tester;
DROP TABLE tried;
DROP SCHEMA trial, short CASCADE;
