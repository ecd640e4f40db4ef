-- What gateways call: acting as others, and connections of others.
CREATE ROLE gw_gateway;
CREATE ROLE gw_stranger;
GRANT EXECUTE ON FUNCTION adama.assume(text, text) TO gw_gateway;

SELECT adama.deploy('hall', $$
public int online = 0;
public string last = "";
view int page;
view string unused;
record Entry { public string what; public principal by; public string from; }
table<Entry> _entries;
public formula entries = iterate _entries;
bubble mine = (iterate _entries where by == @who).size();
bubble shown = @viewer.page;
@static {
  create { return @who.authority() == "jwt"; }
  invent { return @who.authority() == "jwt" && @who.agent() != "nobody"; }
}
@connected {
  if (@who.agent() == "mallory") { return false; }
  online++;
  last = @who.agent() + " from " + @context.ip;
  return true;
}
@disconnected { online--; last = @who.agent() + " left"; }
@delete { return @who.agent() == "alice"; }
message Add { string what; }
channel add(Add m) { _entries <- { what: m.what, by: @who, from: @context.origin + "/" + @context.ip }; }
$$);
GRANT USAGE ON SCHEMA hall TO gw_gateway, gw_stranger;
GRANT EXECUTE ON FUNCTION hall.add, hall.create_document TO gw_gateway, gw_stranger;

-- acting as others
SET ROLE gw_stranger;
SELECT adama.assume('alice', 'jwt');
SELECT adama.gateway_listen();
SELECT * FROM adama.gateway_connect('adama_0', 'hall', '{1}', '{a}', '{alice}', '{jwt}');
SELECT * FROM adama.gateway_disconnect('adama_0', 'hall', '{1}');
SELECT * FROM adama.gateway_update('adama_0', 'hall', '{1}', ARRAY['{}']::json[]);
SELECT * FROM adama.gateway_list('hall');
SELECT * FROM adama.ingest('hall', '{a}', '{add}', ARRAY['{}']::json[], NULL, '{alice}', '{jwt}');

SET ROLE gw_gateway;
BEGIN;
SELECT adama.assume('alice', 'jwt');
SELECT adama.whoami();
SAVEPOINT one;
SELECT adama.assume('bob', 'jwt');
SELECT adama.whoami();
ROLLBACK TO one;
SELECT adama.whoami();
SAVEPOINT two;
SELECT adama.assume(NULL, NULL);
SELECT adama.whoami();
RELEASE two;
SELECT adama.whoami();
COMMIT;
SELECT adama.assume('alice', 'jwt'), adama.whoami();
SELECT adama.whoami();
SELECT adama.assume('alice', NULL);
SELECT adama.assume('alice', '');
SELECT adama.assume('postgres', 'postgres');
SELECT adama.assume(repeat('x', 1001), 'jwt');
SELECT adama.assume('', 'anonymous');

-- what the program lets only some do
SELECT adama.create('hall', 'made');
BEGIN;
SELECT adama.assume('alice', 'jwt');
SELECT adama.create('hall', 'made');
COMMIT;
BEGIN;
SELECT adama.assume('alice', 'jwt');
SELECT hall.add('made', 'hello');
ROLLBACK;
SELECT key, seq FROM adama.gateway_list('hall');

-- connections
RESET ROLE;
SET ROLE gw_gateway;
-- rolled back, so that notifications do not come in between; the name still tells whose backend it is
BEGIN;
SELECT adama.gateway_listen() AS listener \gset
ROLLBACK;
SELECT :'listener' ~ '^adama_[0-9a-f]{32}_[0-9]+_[0-9a-f]+$' AS is_name, length(:'listener') <= 63 AS fits, split_part(:'listener', '_', 3)::int = pg_backend_pid() AS is_mine;
SELECT * FROM adama.gateway_connect(:'listener', 'hall', '{1,2,3,4,5,6,7,8,9,10}', ARRAY['b','made','b','b','c','b','',NULL,'b','b'],
	ARRAY['alice','bob','alice','bob','nobody','mallory','alice','alice','alice','alice'], ARRAY['jwt','jwt','jwt','jwt','jwt','jwt','jwt','jwt','postgres','jwt'],
	ARRAY[NULL, '{"page":1}', '{}', '{"page":2,"more":3}', NULL, NULL, NULL, NULL, NULL, '{"page":"x"}']::json[], NULL,
	'{10.0.0.1,10.0.0.2,10.0.0.1,10.0.0.4,NULL,NULL,NULL,NULL,NULL,NULL}');
SELECT * FROM adama.gateway_connect(:'listener', 'hall', '{11,-1,NULL}', '{b,b,b}', '{alice,alice,alice}', '{jwt,jwt,jwt}');
-- a number that is there already
SELECT ord, sqlstate FROM adama.gateway_connect(:'listener', 'hall', '{12,1}', '{made,b}', '{carol,carol}', '{jwt,jwt}');
RESET ROLE;
SELECT key, seq, events, event, agent, authority, ip, message FROM hall.log WHERE event <> 'create' ORDER BY key, seq;
SELECT key, agent, authority, viewer, pid = pg_backend_pid() AS is_mine, listener = :'listener' AS is_here, number, since FROM hall.connection ORDER BY number;

