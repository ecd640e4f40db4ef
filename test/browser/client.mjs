/* The client in Node against a gateway: what happens when gateway and database go and come back. */
import { AdamaError, Client } from '../../src/client/adama.js';
import { cluster, deploy, freePort, Gateway, sql } from './gateway.mjs';
import { done, is, ok, pause, until } from './tap.mjs';
import { WebSocket } from './websocket.mjs';

const gateway = await new Gateway(await freePort()).start();
const sockets = [];
class Watched extends WebSocket {
	constructor(...args) {
		super(...args);
		sockets.push(this);
	}
}
const connect = (name) => new Client(gateway.url, {identity: `anonymous:${name}`, WebSocket: Watched});
const refused = async (promise) => {
	try {
		await promise;
	} catch (error) {
		return error;
	}
	return null;
};

deploy('chat', 'examples/chat.adama');
deploy('board', 'examples/cursors.adama');
deploy('counter', 'test/browser/counter.adama');

// ---- documents and messages ----

const ann = connect('ann');
const ben = connect('ben');
is(await ann.create('chat', 'one', {title: 'One', name: 'Ann'}), {}, 'a document is made');
is((await refused(ann.create('chat', 'one', {title: 'One', name: 'Ann'})))?.code, 667658, 'it cannot be made twice');
const annsRoom = ann.document('chat', 'one');
const bensRoom = ben.document('chat', 'one');
ok(await until(() => annsRoom.status === 'live' && bensRoom.status === 'live'), 'both are live', annsRoom.status, bensRoom.status);
is(annsRoom.value.title, 'One', 'the view is there');
const heard = [];
bensRoom.subscribe('lines', (lines, before) => heard.push([lines?.length, before?.length]));
ok((await bensRoom.send('join', {name: 'Ben'})).seq > 0, 'a message is answered');
await annsRoom.send('say', {text: 'hello'});
ok(await until(() => bensRoom.value.lines?.length === 1), 'the other one sees it');
is(bensRoom.value.lines[0].text, 'hello', 'word by word');
ok(heard.some(([now]) => now === 1), 'a subscriber is called', heard);
const wrong = await refused(annsRoom.send('say', {text: 5}));
ok(wrong instanceof AdamaError && wrong.code === 145627 && /expects string/.test(wrong.message), 'a wrong message is refused with a reason', wrong);
is((await refused(annsRoom.send('say', {text: ' '})))?.code, 127152, 'an abort');
is((await refused(annsRoom.send('nothing', {})))?.code, 950399, 'an unknown channel');
const nowhere = ben.document('chat', 'nowhere');
ok(await until(() => nowhere.status === 'ended') && nowhere.error.code === 625676, 'a document that is not there ends with an error', nowhere.error);
is((await refused(nowhere.send('say', {text: 'x'})))?.code, 625676, 'nothing can be sent to it');

// ---- viewer state, words, ends ----

const counter = ann.document('counter', 'c', {viewer: {factor: 2}});
ok(await until(() => counter.value?.product === 0), 'a viewer state counts from the beginning', counter.error);
await counter.send('add', {n: 5});
ok(await until(() => counter.value.product === 10), 'a bubble follows');
const seq = counter.seq;
await counter.update({factor: 3});
ok(await until(() => counter.value.product === 15), 'another viewer state, another view', counter.value);
is(counter.seq, seq, 'and no event');
const calls = [];
const stopIt = counter.subscribe('total', (n) => calls.push(n));
stopIt();
await counter.send('add', {n: 1});
await until(() => counter.value.total === 6);
is(calls, [5], 'a subscription that was ended is not called');
counter.close();
is(counter.status, 'ended', 'closed');
is((await refused(counter.send('add', {n: 1})))?.code, 457745, 'a closed document takes nothing');
ok(await until(() => sql("SELECT count(*) FROM counter.connection") === '0'), 'the database knows that it was left');

// ---- a socket that is lost ----

