-- The worked example of the manual: whatever happens to games, what the triggers count is what is there.
SELECT plan(9);
\set program `cat ../../examples/league.adama`
SELECT adama.deploy('game', :'program') \g /dev/null
SELECT adama.create('game', 'g' || i, jsonb_build_object('town', 'town ' || i % 3)) FROM generate_series(1, 6) i \g /dev/null
SELECT game.join('g' || i, name => 'early') FROM generate_series(1, 3) i \g /dev/null
\ir ../../examples/league.sql

CREATE VIEW towns AS SELECT value->>'town' AS name, count(*) AS games, sum((value->>'points')::int) AS points FROM game.replica WHERE name = 'games' GROUP BY 1;
CREATE VIEW scores AS SELECT (value->>'points')::int AS points, count(*) AS players FROM game.replica WHERE name = 'players' GROUP BY 1;
CREATE FUNCTION differences() RETURNS TABLE (what text) LANGUAGE sql AS $$
  SELECT 'town ' || name FROM (SELECT name, games, points::bigint FROM league.town WHERE games <> 0) t FULL JOIN (SELECT name, games, points::bigint FROM towns) n USING (name)
  WHERE t IS DISTINCT FROM n
  UNION ALL
  SELECT 'score ' || points FROM (SELECT * FROM league.score WHERE players <> 0) s FULL JOIN scores n USING (points) WHERE s IS DISTINCT FROM n
$$;
SELECT is((SELECT sum(games) FROM league.town), 3::numeric, 'games that were there before are counted');
SELECT is_empty('SELECT * FROM differences()', 'as they are');

-- Anything that can happen, some of it undone.
CREATE PROCEDURE play(n int) LANGUAGE plpgsql AS $$
DECLARE
  g text;
  dice int;
BEGIN
  FOR i IN 1 .. n LOOP
    g = 'g' || 1 + (i * 7) % 6;
    dice = (i * 2654435761) % 17;
    BEGIN
      IF NOT EXISTS (SELECT FROM game.document d WHERE d.key = g) THEN
        PERFORM adama.create('game', g, jsonb_build_object('town', 'town ' || i % 4));
      ELSIF dice < 4 THEN
        PERFORM game.join(g, name => 'p' || i % 4);
      ELSIF dice < 12 THEN
        PERFORM game.shoot(g, name => 'p' || i % 4, points => i % 7);
      ELSIF dice < 14 THEN
        PERFORM game.leave(g, name => 'p' || i % 4);
      ELSIF dice = 14 THEN
        PERFORM adama.rewind('game', g, 1 + (SELECT seq FROM game.document d WHERE d.key = g) / 2);
      ELSIF dice = 15 THEN
        PERFORM adama.ingest('game', ARRAY[g, g, g], '{join,shoot,leave}', ARRAY[format('{"name": "q%s"}', i), format('{"name": "q%s", "points": 5}', i), '{"name": "early"}']::json[]);
      ELSIF i % 3 = 0 THEN
        PERFORM adama.delete('game', g);
      END IF;
      IF i % 5 = 0 THEN
        RAISE EXCEPTION 'undone' USING ERRCODE = 'P0C10';
      END IF;
    EXCEPTION WHEN SQLSTATE 'P0C10' OR SQLSTATE 'YA031' THEN
      NULL;
    END;
  END LOOP;
END $$;
CALL play(800);
SELECT cmp_ok((SELECT count(*) FROM scores), '>', 3::bigint, 'games are played');
SELECT is_empty('SELECT * FROM differences()', 'and counted right');
SELECT results_eq($$ SELECT key, ok FROM game.document, adama.verify('game', key) ORDER BY key $$, $$ SELECT key, true FROM game.document ORDER BY key $$, 'what they publish is what their logs say');
SELECT results_eq($$ SELECT key, "row", league.rank((value->>'points')::int) FROM game.replica WHERE name = 'players' ORDER BY key, "row" $$,
  $$ SELECT key, "row", rank() OVER (ORDER BY (value->>'points')::int DESC) FROM game.replica WHERE name = 'players' ORDER BY key, "row" $$, 'places are what the window function says');

-- another program
SELECT adama.deploy('game', replace(:'program', 'replication<players:upsert>', 'replication<people:upsert>')) \g /dev/null
SELECT cmp_ok(adama.upgrade('game'), '>', 3, 'another program');
SELECT is((SELECT sum(players) FROM league.score), 0::numeric, 'takes out what it does not say');
SELECT is_empty('SELECT * FROM differences()', 'and leaves the rest');
SELECT * FROM finish();
