/* Other ways in, limits, what makes no sense, and the end. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

import { cluster, deploy, freePort, Gateway, refused, slowSql, sql } from './gateway.mjs';
import { done, is, ok, pause, until } from './tap.mjs';
import { Wire } from './wire.mjs';

const build = process.env.BUILD;
deploy('counter', 'test/browser/counter.adama');
deploy('rows', 'test/browser/rows.adama');
deploy('words', 'test/browser/words.adama');
const who = {identity: 'anonymous:ann'};
const total = (key) => Number(sql(`SELECT adama.plain(state) ->> 'total' FROM counter.documents WHERE key = '${key}'`));
const logged = () => readFileSync(`${build}/gateway.log`, 'utf8');
const answers = (wire, from, to) => wire.frames.map((text) => JSON.parse(text)).filter((frame) => (frame.failure ?? frame.deliver) >= from && (frame.failure ?? frame.deliver) < to);

// ---- what makes no sense ----

for (const [options, problem] of [
	[['--commands', '0'], 'option=commands value="0" problem="expected a number from 1 to 64"'],
	[['--max_queue', '0'], 'option=max_queue value="0" problem="expected a number from 1'],
	[['--message_rate', '-1'], 'option=message_rate value="-1"'],
	[['--max_frame', '99999999999'], 'option=max_frame'],
	[['--listen', '80x'], 'option=listen value="80x" problem="not understood"'],
	[['--listen', '70000'], 'option=listen value="70000" problem="not understood"'],
	[['--listen', '[::1]8080'], 'option=listen value="[::1]8080" problem="not understood"'],
	[['--listen', `127.0.0.1:${await freePort()} tls`], 'option=certificate problem="a listener with TLS needs it"'],
	[['--database', 'host'], 'option=database'],
	[['--nonsense', '1" level=info event="x'], 'option="nonsense" problem="there is no such option"'],
	[['--anonymous', 'per"haps\n'], 'option=anonymous value="per\\"haps " problem="not a value of this option"'],
	[['--config', `${build}/nowhere.conf`], 'problem="cannot be read"']
]) {
	const [status, log] = refused(...options);
	ok(status > 0 && log.includes(problem), `${JSON.stringify(options)} is refused`, status, log);
}

// ---- several listeners: TLS, IPv6; compression; a first host that says nothing ----

const certificate = `${build}/gateway.crt`;
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
	'-keyout', `${build}/gateway.key`, '-out', certificate], {stdio: 'ignore'});
const tlsPort = await freePort();
const hasV6 = Object.values(networkInterfaces()).flat().some((address) => address.address === '::1');
const v6Port = await freePort();
const silent = createServer(() => {}).listen(0, '127.0.0.1');
await until(() => silent.listening);
const first = await new Gateway(await freePort()).start('--listen', `127.0.0.1:${tlsPort} tls`, ...hasV6 ? ['--listen', `[::1]:${v6Port}`] : [], '--certificate', certificate,
	'--key', `${build}/gateway.key`, '--compress', 'yes', '--database',
	`host=127.0.0.1,127.0.0.1,${process.env.PGHOST} port=1,${silent.address().port},${process.env.PGPORT} connect_timeout=1`);
ok(true, 'a gateway whose first hosts are dead, and say nothing, comes to the next one');
silent.close();

const row = {...who, space: 'rows', key: 'r'};
const noise = (n) => Array.from({length: n}, () => String.fromCharCode(48 + Math.floor(Math.random() * 74))).join('').replaceAll('\\', '/');
const ways = [['TCP', first.url, {}], ['TLS', `wss://127.0.0.1:${tlsPort}/~s`, {tls: {ca: readFileSync(certificate)}}], ['compression', first.url, {deflate: true}],
	['both', `wss://127.0.0.1:${tlsPort}/~s`, {tls: {ca: readFileSync(certificate)}, deflate: true}], ...hasV6 ? [['IPv6', `ws://[::1]:${v6Port}/~s`, {}]] : []];
const wires = ways.map(([, url, options]) => new Wire(url, options));
for (const [i, wire] of wires.entries()) {
	ok(await wire.isOpen(), `open by ${ways[i][0]}`);
	wire.send({id: 1, method: 'connection/create', ...row});
	await until(() => wire.deltas(1).length > 0);
}
const texts = ['{}', noise(100000), 'x'.repeat(300000), noise(30)];
for (const [i, text] of texts.entries())
	ok((await wires[i].ask({id: 2, method: 'connection/send', connection: 1, channel: 'put', message: {row: 0, text}})).response?.seq > 0, `a message by ${ways[i][0]}`);
for (let i = 0; i < 30; i++)
	wires[3].send({id: 100 + i, method: 'connection/send', connection: 1, channel: 'put', message: {row: 0, text: noise(2000)}});
await wires[3].answer(129);
const seq = Number(sql("SELECT seq FROM rows.documents WHERE key = 'r'"));
for (const [i, wire] of wires.entries()) {
	await until(() => wire.deltas(1).at(-1)?.seq === seq);
	const seen = new Set(wire.deltas(1).flatMap((delta) => Object.values(delta.data?.rows ?? {}).map((one) => one?.text)));
	ok(wire.closed === null && texts.every((text) => seen.has(text)), `all of it is seen by ${ways[i][0]}`, wire.closed, [...seen].map((text) => text?.length), wire.deltas(1).at(-1)?.seq, seq);
}
ok(wires[2].socket.nInflated > 5 && wires[3].socket.nInflated > 5, 'what was asked for compressed came so', wires[2].socket.nInflated);
is([wires[0].socket.nInflated, wires[1].socket.nInflated], [0, 0], 'what was not did not');
await first.stop();
ok(wires.every((wire) => wire.frames.at(-1) === '{"status":"disconnected","reason":"shutdown"}'), 'all are told that it stops', wires.map((wire) => wire.frames.at(-1)));

// ---- frames, ids, words at the end ----

writeFileSync(`${build}/second.conf`, '[gateway]\nmax_queue = 5\n');
const second = await new Gateway(await freePort()).start('--config', `${build}/second.conf`, '--message_rate', '40', '--forwarded', 'yes', '--max_sockets_per_address', '2');
const from = (address, name = 'ann') => {
	const wire = new Wire(second.url, {headers: {'X-Forwarded-For': address}});
	wire.who = {identity: `anonymous:${name}`};
	return wire;
};
{
	const wire = from('203.0.113.1');
	await wire.isOpen();
	const empty = [0x80, 0, 0, 0, 0];
	wire.socket.socket.write(Buffer.from([0x01, ...empty, 0x00, ...empty, 0x00, ...empty, 0x80, ...empty]));
	await until(() => wire.closed !== null);
	is(wire.frames.at(-1), '{"status":"disconnected","reason":295116}', 'a frame of many empty fragments is no JSON');
	const next = from('203.0.113.1');
	ok(await next.isOpen(), 'and harms nobody');
	is(await next.ask({id: 0, method: 'probe', ...who}), {deliver: 0, done: true, response: {}}, 'an id may be 0');
	next.send({id: 0, method: 'connection/create', ...who, space: 'counter', key: 'zero'});
	await until(() => next.deltas(0).length > 1);
	is((await next.ask({id: 5, method: 'connection/send', connection: 0, channel: 'add', message: {n: 1}})).response?.seq > 0, true, 'also that of a connection');
	next.send({id: 0, method: 'connection/send', connection: 0, channel: 'nothing', message: {n: 1}});
	ok((await next.frame((frame) => frame.failure === 0))?.includes('"reason":950399'), 'and is told of failures');
	next.send('{"ping":-9223372036854775808,"pong":1}');
	is(await next.ask({id: 6, method: 'probe', ...who}), {deliver: 6, done: true, response: {}}, 'a ping that was never sent is passed over');

	next.send({id: 7, method: 'connection/create', ...who, space: 'words', key: 'w'});
	await until(() => next.deltas(7).length > 0);
	await next.ask({id: 8, method: 'connection/send', connection: 7, channel: 'bye', message: {who: {agent: 'ann', authority: 'anonymous'}}});
	is((await next.answer(7))?.reason, 403500, 'who is sent away');
	is(next.deltas(7).slice(1), [{goto: 'bye', seq: 3}, {'force-disconnect': true}], 'hears before it what was said to him');
	next.close();
}

// ---- limits ----

{
	const [one, two, three, other, wrong] = [from('198.51.100.7, 203.0.113.2'), from('203.0.113.2'), from('9.9.9.9,203.0.113.2'), from('203.0.113.3'), from('x" level=error, "nobody')];
	await Promise.all([one, two, other, wrong].map((wire) => wire.isOpen()));
	ok(await until(() => three.closed !== null) && one.closed === null && two.closed === null && other.closed === null, 'the address that the proxy saw counts');
	ok(/event=socket_refused ip=203\.0\.113\.2 /.test(logged()), 'and is logged');
	ok(!logged().includes('level=error, "nobody'), 'what is none does not get into the log');
	const v6 = [from('2001:db8::1'), from('2001:db8::2'), from('2001:db8:0:1::1')];
	await Promise.all(v6.map((wire) => wire.isOpen()));
	const v6More = from('2001:db8::ffff:1');
	ok(await until(() => v6More.closed !== null) && v6.every((wire) => wire.closed === null), 'of IPv6 the network counts');
	for (const wire of v6)
		wire.close();
	for (let i = 0; i < 100; i++)
		other.send({id: 1000 + i, method: 'probe', ...who});
	await until(() => answers(other, 1000, 1100).length === 100);
	const fast = answers(other, 1000, 1100).filter((frame) => frame.reason === 123004 && frame.message === 'requests come too fast').length;
	ok(fast >= 40 && fast <= 65, 'what comes too fast is refused', fast);

	one.send({id: 1, method: 'connection/create', ...who, space: 'counter', key: 'busy'});
	await until(() => one.deltas(1).length > 1);
	const lock = slowSql("BEGIN; SELECT 1 FROM counter.document WHERE key = 'busy' FOR UPDATE; SELECT pg_sleep(0.7)");
	await until(() => sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") === '1');
	const start = Date.now();
	one.send({id: 2000, method: 'connection/send', connection: 1, channel: 'add', message: {n: 1}});
	await pause(50);
	for (let i = 1; i < 16; i++)
		one.send({id: 2000 + i, method: 'connection/send', connection: 1, channel: 'add', message: {n: 1}});
	await until(() => answers(one, 2000, 2016).length === 10);
	const took = Date.now() - start;
	is(answers(one, 2000, 2016).map((frame) => frame.reason), Array(10).fill(123004), 'beyond the queue a document is busy');
	ok(took < 600, 'at once', took);
	await lock;
	await until(() => answers(one, 2000, 2016).length === 16);
	is(total('busy'), 6, 'what was queued is taken');

	// ---- a viewer state that is wrong, and a listener that goes again and again ----

	is((await one.ask({id: 2, method: 'connection/update', connection: 1, 'viewer-state': {factor: 'much'}})).reason, 145627, 'a viewer state of the wrong type');
	const crowd = [];
	for (let i = 0; i < 8; i++) {
		const wire = from(`203.0.113.${100 + i}`);
		await wire.isOpen();
		for (let k = 0; k < 4; k++)
			wire.send({id: 1 + k, method: 'connection/create', ...who, identity: `anonymous:p${i}`, space: 'counter', key: `d${(i + k) % 8}`, 'viewer-state': {factor: 2}});
		crowd.push(wire);
	}
	await until(() => crowd.every((wire) => [1, 2, 3, 4].every((id) => wire.deltas(id).length > 1)));
	let sent = 0;
	for (let round = 0; round < 4; round++) {
		sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%gateway_listen%' AND pid <> pg_backend_pid()");
		for (let i = 0; i < 4; i++, sent++) {
			for (const wire of crowd)
				wire.send({id: 100 + sent, method: 'connection/send-once', dedupe: `${sent}-${crowd.indexOf(wire)}`, connection: 1 + i, channel: 'add', message: {n: 1}});
			await pause(25);
		}
		await until(() => crowd.every((wire) => answers(wire, 100, 100 + sent).length === sent));
	}
	is(crowd.flatMap((wire) => answers(wire, 100, 200).filter((frame) => frame.reason !== undefined)), [], 'while nobody listens messages wait; none is refused');
	is(Array.from({length: 8}, (_, i) => total(`d${i}`)).reduce((a, b) => a + b), 8 * sent, 'each counts once');
	// ---- a server that is gone at once, and comes back ----

	writeFileSync(`${build}/second.conf`, '[gateway]\nmax_queue = 500\n');
	second.process.kill('SIGHUP');
	for (const how of [['stop', 'immediate'], ['kill']]) {
		cluster(...how);
		for (let i = 0; i < 20; i++, sent++) {
			for (const wire of crowd)
				wire.send({id: 100 + sent, method: 'connection/send-once', dedupe: `${sent}-${crowd.indexOf(wire)}`, connection: 1 + i % 4, channel: 'add', message: {n: 1}});
			if (i === 10)
				cluster('start');
			await pause(30);
		}
		await until(() => crowd.every((wire) => answers(wire, 100, 100 + sent).length === sent));
	}
	is(crowd.flatMap((wire) => answers(wire, 100, 200).filter((frame) => frame.reason !== undefined)), [], 'while there is no server they wait, too; all join again before one is sent');
	is(Array.from({length: 8}, (_, i) => total(`d${i}`)).reduce((a, b) => a + b), 8 * sent, 'and each counts once');
	is((await one.ask({id: 3, method: 'connection/send', connection: 1, channel: 'add', message: {n: 1}})).response?.seq > 0, true, 'and who had asked for a wrong view is there, too');
	for (const wire of [one, two, other, wrong, ...crowd])
		wire.close();
}

// ---- the end, while messages are under way ----

{
	const wires = Array.from({length: 6}, (_, i) => from(`192.0.2.${1 + i}`));
	for (const wire of wires) {
		await wire.isOpen();
		wire.send({id: 1, method: 'connection/create', ...who, space: 'counter', key: 'end'});
		await until(() => wire.deltas(1).length > 1);
	}
	const lock = slowSql("BEGIN; SELECT 1 FROM counter.document WHERE key = 'end' FOR UPDATE; SELECT pg_sleep(0.5)");
	await until(() => sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") === '1');
	for (const wire of wires)
		wire.send({id: 10, method: 'connection/send', connection: 1, channel: 'add', message: {n: 1}});
	await pause(50);
	const gone = second.stop();
	await pause(20);
	for (const wire of wires)
		wire.send({id: 11, method: 'connection/send', connection: 1, channel: 'add', message: {n: 1}});
	const late = new Wire(second.url);
	is(await gone, 0, 'it stops while messages are under way');
	await lock;
	await until(() => wires.every((wire) => wire.closed !== null));
	const answered = wires.flatMap((wire) => answers(wire, 10, 12));
	is(answered.filter((frame) => frame.response === undefined), [], 'none failed');
	ok(answered.length > 0, 'some were taken', answered.length);
	is(total('end'), answered.length, 'what was answered was taken, and nothing else');
	ok(wires.every((wire) => wire.frames.at(-1) === '{"status":"disconnected","reason":"shutdown"}'), 'all are told to come back', wires.map((wire) => wire.frames.at(-1)));
	ok(late.closed !== null && late.frames.length === 0, 'who comes late is not let in', late.frames);
	is(sql("SELECT bool_and(v.ok) FROM counter.document d, adama.verify('counter', d.key) v"), 't', 'the logs replay to what the documents are');
}

// ---- more connections than files may be open ----

{
	const few = new Gateway(await freePort());
	few.files = 80;
	await few.start();
	const many = Array.from({length: 100}, () => new Wire(few.url));
	await until(() => many.every((wire) => wire.closed !== null || wire.frames.length > 0));
	const isIn = (wire) => wire.closed === null;
	ok(many.filter(isIn).length > 20 && many.filter(isIn).length < 70, 'as many are let in as there is room for', many.filter(isIn).length);
	is(await many.find(isIn).ask({id: 1, method: 'probe', ...who}), {deliver: 1, done: true, response: {}}, 'they are served');
	ok(logged().split('\n').filter((line) => /connection_refused|accept/.test(line)).length < 5, 'the log says so, and not for each');
	many.find(isIn).close();
	await pause(100);
	ok(await new Wire(few.url).isOpen(), 'who comes when one has gone is let in');
	await few.stop();
}

// ---- a role that may not do what a gateway does ----

{
	sql('CREATE ROLE small LOGIN');
	writeFileSync(`${build}/small.conf`, '[gateway]\n');
	const third = new Gateway(await freePort()).launch('--database', 'user=small', '--config', `${build}/small.conf`);
	const health = () => fetch(`${third.page}health`).then((response) => response.status, () => 0);
	await until(async () => await health() !== 0 && logged().includes('permission denied to act as others'));
	is(await health(), 503, 'without EXECUTE on adama.assume it is not healthy');
	ok(/level=error event=database_lost connection=0 .*permission denied/.test(logged()), 'and says why');
	sql('GRANT EXECUTE ON FUNCTION adama.assume(text, text) TO small');
	ok(await until(async () => await health() === 200), 'with it, it is');
	await third.stop('SIGINT');
}
done();
