/*
 * A WebSocket for Node (RFC 6455, client side, text frames), as browsers have it as far as the tests need: Node 18 and 20 bring none.  Options: headers; tls, as tls.connect
 * takes it; deflate: permessage-deflate is asked for (RFC 7692).
 */
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export class WebSocket {
	constructor(url, {headers = {}, tls, deflate = false} = {}) {
		if (deflate)
			headers = {...headers, 'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'};
		this.nInflated = 0;
		const {hostname, port, pathname, search} = new URL(url);
		this.readyState = 0;
		this.input = Buffer.alloc(0);
		this.parts = [];
		this.key = randomBytes(16).toString('base64');
		const to = {host: hostname.replace(/^\[|\]$/g, ''), port: Number(port)};
		this.socket = tls ? connectTls({...to, ...tls}) : connect(to);
		this.socket.setNoDelay(true);
		this.socket.on(tls ? 'secureConnect' : 'connect', () => {
			const lines = [`GET ${pathname}${search} HTTP/1.1`, `Host: ${hostname}:${port}`, 'Upgrade: websocket', 'Connection: Upgrade',
				`Sec-WebSocket-Key: ${this.key}`, 'Sec-WebSocket-Version: 13', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
			this.socket.write(lines.join('\r\n') + '\r\n\r\n');
		});
		this.socket.on('data', (data) => this.take(data));
		this.socket.on('error', (error) => this.ended(error));
		this.socket.on('close', () => this.ended());
	}

	ended(error) {
		if (this.readyState === 3)
			return;
		this.readyState = 3;
		if (error !== undefined)
			this.onerror?.({error});
		this.onclose?.({code: this.code ?? 1006, reason: this.reason ?? ''});
	}

	take(data) {
		this.input = Buffer.concat([this.input, data]);
		if (this.readyState === 0 && !this.takeHandshake())
			return;
		while (this.takeFrame())
			;
	}

	takeHandshake() {
		const end = this.input.indexOf('\r\n\r\n');
		if (end < 0)
			return false;
		const head = this.input.subarray(0, end).toString();
		const accept = createHash('sha1').update(this.key + GUID).digest('base64');
		this.input = this.input.subarray(end + 4);
		if (!/^HTTP\/1\.1 101 /.test(head) || !head.includes(accept)) {
			this.socket.destroy();
			this.ended(new Error(head.split('\r\n')[0]));
			return false;
		}
		this.isDeflating = /^sec-websocket-extensions: permessage-deflate/im.test(head);
		this.readyState = 1;
		this.onopen?.({});
		return true;
	}

	takeFrame() {
		const input = this.input;
		if (input.length < 2)
			return false;
		let length = input[1] & 127;
		let at = 2;
		if (length === 126) {
			if (input.length < 4)
				return false;
			length = input.readUInt16BE(2);
			at = 4;
		} else if (length === 127) {
			if (input.length < 10)
				return false;
			length = Number(input.readBigUInt64BE(2));
			at = 10;
		}
		if (input.length < at + length)
			return false;
		const body = input.subarray(at, at + length);
		const opcode = input[0] & 15;
		const isLast = (input[0] & 128) !== 0;
		this.input = input.subarray(at + length);
		if (opcode === 8) {
			this.code = length >= 2 ? body.readUInt16BE(0) : 1005;
			this.reason = body.subarray(2).toString();
			if (this.readyState === 1)
				this.write(8, body.subarray(0, 2));
			this.socket.end();
			return false;
		}
		if (opcode === 9)
			this.write(10, body);
		if (opcode <= 2) {
			if (opcode !== 0)
				this.isInflating = (input[0] & 64) !== 0;
			this.parts.push(Buffer.from(body));
			if (isLast) {
				let data = Buffer.concat(this.parts);
				this.parts = [];
				if (this.isInflating) {
					data = inflateRawSync(Buffer.concat([data, Buffer.from([0, 0, 255, 255])]), {finishFlush: constants.Z_SYNC_FLUSH});
					this.nInflated++;
				}
				this.onmessage?.({data: data.toString()});
			}
		}
		return true;
	}

	write(opcode, body) {
		const mask = randomBytes(4);
		const head = body.length < 126 ? Buffer.from([128 | opcode, 128 | body.length]) : Buffer.alloc(body.length < 65536 ? 4 : 10);
		if (body.length >= 126) {
			head[0] = 128 | opcode;
			head[1] = 128 | (body.length < 65536 ? 126 : 127);
			if (body.length < 65536)
				head.writeUInt16BE(body.length, 2);
			else
				head.writeBigUInt64BE(BigInt(body.length), 2);
		}
		const masked = Buffer.from(body);
		for (let i = 0; i < masked.length; i++)
			masked[i] ^= mask[i & 3];
		this.socket.write(Buffer.concat([head, mask, masked]));
	}

	send(text) {
		if (this.isDeflating)
			this.write(1 | 64, deflateRawSync(Buffer.from(text), {finishFlush: constants.Z_SYNC_FLUSH}).subarray(0, -4));
		else
			this.write(1, Buffer.from(text));
	}

	close(code = 1000) {
		if (this.readyState === 1) {
			this.readyState = 2;
			this.write(8, Buffer.from([code >> 8, code & 255]));
		} else if (this.readyState === 0)
			this.socket.destroy();
	}

	/* As a network that is gone: no close frame. */
	destroy() {
		this.socket.destroy();
	}
}
