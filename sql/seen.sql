-- What somebody saw of each entry of the log.
SET search_path = public, adama;
SET client_min_messages = warning;
SELECT adama.deploy('seen', $$
record Line { public int id; public principal who; public string text; bool is_secret; policy may_read { return !is_secret || @who == who; } require may_read; }
table<Line> _lines;
view int wanted;
public formula lines = iterate _lines;
public double weight = 1.0;
private int hidden;
bubble chosen = (iterate _lines where id == @viewer.wanted);
message Say { string text; bool is_secret = false; }
message Remove { int id; }
message Nothing { }
channel say(Say m) { _lines <- { who: @who, text: m.text, is_secret: m.is_secret }; }
channel remove(Remove m) { (iterate _lines where id == m.id).delete(); }
channel hide(Nothing m) { hidden++; }
channel weigh(Nothing m) { weight += 0.5; }
$$);
SELECT adama.create('seen', 'k'), seen.say('k', 'one'), seen.say('k', 'two', is_secret => true), seen.hide('k'), seen.weigh('k'), seen.remove('k', 1);
SELECT count(*) FROM adama.ingest('seen', '{k,k,k}', '{say,hide,say}', '{"{\"text\":\"three\"}","{}","{\"text\":\"four\"}"}');
SELECT seq, event, channel, seen FROM adama.history('seen', 'k', who => 'bob@example');
SELECT seq, seen FROM adama.history('seen', 'k', who => 'bob@example', viewer => '{"wanted": 4}');
-- the author's eyes; from the middle, within a batch, as many as are wanted
SELECT seq, seen FROM adama.history('seen', 'k', 3, 2, adama.whoami());
SELECT seq, channel, seen FROM adama.history('seen', 'k', 8, who => 'bob@example');
-- nobody
SELECT count(seen) FROM adama.history('seen', 'k');
SELECT count(*) FROM adama.history('seen', NULL, who => 'bob@example');
SELECT count(*) FROM adama.history('seen', 'k', 100, who => 'bob@example');
-- all that somebody saw, one after the other, is what can be seen
CREATE FUNCTION adds_up(who principal, viewer jsonb) RETURNS TABLE (all_the_way bigint, wrong bigint) LANGUAGE sql AS $$
  SELECT count(*), count(*) FILTER (WHERE plain('{}'::document + (SELECT compose(seen::text::delta ORDER BY h.seq) FROM adama.history('seen', 'k', 0, 1000, who, viewer) h WHERE h.seq <= l.seq))
    <> adama.view_at('seen', 'k', l.seq, who, viewer)) FROM seen.log l WHERE l.key = 'k' $$;
SELECT * FROM adds_up('bob@example', '{"wanted": 4}');
SELECT * FROM adds_up(adama.whoami(), '{}');
-- another program, which shows something else
SELECT adama.deploy('seen', $$
record Line { public int id; principal who; public string text; bool is_secret; }
table<Line> _lines;
public formula lines = iterate _lines;
public int hidden;
message Say { string text; bool is_secret = false; }
channel say(Say m) { _lines <- { who: @who, text: m.text, is_secret: m.is_secret }; }
$$);
SELECT seen.say('k', 'five');
SELECT seq, event, seen FROM adama.history('seen', 'k', 9, who => 'bob@example');
SELECT * FROM adds_up('bob@example', '{}');
SELECT adama.rewind('seen', 'k', 3);
SELECT seq, event, seen FROM adama.history('seen', 'k', 12, who => 'bob@example');
SELECT * FROM adds_up('bob@example', '{}');
-- a view that can't be computed
SELECT adama.deploy('seen', $$
public int hidden;
function turn(int n) -> int { while (n > 7) { n = n * 1; } return n; }
public formula part = turn(hidden);
message Set { int to; }
channel become(Set m) { hidden = m.to; }
$$);
SELECT seen.become('k', 1), seen.become('k', 8), seen.become('k', 9), seen.become('k', 2), seen.become('k', 3);
SELECT seq, event, seen FROM adama.history('seen', 'k', 13, who => 'bob@example');
SELECT * FROM adama.history('seen', 'k', who => 'bob@example', viewer => '[]');
CREATE ROLE adama_peeper;
GRANT USAGE ON SCHEMA seen TO adama_peeper;
SET ROLE adama_peeper;
SELECT seen FROM adama.history('seen', 'k', who => 'bob@example');
RESET ROLE;
DROP OWNED BY adama_peeper;
DROP ROLE adama_peeper;
DROP FUNCTION adds_up;
DROP SCHEMA seen CASCADE;
