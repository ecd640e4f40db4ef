-- Tables over all games of the space "game" (league.adama), kept by statement triggers on what they publish: how many games and points there are in each town, and how many
-- players have how many points, of which ranks are made.  Run it as the owner of the space, before or after there are games.

CREATE SCHEMA league;
CREATE TABLE league.town (name text PRIMARY KEY, games bigint NOT NULL, points bigint NOT NULL);
CREATE TABLE league.score (points int PRIMARY KEY, players bigint NOT NULL);

-- Adds numbers, which may be negative, to rows that may not be there yet.  All at once, so that what cancels out writes nothing, and in one order, so that
-- two messages that change the same rows never wait for each other in a circle.
CREATE FUNCTION league.add_to_towns(names text[], games int[], points int[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO league.town AS t
  SELECT x.name, sum(x.games), sum(x.points) FROM unnest(names, games, points) x (name, games, points) GROUP BY x.name HAVING sum(x.games) <> 0 OR sum(x.points) <> 0 ORDER BY x.name
  ON CONFLICT (name) DO UPDATE SET games = t.games + excluded.games, points = t.points + excluded.points
$$;
CREATE FUNCTION league.add_to_scores(points int[], players int[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO league.score AS s
  SELECT x.points, sum(x.players) FROM unnest(points, players) x (points, players) GROUP BY x.points HAVING sum(x.players) <> 0 ORDER BY x.points
  ON CONFLICT (points) DO UPDATE SET players = s.players + excluded.players
$$;

-- What comes counts once, what goes counts less than nothing, and what changes does both.
CREATE FUNCTION league.came() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM league.add_to_towns(array_agg(value->>'town'), array_agg(1), array_agg((value->>'points')::int)) FROM new_rows WHERE name = 'games';
  PERFORM league.add_to_scores(array_agg((value->>'points')::int), array_agg(1)) FROM new_rows WHERE name = 'players';
  RETURN NULL;
END $$;
CREATE FUNCTION league.went() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM league.add_to_towns(array_agg(value->>'town'), array_agg(-1), array_agg(-(value->>'points')::int)) FROM old_rows WHERE name = 'games';
  PERFORM league.add_to_scores(array_agg((value->>'points')::int), array_agg(-1)) FROM old_rows WHERE name = 'players';
  RETURN NULL;
END $$;
CREATE FUNCTION league.changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM league.add_to_towns(array_agg(value->>'town'), array_agg(sign), array_agg(sign * (value->>'points')::int))
  FROM (SELECT name, value, 1 AS sign FROM new_rows UNION ALL SELECT name, value, -1 FROM old_rows) x WHERE name = 'games';
  PERFORM league.add_to_scores(array_agg((value->>'points')::int), array_agg(sign))
  FROM (SELECT name, value, 1 AS sign FROM new_rows UNION ALL SELECT name, value, -1 FROM old_rows) x WHERE name = 'players';
  RETURN NULL;
END $$;

-- From here on nobody changes what is published until this is committed: what is there is counted once, and what comes later by the triggers.
BEGIN;
CREATE TRIGGER league_came AFTER INSERT ON game.replica REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION league.came();
CREATE TRIGGER league_went AFTER DELETE ON game.replica REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION league.went();
CREATE TRIGGER league_changed AFTER UPDATE ON game.replica REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION league.changed();
SELECT league.add_to_towns(array_agg(value->>'town'), array_agg(1), array_agg((value->>'points')::int)) FROM game.replica WHERE name = 'games';
SELECT league.add_to_scores(array_agg((value->>'points')::int), array_agg(1)) FROM game.replica WHERE name = 'players';
COMMIT;

-- The place of whoever has so many points; a few steps up an index, however many play.
CREATE FUNCTION league.rank(points int) RETURNS bigint LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 1 + coalesce(sum(s.players), 0)::bigint FROM league.score s WHERE s.points > rank.points
$$;
