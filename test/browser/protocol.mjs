/* The protocol of adama-gateway, frame by frame. */
import { deploy, freePort, Gateway, sql } from './gateway.mjs';
import { done, is, ok, pause, until } from './tap.mjs';
import { Wire } from './wire.mjs';
import { WebSocket } from './websocket.mjs';

const gateway = await new Gateway(await freePort()).start('--max_frame', '100000', '--max_streams', '3', '--max_requests', '20', '--origin', 'https://good.example');
const wires = [];
const open = (options) => {
	const wire = new Wire(gateway.url, options);
	wires.push(wire);
	return wire;
};
deploy('counter', 'test/browser/counter.adama');
deploy('chat', 'examples/chat.adama');
const who = {identity: 'anonymous:ann'};
const c = {...who, space: 'counter', key: 'c'};

// ---- handshake ----

const first = open({headers: {Cookie: 'id_ann=anonymous:cookie; other=1; id_x="quoted"'}});
ok(await first.isOpen(), 'the gateway greets');
is(JSON.parse(first.frames[0]).identities, {ann: true}, 'cookies that are identities are named');
const other = open({headers: {Origin: 'https://good.example'}});
ok(await other.isOpen(), 'a page of an origin that is listed may connect');
const bad = open({headers: {Origin: 'https://bad.example'}});
ok(await until(() => bad.closed !== null) && bad.frames.length === 0, 'another one may not');
const elsewhere = new WebSocket(gateway.url.replace('/~s', '/somewhere'));
ok(await new Promise((resolve) => { elsewhere.onclose = () => resolve(true); elsewhere.onopen = () => resolve(false); }), 'nor at another path');

// ---- what ends a socket ----

for (const [text, reason, what] of [['no json', 295116, 'what is no JSON'], ['[]', 295116, 'an array'], ['{"pong":1}', 295116, 'a pong to no ping'], ['{}', 233120, 'no id'],
	['{"id":"x","method":"probe"}', 233120, 'an id that is no number'], ['{"id":1.5,"method":"probe"}', 233120, 'an id that is no whole number']]) {
	const wire = open();
	await wire.isOpen();
	wire.send(text);
	wire.send({id: 1, method: 'probe', ...who});
	await until(() => wire.closed !== null);
	is([wire.frames.slice(1), wire.closed.code, wire.closed.reason], [[`{"status":"disconnected","reason":${reason}}`], 1000, 'Bye'], `${what} ends the socket, and nothing comes after`);
}
{
	const wire = open();
	await wire.isOpen();
	wire.socket.write(2, Buffer.from('{"id":1}'));
	await until(() => wire.closed !== null);
	is(wire.frames.at(-1), '{"status":"disconnected","reason":213711}', 'so does a binary frame');
	const large = open();
	await large.isOpen();
	large.send({id: 1, method: 'probe', identity: 'x'.repeat(200000)});
	await until(() => large.closed !== null);
	is(large.closed.code, 1009, 'and one that is too large');
}

// ---- requests ----

const wire = open();
await wire.isOpen();
is(await wire.ask({id: 1, method: 'probe', ...who}), {deliver: 1, done: true, response: {}}, 'a probe');
is(await wire.ask({id: 2}), {failure: 2, reason: 213708, retry: false}, 'no method');
is(await wire.ask({id: 3, method: 'nonsense'}), {failure: 3, reason: 945213, retry: false}, 'an unknown method');
is((await wire.ask({id: 4, method: 'connection/password'})).reason, 945213, 'a method that is not supported');
wire.socket.socket.write(Buffer.concat([Buffer.from([0x01, 0x80 | 20, 0, 0, 0, 0]), Buffer.from('{"id":5,"method":"pr'), Buffer.from([0x80, 0x80 | 32, 0, 0, 0, 0]),
	Buffer.from('obe", "identity":"anonymous:x"}'.padEnd(32))]));
is(await wire.answer(5), {deliver: 5, done: true, response: {}}, 'a frame in two fragments');
const missing = [
	['document/create', {}, 458759], ['document/create', who, 461828], ['document/create', {...who, space: 'counter'}, 466947], ['document/create', c, 461826],
	['document/create', {...c, arg: []}, 461826], ['connection/create', {...who, space: null}, 461828], ['message/direct-send', c, 454659],
	['message/direct-send', {...c, channel: 'add'}, 425987], ['message/direct-send', {...c, channel: 'add', message: 1}, 425987], ['connection/send', {}, 405505],
	['connection/send', {connection: 99}, 457745], ['connection/send-once', {connection: 99}, 410619], ['connection/update', {connection: 99}, 438302],
	['connection/end', {connection: '99'}, 474128], ['probe', {identity: 'nobody'}, 403403], ['probe', {identity: 'cookie:none'}, 403403], ['document/list', {...who, space: 'counter'}, 403403]
];
for (const [i, [method, fields, code]] of missing.entries())
	is((await wire.ask({id: 100 + i, method, ...fields})).reason, code, `${method} with ${JSON.stringify(fields)}: ${code}`);
