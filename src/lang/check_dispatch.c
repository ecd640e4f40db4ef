/*
 * check_dispatch.c
 *	  Methods of the values of an enumeration: dispatch E::V f(...) { ... }.
 *
 * Declarations of one enumeration, name and list of parameter types are a family.  Each declaration is a unit, and for the family a unit is
 * made up that looks at the value and calls the unit, or the units, that are meant for it:
 *
 *		dispatch E::A f(int x) { one }			switch (self) {
 *		dispatch E::B* f(int x) { two }				case E::A: one; break;
 *		dispatch E::* f(int x) { three }			case E::B1: case E::B2: two; break;
 *													default: three;
 *												}
 *
 * A value's own declarations come before those for a prefix, these before the one for all (*); of those that remain there must be one, unless
 * nothing is returned: then all run, in the order of the source.  The value is register self, "self" in the source.
 */
#include <string.h>

#include "lang/check_internal.h"

typedef struct Family
{
	LangEnum   *of;
	CheckUnit  *made;			/* the unit that is made up */
	LangUnit  **units;			/* one for each declaration */
	LangDecl  **decls;
	int			n_units;
	int			n_decls;
	struct Family *next;
} Family;

/* How exactly a declaration names a value: 0 not at all. */
static int
match(const LangDecl *d, const KitSym *value)
{
	const KitSym *wanted = d->u.function.dispatch_value.sym;

	if (wanted == NULL)
		return 1;
	if (!d->u.function.dispatch_is_star)
		return wanted == value ? 3 : 0;
	return value->len >= wanted->len && memcmp(value->text, wanted->text, wanted->len) == 0 ? 2 : 0;
}

static const char *
value_text(Check *c, const LangDecl *d)
{
	const KitSym *value = d->u.function.dispatch_value.sym;

	return check_printf(c, "%s::%s%s", d->u.function.dispatch_enum.sym->text, value == NULL ? "" : value->text,
						d->u.function.dispatch_is_star ? "*" : "");
}

static LangEnum *
find_enum(Check *c, const LangDecl *d)
{
	const KitSym *wanted = d->u.function.dispatch_value.sym;
	LangEnum   *e = check_find_enum(c, d->u.function.dispatch_enum);
	CheckSuggestion s;

	if (e == NULL)
		return NULL;
	for (int i = 0; i < e->n; i++)
		if (match(d, e->names[i]) > 0)
			return e;
	if (wanted == NULL)
		return NULL;			/* an enumeration without values, which has been refused */
	check_suggest_start(c, &s, wanted->text);
	for (int i = 0; i < e->n; i++)
		check_suggest(&s, e->names[i]->text);
	check_suggest_hint(&s, check_error(c, d->u.function.dispatch_value.pos, d->u.function.dispatch_is_star
									   ? "no value of enumeration \"%s\" begins with \"%s\"" : "enumeration \"%s\" has no value \"%s\"",
									   e->name->text, wanted->text));
	return NULL;
}

static bool
same_params(const LangUnit *a, const LangUnit *b)
{
	if (a->n_params != b->n_params)
		return false;
	for (int i = 0; i < a->n_params; i++)
		if (a->locals[i]->type != b->locals[i]->type)
			return false;
	return true;
}

/* The family of the unit, made when it is the first of it. */
static Family *
find_family(Check *c, Family **families, LangEnum *e, LangDecl *d, const LangUnit *unit)
{
	Family	   *family;
	LangUnit   *made;
	void	   *old;

	for (family = *families; family != NULL; family = family->next)
		if (family->of == e && family->made->unit->name == d->name.sym && same_params(family->made->unit, unit))
			return family;
	family = KIT_NEW(c->arena, Family);
	made = check_add_unit(c, LANG_UNIT_DISPATCH, d->name, d->pos, c->program->root, unit->returns, NULL, NULL);
	made->dispatch_enum = e;
	for (int i = 0; i < unit->n_params; i++)
	{
		LangLocal  *local = check_add_local(c, made, (LangName) {unit->locals[i]->name, unit->locals[i]->pos}, unit->locals[i]->type);

		local->is_parameter = true;
		local->is_readonly = unit->locals[i]->is_readonly;
		made->n_params++;
	}
	family->of = e;
	family->made = c->units[made->index];
	family->made->is_made_up = true;
	family->made->state = CHECK_DONE;
	while (*families != NULL)
		families = &(*families)->next;
	*families = family;
	if (!check_name_add(c, CHECK_NAMES_CALLABLES, e, d->name.sym, family->made, &old))
	{
		family->made->next_overload = ((CheckUnit *) old)->next_overload;
		((CheckUnit *) old)->next_overload = family->made;
	}
	return family;
}

