-- Programs of several sources: @include, and the sources that deploy and check are given.
SET client_min_messages = warning;
SET search_path = adama;
\set program '@include lib/score;\nchannel add(Add a) { add_score(a.n); }'

-- what there is to include is an object of texts
SELECT adama.deploy('inc', :'program');
SELECT adama.deploy('inc', :'program', '{"lib/scores": "x"}');
SELECT adama.deploy('inc', :'program', '["lib/score"]');
SELECT adama.deploy('inc', :'program', '{"lib/score": 1}');
SELECT adama.deploy('inc', :'program', NULL) IS NULL AS nothing;

-- diagnostics name the source and show its line
SELECT * FROM adama.check(:'program', '{"lib/score": "public int score;\nprocedure add_score(int n) { score += m; let unused = 1; }\nmessage Add { int n; }"}');
\set VERBOSITY default
SELECT adama.deploy('inc', :'program', '{"lib/score": "public int score;\nprocedure add_score(int n) { score += m; }\nmessage Add { int n; }"}');
SELECT adama.deploy('inc', '@include a;', '{"a": "@include b;", "b": "@include a;"}');

-- the version keeps what it includes, and nothing else
SELECT adama.deploy('inc', :'program', '{"lib/score": "public int score;\nprocedure add_score(int n) { score += n; while (score > 100) { } }\nmessage Add { int n; }", "other": "public int other;"}');
SELECT inc.create_document('k'), inc.add('k', 5);
SELECT inc.add('k', 100);
SELECT version, source, sources FROM inc.program ORDER BY version;
-- another session reads it from there
\c -
SET client_min_messages = warning;
SET search_path = adama;
SELECT inc.add('k', 1);
SELECT adama.view('inc', 'k');
-- the same again is no new version; an included source that changed is one
SELECT adama.deploy('inc', :'program', '{"lib/score": "public int score;\nprocedure add_score(int n) { score += n; while (score > 100) { } }\nmessage Add { int n; }"}');
SELECT adama.deploy('inc', :'program', '{"lib/score": "public int score;\nprocedure add_score(int n) { score += 2 * n; }\nmessage Add { int n; }"}');
SELECT inc.add('k', 100);
SELECT adama.view('inc', 'k');
SELECT adama.deploy('inc', 'public int score; message Add { int n; } channel add(Add a) { score = a.n; }');
SELECT version, sources IS NULL AS includes_nothing FROM inc.program ORDER BY version;

DROP SCHEMA inc CASCADE;