-- messages of different principals
SET ROLE gw_gateway;
SELECT * FROM adama.ingest('hall', '{b,b,b,b,b,made}', '{add,add,add,add,add,add}',
	ARRAY['{"what":"one"}','{"what":"two"}','{"what":"three"}','{"what":"four"}','{"what":"five"}','{"what":"six"}']::json[], NULL,
	'{alice,bob,mallory,alice,NULL,bob}', '{jwt,jwt,jwt,postgres,jwt,jwt}', '{10.0.0.1,10.0.0.4,NULL,NULL,NULL,10.0.0.2}', ARRAY['https://a.example', NULL, NULL, NULL, NULL, '']);
SELECT * FROM adama.ingest('hall', '{b}', '{add}', ARRAY['{"what":"role"}']::json[], NULL, NULL, NULL, '{10.0.0.1}');
RESET ROLE;
SELECT key, seq, events, agent, channel, ip, origin, message FROM hall.log WHERE seq = (SELECT seq FROM hall.document d WHERE d.key = log.key) ORDER BY key;
SELECT key, jsonb_path_query_array(state::jsonb, '$._entries.*.from') FROM hall.documents ORDER BY key;

-- another viewer state
SET ROLE gw_gateway;
SELECT * FROM adama.gateway_update(:'listener', 'hall', '{2,4,99,1,2}', ARRAY['{"page":7}', '{"page":"x"}', '{}', NULL, '{}']::json[]);
RESET ROLE;
SELECT number, viewer FROM hall.connection ORDER BY number;

-- leaving: with a principal's last connection
SET ROLE gw_gateway;
SELECT * FROM adama.gateway_disconnect(:'listener', 'hall', '{1,99,4,1}');
SELECT * FROM adama.gateway_disconnect(:'listener', 'hall', '{3,11}');
SELECT * FROM adama.gateway_disconnect('adama_0123456789abcdef0123456789abcdef_1_1', 'hall', '{2}');
SELECT * FROM adama.gateway_disconnect(:'listener', 'nowhere', '{2}');
RESET ROLE;
SELECT key, seq, events, event, agent, message FROM hall.log WHERE key = 'b' ORDER BY seq DESC LIMIT 2;
SELECT number FROM hall.connection ORDER BY number;

-- deleting: @delete decides
SET ROLE gw_gateway;
BEGIN;
SELECT adama.assume('bob', 'jwt');
SELECT adama.delete('hall', 'b');
ROLLBACK;
BEGIN;
SELECT adama.assume('alice', 'jwt');
SELECT adama.delete('hall', 'b');
COMMIT;
SELECT key, seq FROM adama.gateway_list('hall', '', 10);
SELECT key, seq FROM adama.gateway_list('hall', 'made', 10);

-- a program that is silent lets no others in
RESET ROLE;
SELECT adama.deploy('mute', 'public int n; message M { } channel add(M m) { n++; }');
SELECT adama.create('mute', 'd');
-- the right to act as others is none to a space
SET ROLE gw_gateway;
SELECT * FROM adama.gateway_connect(:'listener', 'mute', '{20}', '{d}', '{alice}', '{jwt}');
SELECT * FROM adama.gateway_list('mute');
SELECT * FROM adama.ingest('mute', '{d}', '{add}', ARRAY['{}']::json[], NULL, '{alice}', '{jwt}');
RESET ROLE;
SELECT ord, sqlstate, error FROM adama.gateway_connect(:'listener', 'mute', '{20,21}', '{d,e}', '{alice,alice}', '{jwt,jwt}');
SELECT * FROM adama.ingest('mute', '{d}', '{add}', ARRAY['{}']::json[], NULL, '{alice}', '{jwt}');
BEGIN;
SELECT adama.assume('alice', 'jwt');
SELECT adama.view('mute', 'd');
ROLLBACK;
BEGIN;
SELECT adama.assume('alice', 'jwt');
SELECT adama.create('mute', 'f');
ROLLBACK;
BEGIN;
SELECT adama.assume('alice', 'jwt');
SELECT adama.delete('mute', 'd');
ROLLBACK;

-- one document's trouble is its own
CREATE FUNCTION hall.stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.key = 'p' THEN RAISE 'no log for p'; END IF; RETURN NEW; END $$;
CREATE TRIGGER stop BEFORE INSERT ON hall.log FOR EACH ROW EXECUTE FUNCTION hall.stop();
SELECT * FROM adama.gateway_connect(:'listener', 'hall', '{31,32,33}', '{o,p,q}', '{alice,bob,carol}', '{jwt,jwt,jwt}');
SELECT key, agent FROM hall.connection WHERE number > 30 ORDER BY number;

SET client_min_messages = warning;
DROP SCHEMA hall CASCADE;
DROP SCHEMA mute CASCADE;
REVOKE ALL ON FUNCTION adama.assume(text, text) FROM gw_gateway;
DROP ROLE gw_gateway;
DROP ROLE gw_stranger;
