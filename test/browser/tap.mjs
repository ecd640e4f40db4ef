/* Tests in TAP, and waiting for what is to come. */
let n = 0;
let failed = 0;

export function ok(condition, what, ...about) {
	n++;
	if (!condition) {
		failed++;
		for (const line of about)
			console.log('# ' + (typeof line === 'string' ? line : JSON.stringify(line)).replaceAll('\n', '\n# '));
	}
	console.log(`${condition ? 'ok' : 'not ok'} ${n} - ${what}`);
	return condition;
}

export function is(found, expected, what) {
	const a = JSON.stringify(found);
	const b = JSON.stringify(expected);
	return ok(a === b, what, `found    ${a}`, `expected ${b}`);
}

/* Until what the function yields is true, or the time is over; what it yielded last. */
export async function until(test, ms = 15000) {
	const end = Date.now() + ms;
	for (;;) {
		const result = await test();
		if (result || Date.now() > end)
			return result;
		await pause(10);
	}
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function done() {
	console.log(`1..${n}`);
	process.exit(failed > 0 ? 1 : 0);
}
