// A board of examples/cursors.adama: board.html?board=NAME.
import { Client } from '/adama/adama.js';
import { showStatus, whoIsThere } from './person.js';

const $ = (id) => document.getElementById(id);
const boardName = new URLSearchParams(location.search).get('board') ?? 'main';

const name = await whoIsThere($('welcome'));
const client = new Client(undefined, {identity: `anonymous:${name}`});
const board = client.document('board', boardName);
const sheet = $('sheet');

for (const id of ['bar', 'board'])
	$(id).hidden = false;
showStatus(board, $('status'));
board.subscribe('n_people', (n) => { $('people').textContent = n === 1 ? 'only you' : `${n} people`; });

// Keeps an element for each row of a list, and changes only those of rows that changed.
function keep(make, change) {
	const kept = new Map();
	return (rows = []) => {
		for (const row of rows) {
			let known = kept.get(row.id);
			if (known === undefined) {
				kept.set(row.id, known = {element: make(row)});
				sheet.append(known.element);
			}
			if (known.row !== row)
				change(known.element, row);
			known.row = row;
		}
		const there = new Set(rows.map((row) => row.id));
		for (const [id, known] of kept) {
			if (!there.has(id)) {
				known.element.remove();
				kept.delete(id);
			}
		}
	};
}

function place(element, x, y) {
	element.style.left = `${x}px`;
	element.style.top = `${y}px`;
}

// ---- notes ----

let held = null;						// {id, element, dx, dy} of the note that is dragged here

board.subscribe('notes', keep((note) => {
	const element = document.createElement('div');
	element.className = 'note';
	element.tabIndex = 0;
	const text = document.createElement('div');
	text.className = 'text';
	const foot = document.createElement('small');
	foot.append(note.author.agent);
	if (note.author.agent === name && note.author.authority === 'anonymous') {
		const erase = document.createElement('button');
		erase.className = 'quiet';
		erase.type = 'button';
		erase.textContent = '✕';
		erase.title = 'take the note away';
		erase.addEventListener('pointerdown', (event) => event.stopPropagation());
		erase.addEventListener('click', () => attempt(board.send('erase', {note: note.id})));
		foot.append(erase);
	}
	element.append(text, foot);
	element.addEventListener('pointerdown', (event) => grab(event, note.id, element));
	element.addEventListener('keydown', (event) => nudge(event, note.id, element));
	return element;
}, (element, note) => {
	element.querySelector('.text').textContent = note.text;
	element.style.zIndex = note.layer;
	if (held?.id !== note.id)			// what is in the hand is where the hand is
		place(element, note.x, note.y);
}));

function at(event) {
	const box = sheet.getBoundingClientRect();
	return {x: Math.round(event.clientX - box.left), y: Math.round(event.clientY - box.top)};
}

async function grab(event, id, element) {
	event.preventDefault();
	element.focus();
	element.setPointerCapture(event.pointerId);
	const p = at(event);
	held = {id, element, dx: p.x - parseInt(element.style.left), dy: p.y - parseInt(element.style.top)};
	element.classList.add('held');
	const drop = () => {
		element.classList.remove('held');
		held = null;
		flush();
		attempt(board.send('drop', {}));
	};
	element.addEventListener('lostpointercapture', drop, {once: true});
	await attempt(board.send('grab', {note: id}));
}

async function nudge(event, id, element) {
	const steps = {ArrowLeft: [-24, 0], ArrowRight: [24, 0], ArrowUp: [0, -24], ArrowDown: [0, 24]};
	const step = steps[event.key];
	if (step === undefined)
		return;
	event.preventDefault();
	const x = parseInt(element.style.left) + step[0];
	const y = parseInt(element.style.top) + step[1];
	board.send('grab', {note: id}).catch(() => {});
	board.send('move', {x, y}).catch(() => {});
	await attempt(board.send('drop', {}));
}

function write(x, y) {
	const text = prompt('What is on the note?');
	if (text !== null && text.trim() !== '')
		attempt(board.send('write', {x, y, text}));
}
$('add').addEventListener('click', () => write($('board').scrollLeft + 160, $('board').scrollTop + 120));
sheet.addEventListener('dblclick', (event) => {
	const {x, y} = at(event);
	write(x, y);
});

// ---- cursors ----

board.subscribe('cursors', keep((cursor) => {
	const element = document.createElement('div');
	element.className = 'cursor';
	element.innerHTML = '<svg viewBox="0 0 18 18"><path d="M1 1l6 15 2.5-6.5L16 7z" stroke="#fff"/></svg><span></span>';
	element.querySelector('path').setAttribute('fill', cursor.color);
	element.querySelector('span').textContent = cursor.who.agent;
	element.querySelector('span').style.background = cursor.color;
	element.style.zIndex = 1e6;
	return element;
}, (element, cursor) => place(element, cursor.x, cursor.y)));

// The last place counts: one message at a time is on its way.
let next = null;
let isSending = false;
async function flush() {
	if (isSending || next === null)
		return;
	isSending = true;
	while (next !== null) {
		const here = next;
		next = null;
		await board.send('move', here).catch(() => {});
	}
	isSending = false;
}
sheet.addEventListener('pointermove', (event) => {
	next = at(event);
	if (held !== null) {
		next = {x: next.x - held.dx, y: next.y - held.dy};
		place(held.element, next.x, next.y);
	}
	flush();
});

async function attempt(promise) {
	try {
		await promise;
		$('trouble').textContent = '';
	} catch (error) {
		$('trouble').textContent = error.message;
	}
}
