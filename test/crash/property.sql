-- What test/crash/property.pl remembers beside the documents, in the same transactions, and what it holds against them afterwards.
--
-- A document is told from a later one of its key by the time when it was made.  Views are those of the rows of witness.viewer, in their order.
CREATE SCHEMA witness;

CREATE TABLE witness.viewer (n int PRIMARY KEY, agent text NOT NULL, authority text NOT NULL, state jsonb NOT NULL);
INSERT INTO witness.viewer VALUES (1, 'a', 't', '{}'), (2, 'b', 't', '{"vi": 2, "vs": "a b"}'), (3, 'a', 't', '{"vi": 5}');

-- The document after seq; views: what the viewers saw then, null for what could not be computed.
CREATE TABLE witness.state (space text, key text, created timestamptz, seq bigint, state adama.document, views jsonb[]);
CREATE INDEX ON witness.state (space, key, created, seq);
-- Messages that were reduced.
CREATE TABLE witness.sent (space text, key text, created timestamptz, seq bigint, agent text, authority text, channel text, message adama.document);
CREATE INDEX ON witness.sent (space, key, created, seq);
-- Documents that were deleted.
CREATE TABLE witness.gone (space text, key text, created timestamptz);
-- What clients were told before their commit came back: a state's digest, or a message's.
CREATE TABLE witness.acknowledged (kind text, space text, key text, created numeric, seq bigint, digest text);

CREATE FUNCTION witness.gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO witness.gone VALUES (TG_TABLE_SCHEMA, OLD.key, OLD.created);
	RETURN NULL;
END $$;

-- Remembers the document as it is now, and yields a line about that; null when it is not there.
CREATE FUNCTION witness.look(space text, key text, with_views boolean DEFAULT true) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, adama AS $$
DECLARE
	doc record;
	who record;
	view jsonb;
	views jsonb[];
	after bigint;
BEGIN
	EXECUTE format('SELECT d.created, s.seq, s.state FROM %1$I.document d JOIN %1$I.documents s USING (key) WHERE d.key = $1', space) INTO doc USING key;
	IF doc.seq IS NULL THEN
		RETURN NULL;
	END IF;
	IF with_views THEN
		FOR who IN SELECT * FROM witness.viewer v ORDER BY n LOOP
			view := NULL;
			BEGIN
				PERFORM adama.assume(who.agent, who.authority);
				view := adama.view(space, key, who.state);
			EXCEPTION WHEN SQLSTATE 'YA032' OR SQLSTATE 'YA033' OR SQLSTATE 'YA012' THEN
				view := NULL;
			END;
			views := array_append(views, view);
		END LOOP;
		PERFORM adama.assume(NULL, NULL);
		-- Another may have come between, unless this transaction holds the document.
		EXECUTE format('SELECT seq FROM %I.document WHERE key = $1 AND created = $2', space) INTO after USING key, doc.created;
		IF after IS DISTINCT FROM doc.seq THEN
			views := NULL;
		END IF;
	END IF;
	INSERT INTO witness.state VALUES (space, key, doc.created, doc.seq, doc.state, views);
	RETURN format(E'ACK\t%s\tstate\t%s\t%s\t%s\t%s\t%s', pg_current_xact_id(), space, key, extract(epoch FROM doc.created), doc.seq, md5(doc.state::text));
END $$;

-- The same when somebody else makes an event: the emitter, adama.upgrade.
CREATE FUNCTION witness.any_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM witness.look(TG_TABLE_SCHEMA, NEW.key, false);
	RETURN NULL;
END $$;

-- Remembers a message that was reduced just now.
CREATE FUNCTION witness.sent(space text, key text, seq bigint, who adama.principal, channel text, message json) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog, adama AS $$
DECLARE
	made timestamptz;
