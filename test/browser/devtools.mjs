/*
 * Chromium without a window, driven by its DevTools protocol: as many pages as wanted, each with storage of its own.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';

import { until } from './tap.mjs';
import { WebSocket } from './websocket.mjs';

export class Browser {
	static async start() {
		const browser = new Browser();
		const folder = mkdtempSync(`${process.env.BUILD}/chromium-`);
		browser.process = spawn('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', '--no-first-run',
			'--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'], {stdio: ['ignore', 'ignore', 'pipe']});
		const url = await new Promise((resolve, reject) => {
			let said = '';
			browser.process.stderr.on('data', (data) => {
				said += data;
				const found = /DevTools listening on (ws:\S+)/.exec(said);
				if (found)
					resolve(found[1]);
			});
			browser.process.on('error', reject);
			browser.process.on('exit', () => reject(new Error(`chromium ended: ${said}`)));
			setTimeout(() => reject(new Error(`chromium does not come up: ${said}`)), 30000).unref();
		});
		browser.socket = new WebSocket(url);
		browser.calls = new Map();
		browser.pages = new Map();
		browser.lastId = 0;
		browser.socket.onmessage = ({data}) => browser.take(JSON.parse(data));
		await new Promise((resolve, reject) => {
			browser.socket.onopen = resolve;
			browser.socket.onclose = reject;
		});
		return browser;
	}

	take({id, result, error, method, params, sessionId}) {
		const call = this.calls.get(id);
		this.calls.delete(id);
		if (call !== undefined && error !== undefined)
			call.reject(new Error(error.message));
		else if (call !== undefined)
			call.resolve(result);
		else
			this.pages.get(sessionId)?.event(method, params);
	}

	call(method, params = {}, sessionId) {
		return new Promise((resolve, reject) => {
			const id = ++this.lastId;
			this.calls.set(id, {resolve, reject});
			this.socket.send(JSON.stringify({id, method, params, sessionId}));
		});
	}

	async open(url, {width = 1000, height = 700, isDark = false, isPhone = false} = {}) {
		const {browserContextId} = await this.call('Target.createBrowserContext');
		const {targetId} = await this.call('Target.createTarget', {url: 'about:blank', browserContextId});
		const {sessionId} = await this.call('Target.attachToTarget', {targetId, flatten: true});
		const page = new Page(this, sessionId);
		this.pages.set(sessionId, page);
		await page.call('Page.enable');
		await page.call('Runtime.enable');
		await page.call('Emulation.setDeviceMetricsOverride', {width, height, deviceScaleFactor: isPhone ? 2 : 1, mobile: isPhone});
		await page.call('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light'}]});
		await page.call('Page.navigate', {url});
		return page;
	}

	/* Its folder is left: it may still be writing into it. */
	async stop() {
		this.process.removeAllListeners('exit');
		const gone = new Promise((resolve) => this.process.on('exit', resolve));
		this.call('Browser.close').catch(() => {});
		setTimeout(() => this.process.kill('SIGKILL'), 3000).unref();
		await gone;
	}
}

class Page {
	constructor(browser, sessionId) {
		this.browser = browser;
		this.sessionId = sessionId;
		this.errors = [];			// of scripts
		this.answer = null;			// to the next prompt
	}

	call(method, params) {
		return this.browser.call(method, params, this.sessionId);
	}

	event(method, params) {
		if (method === 'Runtime.exceptionThrown')
			this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
		else if (method === 'Page.javascriptDialogOpening')
			this.call('Page.handleJavaScriptDialog', {accept: this.answer !== null, promptText: this.answer ?? ''});
	}

	/* The value of an expression in the page, JSON as it may be. */
	async evaluate(expression) {
		const {result, exceptionDetails} = await this.call('Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true});
		if (exceptionDetails !== undefined)
			throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
		return result.value;
	}

	/* Whether the expression becomes true in time. */
	becomes(expression, ms) {
		return until(() => this.evaluate(`Boolean(${expression})`).catch(() => false), ms);
	}

	async mouse(type, x, y, buttons = 0, clickCount = 1) {
		await this.call('Input.dispatchMouseEvent', {type, x, y, button: type === 'mouseMoved' ? 'none' : 'left', buttons, clickCount});
	}

	async click(x, y, clickCount = 1) {
		for (let n = 1; n <= clickCount; n++) {
			await this.mouse('mousePressed', x, y, 1, n);
			await this.mouse('mouseReleased', x, y, 0, n);
		}
	}

	/* The middle of an element. */
	middle(selector) {
		return this.evaluate(`(() => { const r = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`);
	}

	async type(text) {
		await this.call('Input.insertText', {text});
	}

	async key(key) {
		const codes = {Enter: 13, ArrowRight: 39};
		for (const type of ['keyDown', 'keyUp'])
			await this.call('Input.dispatchKeyEvent', {type, key, code: key, windowsVirtualKeyCode: codes[key], ...(key === 'Enter' && type === 'keyDown' ? {text: '\r'} : {})});
	}

	async screenshot(file) {
		const {data} = await this.call('Page.captureScreenshot', {format: 'png'});
		writeFileSync(file, Buffer.from(data, 'base64'));
	}
}
