/* Chat and board in two windows of Chromium. */
import { Browser } from './devtools.mjs';
import { cluster, deploy, freePort, Gateway } from './gateway.mjs';
import { done, is, ok, pause } from './tap.mjs';

const shots = process.env.BUILD;
deploy('chat', 'examples/chat.adama');
deploy('board', 'examples/cursors.adama');
const gateway = await new Gateway(await freePort()).start();
const browser = await Browser.start();
const desktop = {width: 1000, height: 700};
const phone = {width: 390, height: 750, isDark: true, isPhone: true};
const isLive = "document.querySelector('#status')?.dataset.status === 'live'";

// ---- the chat ----

const ann = await browser.open(`${gateway.page}chat.html`, desktop);
ok(await ann.becomes("document.activeElement?.name === 'name'"), 'the page asks who is there', ann.errors);
await ann.type('Ann');
await ann.key('Enter');
ok(await ann.becomes(isLive), 'the room is live', ann.errors);
const ben = await browser.open(`${gateway.page}chat.html?name=Ben`, phone);
ok(await ben.becomes(isLive), 'in the other window, too', ben.errors);
async function say(page, text) {
	const [x, y] = await page.middle('#say input');
	await page.click(x, y);
	await page.type(text);
	await page.key('Enter');
}
const sees = (text) => `document.querySelector('#lines').textContent.includes(${JSON.stringify(text)})`;
ok(await ann.becomes("document.querySelector('#people').textContent === 'Ann, Ben'"), 'both are members', ann.errors);
await say(ann, 'Is somebody there?');
ok(await ben.becomes(sees('Is somebody there?')), 'what one says the other one sees');
await say(ben, 'Yes, and I have something <b>long</b> to say, so that one can see how it looks when a line does not fit.');
ok(await ann.becomes(sees('something <b>long</b>')), 'and the reverse, as text');
await ann.screenshot(`${shots}/chat-desktop.png`);
await ben.screenshot(`${shots}/chat-phone.png`);
await ben.call('Page.reload');
ok(await ben.becomes(isLive) && await ben.becomes(sees('Is somebody there?')), 'after a reload all is there');
is(await ben.evaluate("document.querySelectorAll('#lines .mine').length"), 1, 'and it is still the same person');
const [x, y] = await ann.middle('#lines .mine button');
await ann.click(x, y);
ok(await ben.becomes(`!(${sees('Is somebody there?')})`), 'what is taken back goes in both');

// ---- the board ----

const cat = await browser.open(`${gateway.page}board.html?name=Cat`, desktop);
const dan = await browser.open(`${gateway.page}board.html?name=Dan`, phone);
ok(await cat.becomes(isLive) && await dan.becomes(isLive), 'the board is live in both', cat.errors, dan.errors);
ok(await cat.becomes("document.querySelector('#people').textContent === '2 people'"), 'they know of each other');
cat.answer = 'Buy milk';
await cat.click(300, 300, 2);
ok(await dan.becomes("document.querySelector('.note .text')?.textContent === 'Buy milk'"), 'a note appears in the other window', cat.errors, dan.errors);
const [fromX, fromY] = await cat.middle('.note .text');
await cat.mouse('mouseMoved', fromX, fromY);
await cat.mouse('mousePressed', fromX, fromY, 1);
for (let i = 1; i <= 10; i++)
	await cat.mouse('mouseMoved', fromX + 12 * i, fromY + 6 * i, 1);
await cat.mouse('mouseReleased', fromX + 120, fromY + 60);
const place = "(({left, top}) => left + ' ' + top)(document.querySelector('.note').style)";
const there = await cat.evaluate(place);
ok(await dan.becomes(`${place} === ${JSON.stringify(there)}`), 'it is dragged in both', there, await dan.evaluate(place));
ok(await dan.becomes("[...document.querySelectorAll('.cursor span')].some((e) => e.textContent === 'Cat')"), 'with the cursor of who drags it');
await cat.key('ArrowRight');
ok(await dan.becomes(`${place} !== ${JSON.stringify(there)}`), 'it is moved by keys as well');
await cat.screenshot(`${shots}/board-desktop.png`);
await dan.screenshot(`${shots}/board-phone.png`);

// ---- the database goes and comes back ----

cluster('stop', 'immediate');
await pause(200);
await say(ann, 'Said while the database was away.');
cluster('start');
ok(await ben.becomes(sees('Said while the database was away.'), 30000), 'a message that was sent while the database was away arrives');
is(await ann.evaluate("document.querySelector('#trouble').textContent"), '', 'nobody was told of trouble');
is(await ben.evaluate("[...document.querySelectorAll('#lines .text')].filter((e) => e.textContent.startsWith('Said while')).length"), 1, 'it is there once');
for (const [name, page] of Object.entries({ann, ben, cat, dan}))
	is(page.errors, [], `no script of ${name}'s window failed`);
await browser.stop();
await gateway.stop();
done();
