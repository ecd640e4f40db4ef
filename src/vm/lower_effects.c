/*
 * lower_effects.c
 *	  What evaluating an expression does besides yielding a value: decides what may be evaluated earlier, later or not at all.
 */
#include "lang/walk.h"
#include "vm/lower.h"

/* Whether it may change what it is given, without changing the document. */
static bool
changes_arguments(const LangUnit *unit)
{
	for (int i = 0; i < unit->n_params; i++)
	{
		const LangType *type = unit->locals[i]->type;

		if (!unit->locals[i]->is_readonly && (type->kind == LANG_MESSAGE || type->kind == LANG_MAP || type->kind == LANG_TABLE))
			return true;
	}
	return false;
}

static void
collect_effects(const LangExpr *e, void *arg)
{
	int		   *effects = arg;

	switch (e->kind)
	{
		case LANG_EXPR_ASSIGN_OP:
			*effects |= LOWER_ASSIGNS | LANG_WRITES;
			break;
		case LANG_EXPR_PREFIX:
		case LANG_EXPR_POSTFIX:
			if (e->u.unary.op == LANG_OP_INCREMENT || e->u.unary.op == LANG_OP_DECREMENT)
				*effects |= LOWER_ASSIGNS | LANG_WRITES;
			break;
		case LANG_EXPR_LINQ:
			if (e->u.linq.kind == LANG_LINQ_SHUFFLE)
				*effects |= LANG_READS_RANDOM;
			break;
		case LANG_EXPR_CALL:
			*effects |= LOWER_CALLS;
			if (e->u.call.unit != NULL)
				*effects |= e->u.call.unit->reads | (changes_arguments(e->u.call.unit) ? LOWER_ASSIGNS | LANG_WRITES : 0);
			if (e->u.call.builtin != NULL)
			{
				*effects |= e->u.call.builtin->reads;
				switch (e->u.call.builtin->id)
				{
					case LANG_BUILTIN_MAYBE_DELETE:
					case LANG_BUILTIN_MAP_REMOVE:
					case LANG_BUILTIN_MAP_CLEAR:
					case LANG_BUILTIN_MAP_INSERT:
					case LANG_BUILTIN_MESSAGE_INGEST_DYNAMIC:
					case LANG_BUILTIN_MESSAGE_RESET:
					case LANG_BUILTIN_TEXT_APPEND:
					case LANG_BUILTIN_TEXT_COMPACT:
						*effects |= LOWER_ASSIGNS | LANG_WRITES;
						break;
					default:
						break;
				}
			}
			break;
		case LANG_EXPR_NAME:
			if (e->u.name.ref.field != NULL && e->u.name.ref.field->kind != LANG_STORED_FIELD)
				*effects |= LOWER_CALLS | e->u.name.ref.field->unit->reads;
			break;
		case LANG_EXPR_FIELD:
			if (e->u.field.field != NULL && e->u.field.field->kind != LANG_STORED_FIELD)
				*effects |= LOWER_CALLS | e->u.field.field->unit->reads;
			break;
		default:
			break;
	}
	lang_each_part(e, collect_effects, arg);
}

int
lower_effects(const LangExpr *e)
{
	int			effects = 0;

	collect_effects(e, &effects);
	return effects;
}

bool
lower_is_pure(const LangExpr *e)
{
	return (lower_effects(e) & (LANG_WRITES | LANG_ABORTS | LANG_READS_RANDOM | LANG_LOGS | LOWER_ASSIGNS)) == 0;
}

typedef struct LocalSearch
{
	const LangLocal *local;
	bool		found;
} LocalSearch;

static void
search_local(const LangExpr *e, void *arg)
{
	LocalSearch *search = arg;

	if (e->kind == LANG_EXPR_NAME && e->u.name.ref.local == search->local)
		search->found = true;
	if (!search->found)
		lang_each_part(e, search_local, arg);
}

bool
lower_reads_local(const LangExpr *e, const LangLocal *local)
{
	LocalSearch search = {local, false};

	search_local(e, &search);
	return search.found;
}
