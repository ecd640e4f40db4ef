/*
 * view_oracle.h
 *	  Random programs with policies, and what a viewer may see under them: worked out from the program's definition alone.
 *
 * The document is in arrays of its own (Model); a view is built row by row and field by field, as the program's text says, without any of the code under test.
 */
#ifndef ADAMA_VIEW_ORACLE_H
#define ADAMA_VIEW_ORACLE_H

#include "unit.h"

#include "doc/doc.h"

#define N_AGENTS 3
#define N_VIEWERS 5
#define MAX_ROWS 110
#define MAX_KIDS 12
#define MAX_FIELDS 8
#define START 1700000000000

static const char *const agents[N_AGENTS] = {"alice", "bob", "carol"};
static const char *const strings[4] = {"a", "b", "c \xc3\xa9", ""};

#define N_JSONS 5

static const char *const jsons[N_JSONS] = {"null", "5", "{\"a\":1,\"b\":{\"c\":2}}", "{\"a\":1,\"b\":{\"c\":3},\"d\":[1,2]}", "[1,{\"a\":2}]"};

/* ---- the oracle's document ---- */

typedef struct Kid
{
	int			id,
				a;
} Kid;

typedef struct Row
{
	int			id,
				n,
				s,
				who;			/* -1: nobody */
	bool		flag;
	int			px,
				py;
	int			e;				/* the enum's number */
	int			m;				/* -1: nothing */
	int			half;			/* d in halves */
	int			json;			/* which of jsons */
	int			in_map[3];		/* -1: not there */
	int			day;			/* of January 2020 */
	Kid			kids[MAX_KIDS];
	int			n_kids;
} Row;

typedef struct Model
{
	int			x,
				y,
				boss,
				tx;
	Row			rows[MAX_ROWS];
	int			n_rows;
	int			last_id;
	int64_t		now;
	int64_t		seq;
} Model;

/* Who looks. */
typedef struct Eye
{
	int			who;
	int			v;				/* @viewer.v */
	bool		b;				/* @viewer.b */
} Eye;

/* ---- conditions ---- */

enum
{
	ATOM_FLAG, ATOM_NOT_FLAG, ATOM_BELOW_X, ATOM_FROM_Y, ATOM_STRING, ATOM_FORMULA, ATOM_TIME, ATOM_SEQ, ATOM_METHOD, ATOM_ENUM, ATOM_MAYBE, ATOM_DOUBLE, ATOM_MAP, ATOM_DAY,
	ATOM_MINE, ATOM_BOSS,		/* not in public formulas */
	ATOM_VIEWER, ATOM_VIEWER_BOOL,	/* only in bubbles */
	N_ATOMS
};

static const char *const atom_texts[N_ATOMS] = {
	"flag", "!flag", "n < x", "n >= y", "s == \"b\"", "twice > 8", "Time.now() > 1700000000020L", "(n + Document.seq()) % 2 == 0", "is_odd",
	"e == E::B", "mb.getOrDefaultTo(9) < 4", "d > 2.0", "\"k1\" inside mp", "day > @date 2020/1/5", "@who == who", "@who == boss", "n < @viewer.v", "@viewer.b"
};

typedef struct Condition
{
	int			atoms[2];
	int			n;				/* 0: always true */
	bool		is_or;
} Condition;

