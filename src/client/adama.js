/*
 * adama.js
 *	  Live documents: connect to adama-gateway, send messages, see what changes.
 *
 *		const client = new Client('wss://example.org/~s', {identity: 'anonymous:alice'});
 *		const room = client.document('chat', 'lobby');
 *		room.subscribe('lines', (lines) => show(lines));
 *		await room.send('say', {what: 'hello'});
 *
 * A socket that is lost is opened again, a little later each time; documents go on from the seq they have, messages without an answer are sent again.
 *
 *		document	JOINING ---- first view ----> LIVE ---- close, or the gateway says no ----> ENDED
 *		               ^                          |
 *		               +------ socket lost -------+
 */

const FIRST_DELAY = 50;					// ms until the socket is opened again, doubled each time
const MAX_DELAY = 5000;
const SILENCE = 4000;					// ms without a ping, of which there is one each second: the socket is dead
const MAX_WAITING = 1000;				// messages without an answer, of one document
const BUSY = 123004;
const DUPLICATE = 143407;
const LOST = 144416;
const NOT_CONNECTED = 457745;			// the gateway does not know the connection (any more)

/* What the gateway refused: its code, and what it says to people, if it says something. */
export class AdamaError extends Error {
	constructor(code, message) {
		super(message ?? `refused with code ${code}`);
		this.name = 'AdamaError';
		this.code = code;
	}
}

/* ---- views ---- */

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/* [[0,2],7] by the order before: the keys that it stands for. */
function expandOrder(order, before) {
	const keys = [];
	for (const step of order) {
		if (Array.isArray(step))
			keys.push(...before.slice(step[0], step[1] + 1));
		else
			keys.push(step);
	}
	return keys;
}

/*
 * The view after a delta: both in the form of the wire, where a list is an object by key with its order in "@o", or by index with its length in "@s".  The
 * view before is not changed; what the delta does not touch is the same object in both.
 */
export function apply(before, delta) {
	if (!isObject(delta))
		return delta;
	const base = isObject(before) ? before : {};
	const after = Object.assign(Object.create(null), base);
	for (const key of Object.keys(delta)) {
		if (key === '@o')
			after['@o'] = expandOrder(delta['@o'], base['@o'] ?? []);
		else if (delta[key] === null)
			delete after[key];
		else
			after[key] = apply(base[key], delta[key]);
	}
	return after;
}

const plainValues = new WeakMap();

function makePlain(view) {
	if ('@o' in view)
		return view['@o'].filter((key) => key in view).map((key) => plain(view[key]));
	if ('@s' in view)
		return Array.from({length: view['@s']}, (_, i) => plain(view[i]));
	const out = {};
	for (const key of Object.keys(view))
		if (key !== '__proto__')
			out[key.startsWith('@@') ? key.slice(1) : key] = plain(view[key]);
	return out;
}

/* A view as people use it: lists are arrays.  The same object for the same view. */
export function plain(view) {
	if (!isObject(view))
		return view;
	let value = plainValues.get(view);
	if (value === undefined) {
		value = Object.freeze(makePlain(view));
		plainValues.set(view, value);
	}
	return value;
}

function valueAt(value, path) {
	for (const step of path)
		value = value?.[step];
	return value;
}

/* ---- documents ---- */

/* What an envelope has that is not a word of the document to its viewer. */
const ENVELOPE = new Set(['data', 'seq', 'life', 'reset', 'outstanding', 'blockers', 'view-state-filter', 'force-disconnect', 'failed', 'message']);

export class Document {
	#client;
	#view;								// undefined: nothing seen yet
	#subscribers = new Set();
	#listeners = new Set();
	#waiting = [];						// messages without an answer, in order
	#life = null;						// tells the document from a later one with its key

	constructor(client, space, key, viewer) {
		this.#client = client;
		this.space = space;
		this.key = key;
		this.viewer = viewer;
		this.status = 'joining';
		this.error = null;				// why it has ended
		this.seq = 0;
		this.connection = null;			// id of the request that joined it, on this socket
	}