is(await first.ask({id: 1, method: 'probe', identity: 'cookie:ann'}), {deliver: 1, done: true, response: {}}, 'an identity from a cookie');
is(await wire.ask({id: 200, method: 'connection/create', ...c, space: 'nowhere'}), {failure: 200, reason: 625678, retry: false, message: 'space "nowhere" does not exist'},
	'a space that is not there');

// ---- a visit ----

is(await wire.ask({id: 10, method: 'document/create', ...c, space: ' Counter ', entropy: null, arg: {}}), {deliver: 10, done: true, response: {}}, 'a document is made; the space in any case');
is((await wire.ask({id: 11, method: 'document/create', ...c, arg: {}})).reason, 667658, 'not twice');
wire.send({id: 12, method: 'connection/create', ...c, 'viewer-state': {factor: 2}});
const view = await wire.frame((frame) => frame.deliver === 12 && frame.response?.delta?.reset);
is(wire.frames.filter((text) => text.includes('"deliver":12')).map((text) => text.replace(/"life":\d+/, '"life":0')),
	['{"deliver":12,"done":false,"response":{"delta":{"view-state-filter":["factor"]}}}',
		'{"deliver":12,"done":false,"response":{"delta":{"reset":true,"data":{"total":0,"product":0},"seq":2,"life":0}}}'], 'which viewer fields count, then the view');
const {life} = JSON.parse(view).response.delta;
is(await wire.ask({id: 13, method: 'connection/send', connection: 12, channel: 'add', message: {n: 5}}), {deliver: 13, done: true, response: {seq: 3}}, 'a message');
ok(await wire.frame((frame, text) => text === '{"deliver":12,"done":false,"response":{"delta":{"data":{"total":5,"product":10},"seq":3}}}'), 'the change', wire.frames.slice(-2));
is(await wire.ask({id: 14, method: 'connection/send-once', connection: 12, channel: 'add', dedupe: 'D', message: {n: 1}}), {deliver: 14, done: true, response: {seq: 4}}, 'a message with a key');
is((await wire.ask({id: 15, method: 'connection/send-once', connection: '12', channel: 'add', dedupe: 'D', message: {n: 1}})).reason, 143407, 'the same again');
await until(() => wire.deltas(12).at(-1).seq === 4);
is(await wire.ask({id: 16, method: 'connection/update', connection: 12, 'viewer-state': {factor: 3}}), {deliver: 16, done: true, response: {}}, 'another viewer state');
ok(await until(() => wire.deltas(12).some((delta) => delta.data?.product === 18 && delta.data.total === undefined)), 'what it changes', wire.deltas(12));
is((await wire.ask({id: 17, method: 'connection/send', connection: 12, channel: 'add', message: {n: 'x'}})).reason, 145627, 'a message of the wrong type');
is((await wire.ask({id: 18, method: 'message/direct-send', ...c, identity: 'anonymous:ben', channel: 'add', message: {n: 1}})).reason, 143373, 'who is not connected may not send');
ok((await wire.ask({id: 19, method: 'message/direct-send-once', ...c, channel: 'add', dedupe: 'E', message: {n: 1}})).response.seq === 5, 'who is connected may do so directly');

// Several messages without waiting: answered in order, taken in order.
for (let i = 0; i < 10; i++)
	wire.send({id: 300 + i, method: 'connection/send', connection: 12, channel: 'add', message: {n: 1}});
await wire.answer(309);
const answers = wire.frames.map((text) => JSON.parse(text)).filter((frame) => frame.deliver >= 300 && frame.deliver < 310);
is(answers.map((frame) => [frame.deliver - 300, frame.response.seq - 6]), Array.from({length: 10}, (_, i) => [i, i]), 'ten at once are answered in order');