static bool
atom_holds(const Model *m, const Row *r, const Eye *eye, int atom)
{
	switch (atom)
	{
		case ATOM_FLAG:
			return r->flag;
		case ATOM_NOT_FLAG:
			return !r->flag;
		case ATOM_BELOW_X:
			return r->n < m->x;
		case ATOM_FROM_Y:
			return r->n >= m->y;
		case ATOM_STRING:
			return r->s == 1;
		case ATOM_FORMULA:
			return r->n * 2 > 8;
		case ATOM_TIME:
			return m->now > 1700000000020;
		case ATOM_SEQ:
			return (r->n + m->seq) % 2 == 0;
		case ATOM_METHOD:
			return (r->n + m->y) % 2 != 0;
		case ATOM_ENUM:
			return r->e == 5;
		case ATOM_MAYBE:
			return (r->m < 0 ? 9 : r->m) < 4;
		case ATOM_DOUBLE:
			return r->half > 4;
		case ATOM_MAP:
			return r->in_map[1] >= 0;
		case ATOM_DAY:
			return r->day > 5;
		case ATOM_MINE:
			return eye->who == r->who;
		case ATOM_BOSS:
			return eye->who == m->boss;
		case ATOM_VIEWER:
			return r->n < eye->v;
		default:
			return eye->b;
	}
}

static bool
holds(const Model *m, const Row *r, const Eye *eye, const Condition *c)
{
	bool		first = c->n == 0 || atom_holds(m, r, eye, c->atoms[0]);

	if (c->n < 2)
		return first;
	return c->is_or ? first || atom_holds(m, r, eye, c->atoms[1]) : first && atom_holds(m, r, eye, c->atoms[1]);
}

static Condition
random_condition(UnitRandom *r, int n_atoms, bool may_be_empty)
{
	Condition	c = {.n = (int) unit_below(r, 3), .is_or = unit_below(r, 2) == 0};

	if (c.n == 0 && !may_be_empty)
		c.n = 1;
	for (int i = 0; i < c.n; i++)
		c.atoms[i] = (int) unit_below(r, (uint32_t) n_atoms);
	return c;
}

static void
add_condition(KitBuf *out, const Condition *c)
{
	if (c->n == 0)
		kit_buf_add_str(out, "true");
	else if (c->n == 1)
		kit_buf_add_str(out, atom_texts[c->atoms[0]]);
	else
		kit_buf_printf(out, "(%s) %s (%s)", atom_texts[c->atoms[0]], c->is_or ? "||" : "&&", atom_texts[c->atoms[1]]);
}

/* ---- programs ---- */

enum
{
	KEY_NONE, KEY_N, KEY_S, KEY_TWICE, KEY_FLAG, KEY_E, KEY_M, KEY_D, N_KEYS
};

static const char *const key_texts[] = {"", "n", "s", "twice", "flag", "e", "mb", "d"};

enum
{
	SHOW_LIST, SHOW_REVERSED, SHOW_COUNT, SHOW_VALUES, SHOW_ONE, SHOW_STRINGS, SHOW_DOUBLES, SHOW_MAYBES, SHOW_SUM, SHOW_MAXIMUM, SHOW_AVERAGE,
	SHOW_FIELD, N_SHOWS
};

typedef struct Query
{
	int			show;
	bool		is_bubble;
	bool		has_where;
	Condition	where;
	int			key;
	bool		is_desc;
	int			offset;			/* -1: none; -2: x */
	int			limit;			/* -1: none; -2: y; -3: @viewer.v */
	bool		is_guarded;		/* by the policy of the root */
} Query;

/* Of rows that are in no order. */
static bool
is_told(const Query *q)
{
	return q->show == SHOW_SUM || q->show == SHOW_MAXIMUM || q->show == SHOW_AVERAGE;
}

typedef struct Plan
{
	int			shown;			/* bits: which fields of other types rows show */
	int			guarded;		/* and which of them by the policy may */
	bool		has_require;
	Condition	require;
	Condition	guard;			/* of a field of rows */
	Condition	kid;
	bool		shows_ids;
	bool		has_secret;
	bool		has_kids;
	bool		has_bubble;
	bool		has_spot;
	bool		has_others;
	bool		root_policy_asks_who;
	Query		queries[MAX_FIELDS];
	int			n_queries;
} Plan;

