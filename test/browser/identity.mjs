/* Tokens, and who is let in where. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import { deploy, freePort, Gateway, sql } from './gateway.mjs';
import { done, is, ok, until } from './tap.mjs';
import { Wire } from './wire.mjs';

const file = `${process.env.BUILD}/gateway.conf`;
const write = (text) => writeFileSync(file, `[gateway]\nmessage_rate = 500\n${text}`);
write('[space counter]\nauthority = acme\n[space open]\nanonymous = yes\nlist = root@acme\n');

deploy('counter', 'test/browser/counter.adama');
deploy('open', 'test/browser/counter.adama');

// The role of the manual: it may do what a gateway does.
sql(`CREATE ROLE gateway LOGIN;
	GRANT EXECUTE ON FUNCTION adama.assume(text, text) TO gateway;
	GRANT USAGE ON SCHEMA counter, open TO gateway;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA counter TO gateway;
	GRANT EXECUTE ON FUNCTION open.add(text, integer) TO gateway;`);
const gateway = await new Gateway(await freePort()).start('--anonymous', 'no', '--config', file, '--database', 'user=gateway');

const pairs = {
	ES256: generateKeyPairSync('ec', {namedCurve: 'P-256'}),
	RS256: generateKeyPairSync('rsa', {modulusLength: 2048}),
	EdDSA: generateKeyPairSync('ed25519'),
	stranger: generateKeyPairSync('ec', {namedCurve: 'P-256'})
};
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(claims, {alg = 'ES256', key = alg, header = {}} = {}) {
	const text = `${base64url({alg, ...header})}.${base64url(claims)}`;
	const {privateKey} = pairs[key];
	const signature = sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(text), alg === 'ES256' ? {key: privateKey, dsaEncoding: 'ieee-p1363'} : privateKey);
	return `${text}.${signature.toString('base64url')}`;
}

const jwks = (...names) => JSON.stringify({keys: names.map((name) => pairs[name].publicKey.export({format: 'jwk'}))});
const setKeys = (name, ...keys) => sql(`SELECT adama.authority('${name}', '${jwks(...keys)}')`);
setKeys('acme', 'ES256', 'RS256', 'EdDSA');
setKeys('other', 'ES256');

const wire = new Wire(gateway.url);
await wire.isOpen();
let id = 0;
const probe = async (identity) => (await wire.ask({id: ++id, method: 'probe', identity})).reason ?? 'good';
const join = async (identity, space) => {
	wire.send({id: ++id, method: 'connection/create', identity, space, key: 'k'});
	await until(() => wire.deltas(id).some((delta) => delta.reset) || wire.frames.some((text) => text.includes(`"failure":${id},`)));
	const failure = wire.frames.find((text) => text.includes(`"failure":${id},`));
	return failure === undefined ? 'good' : JSON.parse(failure).reason;
};
const now = Math.floor(Date.now() / 1000);
const ann = {sub: 'ann', iss: 'acme'};

ok(await until(async () => await probe(token(ann)) === 'good'), 'ES256');
is(await probe(token(ann, {alg: 'RS256'})), 'good', 'RS256');
is(await probe(token(ann, {alg: 'EdDSA'})), 'good', 'EdDSA');
is(await probe(token({...ann, exp: now + 60, nbf: now - 60})), 'good', 'within its time');
is(await probe(token({...ann, exp: now - 1})), 403403, 'expired');
is(await probe(token({...ann, nbf: now + 60})), 403403, 'not valid yet');
is(await probe(token({...ann, exp: 'soon'})), 403403, 'a time that is none');
is(await probe(token(ann, {key: 'stranger'})), 403403, 'signed by somebody else');
is(await probe(token({sub: 'ann', iss: 'nobody'})), 403403, 'an authority that is not known');
is(await probe(token({sub: 'ann'})), 403403, 'no authority');
is(await probe(token({iss: 'acme'})), 403403, 'no agent');
is(await probe(token(ann, {header: {alg: 'RS256'}})), 403403, 'an algorithm that is not that of the key');
is(await probe(token(ann, {header: {alg: 'none'}})), 403403, 'no algorithm');
is(await probe(token(ann, {header: {crit: ['x'], x: 1}})), 403403, 'extensions that are not understood');
const good = token(ann);
is(await probe(good.slice(0, -4) + (good.endsWith('AAAA') ? 'BBBB' : 'AAAA')), 403403, 'a signature that was changed');
const [head, , signature] = good.split('.');
is(await probe(`${head}.${base64url({...ann, sub: 'root'})}.${signature}`), 403403, 'claims that were changed');
is(await probe('anonymous:ann'), 'good', 'anonymous is somebody');
const strange = {sub: '~?>ÿ', iss: 'acme'};
is(await probe(token(strange)), 'good', 'a payload that needs the alphabet of URLs');

// ---- where ----

is(await join(good, 'counter'), 'good', 'an authority that the space lets in');
is(await join(token({sub: 'ann', iss: 'other'}), 'counter'), 403403, 'one that it does not');
is(await join('anonymous:ann', 'counter'), 403403, 'anonymous, which the space does not let in');
const create = async () => (await wire.ask({id: ++id, method: 'document/create', identity: 'anonymous:ann', space: 'open', key: 'made', arg: {}})).reason ?? 'good';
is(await create(), 134259, 'a document cannot be made without the privilege to make it');
sql('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA open TO gateway');
is(await create(), 'good', 'and can with it');
is(await join('anonymous:ann', 'open'), 'good', 'where anonymous is let in');
is(sql("SELECT string_agg(agent || '@' || authority, ' ' ORDER BY agent) FROM (SELECT * FROM counter.connection UNION ALL SELECT * FROM open.connection) c"), 'ann@acme ann@anonymous',
	'the documents know who it is');
is((await wire.ask({id: ++id, method: 'document/list', identity: 'anonymous:ann', space: 'open'})).reason, 403403, 'a list is not for everybody');
is(await wire.ask({id: ++id, method: 'document/list', identity: token({sub: 'root', iss: 'acme'}), space: 'open'}), {deliver: id, done: true}, 'but for whom the file names');
const listed = wire.frames.map((text) => JSON.parse(text)).filter((frame) => frame.deliver === id && !frame.done);
ok(listed.map((frame) => frame.response.key).join() === 'k,made' && listed[0].response.seq > 0, 'all documents are in it', listed);

// ---- keys that change ----

setKeys('acme', 'EdDSA');
ok(await until(async () => await probe(good) === 403403), 'a key that was taken away counts no more, also for tokens that were seen');
is(await probe(token(ann, {alg: 'EdDSA'})), 'good', 'the others do');
sql(`SELECT adama.authority('acme', NULL)`);
ok(await until(async () => await probe(token(ann, {alg: 'EdDSA'})) === 403403), 'an authority that was removed is nobody');

// ---- a file that is read again ----

write('[space counter]\nanonymous = yes\n');
gateway.process.kill('SIGHUP');
ok(await until(async () => await join('anonymous:ann', 'counter') === 'good'), 'a reload counts');
write('[space counter]\nnonsense = yes\n');
gateway.process.kill('SIGHUP');
await probe('anonymous:ann');
is(await join('anonymous:ann', 'counter'), 'good', 'a file that is wrong changes nothing');

// ---- more than the role may ----

ok((() => { try { sql(`SET ROLE gateway; SELECT * FROM counter.document`); return false; } catch { return true; } })(), 'the role reads no table of a space');
ok((() => { try { sql(`SET ROLE gateway; SELECT adama.authority('x', NULL)`); return false; } catch { return true; } })(), 'and sets no keys');
ok((() => { try { sql(`SET ROLE gateway; SELECT adama.assume('postgres', 'postgres')`); return false; } catch { return true; } })(), 'and is no role');
wire.close();
await gateway.stop();
done();