const bens = sockets.find((socket) => socket.readyState === 1 && socket === sockets[1]);
const statuses = [];
bensRoom.listen((name, value) => name === 'status' && statuses.push(value));
const viewBefore = bensRoom.value;
let resets = 0;
bens.destroy();
const meanwhile = annsRoom.send('say', {text: 'while you were away'});
const mine = bensRoom.send('say', {text: 'said without a connection'});
await Promise.all([meanwhile, mine]);
ok(await until(() => bensRoom.status === 'live' && bensRoom.value.lines.length === 3), 'it comes back and has missed nothing', bensRoom.value.lines);
ok(statuses.includes('joining') && statuses.at(-1) === 'live', 'its status says so', statuses);
ok(bensRoom.value.lines[0] === viewBefore.lines[0], 'what it had is still the same: it went on, it did not start over');

// ---- a database that goes and comes back ----

const taken = [];
let isWriting = true;
const tally = ann.document('counter', 'tally');
await until(() => tally.status === 'live');
const writer = (async () => {
	for (let i = 1; isWriting; i++) {
		await tally.send('add', {n: 1});
		taken.push(i);
		await pause(2);
	}
})();
await until(() => taken.length > 20);
cluster('stop', 'immediate');
await pause(300);
const before = taken.length;
cluster('start');
ok(await until(() => taken.length > before + 20, 30000), 'after a crash of the database messages go on', before, taken.length);
isWriting = false;
await writer;
ok(await until(() => tally.value.total === taken.length), 'each message was taken once: none is lost, none is doubled', tally.value, taken.length);
is(sql("SELECT (state OPERATOR(adama.->>) 'total')::int FROM counter.documents WHERE key = 'tally'"), String(taken.length), 'so says the database');
is(sql("SELECT ok FROM adama.verify('counter', 'tally')"), 't', 'and its log');
ok(await until(() => bensRoom.status === 'live'), 'viewers who did nothing are live again');
await annsRoom.send('say', {text: 'after the crash'});
ok(await until(() => bensRoom.value.lines.some((line) => line.text === 'after the crash')), 'and see what happens', bensRoom.value.lines);

// ---- a gateway that goes and comes back ----

await gateway.stop('SIGKILL');
const late = bensRoom.send('say', {text: 'to whom it may concern'});
await pause(200);
await gateway.start();
ok((await late).seq !== undefined, 'a message that was made while there was no gateway arrives');
ok(await until(() => annsRoom.value.lines.some((line) => line.text === 'to whom it may concern')), 'and is seen');
is(sql("SELECT count(*) FROM chat.log WHERE message OPERATOR(adama.->>) 'text' = 'to whom it may concern'"), '1', 'once');
await gateway.stop();
ok(await until(() => annsRoom.status === 'joining'), 'a gateway that is stopped says so');
await gateway.start();
ok(await until(() => annsRoom.status === 'live' && bensRoom.status === 'live'), 'they come back by themselves');

// ---- identities ----

let asked = 0;
const cat = new Client(gateway.url, {identity: async () => `anonymous:cat${++asked}`, WebSocket: Watched});
await until(() => cat.status === 'connected');
sockets.at(-1).destroy();
ok(await until(() => asked === 2 && cat.status === 'connected'), 'an identity is asked for with each socket', asked);
const eve = new Client(gateway.url, {identity: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJldmUiLCJpc3MiOiJ4In0.', WebSocket: Watched});
const hers = eve.document('chat', 'one');
ok(await until(() => hers.status === 'ended') && hers.error.code === 403403, 'a token that nobody signed is refused', hers.error);

// ---- the end ----

const pending = refused(connect('dan').document('chat', 'one').send('say', {text: 'x'}));
sockets.at(-1).destroy();
ok((await pending) !== null, 'who may not write is told so also when the socket was lost in between');
ann.close();
is(ann.status, 'closed', 'a client that is closed stays closed');
is(annsRoom.status, 'ended', 'with its documents');
ok((await refused(ann.create('chat', 'two', {title: 'x', name: 'x'}))) !== null, 'and takes nothing more');
for (const client of [ben, cat, eve])
	client.close();
await gateway.stop();
done();