static Plan
random_plan(UnitRandom *r)
{
	Plan		p = {0};

	p.has_require = unit_below(r, 2) == 0;
	p.require = random_condition(r, ATOM_VIEWER, false);
	p.guard = random_condition(r, unit_below(r, 2) == 0 ? ATOM_VIEWER : ATOM_MINE, false);
	p.shows_ids = unit_below(r, 2) == 0;
	p.has_secret = unit_below(r, 2) == 0;
	p.has_kids = unit_below(r, 2) == 0;
	p.has_bubble = unit_below(r, 3) == 0;
	p.has_spot = unit_below(r, 3) == 0;
	p.has_others = unit_below(r, 4) == 0;
	p.root_policy_asks_who = unit_below(r, 2) == 0;
	p.shown = (int) unit_below(r, 128);
	p.guarded = (int) unit_below(r, 128);
	p.n_queries = 2 + (int) unit_below(r, MAX_FIELDS - 2);
	for (int i = 0; i < p.n_queries; i++)
	{
		Query	   *q = &p.queries[i];

		q->show = (int) unit_below(r, N_SHOWS);
		q->is_bubble = unit_below(r, 3) == 0;
		q->has_where = unit_below(r, 3) != 0;
		q->where = random_condition(r, q->is_bubble ? N_ATOMS : ATOM_MINE, false);
		q->key = unit_below(r, 2) == 0 ? KEY_NONE : (int) unit_below(r, N_KEYS);
		q->is_desc = unit_below(r, 2) == 0;
		q->offset = unit_below(r, 4) != 0 ? -1 : unit_below(r, 2) == 0 ? -2 : (int) unit_below(r, 4);
		q->limit = unit_below(r, 3) != 0 ? -1 : unit_below(r, 2) == 0 ? -2 : (int) unit_below(r, 6);
		if (q->is_bubble && unit_below(r, 3) == 0)
			q->limit = -3;
		q->is_guarded = unit_below(r, 4) == 0;
	}
	return p;
}

static const char *const show_ends[N_SHOWS] = {
	"", ".reverse()", ".size()", ".n", "", ".s", ".d", ".mb", ".n.sum()", ".n.maximum()", ".d.average()", ""
};

static void
write_query(KitBuf *out, const Query *q)
{
	kit_buf_add_str(out, "iterate t");
	if (q->has_where)
	{
		kit_buf_add_str(out, " where ");
		add_condition(out, &q->where);
	}
	if (q->show == SHOW_COUNT || is_told(q))
		return;
	if (q->key != KEY_NONE)
		kit_buf_printf(out, " order by %s %s", key_texts[q->key], q->is_desc ? "desc" : "asc");
	if (q->offset == -2)
		kit_buf_add_str(out, " offset x");
	else if (q->offset >= 0)
		kit_buf_printf(out, " offset %d", q->offset);
	if (q->limit == -2)
		kit_buf_add_str(out, " limit y");
	else if (q->limit == -3)
		kit_buf_add_str(out, " limit @viewer.v");
	else if (q->limit >= 0)
		kit_buf_printf(out, " limit %d", q->limit);
}

/* Fields of rows, in the order of the bits of Plan.shown. */
enum
{
	MORE_ENUM, MORE_MAYBE, MORE_DOUBLE, MORE_JSON, MORE_MAP, MORE_DAY, MORE_PAIR, N_MORE
};

static const char *const more_fields[N_MORE] = {
	"E e", "maybe<int> mb", "double d", "dynamic j", "map<string,int> mp", "date day = @date 2020/1/1", "formula pr = @pair n -> s"
};