static void
add_to_family(Check *c, Family *family, LangDecl *d, LangUnit *unit)
{
	KitDiag    *diag;

	if (unit->returns != family->made->unit->returns && !CHECK_IS_ERROR(unit->returns) && !CHECK_IS_ERROR(family->made->unit->returns))
	{
		diag = check_error(c, d->name.pos, "dispatch \"%s\" of %s returns %s here, but %s at %s", d->name.sym->text, family->of->name->text,
						   unit->returns->kind == LANG_VOID ? "nothing" : unit->returns->text,
						   family->made->unit->returns->kind == LANG_VOID ? "nothing" : family->made->unit->returns->text,
						   check_line_text(c, family->units[0]->pos));
		kit_diag_hint(diag, "All values return the same type.");
	}
	for (int i = 0; i < unit->n_params; i++)
		family->made->unit->locals[i]->is_readonly &= unit->locals[i]->is_readonly;
	CHECK_PUSH(c->arena, family->units, family->n_units, unit);
	CHECK_PUSH(c->arena, family->decls, family->n_decls, d);
}

/* ---- the unit that is made up ---- */

static LangExpr *
new_expr(Check *c, LangExprKind kind, LangPos pos, const LangType *type)
{
	LangExpr   *e = KIT_NEW(c->arena, LangExpr);

	e->kind = kind;
	e->pos = pos;
	e->type = type;
	return e;
}

static LangStmt *
new_stmt(Check *c, LangStmtKind kind, LangPos pos)
{
	LangStmt   *stmt = KIT_NEW(c->arena, LangStmt);

	stmt->kind = kind;
	stmt->pos = pos;
	return stmt;
}

/* A call of unit with the parameters of the made one. */
static LangStmt *
call_stmt(Check *c, const LangUnit *made, LangUnit *unit)
{
	LangPos		pos = unit->pos;
	LangStmt   *stmt = new_stmt(c, made->returns->kind == LANG_VOID ? LANG_STMT_EXPR : LANG_STMT_RETURN, pos);
	LangExpr   *call = new_expr(c, LANG_EXPR_CALL, pos, made->returns);

	call->u.call.call_kind = LANG_CALL_METHOD;
	call->u.call.unit = unit;
	call->u.call.receiver = new_expr(c, LANG_EXPR_SELF, pos, made->dispatch_enum->type);
	call->u.call.n_args = made->n_params;
	call->u.call.args = KIT_NEW_N(c->arena, LangExpr *, made->n_params + 1);
	for (int i = 0; i < made->n_params; i++)
	{
		LangExpr   *arg = new_expr(c, LANG_EXPR_NAME, pos, made->locals[i]->type);

		arg->u.name.sym = made->locals[i]->name;
		arg->u.name.ref = (LangRef) {.kind = LANG_REF_LOCAL, .local = made->locals[i]};
		call->u.call.args[i] = arg;
	}
	stmt->u.expr = call;
	return stmt;
}

/* The declarations that are meant for the value, as a set of their numbers in order; reports that there are none, or too many. */
static int *
meant_for(Check *c, const Family *family, int value, int *n)
{
	const LangUnit *made = family->made->unit;
	const KitSym *name = family->of->names[value];
	int		   *which = KIT_NEW_N(c->arena, int, family->n_decls + 1);
	int			best = 0;

	*n = 0;
	for (int i = 0; i < family->n_decls; i++)
	{
		int			exactness = match(family->decls[i], name);

		if (exactness > best)
		{
			best = exactness;
			*n = 0;
		}
		if (exactness > 0 && exactness == best)
			which[(*n)++] = i;
	}
	if (*n > 1 && made->returns->kind != LANG_VOID)
	{
		const LangDecl *second = family->decls[which[1]];
		KitDiag    *diag = check_error(c, second->name.pos, "dispatch \"%s\" has two declarations for %s::%s", made->name->text,
									   family->of->name->text, name->text);

		kit_diag_detail(diag, "%s at %s and %s at %s; only what returns nothing may have several, which then all run.",
						value_text(c, family->decls[which[0]]), check_line_text(c, family->units[which[0]]->pos),
						value_text(c, second), check_line_text(c, family->units[which[1]]->pos));
	}
	return which;
}

