// A room of examples/chat.adama: chat.html?room=NAME.
import { Client } from '/adama/adama.js';
import { showStatus, whoIsThere } from './person.js';

const $ = (id) => document.getElementById(id);
const roomName = new URLSearchParams(location.search).get('room') ?? 'lobby';

const name = await whoIsThere($('welcome'));
const client = new Client(undefined, {identity: `anonymous:${name}`});

// Whoever comes first opens the room; for all others it is there already.
await client.create('chat', roomName, {title: roomName, name}).catch(() => {});
const room = client.document('chat', roomName);

for (const id of ['bar', 'lines', 'say'])
	$(id).hidden = false;
showStatus(room, $('status'));
room.subscribe('title', (title) => { $('title').textContent = title; });

// Only members see lines; whoever is none becomes one.
let names = new Map();
room.subscribe('', (view) => {
	const isMember = view?.members?.some((member) => member.who.agent === name && member.who.authority === 'anonymous');
	if (view !== undefined && !isMember && !join.isUnderWay)
		join();
});
async function join() {
	join.isUnderWay = true;
	await attempt(room.send('join', {name}));
	setTimeout(() => { join.isUnderWay = false; }, 1000);
}

const keyOf = (who) => `${who.agent}@${who.authority}`;
room.subscribe('members', (members) => {
	names = new Map((members ?? []).map((member) => [keyOf(member.who), member.name]));
	$('people').textContent = (members ?? []).map((member) => member.name).join(', ');
	showLines(room.value.lines);
});
room.subscribe('lines', showLines);

// Rows are the same objects as before where nothing has changed: their elements stay, too.
const shown = new Map();			// id of a line: {line, name, element}
function showLines(lines = []) {
	const list = $('lines');
	const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
	const elements = lines.map((line) => {
		const by = names.get(keyOf(line.who)) ?? line.who.agent;
		let known = shown.get(line.id);
		if (known === undefined || known.line !== line || known.name !== by)
			shown.set(line.id, known = {line, name: by, element: makeLine(line, by)});
		return known.element;
	});
	const there = new Set(lines.map((line) => line.id));
	for (const id of [...shown.keys()])
		if (!there.has(id))
			shown.delete(id);
	if (elements.length === 0) {
		const empty = document.createElement('li');
		empty.className = 'nobody';
		empty.textContent = 'Nobody has said anything yet.';
		elements.push(empty);
	}
	list.replaceChildren(...elements);
	if (isAtEnd)
		list.scrollTop = list.scrollHeight;
}

function makeLine(line, by) {
	const isMine = line.who.agent === name && line.who.authority === 'anonymous';
	const item = document.createElement('li');
	item.className = isMine ? 'mine' : '';
	const who = document.createElement('div');
	who.className = 'who';
	const time = document.createElement('time');
	const at = new Date(Number(line.at));
	time.dateTime = at.toISOString();
	time.textContent = at.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'}) + (line.is_edited ? ', edited' : '');
	who.append(by, time);
	if (isMine) {
		const remove = document.createElement('button');
		remove.className = 'quiet';
		remove.type = 'button';
		remove.textContent = '✕';
		remove.title = 'take it back';
		remove.addEventListener('click', () => attempt(room.send('remove', {line: line.id})));
		who.append(remove);
	}
	const text = document.createElement('div');
	text.className = 'text';
	text.textContent = line.text;
	item.append(who, text);
	return item;
}

$('say').addEventListener('submit', (event) => {
	event.preventDefault();
	const input = event.target.elements.text;
	const text = input.value;
	if (text.trim() === '')
		return;
	input.value = '';
	attempt(room.send('say', {text}));
});

async function attempt(promise) {
	try {
		await promise;
		$('trouble').textContent = '';
	} catch (error) {
		$('trouble').textContent = error.message;
	}
}
