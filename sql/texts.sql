-- Texts that several people write: arguments, columns, the state and its changes.
SET client_min_messages = warning;
SELECT adama.deploy('texts', $$
record Note { public int id; public text body; }
table<Note> _notes;
public formula notes = iterate _notes;
public text title = "draft";
message Add { string body; }
channel add(Add m) { _notes <- {body: m.body}; }
message Edit { int id; int number; dynamic change; }
channel edit(Edit m) {
  if (_notes[m.id] as note) {
    if (!note.body.append(m.number, m.change)) { abort; }
  }
}
$$);
SELECT adama.create('texts', 'k');
SELECT texts.add('k', E'one\ntwo');
SELECT texts.edit('k', 1, 0, '{"changes": [3, [1, " and "], 3]}');
SELECT texts.edit('k', 1, 0, '{"changes": [11]}');
SELECT texts.edit('k', 1, 1, '{"changes": [12]}');
SELECT pg_get_function_result('texts.notes'::regproc);
SELECT * FROM texts.notes('k');
SELECT adama.view('texts', 'k');
SELECT state::jsonb - '__entropy' AS state FROM texts.documents;
SELECT delta FROM adama.history('texts', 'k', from_seq => 2) ORDER BY seq;
DROP SCHEMA texts CASCADE;