/* Values for which the same declarations are meant. */
typedef struct Group
{
	int		   *which;
	int			n;
	LangStmt  **cases;
	int			n_cases;
	struct Group *next;
} Group;

static void
make_unit(Check *c, Family *family)
{
	LangUnit   *made = family->made->unit;
	LangStmt   *body = new_stmt(c, LANG_STMT_BLOCK, made->pos);
	Group	   *groups = NULL;
	Group	  **tail = &groups;
	KitBuf		missing;
	KitDiag    *diag;

	kit_buf_init(&missing, c->arena);
	for (int i = 0; i < family->of->n; i++)
	{
		int			n;
		int		   *which = meant_for(c, family, i, &n);
		Group	   *group = groups;
		LangStmt   *label = new_stmt(c, LANG_STMT_CASE, made->pos);

		if (n == 0 && missing.len < 150)
			kit_buf_printf(&missing, "%s%s::%s", missing.len == 0 ? "" : ", ", family->of->name->text, family->of->names[i]->text);
		while (group != NULL && (group->n != n || memcmp(group->which, which, sizeof(int) * (size_t) n) != 0))
			group = group->next;
		if (group == NULL)
		{
			group = KIT_NEW(c->arena, Group);
			group->which = which;
			group->n = n;
			*tail = group;
			tail = &group->next;
		}
		label->u.expr = new_expr(c, LANG_EXPR_ENUM, made->pos, family->of->type);
		label->u.expr->u.enumeration.enumeration = family->of;
		label->u.expr->u.enumeration.number = family->of->numbers[i];
		CHECK_PUSH(c->arena, group->cases, group->n_cases, label);
	}
	if (missing.len > 0)
	{
		diag = check_error(c, made->pos, "dispatch \"%s\" does not cover %s", made->name->text, missing.data);
		kit_diag_hint(diag, "Declare it for each value, or for all that are left: dispatch %s::* %s(...).", family->of->name->text,
					  made->name->text);
	}
	for (Group *g = groups; g != NULL; g = g->next)
	{
		/* the last group is for whatever is left: a number that no value has cannot come here */
		if (g->next == NULL)
			CHECK_PUSH(c->arena, body->u.block.items, body->u.block.n, new_stmt(c, LANG_STMT_DEFAULT, made->pos));
		for (int i = 0; i < g->n_cases && g->next != NULL; i++)
			CHECK_PUSH(c->arena, body->u.block.items, body->u.block.n, g->cases[i]);
		for (int i = 0; i < g->n; i++)
			CHECK_PUSH(c->arena, body->u.block.items, body->u.block.n, call_stmt(c, made, family->units[g->which[i]]));
		if (g->next != NULL)
			CHECK_PUSH(c->arena, body->u.block.items, body->u.block.n, new_stmt(c, LANG_STMT_BREAK, made->pos));
	}
	made->body = new_stmt(c, LANG_STMT_SWITCH, made->pos);
	made->body->u.branch.condition = new_expr(c, LANG_EXPR_SELF, made->pos, family->of->type);
	made->body->u.branch.yes = body;
	for (int i = family->n_units - 1; i >= 0; i--)
		check_add_edge(c, family->made, family->units[i], family->units[i]->pos);
}

void
check_declare_dispatches(Check *c)
{
	Family	   *families = NULL;

	for (int i = 0; i < c->tree->n; i++)
	{
		LangDecl   *d = c->tree->items[i];
		LangEnum   *e;
		LangUnit   *unit;

		if (d->kind != LANG_DECL_DISPATCH)
			continue;
		e = find_enum(c, d);
		unit = check_add_unit(c, LANG_UNIT_DISPATCH, d->name, d->pos, c->program->root,
							  d->u.function.returns == NULL ? CHECK_SIMPLE(c, LANG_VOID) :
							  check_type_ref(c, d->u.function.returns, CHECK_TYPE_RETURN), d->body, NULL);
		unit->dispatch_enum = e;
		check_add_params(c, unit, d->u.function.params, d->u.function.n_params);
		for (int k = 0; k < unit->n_params; k++)
			if (strcmp(unit->locals[k]->name->text, "self") == 0)
				check_error(c, unit->locals[k]->pos, "\"self\" is the value itself in a dispatch");
		if (e != NULL)
			add_to_family(c, find_family(c, &families, e, d, unit), d, unit);
	}
	for (Family *family = families; family != NULL; family = family->next)
		make_unit(c, family);
}
