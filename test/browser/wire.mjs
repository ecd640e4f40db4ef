/* A socket of which every frame is looked at. */
import { until } from './tap.mjs';
import { WebSocket } from './websocket.mjs';

export class Wire {
	constructor(url, options) {
		this.frames = [];				// all but pings, as text
		this.pings = [];
		this.closed = null;
		this.socket = new WebSocket(url, options);
		this.socket.onmessage = ({data}) => {
			const frame = JSON.parse(data);
			if ('ping' in frame) {
				this.pings.push({...frame, at: Date.now()});
				if (!this.isMute)
					this.send({...frame, pong: Date.now() / 1000});
			} else
				this.frames.push(data);
		};
		this.socket.onclose = (event) => { this.closed = event; };
	}

	send(frame) {
		this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
	}

	/* The first frame that fits, as it came; undefined when none comes. */
	async frame(fits) {
		await until(() => this.closed !== null || this.frames.some((text) => fits(JSON.parse(text), text)), 10000);
		return this.frames.find((text) => fits(JSON.parse(text), text));
	}

	/* The answer to a request. */
	async ask(request) {
		this.send(request);
		return this.answer(request.id);
	}

	async answer(id) {
		const text = await this.frame((frame) => frame.failure === id || (frame.deliver === id && frame.done));
		return text === undefined ? undefined : JSON.parse(text);
	}

	/* The deltas of a stream so far. */
	deltas(id) {
		return this.frames.map((text) => JSON.parse(text)).filter((frame) => frame.deliver === id && frame.response?.delta).map((frame) => frame.response.delta);
	}

	async isOpen() {
		return (await this.frame((frame) => frame.status === 'connected')) !== undefined;
	}

	close() {
		this.socket.close();
	}
}
