/* What documents say to their viewers beside changes. */
import { deploy, freePort, Gateway, sql } from './gateway.mjs';
import { done, is, ok, until } from './tap.mjs';
import { Wire } from './wire.mjs';

deploy('words', 'test/browser/words.adama');
const gateway = await new Gateway(await freePort()).start();
const who = {identity: 'anonymous:ann'};

const w = {...who, space: 'words', key: 'w'};
const speaker = new Wire(gateway.url);
await speaker.isOpen();
speaker.send({id: 1, method: 'connection/create', ...w});
speaker.send({id: 2, method: 'connection/create', ...w, identity: 'anonymous:ben'});
await until(() => speaker.deltas(1).length > 0 && speaker.deltas(2).length > 0);
await speaker.ask({id: 3, method: 'connection/send', connection: 1, channel: 'say', message: {text: 'hi'}});
ok(await until(() => speaker.deltas(1).some((delta) => delta.goto === 'hi') && speaker.deltas(2).some((delta) => delta.news === 'hi')), 'a document says something to one, and to all',
	speaker.deltas(1), speaker.deltas(2));
ok(!speaker.deltas(2).some((delta) => 'goto' in delta), 'what it says to one the other does not hear');
await speaker.ask({id: 4, method: 'connection/send', connection: 1, channel: 'kick', message: {who: {agent: 'ben', authority: 'anonymous'}}});
is((await speaker.answer(2))?.reason, 403500, 'who is sent away is told so');
ok(speaker.deltas(2).some((delta) => delta['force-disconnect'] === true), 'in both ways');
is((await speaker.ask({id: 5, method: 'connection/send', connection: 1, channel: 'end', message: {text: ''}})).reason, 134195, 'a message that destroys the document');
is(await speaker.answer(1), {deliver: 1, done: true}, 'ends the streams');

speaker.close();
is(sql("SELECT count(*) FROM words.document"), '0', 'it is gone');
await gateway.stop();
done();
