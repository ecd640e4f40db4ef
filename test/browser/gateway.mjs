/*
 * The things around: a gateway of our own, the private server that test/browser/run started, and psql.
 */
import { spawn, spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';

const root = new URL('../..', import.meta.url).pathname;
const build = process.env.BUILD;

/* A port that nobody has at the moment. */
export function freePort() {
	return new Promise((resolve) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const {port} = server.address();
			server.close(() => resolve(port));
		});
	});
}

export class Gateway {
	constructor(port) {
		this.port = port;
		this.url = `ws://127.0.0.1:${port}/~s`;
		this.page = `http://127.0.0.1:${port}/`;
	}

	launch(...options) {
		const log = openSync(`${build}/gateway.log`, 'a');
		const limit = this.files === undefined ? '' : `ulimit -n ${this.files};`;
		this.process = spawn('sh', ['-c', `${limit} exec "$0" "$@"`, `${root}build/adama-gateway`, '--listen', `127.0.0.1:${this.port}`, '--anonymous', 'yes', '--root', `${root}examples/web`,
			'--client', `${root}src/client`, '--database', '', ...options], {stdio: ['ignore', log, log]});
		this.gone = new Promise((resolve) => this.process.on('exit', resolve));
		return this;
	}

	async start(...options) {
		this.launch(...options);
		for (let i = 0; i < 500; i++) {
			try {
				if ((await fetch(`${this.page}health`)).status === 200)
					return this;
			} catch {
				/* not there yet */
			}
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		throw new Error('the gateway does not come up: see gateway.log');
	}

	stop(signal = 'SIGTERM') {
		this.process.kill(signal);
		return this.gone;
	}
}

/* What it says to options that make no sense: exit status, and what it logs. */
export function refused(...options) {
	const {stderr, status} = spawnSync(`${root}build/adama-gateway`, options, {encoding: 'utf8', timeout: 5000});
	return [status, stderr];
}

/* A statement that takes its time. */
export function slowSql(text) {
	const child = spawn('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', text], {stdio: 'ignore'});
	return new Promise((resolve) => child.on('exit', resolve));
}

export function sql(text) {
	const {stdout, stderr, status} = spawnSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-'], {input: text, encoding: 'utf8'});
	if (status !== 0)
		throw new Error(stderr);
	return stdout.trim();
}

export function deploy(space, file) {
	const {stderr, status} = spawnSync('sh', ['-c', `psql -X -q -v ON_ERROR_STOP=1 -v program="$(cat "$1")" -v space="$2" -o /dev/null -f -`, 'sh', root + file, space],
		{input: "SELECT adama.deploy(:'space', :'program');", encoding: 'utf8'});
	if (status !== 0)
		throw new Error(stderr);
}

/* stop, start, kill of the private server. */
export function cluster(...command) {
	const {stderr, status} = spawnSync(`${root}tools/cluster`, command, {encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe']});
	if (status !== 0)
		throw new Error(stderr);
}
