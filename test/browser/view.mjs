/* Deltas into views, and views as people use them: the rules of the wire, one by one. */
import { apply, plain } from '../../src/client/adama.js';
import { done, is, ok } from './tap.mjs';

const all = (...deltas) => plain(deltas.reduce(apply, undefined));

is(all({a: 1, b: 'x'}), {a: 1, b: 'x'}, 'members');
is(all({a: 1, b: 'x'}, {a: null, c: true}), {b: 'x', c: true}, 'null takes a member away');
is(all({m: {a: 1}}, {m: {b: 2}}), {m: {a: 1, b: 2}}, 'objects are merged');
is(all({m: {a: 1}}, {m: 5}, {m: {b: 2}}), {m: {b: 2}}, 'an object takes the place of a number');
is(all({d: [1, {x: 2}]}), {d: [1, {x: 2}]}, 'an array is a value');
is(all({d: [1]}, {d: null}, {d: {z: 1}}), {d: {z: 1}}, 'an array becomes an object');
is(all({l: {'@o': []}}, {t: {'@s': 0}}), {l: [], t: []}, 'empty lists');

// The worked example of the list of records.
const rows = [
	{lst: {1: {id: 1, n: 3}, '@o': [1]}},
	{lst: {3: {id: 3, n: 7}, '@o': [3, 1]}},
	{lst: {4: {id: 4, n: 5}, '@o': [3, 4, 1]}},
	{lst: {5: {id: 5, n: 6}, '@o': [3, 5, 4, 1]}},
	{lst: {6: {id: 6, n: 1}, '@o': [[0, 3], 6]}},
	{lst: {'@o': [3, 5, 1, 6], 4: null}}
];
is(all(...rows).lst.map((row) => row.n), [7, 6, 3, 1], 'rows come, move and go');
is(all(...rows.slice(0, 5)).lst.map((row) => row.id), [3, 5, 4, 1, 6], 'a range of the order before');
is(all({l: {1: {v: 1}, 2: {v: 2}, 5: {v: 5}, '@o': [1, 2, 5]}}, {l: {1: {v: 101}, '@o': [2, 5, 1]}}).l, [{v: 2}, {v: 5}, {v: 101}], 'a row changes and moves at once');
is(all({l: {1: {v: 1}, 2: {v: 2}, '@o': [1, 2]}}, {l: {1: {v: 7}}}).l, [{v: 7}, {v: 2}], 'a row changes where it is');
is(all({l: {1: {v: 1}, 2: {v: 2}, '@o': [1, 2]}}, {l: {'@o': [], 1: null, 2: null}}).l, [], 'all rows go');
is(all({l: {1: {v: 1}, '@o': [1]}}, {l: {2: {v: 2}, '@o': [2, [0, 0]]}}).l, [{v: 2}, {v: 1}], 'a row comes in front of a range');
is(all({s: {0: 1, 1: 5, 2: 6, '@s': 3}}, {s: {1: 6, 2: null, '@s': 2}}).s, [1, 6], 'a list of numbers gets shorter');
is(all({s: {0: 1, '@s': 1}}, {s: {0: 2, '@s': 1}}).s, [2], 'a list of numbers changes in place');
is(all({l: {1: {t: {0: 'a', '@s': 1}}, '@o': [1]}}, {l: {1: {t: {1: 'b', '@s': 2}}}}).l, [{t: ['a', 'b']}], 'a list in a row');
is(all({m: {'@@o': 1}}), {m: {'@o': 1}}, 'the key of a map that looks like an order');
is(all({p: {'@t': 1, agent: 'a', authority: 'b'}}), {p: {'@t': 1, agent: 'a', authority: 'b'}}, 'a principal');

// Nothing reaches prototypes.
const evil = all(JSON.parse('{"m":{"__proto__":{"polluted":1}}}'));
ok({}.polluted === undefined && Object.getPrototypeOf(all({a: 1})) === Object.prototype, 'no key reaches a prototype', evil);

// What has not changed is the same object.
const first = [{a: {x: 1}, l: {1: {v: 1}, 2: {v: 2}, '@o': [1, 2]}}].reduce(apply, undefined);
const second = apply(first, {l: {2: {v: 3}}});
ok(plain(first).a === plain(second).a, 'what a change does not touch is the same object');
ok(plain(first).l !== plain(second).l && plain(first).l[0] === plain(second).l[0] && plain(first).l[1] !== plain(second).l[1], 'only the row that changed is another');
is(plain(first).l, [{v: 1}, {v: 2}], 'the view before is as it was');
ok(Object.isFrozen(plain(first)) && Object.isFrozen(plain(first).l), 'values cannot be changed by accident');
done();
