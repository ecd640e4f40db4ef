/* Clients that take nothing, and things that go away. */
import { apply, Client, plain } from '../../src/client/adama.js';
import { deploy, freePort, Gateway, sql } from './gateway.mjs';
import { done, is, ok, pause, until } from './tap.mjs';
import { WebSocket } from './websocket.mjs';
import { Wire } from './wire.mjs';

deploy('rows', 'test/browser/rows.adama');
const gateway = await new Gateway(await freePort()).start('--max_pending', '300000', '--stall_timeout', '8', '--max_sockets_per_address', '40');
const connect = (name) => new Client(gateway.url, {identity: `anonymous:${name}`, WebSocket});
const counter = async (name) => Number(new RegExp(`^adama_gateway_${name} (\\d+)$`, 'm').exec(await (await fetch(`${gateway.page}metrics`)).text())[1]);
const memory = () => Number(sql(`SELECT pg_read_file('/proc/${gateway.process.pid}/status')`).match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;

const fast = connect('fast');
const here = fast.document('rows', 'r');

// The slow one has no client that would give up: a socket, and what it was told, added up.
class Slow {
	constructor(fields = {}) {
		this.wire = new Wire(gateway.url);
		this.opened = this.wire.isOpen().then(() => this.wire.send({id: 1, method: 'connection/create', identity: 'anonymous:slow', space: 'rows', key: 'r', ...fields}));
		this.n = 0;
	}

	get view() {
		const deltas = this.wire.deltas(1).filter((delta) => 'seq' in delta);
		for (; this.n < deltas.length; this.n++) {
			const delta = deltas[this.n];
			this.raw = apply(delta.reset ? undefined : this.raw, delta.data ?? {});
			this.seq = delta.seq;
			this.life = delta.life ?? this.life;
		}
		return plain(this.raw);
	}
}
const slow = new Slow();
const same = () => JSON.stringify(slow.view) === JSON.stringify(here.value);
const stop = () => slow.wire.socket.socket.pause();
const goOn = () => slow.wire.socket.socket.resume();
let sent = 20;
/* Writes into so many rows until more than the network takes has been sent to the slow one. */
async function flood(nRows, first = 0) {
	const before = await counter('composed_total');
	const skipped = await counter('skipped_total');
	while (await counter('composed_total') < before + 20 && await counter('skipped_total') === skipped) {
		await Promise.all(Array.from({length: nRows}, (_, i) => here.send('put', {row: ids[first + i], text: big(sent + i)})));
		sent += nRows;
	}
	await until(() => here.value.n === sent);
}
const big = (i) => String(i).padEnd(20000, 'x');
await until(() => here.status === 'live' && slow.view !== undefined);
for (let i = 0; i < 20; i++)
	await here.send('put', {row: 0, text: 'small'});
ok(await until(() => same() && here.value.rows.length === 20), 'both see the same');
const ids = here.value.rows.map((row) => row.id);

// ---- one that is slow ----

const told = slow.n;
stop();
await flood(3);
ok(memory() < 60, 'and takes little memory', memory());
is(slow.view.n, 20, 'it has seen nothing of it');
goOn();
ok(await until(same), 'once it reads it ends in the same state', slow.view.n, here.value.n);
ok(slow.n - told < sent / 3, 'by fewer changes', slow.n - told, sent);

// ---- one for whom too much gathers ----

stop();
const rejoined = await counter('rejoined_total');
const skippedBefore = await counter('skipped_total');
while (await counter('skipped_total') === skippedBefore)
	await flood(20);
for (let i = 0; i < 3; i++)
	await here.send('drop', {});
sent += 3;
await until(() => here.value.rows.length === 17);
goOn();
ok(await until(same), 'one for whom too much gathered ends in the same state, too', slow.view.n, here.value.n);
ok(await counter('rejoined_total') > rejoined, 'it was asked for anew');
is(slow.view.rows.length, 17, 'rows that went are gone');
is(sql(`SELECT adama.plain(state) ->> 'came' FROM rows.documents WHERE key = 'r'`), '2', 'nobody came or went meanwhile');

// ---- one that takes nothing for long ----

const {seq, life} = slow;
const valueThen = slow.raw;
stop();
await flood(3, 5);
ok(await until(async () => await counter('sockets_stalled_total') === 1, 20000), 'one that takes nothing is closed');
const again = new Slow({seq, life});
again.raw = valueThen;
ok(await until(() => JSON.stringify(again.view) === JSON.stringify(here.value)), 'and can go on from where it was', again.view.n);
ok(!again.wire.deltas(1).some((delta) => delta.reset), 'without the whole view');
goOn();

// ---- the session that listens ----

sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%gateway_listen%' AND pid <> pg_backend_pid()");
ok(await until(async () => await counter('database_lost_total') > 0), 'the listening session is ended');
await here.send('put', {row: ids[5], text: 'after it'});
ok(await until(() => JSON.stringify(again.view) === JSON.stringify(here.value) && again.view.rows.some((row) => row.text === 'after it')), 'another one listens: nothing is missed');
is(here.status, 'live', 'and nobody has noticed');

// ---- many, and a gateway that dies ----

const crowd = Array.from({length: 30}, (_, i) => connect(`p${i}`));
const seats = crowd.map((client) => client.document('rows', 'crowd'));
ok(await until(() => seats.every((seat) => seat.status === 'live')), 'a crowd comes');
await until(() => seats.every((seat) => seat.value.came === 30));
is(seats.every((seat) => JSON.stringify(seat.value) === JSON.stringify(seats[0].value)), true, 'all see the same');
const more = Array.from({length: 20}, (_, i) => connect(`q${i}`));
await pause(500);
ok(more.filter((client) => client.status === 'connected').length < 10, 'an address has only so many sockets');
for (const client of [...crowd, ...more, fast, again.wire])
	client.close();
await until(() => sql("SELECT count(*) FROM rows.connection") === '0');
is(sql("SELECT adama.plain(state) ->> 'went' FROM rows.documents WHERE key = 'crowd'"), '30', 'all of them have gone');
const entries = Number(sql("SELECT count(*) FROM rows.log WHERE key = 'crowd'"));
ok(entries < 40, 'they came and went in few entries of the log', entries);

const lonely = connect('lonely').document('rows', 'last');
await until(() => lonely.status === 'live');
await gateway.stop('SIGKILL');
ok(await until(() => sql("SELECT adama.plain(state) ->> 'went' FROM rows.documents WHERE key = 'last'") === '1'), 'when the gateway dies, who was there has gone');
is(sql("SELECT bool_and(v.ok) FROM rows.document d, adama.verify('rows', d.key) v"), 't', 'all logs replay to what the documents are');
done();