	/* What may be seen now; undefined before the first view. */
	get value() {
		return plain(this.#view);
	}

	/*
	 * Calls back with the value at the path ("lines", "players.3.name", or an array of steps; "" is the whole) now, when there is one, and whenever it has changed, with
	 * the value before as second argument.  Returns a function that ends it.
	 */
	subscribe(path, callback) {
		const steps = Array.isArray(path) ? path : path === '' ? [] : path.split('.');
		const subscriber = {steps, callback};
		this.#subscribers.add(subscriber);
		if (this.#view !== undefined)
			callback(valueAt(this.value, steps), undefined);
		return () => this.#subscribers.delete(subscriber);
	}

	/* Calls back with (name, value): "status" and the new one; or what the document says beside its changes: "viewstate", "goto", "log", a name of its own. */
	listen(callback) {
		this.#listeners.add(callback);
		return () => this.#listeners.delete(callback);
	}

	/* A promise of {seq}, kept when the message has been taken; broken with an AdamaError.  It waits while there is no connection. */
	send(channel, message) {
		if (this.status === 'ended')
			return Promise.reject(this.error ?? new AdamaError(NOT_CONNECTED, 'the document was closed'));
		if (this.#waiting.length >= MAX_WAITING)
			return Promise.reject(new AdamaError(BUSY, 'too many messages wait for their answers'));
		return new Promise((resolve, reject) => {
			const item = {channel, message, dedupe: makeKey(), isRepeated: false, resolve, reject};
			this.#waiting.push(item);
			if (this.connection !== null)
				this.#sendOne(item);
		});
	}

	/* Looks with another viewer state. */
	async update(viewer) {
		this.viewer = viewer;
		this.#life = null;				// what it has was not seen with this state: should it come back, it starts over
		if (this.connection !== null)
			await this.#client.request('connection/update', {connection: this.connection, 'viewer-state': viewer});
	}

	/* Leaves.  Messages that were not answered are given up. */
	close() {
		if (this.status === 'ended')
			return;
		if (this.connection !== null)
			this.#client.request('connection/end', {connection: this.connection}).catch(() => {});
		this.end(null);
	}

	/* ---- called by the client ---- */

	join() {
		const fields = {space: this.space, key: this.key, 'viewer-state': this.viewer ?? {}};
		if (this.#view !== undefined && this.#life !== null)
			Object.assign(fields, {seq: this.seq, life: this.#life});
		this.connection = this.#client.open(this, fields);
		for (const item of this.#waiting)
			this.#sendOne(item);
	}

	lost() {
		this.connection = null;
		if (this.status !== 'ended')
			this.#setStatus('joining');
		for (const item of this.#waiting)
			item.isRepeated = true;
	}

	receive(delta) {
		const before = this.value;
		if ('data' in delta || delta.reset)
			this.#view = apply(delta.reset ? undefined : this.#view, delta.data ?? {});
		if (typeof delta.seq === 'number' && delta.seq > this.seq || delta.reset)
			this.seq = delta.seq;
		if (delta.reset)
			this.#life = delta.life ?? null;
		if (this.status === 'joining' && this.#view !== undefined && 'seq' in delta)
			this.#setStatus('live');
		this.#tellSubscribers(before);
		if ('viewport' in delta)
			this.#tell('viewport', {name: delta.viewport, message: delta.message});
		else if ('failed' in delta)
			this.#tell('failed', delta.message);
		else
			for (const name of Object.keys(delta))
				if (!ENVELOPE.has(name))
					this.#tell(name, delta[name]);
	}

	end(error) {
		if (this.status === 'ended')
			return;
		this.error = error;
		this.connection = null;
		this.#client.forget(this);
		for (const item of this.#waiting)
			item.reject(error ?? new AdamaError(NOT_CONNECTED, 'the document was closed'));
		this.#waiting = [];
		this.#setStatus('ended');
	}

	/* ---- its own ---- */

	#setStatus(status) {
		if (this.status === status)
			return;
		this.status = status;
		this.#tell('status', status);
	}

	#tell(name, value) {
		for (const callback of [...this.#listeners])
			callback(name, value);
	}

	#tellSubscribers(before) {
		const now = this.value;
		if (now === before)
			return;
		for (const {steps, callback} of [...this.#subscribers]) {
			const was = valueAt(before, steps);
			const is = valueAt(now, steps);
			if (was !== is)
				callback(is, was);
		}
	}

	async #sendOne(item) {
		const connection = this.connection;
		const {channel, message, dedupe} = item;
		let result;
		let error = null;
		try {
			result = await this.#client.request('connection/send-once', {connection, channel, dedupe, message});
		} catch (e) {
			error = e;
		}
		/* No answer, or none that says what became of it: it is sent again when the document is joined again. */
		if (error !== null && (error.isLost || this.connection !== connection))
			return;
		if (error !== null && error.code === LOST) {
			item.isRepeated = true;
			setTimeout(() => this.connection === connection && this.#sendOne(item), FIRST_DELAY * 4);
			return;
		}
		const place = this.#waiting.indexOf(item);
		if (place < 0)
			return;
		this.#waiting.splice(place, 1);
		if (error === null)
			item.resolve(result);
		else if (error.code === DUPLICATE && item.isRepeated)
			item.resolve({seq: null});	// it was taken before the answer got lost
		else
			item.reject(error);
	}
}

/* ---- the socket ---- */

/* Node 18 has it, but not in the global scope. */
const crypto = globalThis.crypto ?? (await import('node:crypto')).webcrypto;

function makeKey() {
	const bytes = new Uint8Array(16);
	crypto.getRandomValues(bytes);
	return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export class Client {
	#url;
	#identity;
	#WebSocket;
	#socket = null;
	#isUp = false;						// the gateway has greeted
	#isClosed = false;
	#delay = FIRST_DELAY;
	#timer = null;
	#silence = null;
	#lastId = 0;
	#requests = new Map();				// by id: {resolve, reject}, or {document} of a stream
	#queued = [];						// requests made before the gateway has greeted
	#documents = new Set();
	#listeners = new Set();

	/*
	 * url: of the gateway, ws: or wss:, with the path /~s; without one, where the page came from.  identity: "anonymous:NAME" or a token, or a function that yields one
	 * (also a promise), asked for each socket.  WebSocket: a constructor, where there is no global one.
	 */
	constructor(url, {identity = 'anonymous:', WebSocket = globalThis.WebSocket} = {}) {
		if (WebSocket === undefined)
			throw new TypeError('there is no WebSocket here: pass one, for example of the package "ws"');
		this.#url = url ?? `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/~s`;
		this.#identity = identity;
		this.#WebSocket = WebSocket;
		this.status = 'connecting';		// connected, connecting, closed
		this.#connect();
	}

	/* Calls back with each new status. */
	listen(callback) {
		this.#listeners.add(callback);
		return () => this.#listeners.delete(callback);
	}

	/* Joins a document. */
	document(space, key, {viewer = {}} = {}) {
		const document = new Document(this, space, key, viewer);
		this.#documents.add(document);
		if (this.#isUp)
			document.join();
		return document;
	}

	/* Makes a document. */
	create(space, key, arg = {}) {
		return this.request('document/create', {space, key, arg}, true);
	}

	/* Removes one. */
	delete(space, key) {
		return this.request('document/delete', {space, key}, true);
	}

	/* Sends a message without joining, where the program allows that. */
	send(space, key, channel, message, dedupe = makeKey()) {
		return this.request('message/direct-send-once', {space, key, channel, dedupe, message}, true);
	}

	close() {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		for (const document of [...this.#documents])
			document.end(null);
		this.#socket?.close();
		this.#down();
		this.#setStatus('closed');
	}

	/* ---- for documents ---- */

	/* One request, and the promise of its answer.  Those that say who asks wait for a connection, others belong to this one. */
	request(method, fields, waits = false) {
		return new Promise((resolve, reject) => {
			const item = {method, fields, resolve, reject};
			if (this.#isUp)
				this.#post(item, waits);
			else if (waits && !this.#isClosed)
				this.#queued.push(item);
			else
				reject(Object.assign(new AdamaError(LOST, 'there is no connection'), {isLost: true}));
		});
	}

	/* Begins a stream; its id. */
	open(document, fields) {
		const id = ++this.#lastId;
		this.#requests.set(id, {document});
		this.#write({method: 'connection/create', id, identity: this.token, ...fields});
		return id;
	}

	forget(document) {
		this.#documents.delete(document);
	}

	/* ---- its own ---- */

	#setStatus(status) {
		if (this.status === status)
			return;
		this.status = status;
		for (const callback of [...this.#listeners])
			callback(status);
	}

	#write(frame) {
		this.#socket.send(JSON.stringify(frame));
	}

	#post({method, fields, resolve, reject}, hasIdentity) {
		const id = ++this.#lastId;
		this.#requests.set(id, {resolve, reject});
		this.#write(hasIdentity ? {method, id, identity: this.token, ...fields} : {method, id, ...fields});
	}

	async #connect() {
		try {
			this.token = typeof this.#identity === 'function' ? await this.#identity() : this.#identity;
		} catch {
			this.#retry();
			return;
		}
		if (this.#isClosed)
			return;
		let socket;
		try {
			socket = new this.#WebSocket(this.#url);
		} catch (error) {
			if (error instanceof SyntaxError || error?.name === 'SyntaxError')
				throw error;
			this.#retry();
			return;
		}
		this.#socket = socket;
		socket.onmessage = (event) => socket === this.#socket && this.#receive(JSON.parse(event.data));
		socket.onclose = socket.onerror = () => socket === this.#socket && this.#retry();
		this.#listenForPings();
	}

	/* A page that slept, a network that is gone: no close comes. */
	#listenForPings() {
		clearTimeout(this.#silence);
		this.#silence = setTimeout(() => {
			const socket = this.#socket;
			this.#retry();
			socket?.close();
		}, SILENCE);
	}

	#down() {
		clearTimeout(this.#silence);
		this.#socket = null;
		this.#isUp = false;
		const requests = [...this.#requests.values()];
		this.#requests.clear();
		for (const {document, reject} of requests) {
			if (document === undefined)
				reject(Object.assign(new AdamaError(LOST, 'the connection was lost'), {isLost: true}));
		}
		for (const document of this.#documents)
			document.lost();
	}

	#retry() {
		this.#down();
		if (this.#isClosed)
			return;
		this.#setStatus('connecting');
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#connect(), this.#delay * (0.5 + Math.random() / 2));
		this.#delay = Math.min(this.#delay * 2, MAX_DELAY);
	}

	#receive(frame) {
		if ('ping' in frame) {
			this.#listenForPings();
			this.#write({...frame, pong: Date.now() / 1000});
		} else if (frame.status === 'connected')
			this.#greeted();
		else if (frame.status !== undefined) {
			const socket = this.#socket;
			this.#retry();
			socket.close();
		} else if ('failure' in frame)
			this.#failed(frame);
		else if ('deliver' in frame)
			this.#delivered(frame);
	}

	#greeted() {
		this.#isUp = true;
		this.#delay = FIRST_DELAY;
		const queued = this.#queued;
		this.#queued = [];
		for (const item of queued)
			this.#post(item, true);
		for (const document of this.#documents)
			document.join();
		this.#setStatus('connected');
	}

	#failed({failure, reason, message}) {
		const request = this.#requests.get(failure);
		if (request === undefined)
			return;
		this.#requests.delete(failure);
		const error = new AdamaError(reason, message);
		if (request.document === undefined)
			request.reject(error);
		else if (request.document.connection === failure && (reason === LOST || reason === BUSY)) {
			request.document.lost();
			setTimeout(() => this.#isUp && request.document.status !== 'ended' && request.document.connection === null && request.document.join(), 1000);
		} else if (request.document.connection === failure)
			request.document.end(error);
	}

	#delivered({deliver, done, response}) {
		const request = this.#requests.get(deliver);
		if (request === undefined)
			return;
		if (done)
			this.#requests.delete(deliver);
		if (request.document === undefined) {
			if (done)
				request.resolve(response ?? {});
		} else if (request.document.connection === deliver) {
			if (response?.delta !== undefined)
				request.document.receive(response.delta);
			if (done)
				request.document.end(null);
		}
	}
}