BEGIN
	EXECUTE format('SELECT created FROM %I.document WHERE key = $1', space) INTO made USING key;
	IF made IS NULL THEN
		RETURN NULL;
	END IF;
	INSERT INTO witness.sent VALUES (space, key, made, seq, adama.agent(who), adama.authority(who), channel, message::text::adama.document);
	RETURN format(E'ACK\t%s\tsent\t%s\t%s\t%s\t%s\t%s', pg_current_xact_id(), space, key, extract(epoch FROM made), seq, md5(channel || (message::text::adama.document)::text));
END $$;

CREATE FUNCTION witness.send(space text, key text, channel text, message json, dedupe text DEFAULT NULL, agent text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	seq bigint;
BEGIN
	IF agent IS NOT NULL THEN
		PERFORM adama.assume(agent, 't');
	END IF;
	seq := adama.send(space, key, channel, message::jsonb, dedupe);
	RETURN NEXT witness.sent(space, key, seq, adama.whoami(), channel, message);
	RETURN NEXT witness.look(space, key);
END $$;

CREATE FUNCTION witness.ingest(space text, keys text[], channels text[], messages json[], agents text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer record;
	who adama.principal;
BEGIN
	FOR answer IN SELECT * FROM adama.ingest(space, keys, channels, messages, NULL, agents, CASE WHEN agents IS NOT NULL THEN array_fill('t'::text, ARRAY[cardinality(agents)]) END) LOOP
		IF answer.seq IS NULL THEN
			RETURN NEXT format(E'FAILED\t%s: %s', answer.sqlstate, answer.error);
		ELSE
			who := CASE WHEN agents IS NULL THEN adama.whoami() ELSE adama.principal(agents[answer.ord], 't') END;
			RETURN NEXT witness.sent(space, keys[answer.ord], answer.seq, who, channels[answer.ord], messages[answer.ord]);
		END IF;
	END LOOP;
	RETURN QUERY SELECT witness.look(space, k) FROM (SELECT DISTINCT k FROM unnest(keys) k) k;
END $$;

-- Makes a document of another, and remembers of it what was remembered of that.
CREATE FUNCTION witness.carry(space text, origin text, key text) RETURNS SETOF text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	exported jsonb := adama.export(space, origin);
	upto bigint := adama.import(space, key, exported);
	old_made timestamptz;
	made timestamptz;
BEGIN
	old_made := exported->'document'->>'created';
	EXECUTE format('SELECT created FROM %I.document WHERE key = $1', space) INTO made USING key;
	INSERT INTO witness.state SELECT s.space, carry.key, made, s.seq, s.state, s.views FROM witness.state s WHERE s.space = carry.space AND s.key = origin AND s.created = old_made AND s.seq <= upto;
	INSERT INTO witness.sent SELECT s.space, carry.key, made, s.seq, s.agent, s.authority, s.channel, s.message FROM witness.sent s
		WHERE s.space = carry.space AND s.key = origin AND s.created = old_made AND s.seq <= upto;
	RETURN NEXT witness.look(space, key);
END $$;

-- ---- afterwards ----

-- The log, replayed and compared.
CREATE FUNCTION witness.check_log(space text, key text, made timestamptz, log_from bigint, now adama.document) RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, adama AS $$
#variable_conflict use_variable
DECLARE
	v record;
BEGIN
	SELECT * INTO v FROM adama.verify(space, key);
	IF NOT v.ok THEN
		RETURN NEXT format('verify at %s: %s; expected %s, found %s', v.seq, v.problem, left(v.expected::text, 2000), left(v.found::text, 2000));
	ELSIF adama.replay(space, key) <> now THEN
		RETURN NEXT 'the log, run again, gives another document';
	END IF;
	RETURN QUERY SELECT format('message %s: in the log %s, was sent %s', seq, to_jsonb(h), to_jsonb(s))
		FROM (SELECT h.seq, h.agent, h.authority, h.channel, jsonb_strip_nulls(CASE h.event WHEN 'rewind' THEN h.message->'message' ELSE h.message END) AS message
			FROM adama.history(space, key, 0, 1000000) h WHERE h.event = 'send' OR h.event = 'rewind' AND h.channel IS NOT NULL) h
		FULL JOIN (SELECT s.seq, s.agent, s.authority, s.channel, jsonb_strip_nulls(s.message::jsonb) AS message FROM witness.sent s WHERE s.space = check_log.space AND s.key = check_log.key AND s.created = made) s USING (seq)
		WHERE seq >= log_from AND (h.agent = s.agent AND h.authority = s.authority AND h.channel = s.channel AND h.message = s.message) IS NOT TRUE;
END $$;

-- Its own program does on a document's log what the log says; of a log with one program, and that never went back.
CREATE FUNCTION witness.check_trial(space text, key text) RETURNS SETOF text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	source text;
BEGIN
	EXECUTE format('SELECT p.source FROM %1$I.program p WHERE version = (SELECT min(program) FROM %1$I.log WHERE key = $1 HAVING min(program) = max(program) AND bool_and(event <> ''rewind''))', space)
		INTO source USING key;
	IF source IS NOT NULL THEN
		RETURN QUERY SELECT 'tried: ' || to_jsonb(t)::text FROM adama.try(space, key, source) t;
	END IF;
END $$;

-- Every state that was seen, and every view.
CREATE FUNCTION witness.check_states(space text, key text, made timestamptz, log_from bigint, last bigint) RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, adama AS $$
#variable_conflict use_variable
DECLARE
	was record;
	who record;
	found adama.document;
	view jsonb;
BEGIN
	FOR was IN SELECT DISTINCT ON (s.seq, s.state::text, s.views) s.* FROM witness.state s WHERE s.space = check_states.space AND s.key = check_states.key AND s.created = made AND s.seq >= log_from LOOP
		IF was.seq > last THEN
			RETURN NEXT format('seq %s was seen, but the document is at %s', was.seq, last);
			CONTINUE;
		END IF;
		found := adama.at(space, key, was.seq);
		IF found <> was.state THEN
			RETURN NEXT format('at %s: was %s, is said to have been %s', was.seq, was.state, found);
		END IF;
		FOR who IN SELECT * FROM witness.viewer WHERE was.views[n] IS NOT NULL LOOP
			view := adama.view_at(space, key, was.seq, adama.principal(who.agent, who.authority), who.state);
			IF view IS DISTINCT FROM was.views[who.n] THEN
				RETURN NEXT format('view of %s at %s: was %s, is said to have been %s', who.n, was.seq, was.views[who.n], view);
			END IF;
		END LOOP;
	END LOOP;
END $$;

-- A text comes whole, or as what it was and the changes since: only the generation and the number of changes are compared.
CREATE FUNCTION witness.without_texts(value jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	IF jsonb_typeof(value) = 'array' THEN
		RETURN (SELECT jsonb_agg(witness.without_texts(e) ORDER BY n) FROM jsonb_array_elements(value) WITH ORDINALITY a(e, n));
	ELSIF jsonb_typeof(value) <> 'object' THEN
		RETURN value;
	ELSIF value ? '$g' THEN
		RETURN jsonb_build_object('$g', value->'$g', '$s', value->'$s');
	END IF;
	RETURN (SELECT jsonb_object_agg(k, witness.without_texts(v)) FROM jsonb_each(value) o(k, v));
END $$;

-- What the history says that somebody saw adds up to what was seen.
CREATE FUNCTION witness.check_seen(space text, key text, made timestamptz) RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, adama AS $$
#variable_conflict use_variable
DECLARE
	who record;
	h record;
	view adama.document;
	was jsonb;
BEGIN
	FOR who IN SELECT * FROM witness.viewer LOOP
		view := '{}';
		FOR h IN SELECT * FROM adama.history(space, key, 0, 1000000, adama.principal(who.agent, who.authority), who.state) LOOP
			IF h.seen ? 'failed' THEN
				view := '{}';
				CONTINUE;
			ELSIF h.seen IS NOT NULL THEN
				-- jsonb writes out large doubles: they are no integers
				view := view + regexp_replace(h.seen::text, '(?<![.0-9])([0-9]{19,})(?=[],}])', '\1.0', 'g')::adama.delta;
			END IF;
			FOR was IN SELECT DISTINCT s.views[who.n] FROM witness.state s WHERE s.space = check_seen.space AND s.key = check_seen.key AND s.created = made AND s.seq = h.seq AND s.views[who.n] IS NOT NULL LOOP
				IF adama.plain(view) <> was AND witness.without_texts(adama.plain(view)) <> witness.without_texts(was) THEN
					RETURN NEXT format('seen by %s up to %s: was %s, adds up to %s', who.n, h.seq, was, adama.plain(view));
				END IF;
			END LOOP;
		END LOOP;
	END LOOP;
END $$;

-- The past by time is that by number.
CREATE FUNCTION witness.check_times(space text, key text) RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, adama AS $$
#variable_conflict use_variable
BEGIN
	RETURN QUERY SELECT format('at %s: is not the state after %s', h.at, h.last) FROM (SELECT h.at, max(h.seq) AS last FROM adama.history(space, key, 0, 1000000) h GROUP BY h.at ORDER BY random() LIMIT 3) h
		WHERE adama.at(space, key, h.at) <> adama.at(space, key, h.last);
END $$;

CREATE FUNCTION witness.check_document(space text, key text) RETURNS SETOF text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	doc record;
	part text;
	message text;
	detail text;
BEGIN
	EXECUTE format('SELECT d.created, d.seq, d.log_from, s.state FROM %1$I.document d JOIN %1$I.documents s USING (key) WHERE d.key = $1', space) INTO doc USING key;
	part := 'log';
	RETURN QUERY SELECT witness.check_log(space, key, doc.created, doc.log_from, doc.state);
	part := 'states';
	RETURN QUERY SELECT witness.check_states(space, key, doc.created, doc.log_from, doc.seq);
	part := 'seen';
	RETURN QUERY SELECT witness.check_seen(space, key, doc.created);
	part := 'trial';
	RETURN QUERY SELECT witness.check_trial(space, key);
	part := 'times';
	RETURN QUERY SELECT witness.check_times(space, key);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	-- One that goes with its last connection may do so now.
	IF SQLSTATE = 'YA012' THEN
		RETURN;
	END IF;
	RETURN NEXT format('%s: %s %s %s', part, SQLSTATE, message, detail);
END $$;

-- All of a space: its documents, and that none is missing.
CREATE FUNCTION witness.check_space(space text) RETURNS TABLE (key text, problem text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY EXECUTE format('SELECT d.key, c FROM %I.document d, witness.check_document($1, d.key) c', check_space.space) USING check_space.space;
	RETURN QUERY EXECUTE format('SELECT DISTINCT s.key, ''the document made at '' || s.created || '' is lost'' FROM witness.state s WHERE s.space = $1
		AND NOT EXISTS (SELECT FROM witness.gone g WHERE g.space = $1 AND g.key = s.key AND g.created = s.created)
		AND NOT EXISTS (SELECT FROM %I.document d WHERE d.key = s.key AND d.created = s.created)', check_space.space) USING check_space.space;
	RETURN QUERY SELECT a.key, format('acknowledged %s %s is lost', a.kind, a.seq) FROM witness.acknowledged a WHERE a.space = check_space.space AND a.kind = 'state'
		AND NOT EXISTS (SELECT FROM witness.state s WHERE s.space = a.space AND s.key = a.key AND s.seq = a.seq AND extract(epoch FROM s.created) = a.created AND md5(s.state::text) = a.digest);
	RETURN QUERY SELECT a.key, format('acknowledged %s %s is lost', a.kind, a.seq) FROM witness.acknowledged a WHERE a.space = check_space.space AND a.kind = 'sent'
		AND NOT EXISTS (SELECT FROM witness.sent s WHERE s.space = a.space AND s.key = a.key AND s.seq = a.seq AND extract(epoch FROM s.created) = a.created AND md5(s.channel || s.message::text) = a.digest);
END $$;