static void
write_program(KitBuf *out, const Plan *p)
{
	kit_buf_add_str(out, "enum E { A:2, B:5, @default C:7 }\nview int v; view bool b;\npublic text tx;\n"
					"public int x; public int y; principal boss;\n"
					"record Kid { public int id; public int a; }\n"
					"record Spot { public int px; policy open { return px > 3; } use_policy<open> int py; }\n");
	kit_buf_printf(out, "policy for_some { return %s; }\n", p->root_policy_asks_who ? "@who == boss || y > 4" : "y > 4");
	kit_buf_printf(out, "record R { %s int id; public int n; public string s; principal who; bool flag;\n  public formula twice = n * 2;\n"
				   "  method odd() -> bool readonly { return ((n + y) %% 2).getOrDefaultTo(0) != 0; }\n  formula is_odd = odd();\n"
				   "  policy may { return ", p->shows_ids ? "public" : "private");
	add_condition(out, &p->guard);
	kit_buf_add_str(out, "; }\n  use_policy<may> formula loud = s + \"!\";\n");
	if (p->has_require)
	{
		kit_buf_add_str(out, "  policy seen { return ");
		add_condition(out, &p->require);
		kit_buf_add_str(out, "; }\n  require seen;\n");
	}
	kit_buf_printf(out, "  %s int secret;\n", p->has_secret ? "viewer_is<who>" : "private");
	for (int i = 0; i < N_MORE; i++)
		kit_buf_printf(out, "  %s %s;\n", (p->shown >> i & 1) == 0 ? "private" : (p->guarded >> i & 1) != 0 ? "use_policy<may>" : "public", more_fields[i]);
	kit_buf_add_str(out, "  table<Kid> kids;\n");
	if (p->has_kids)
		kit_buf_add_str(out, "  public formula young = iterate kids where a < x order by a;\n");
	if (p->has_bubble)
		kit_buf_add_str(out, "  bubble more = n + @viewer.v;\n");
	kit_buf_printf(out, "  %s Spot spot;\n", p->has_spot ? "public" : "private");
	if (p->has_others)
		kit_buf_add_str(out, "  public formula others = (iterate t where flag).size();\n");
	kit_buf_add_str(out, "}\ntable<R> t;\n");
	for (int i = 0; i < p->n_queries; i++)
	{
		const Query *q = &p->queries[i];

		if (q->is_bubble)
			kit_buf_printf(out, "bubble%s q%d = ", q->is_guarded ? "<for_some>" : "", i);
		else
			kit_buf_printf(out, "%s formula q%d = ", q->is_guarded ? "use_policy<for_some>" : "public", i);
		switch (q->show)
		{
			case SHOW_LIST:
				write_query(out, q);
				break;
			case SHOW_ONE:
				kit_buf_add_str(out, q->is_bubble ? "t[@viewer.v]" : "t[x]");
				break;
			case SHOW_FIELD:
				kit_buf_add_str(out, q->is_bubble ? "t[@viewer.v].n" : "t[x].n");
				break;
			default:
				kit_buf_add_char(out, '(');
				write_query(out, q);
				kit_buf_printf(out, ")%s", show_ends[q->show]);
		}
		kit_buf_add_str(out, ";\n");
	}
	kit_buf_add_str(out, "message M { int id; int n; string s; bool flag; dynamic j; }\n"
					"channel add(M m) { t <- {n: m.n, s: m.s, flag: m.flag, who: @who, secret: m.n + 1000}; }\n"
					"channel number(M m) { if (t[m.id] as r) { r.n = m.n; } }\n"
					"channel text(M m) { if (t[m.id] as r) { r.s = m.s; } }\n"
					"channel mark(M m) { if (t[m.id] as r) { r.flag = m.flag; } }\n"
					"channel give(M m) { if (t[m.id] as r) { r.who = @who; } }\n"
					"channel drop(M m) { if (t[m.id] as r) { r.delete(); } }\n"
					"channel spot(M m) { if (t[m.id] as r) { r.spot.px = m.n; r.spot.py = m.n * 3; } }\n"
					"channel kid(M m) { if (t[m.id] as r) { if (r.kids.size() < 12) { r.kids <- {a: m.n}; } } }\n"
					"channel grow(M m) { if (t[m.id] as r) { (iterate r.kids where a == m.n).a = m.n + 1; } }\n"
					"channel send(M m) { if (t[m.id] as r) { (iterate r.kids where a == m.n).delete(); } }\n"
					"channel mass(M m) { (iterate t where n == m.n).flag = m.flag; }\n"
					"channel all(M m) { (iterate t).s = m.s; }\n"
					"channel setx(M m) { x = m.n; }\n"
					"channel sety(M m) { y = m.n; }\n"
					"channel rule(M m) { boss = @who; }\n"
					"channel kind(M m) { if (t[m.id] as r) { r.e = m.n < 3 ? E::A : (m.n < 6 ? E::B : E::C); } }\n"
					"channel perhaps(M m) { if (t[m.id] as r) { if (m.flag) { r.mb.delete(); } else { r.mb = m.n; } } }\n"
					"channel dub(M m) { if (t[m.id] as r) { r.d = m.n * 0.5; } }\n"
					"channel json(M m) { if (t[m.id] as r) { r.j = m.j; } }\n"
					"channel fill(M m) { if (t[m.id] as r) { let k = m.n < 3 ? \"k0\" : (m.n < 6 ? \"k1\" : \"k2\"); if (m.flag) { r.mp.remove(k); } else { r.mp[k] = m.n; } } }\n"
					"channel day(M m) { if (t[m.id] as r) { r.day = Date.offsetDay(@date 2020/1/1, m.n); } }\n"
					"channel write(M m) { tx = m.s; }\n");
}