// Coming back.
await until(() => wire.deltas(12).at(-1)?.seq === 15);
const back = open();
await back.isOpen();
back.send({id: 1, method: 'connection/create', ...c, seq: 5, life, 'viewer-state': {factor: 2}});
await until(() => back.deltas(1).length >= 2);
is(back.deltas(1).at(-1), {data: {total: 17, product: 34}, seq: 15}, 'who comes back is sent what is different');
back.send({id: 1, method: 'connection/create', ...c, seq: 15, life: life + 1});
ok(await until(() => back.deltas(1).at(-1)?.reset === true), 'or all of it, when it had another document', back.deltas(1).at(-1));
await wire.ask({id: 320, method: 'connection/send', connection: 12, channel: 'add', message: {n: 1}});
await until(() => back.deltas(1).at(-1)?.seq === 16);
is(back.deltas(1).filter((delta) => delta.seq === 16).length, 1, 'a connection that was made twice is sent each change once');
is(sql("SELECT count(*) FROM counter.connection WHERE agent = 'ann'"), '2', 'and is one');

// The end.
is(await wire.ask({id: 20, method: 'connection/end', connection: 12}), {deliver: 20, done: true, response: {}}, 'a connection ends');
ok(await wire.frame((frame, text) => text === '{"deliver":12,"done":true}'), 'and so does its stream');
is((await wire.ask({id: 21, method: 'connection/send', connection: 12, channel: 'add', message: {n: 1}})).reason, 457745, 'it takes nothing any more');
ok(/^[0-9a-f]{32}$/.test((await wire.ask({id: 22, method: 'documents/create-dedupe'})).response.dedupe), 'a key for the asking');
is((await wire.ask({id: 23, method: 'document/delete', ...c})).reason, 147186, 'a document that may not be deleted');
await wire.ask({id: 24, method: 'document/create', ...who, space: 'chat', key: 'gone', arg: {title: 'x', name: 'ann'}});
wire.send({id: 25, method: 'connection/create', ...who, space: 'chat', key: 'gone'});
await until(() => wire.deltas(25).length > 0);
is(await wire.ask({id: 26, method: 'document/delete', ...who, space: 'chat', key: 'gone'}), {deliver: 26, done: true, response: {}}, 'one that may');
is(await wire.answer(25), {deliver: 25, done: true}, 'ends its streams');

// ---- limits ----

const greedy = open();
await greedy.isOpen();
for (let i = 1; i <= 4; i++)
	greedy.send({id: i, method: 'connection/create', ...c});
is((await greedy.answer(4)).reason, 123004, 'a fourth document at the same time is refused');
for (let i = 0; i < 60; i++)
	greedy.send({id: 1000 + i, method: 'connection/send', connection: 1, channel: 'add', message: {n: 0}});
const answered = () => greedy.frames.filter((text) => /"(?:failure|deliver)":1\d\d\d,/.test(text)).length;
await until(() => answered() === 60);
const refused = greedy.frames.filter((text) => /"failure":1\d\d\d,"reason":123004/.test(text)).length;
const taken = greedy.frames.filter((text) => /"deliver":1\d\d\d,/.test(text)).length;
ok(refused > 0 && refused + taken === 60, 'too many requests at once are refused, each is answered', refused, taken);

// ---- pings ----

ok(await until(() => wire.pings.length >= 3), 'pings come');
const gaps = wire.pings.slice(1).map((ping, i) => ping.at - wire.pings[i].at);
ok(gaps.every((gap) => gap < 2500), 'each second', gaps);
ok(wire.pings.every((ping) => typeof ping.ping === 'number' && typeof ping.latency === 'string'), 'in their form', wire.pings[0]);

// ---- plain HTTP ----

const get = async (path, options) => {
	const response = await fetch(gateway.page + path, options);
	return [response.status, await response.text()];
};
is(await get('health'), [200, '{"status":"up"}\n'], '/health');
const [status, metrics] = await get('metrics');
ok(status === 200 && metrics.split('\n').every((line) => line === '' || /^(# (HELP|TYPE) adama_gateway_\w+ .+|adama_gateway_\w+ \d+)$/.test(line)), '/metrics is as Prometheus reads it', metrics);
ok(Number(/adama_gateway_requests_total (\d+)/.exec(metrics)[1]) > 50, 'and counts');
ok((await get(''))[1].includes('Live documents'), 'a file');
ok((await get('adama/adama.js'))[1].includes('export class Client'), 'the client');
is((await get('..%2f..%2fsrc%2fgateway%2fmain.c'))[0], 404, 'nothing outside of the directory');
is((await get('nothing.html'))[0], 404, 'nor what is not there');
is((await get('~bm/x', {method: 'PUT', body: '1'}))[0], 200, "reports of Adama's client are taken");

// ---- everybody goes ----

for (const one of wires)
	one.close();
ok(await until(() => sql('SELECT count(*) FROM counter.connection') === '0'), 'connections end with their sockets');
await pause(50);
is(sql("SELECT bool_and(v.ok) FROM counter.document d, adama.verify('counter', d.key) v"), 't',
	'the logs replay to what the documents are');
await gateway.stop();
done();
