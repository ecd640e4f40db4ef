-- Maps, pairs and lists: arguments, columns, states, what viewers see, what is refused.
SET client_min_messages = warning;
SELECT adama.deploy('box', $$
enum Color { Red, Green }
record Account { public int id; public int balance; public map<string,int> by_month; public list<int> moves; public maybe<Note> note; method pair_of() -> pair<string,int> readonly { return @pair "" + id -> balance; } }
record Note { public string text; }
public formula accounts = iterate rows;
table<Account> rows;
public map<string,Account> named;
public map<principal,Color> colors;
public list<string> words;
public maybe<Note> note;
public formula sums = pairs_of();
procedure pairs_of() -> list<pair<string,int>> readonly { return (iterate rows).pair_of(); }
message Fill { map<string,int> by_month; list<int> moves; maybe<string> text; pair<string,int> first; list<pair<string,Color>> colors; map<principal,Color> who; maybe<int>[] some = []; }
channel fill(Fill m) {
  rows <- {balance: m.first.value, by_month: m.by_month, moves: m.moves, note: {text: m.text}};
  named[m.first.key] <- {balance: m.first.value, by_month: m.by_month};
  colors.insert(m.who);
  words = [m.first.key];
  if (m.text as t) { note <- {text: t}; } else { note.delete(); }
}
message Drop { string name; }
channel drop(Drop m) { named.remove(m.name); note.delete(); colors.clear(); }
$$);
SELECT regexp_split_to_table(pg_get_function_arguments('box.fill'::regproc), ', ') AS arguments;
SELECT pg_get_function_result('box.accounts'::regproc);
SELECT pg_get_function_result('box.sums'::regproc);
SELECT adama.create('box', 'k');
SELECT box.fill('k', by_month => '{"may": 3, "april": 4}', moves => '{1,2,3}', first => '{"key": "ann", "value": 7}', colors => '[{"key": "a", "value": 1}]',
  who => '{"al--i/postgres": 1, "bob/x-/y": 0}');
SELECT box.fill('k', by_month => '{}', moves => '{}', text => 'hello', first => '{"key": "bob", "value": 8}', colors => '[]', who => '{}', "some" => '[1, null]');
SELECT id, balance, by_month, by_month->>'may' AS may, moves, moves[2] FROM box.accounts('k');
SELECT * FROM box.sums('k') ORDER BY value DESC;
SELECT jsonb_pretty(adama.view('box', 'k'));
SELECT state::jsonb - '__entropy' AS state FROM box.documents;
SELECT box.drop('k', 'ann');
SELECT delta FROM adama.history('box', 'k', from_seq => 3) ORDER BY seq;
-- a map loaded again from the tables
SELECT adama.verify('box', 'k');
-- refused
SELECT box.fill('k', by_month => '{"may": "3"}', moves => '{}', first => '{"key": "a", "value": 1}', colors => '[]', who => '{}');
SELECT box.fill('k', by_month => '[1]', moves => '{}', first => '{"key": "a", "value": 1}', colors => '[]', who => '{}');
SELECT box.fill('k', by_month => '{}', moves => '{}', first => '{"key": "a", "value": 1}', colors => '[]', who => '{"bob": 1}');
SELECT box.fill('k', by_month => '{}', moves => '{}', first => '{"key": "a", "wert": 1}', colors => '[]', who => '{}');
SELECT box.fill('k', by_month => '{}', moves => '{1,NULL}', first => '{"key": "a", "value": 1}', colors => '[]', who => '{}');
-- what a new version may not do to a map
SELECT adama.deploy('box', 'public map<int,int> named;');
SELECT adama.deploy('box', 'record Note { public string text; } public Note note;');
DROP SCHEMA box CASCADE;