/* ---- what messages do ---- */

static const char *const channels[] = {
	"add", "add", "number", "number", "text", "mark", "mark", "give", "drop", "spot", "kid", "kid", "grow", "send", "mass", "all", "setx", "sety", "rule"
};

#define N_CHANNELS ((int) (sizeof(channels) / sizeof(channels[0])))

typedef struct Message
{
	const char *channel;
	int			who,
				id,
				n,
				s;
	bool		flag;
} Message;

static Row *
row_of(Model *m, int id)
{
	for (int i = 0; i < m->n_rows; i++)
		if (m->rows[i].id == id)
			return &m->rows[i];
	return NULL;
}

static void
model_send(Model *m, const Message *msg)
{
	Row		   *r = row_of(m, msg->id);
	const char *c = msg->channel;

	m->seq++;
	if (strcmp(c, "add") == 0)
		m->rows[m->n_rows++] = (Row) {.id = ++m->last_id, .n = msg->n, .s = msg->s, .flag = msg->flag, .who = msg->who, .e = 7, .m = -1, .in_map = {-1, -1, -1},
			.day = 1};
	else if (strcmp(c, "setx") == 0)
		m->x = msg->n;
	else if (strcmp(c, "sety") == 0)
		m->y = msg->n;
	else if (strcmp(c, "rule") == 0)
		m->boss = msg->who;
	else if (strcmp(c, "write") == 0)
		m->tx = msg->s;
	else if (strcmp(c, "mass") == 0)
	{
		for (int i = 0; i < m->n_rows; i++)
			if (m->rows[i].n == msg->n)
				m->rows[i].flag = msg->flag;
	}
	else if (strcmp(c, "all") == 0)
	{
		for (int i = 0; i < m->n_rows; i++)
			m->rows[i].s = msg->s;
	}
	else if (r == NULL)
		return;
	else if (strcmp(c, "number") == 0)
		r->n = msg->n;
	else if (strcmp(c, "text") == 0)
		r->s = msg->s;
	else if (strcmp(c, "kind") == 0)
		r->e = msg->n < 3 ? 2 : msg->n < 6 ? 5 : 7;
	else if (strcmp(c, "perhaps") == 0)
		r->m = msg->flag ? -1 : msg->n;
	else if (strcmp(c, "dub") == 0)
		r->half = msg->n;
	else if (strcmp(c, "json") == 0)
		r->json = msg->n % N_JSONS;
	else if (strcmp(c, "fill") == 0)
		r->in_map[msg->n < 3 ? 0 : msg->n < 6 ? 1 : 2] = msg->flag ? -1 : msg->n;
	else if (strcmp(c, "day") == 0)
		r->day = 1 + msg->n;
	else if (strcmp(c, "mark") == 0)
		r->flag = msg->flag;
	else if (strcmp(c, "give") == 0)
		r->who = msg->who;
	else if (strcmp(c, "spot") == 0)
	{
		r->px = msg->n;
		r->py = msg->n * 3;
	}
	else if (strcmp(c, "drop") == 0)
	{
		memmove(r, r + 1, (size_t) (&m->rows[m->n_rows] - (r + 1)) * sizeof(Row));
		m->n_rows--;
	}
	else if (strcmp(c, "kid") == 0)
	{
		if (r->n_kids < MAX_KIDS)
			r->kids[r->n_kids++] = (Kid) {++m->last_id, msg->n};
	}
	else if (strcmp(c, "grow") == 0)
	{
		for (int i = 0; i < r->n_kids; i++)
			if (r->kids[i].a == msg->n)
				r->kids[i].a++;
	}
	else if (strcmp(c, "send") == 0)
	{
		int			n = 0;

		for (int i = 0; i < r->n_kids; i++)
			if (r->kids[i].a != msg->n)
				r->kids[n++] = r->kids[i];
		r->n_kids = n;
	}
}

