/*
 * test_asking.c
 *	  Programs that ask people, and are right: all that is said of them is that this is not supported yet, once at each place where it is asked for.
 */
#include "unit.h"

#include "lang/program.h"

#define WORLD "message M { int a; string t; }\npublic int x;\npublic string s;\nprincipal boss;\ntable<R> t;\nrecord R { int a; string t; }\n"

static const struct
{
	const char *source;
	int			n;				/* what is not supported */
}			right[] = {
	{"channel<M> ask; #play { x = ask.fetch(@no_one).await().a; transition #play; }", 4},
	{"channel<M> ask; channel go(M m) { let a = ask.fetch(@who); let b = ask.fetch(boss); x = a.await().a + b.await().a; }", 3},
	{"channel<M> ask; channel go(M m) { let a = ask.fetchTimed(@who, 5); if (a.await() as m2) { x = m2.a; s = m2.t; } }", 2},
	{"channel<M> ask; channel go(M m) { let a = ask.decide(@who, [{a: 1, t: \"x\"}, {a: 2, t: \"y\"}]).await(); if (a as m2) { x = m2.a; } }", 2},
	{"channel<M> ask; channel go(M m) { x = ask.decide(@who, @convert<M>(iterate t where a > 3)).await().a.getOrDefaultTo(0); }", 2},
	{"channel<M> ask; channel go(M m) { table<M> some; some <- m; if (ask.decide(@who, iterate some).await() as one) { x = one.a; } }", 2},
	{"channel<M[]> ask; channel go(M m) { foreach (one in ask.fetch(@who).await()) { x += one.a; } }", 2},
	{"channel<M[]> ask; channel go(M m) { if (ask.choose(@who, [m], 1).await() as some) { x = some.size(); } }", 2},
	{"channel<M[]> ask; channel go(M m) { if (ask.fetchTimed(@who, 1.5).await() as some) { x = some.size(); } }", 2},
	{"channel<M> ask; procedure by(channel<M> c, principal who) -> int { return c.fetch(who).await().a; } channel go(M m) { x = by(ask, @who) + by(ask, boss); }", 3},
	{"channel<M> ask; procedure later(future<M> f) -> M { return f.await(); } procedure soon() -> future<M> { return ask.fetch(@no_one); }\n"
	"channel go(M m) { future<M> f = soon(); x = later(f).a + later(soon()).a; }", 5},
	{"channel<M> ask; channel go(M m) { map<principal,future<M>> all; all[@who] = ask.fetch(@who); foreach (e in all) { x += e.value.await().a; } }", 3},
	{"channel<M> ask; channel go(M m) { let c = ask; c.fetch(@who).await(); }", 2},
	{"channel go(M m) { go.enqueue(@who, m); go.enqueue(boss, {a: 1, t: \"x\"}); }", 2},
	{"procedure of(result<M> r) -> int readonly { if (r.as_maybe() as m) { return m.a; } return r.failed() ? r.code() : r.message().length(); }", 1},
	{"procedure of(result<int> r) { result<int> none; if (r.await() as n) { x = n; } s = none.has() ? \"a\" : \"b\"; }", 2},
};

#define N_RIGHT ((int) (sizeof(right) / sizeof(right[0])))

int
main(void)
{
	KitArena   *arena = kit_arena_new("asking");

	for (int i = 0; i < N_RIGHT; i++)
	{
		const char *source = kit_arena_printf(arena, "%s%s", WORLD, right[i].source);
		LangDiags	diags;
		int			n = 0;

		lang_diags_init(&diags, arena);
		lang_compile(source, strlen(source), arena, &diags);
		for (int k = 0; k < diags.n; k++)
		{
			const KitDiag *d = diags.items[k];

			n += d->code == KIT_NOT_SUPPORTED;
			UNIT_TRY(d->code == KIT_NOT_SUPPORTED || d->code == KIT_WARNING, "%d:%d %s: %s", d->line, d->column, d->message, right[i].source);
		}
		UNIT_TRY(n == right[i].n, "%d things are not supported, not %d: %s", n, right[i].n, right[i].source);
	}
	UNIT_PROPERTY("what asks people and is right is refused as not supported yet, and as nothing else");
	kit_arena_delete(arena);
	return unit_done();
}