/* ---- what a viewer may see, from the definition ---- */

static KitArena *arena;			/* of a turn */

static DocNode *
bool_node(bool b)
{
	DocNode    *node = doc_node_new(arena, DOC_BOOL);

	node->u.b = b;
	return node;
}

static DocNode *
string_node(const char *z)
{
	return doc_node_string(arena, z, strlen(z));
}

static void
add(DocNode *object, const char *key, DocNode *value)
{
	doc_node_set(arena, object, kit_arena_strdup(arena, key, strlen(key)), strlen(key), value);
}

static const char *
number(int n)
{
	return kit_arena_printf(arena, "%d", n);
}

static DocNode *
double_node(double d)
{
	DocNode    *node = doc_node_new(arena, DOC_DOUBLE);

	node->u.d = d;
	return node;
}

static DocNode *
json_node(const char *json)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	DocItem		item;
	DocNode    *node = NULL;

	kit_buf_init(buf, arena);
	if (!doc_from_json(json, strlen(json), DOC_DOCUMENT, buf, NULL) || !doc_open((DocBytes) {buf->data, buf->len}, DOC_DOCUMENT, &item, NULL) ||
		!doc_node_from_item(arena, item, &node, NULL))
		exit(1);
	return node;
}

static void
see_more(DocNode *node, const Row *r, int field)
{
	DocNode    *inside;

	switch (field)
	{
		case MORE_ENUM:
			add(node, "e", doc_node_int(arena, r->e));
			break;
		case MORE_MAYBE:
			if (r->m >= 0)
				add(node, "mb", doc_node_int(arena, r->m));
			break;
		case MORE_DOUBLE:
			add(node, "d", double_node(r->half * 0.5));
			break;
		case MORE_JSON:
			if (r->json > 0)
				add(node, "j", json_node(jsons[r->json]));
			break;
		case MORE_MAP:
			inside = doc_node_new(arena, DOC_OBJECT);
			for (int i = 0; i < 3; i++)
				if (r->in_map[i] >= 0)
					add(inside, kit_arena_printf(arena, "k%d", i), doc_node_int(arena, r->in_map[i]));
			add(node, "mp", inside);
			break;
		case MORE_DAY:
			add(node, "day", string_node(kit_arena_printf(arena, "2020-01-%02d", r->day)));
			break;
		case MORE_PAIR:
			inside = doc_node_new(arena, DOC_OBJECT);
			add(inside, "key", doc_node_int(arena, r->n));
			add(inside, "value", string_node(strings[r->s]));
			add(node, "pr", inside);
			break;
	}
}

static DocNode *
see_row(const Model *m, const Plan *p, const Row *r, const Eye *eye)
{
	DocNode    *node;

	if (p->has_require && !holds(m, r, eye, &p->require))
		return NULL;
	node = doc_node_new(arena, DOC_OBJECT);
	if (p->shows_ids)
		add(node, "id", doc_node_int(arena, r->id));
	add(node, "n", doc_node_int(arena, r->n));
	add(node, "s", string_node(strings[r->s]));
	add(node, "twice", doc_node_int(arena, r->n * 2));
	if (holds(m, r, eye, &p->guard))
		add(node, "loud", string_node(kit_arena_printf(arena, "%s!", strings[r->s])));
	for (int i = 0; i < N_MORE; i++)
		if ((p->shown >> i & 1) != 0 && ((p->guarded >> i & 1) == 0 || holds(m, r, eye, &p->guard)))
			see_more(node, r, i);
	if (p->has_secret && eye->who == r->who)
		add(node, "secret", doc_node_int(arena, r->id));	/* what it was made with: see drop_secrets */
	if (p->has_kids)
	{
		DocNode    *list = doc_node_new(arena, DOC_OBJECT);
		DocNode    *order = doc_node_new(arena, DOC_ARRAY);
		bool		done[MAX_KIDS] = {false};

		for (int k = 0; k < r->n_kids; k++)
		{
			int			best = -1;

			for (int i = 0; i < r->n_kids; i++)
				if (!done[i] && r->kids[i].a < m->x && (best < 0 || r->kids[i].a < r->kids[best].a))
					best = i;
			if (best < 0)
				break;
			done[best] = true;
			{
				DocNode    *kid = doc_node_new(arena, DOC_OBJECT);

				add(kid, "id", doc_node_int(arena, r->kids[best].id));
				add(kid, "a", doc_node_int(arena, r->kids[best].a));
				add(list, number(r->kids[best].id), kid);
				doc_node_append(arena, order, doc_node_int(arena, r->kids[best].id));
			}
		}
		add(list, "@o", order);
		add(node, "young", list);
	}
	if (p->has_bubble)
		add(node, "more", doc_node_int(arena, r->n + eye->v));
	if (p->has_spot)
	{
		DocNode    *spot = doc_node_new(arena, DOC_OBJECT);

		add(spot, "px", doc_node_int(arena, r->px));
		if (r->px > 3)
			add(spot, "py", doc_node_int(arena, r->py));
		add(node, "spot", spot);
	}
	if (p->has_others)
	{
		int			n = 0;

		for (int i = 0; i < m->n_rows; i++)
			n += m->rows[i].flag;
		add(node, "others", doc_node_int(arena, n));
	}
	return node;
}

static int
compare_rows(const Row *a, const Row *b, const Query *q)
{
	int			c = 0;

	switch (q->key)
	{
		case KEY_N:
		case KEY_TWICE:
			c = a->n - b->n;
			break;
		case KEY_S:
			c = strcmp(strings[a->s], strings[b->s]);
			break;
		case KEY_FLAG:
			c = a->flag - b->flag;
			break;
		case KEY_E:
			c = a->e - b->e;
			break;
		case KEY_M:
			/* what is empty is behind all numbers */
			c = (a->m < 0 ? 100 : a->m) - (b->m < 0 ? 100 : b->m);
			break;
		case KEY_D:
			c = a->half - b->half;
			break;
	}
	if (c != 0)
		return q->is_desc ? -c : c;
	return a->id - b->id;
}

/* The rows that a query yields, in order. */
static int
run_query(const Model *m, const Query *q, const Eye *eye, const Row **rows)
{
	int			n = 0;
	int			offset = q->offset == -2 ? m->x : q->offset;
	int			limit = q->limit == -2 ? m->y : q->limit == -3 ? eye->v : q->limit;

	for (int i = 0; i < m->n_rows; i++)
		if (!q->has_where || holds(m, &m->rows[i], eye, &q->where))
			rows[n++] = &m->rows[i];
	if (q->show == SHOW_COUNT || is_told(q))
		return n;
	for (int i = 1; i < n; i++)
		for (int k = i; k > 0 && compare_rows(rows[k - 1], rows[k], q) > 0; k--)
		{
			const Row  *row = rows[k];

			rows[k] = rows[k - 1];
			rows[k - 1] = row;
		}
	if (q->offset != -1 && offset > 0)
	{
		if (offset > n)
			offset = n;
		memmove(rows, rows + offset, (size_t) (n - offset) * sizeof(Row *));
		n -= offset;
	}
	if (q->limit != -1 && n > limit)
		n = limit < 0 ? 0 : limit;
	return n;
}

static DocNode *
see_told(const Query *q, const Row **rows, int n)
{
	int			sum = 0;
	int			largest = 0;
	double		total = 0;

	for (int i = 0; i < n; i++)
	{
		sum += rows[i]->n;
		largest = i == 0 || rows[i]->n > largest ? rows[i]->n : largest;
		total += rows[i]->half * 0.5;
	}
	if (n == 0)
		return NULL;
	return q->show == SHOW_SUM ? doc_node_int(arena, sum) : q->show == SHOW_MAXIMUM ? doc_node_int(arena, largest) : double_node(total / n);
}

static DocNode *
see_query(const Model *m, const Plan *p, const Query *q, const Eye *eye)
{
	const Row  *rows[MAX_ROWS];
	int			n = run_query(m, q, eye, rows);
	DocNode    *list;
	DocNode    *order;

	if (q->show == SHOW_COUNT)
		return doc_node_int(arena, n);
	if (q->show == SHOW_ONE)
	{
		const Row  *row = row_of((Model *) m, q->is_bubble ? eye->v : m->x);

		return row == NULL ? NULL : see_row(m, p, row, eye);
	}
	if (q->show == SHOW_FIELD)
	{
		const Row  *row = row_of((Model *) m, q->is_bubble ? eye->v : m->x);

		return row == NULL ? NULL : doc_node_int(arena, row->n);
	}
	if (is_told(q))
		return see_told(q, rows, n);
	list = doc_node_new(arena, DOC_OBJECT);
	if (q->show != SHOW_LIST && q->show != SHOW_REVERSED)
	{
		for (int i = 0; i < n; i++)
		{
			DocNode    *value = q->show == SHOW_VALUES ? doc_node_int(arena, rows[i]->n) : q->show == SHOW_STRINGS ? string_node(strings[rows[i]->s]) :
				q->show == SHOW_DOUBLES ? double_node(rows[i]->half * 0.5) : rows[i]->m < 0 ? NULL : doc_node_int(arena, rows[i]->m);

			if (value != NULL)
				add(list, number(i), value);
		}
		add(list, "@s", doc_node_int(arena, n));
		return list;
	}
	order = doc_node_new(arena, DOC_ARRAY);
	for (int i = 0; i < n; i++)
	{
		const Row  *row = rows[q->show == SHOW_REVERSED ? n - 1 - i : i];
		DocNode    *seen = see_row(m, p, row, eye);

		if (seen == NULL)
			continue;
		add(list, number(row->id), seen);
		doc_node_append(arena, order, doc_node_int(arena, row->id));
	}
	add(list, "@o", order);
	return list;
}

static DocNode *
see(const Model *m, const Plan *p, const Eye *eye)
{
	DocNode    *root = doc_node_new(arena, DOC_OBJECT);

	add(root, "tx", string_node(strings[m->tx]));	/* of a text: see drop_secrets */
	add(root, "x", doc_node_int(arena, m->x));
	add(root, "y", doc_node_int(arena, m->y));
	for (int i = 0; i < p->n_queries; i++)
	{
		DocNode    *seen;

		if (p->queries[i].is_guarded && !((p->root_policy_asks_who && eye->who == m->boss) || m->y > 4))
			continue;
		seen = see_query(m, p, &p->queries[i], eye);
		if (seen != NULL)
			add(root, kit_arena_printf(arena, "q%d", i), seen);
	}
	return root;
}

#endif
