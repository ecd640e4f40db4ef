/*
 * check_call.c
 *	  Calls: functions and procedures by name, methods of records and messages, built-in functions and methods; and indexing.
 *
 * What e.f(…) means follows from the type of e: a method that the program declares, else a method of the type, else a function
 * of the library that takes such a value first (s.trim() is String.trim(s)).  Overloads are tried in order: the first whose
 * parameters are exactly the arguments' types, else the first to which all arguments can be converted.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

void
check_args(Check *c, LangExpr *e)
{
	for (int i = 0; i < e->u.call.n_args; i++)
		check_expr(c, e->u.call.args[i], NULL);
}

bool
check_any_arg_refused(LangExpr *e)
{
	for (int i = 0; i < e->u.call.n_args; i++)
		if (CHECK_IS_ERROR(e->u.call.args[i]->type))
			return true;
	return false;
}

const char *
check_args_text(Check *c, LangExpr *e)
{
	KitBuf		out;

	kit_buf_init(&out, c->arena);
	kit_buf_add_char(&out, '(');
	for (int i = 0; i < e->u.call.n_args && out.len < 150; i++)
		kit_buf_printf(&out, "%s%s", i == 0 ? "" : ", ", e->u.call.args[i]->type->text);
	kit_buf_add_char(&out, ')');
	return out.data;
}

static const char *
params_text(Check *c, const LangUnit *unit)
{
	KitBuf		out;

	kit_buf_init(&out, c->arena);
	kit_buf_add_char(&out, '(');
	for (int i = 0; i < unit->n_params && out.len < 150; i++)
		kit_buf_printf(&out, "%s%s %s", i == 0 ? "" : ", ", unit->locals[i]->type->text, unit->locals[i]->name->text);
	kit_buf_add_char(&out, ')');
	return out.data;
}

/* ---- units of the program ---- */

static bool
args_fit(const LangUnit *unit, LangExpr *e, bool exactly)
{
	if (unit->n_params != e->u.call.n_args)
		return false;
	for (int i = 0; i < unit->n_params; i++)
	{
		LangFitting fitting;
		LangFit		fit = lang_type_fit(e->u.call.args[i]->type, unit->locals[i]->type, &fitting);

		if (fit == LANG_FITS_NOT || (exactly && fit != LANG_FITS_AS_IS))
			return false;
	}
	return true;
}

/* Checks the arguments and picks one of the overloads; NULL after an error. */
static CheckUnit *
pick_overload(Check *c, LangExpr *e, CheckUnit *first, LangPos pos)
{
	CheckUnit  *only = NULL;
	int			n_candidates = 0;
	KitDiag    *diag;

	for (CheckUnit *u = first; u != NULL; u = u->next_overload)
		if (u->unit->n_params == e->u.call.n_args)
		{
			only = u;
			n_candidates++;
		}
	if (n_candidates == 1)
	{
		bool		ok = true;

		for (int i = 0; i < only->unit->n_params; i++)
		{
			const LangType *type = only->unit->locals[i]->type;

			if (CHECK_IS_ERROR(check_expr(c, e->u.call.args[i], type)))
				ok = false;
			else if (type->kind == LANG_MAP && !only->unit->locals[i]->is_readonly && e->u.call.args[i]->type->kind == LANG_MAYBE &&
					 check_place_type(e->u.call.args[i]) != type)
				ok = check_convert(c, &e->u.call.args[i], type, "argument %d of \"%s\"", i + 1, only->unit->name->text);
			else if (!check_convert(c, &e->u.call.args[i], type, "argument %d of \"%s\"", i + 1, only->unit->name->text))
				ok = false;
		}
		return ok ? only : NULL;
	}
	check_args(c, e);
	if (check_any_arg_refused(e))
		return NULL;
	if (n_candidates == 0)
	{
		if (first->next_overload == NULL)
			diag = check_error(c, pos, "\"%s\" takes %d argument%s, not %d", first->unit->name->text, first->unit->n_params,
							   first->unit->n_params == 1 ? "" : "s", e->u.call.n_args);
		else
			diag = check_error(c, pos, "no \"%s\" takes %d argument%s", first->unit->name->text, e->u.call.n_args,
							   e->u.call.n_args == 1 ? "" : "s");
		kit_diag_detail(diag, "It is declared as %s%s at %s.", first->unit->name->text, params_text(c, first->unit),
						check_line_text(c, first->unit->pos));
		return NULL;
	}
	for (int exactly = 1; exactly >= 0; exactly--)
		for (CheckUnit *u = first; u != NULL; u = u->next_overload)
			if (args_fit(u->unit, e, exactly))
			{
				for (int i = 0; i < u->unit->n_params; i++)
					check_try_convert(c, &e->u.call.args[i], u->unit->locals[i]->type);
				return u;
			}
	diag = check_error(c, pos, "no \"%s\" takes %s", first->unit->name->text, check_args_text(c, e));
	kit_diag_detail(diag, "One of them is declared as %s%s at %s.", first->unit->name->text, params_text(c, first->unit),
					check_line_text(c, first->unit->pos));
	return NULL;
}

/* A message that is read-only must not reach a parameter that may be changed through. */
static void
check_mutable_args(Check *c, LangExpr *e, const LangUnit *unit)
{
	for (int i = 0; i < unit->n_params; i++)
	{
		LangLocal  *param = unit->locals[i];

		if (!param->is_readonly && param->type->kind == LANG_MAP)
			check_place(c, e->u.call.args[i], "change");
		else if (!param->is_readonly && (param->type->kind == LANG_MESSAGE || param->type->kind == LANG_TABLE) &&
				 check_is_read_only(e->u.call.args[i]))
		{
			KitDiag    *diag = check_error(c, e->u.call.args[i]->pos, "\"%s\" may change argument %d, which is read-only here",
										   unit->name->text, i + 1);

			kit_diag_detail(diag, "Parameter \"%s\" is declared mutable.", param->name->text);
		}
		else if (!param->is_readonly && check_is_rows(param->type))
			check_place_is_undone(c, e->u.call.args[i], "change");
	}
}

static const LangType *
call_unit(Check *c, LangExpr *e, CheckUnit *first, LangPos pos, LangCallKind kind, LangExpr *receiver)
{
	CheckUnit  *target = pick_overload(c, e, first, pos);
	const LangUnit *unit = c->cur->unit;

	if (target == NULL)
		return error_type(c);
	if ((target->unit->kind == LANG_UNIT_PROCEDURE || target->unit->kind == LANG_UNIT_DISPATCH) && !check_rules(unit).document)
	{
		KitDiag    *diag = check_error(c, pos, "%s cannot call %s", check_unit_text(c, unit), check_unit_text(c, target->unit));

		if (unit->kind == LANG_UNIT_FUNCTION)
			kit_diag_hint(diag, "Functions call only functions; make \"%s\" a procedure.", unit->name->text);
		else
			kit_diag_hint(diag, "Here only functions can be called.");
		return error_type(c);
	}
	check_mutable_args(c, e, target->unit);
	if (receiver != NULL && receiver->kind == LANG_EXPR_SELF)
		check_use_own_unit(c, target->unit, pos);
	else
		check_use_unit(c, target->unit, pos);
	e->u.call.call_kind = kind;
	e->u.call.unit = target->unit;
	e->u.call.receiver = receiver;
	return target->unit->returns;
}

/* ---- calls by name ---- */

static const LangType *
unknown_function(Check *c, LangExpr *e)
{
	LangExpr   *callee = e->u.call.callee;
	const KitSym *sym = callee->u.name.sym;
	const LangChannel *channel;
	CheckSuggestion s;
	KitDiag    *diag;

	check_args(c, e);
	if (check_resolve_name(c, callee))
	{
		diag = check_error(c, callee->pos, "\"%s\" is a variable or field, it cannot be called", sym->text);
		return error_type(c);
	}
	diag = check_error(c, callee->pos, "there is no function or procedure \"%s\"", sym->text);
	channel = check_name_find(c, CHECK_NAMES_CHANNELS, NULL, sym);
	if (channel != NULL)
	{
		kit_diag_hint(diag, channel->unit == NULL ? "It is a channel: people are asked by %s.fetch(who)." :
					  "\"%s\" is a channel: what its handler does and others shall do, too, goes into a procedure.", sym->text);
		return error_type(c);
	}
	check_suggest_start(c, &s, sym->text);
	check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, NULL);
	if (c->cur->unit->self != NULL)
		check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, c->cur->unit->self);
	if (check_suggest_or_foreign(&s, diag, check_foreign_hint("call", sym->text)))
		return error_type(c);
	for (int i = 0; i < c->program->n_enums; i++)
		if (check_name_find(c, CHECK_NAMES_CALLABLES, c->program->enums[i], sym) != NULL)
		{
			kit_diag_hint(diag, "It is dispatched on the values of %s: write x.%s(...).", c->program->enums[i]->name->text, sym->text);
			return error_type(c);
		}
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (strcmp(lang_builtins[i].name, sym->text) == 0)
		{
			if (lang_builtins[i].space[0] < 'a')
				kit_diag_hint(diag, "Did you mean %s.%s(...)?", lang_builtins[i].space, sym->text);
			else
				kit_diag_hint(diag, "It is a method: write x.%s(...).", sym->text);
			break;
		}
	return error_type(c);
}

static const LangType *
call_by_name(Check *c, LangExpr *e)
{
	LangExpr   *callee = e->u.call.callee;
	LangStruct *self = c->cur->unit->self;
	CheckUnit  *target = NULL;

	if (self != NULL && self->kind != LANG_STRUCT_ROOT)
	{
		target = check_name_find(c, CHECK_NAMES_CALLABLES, self, callee->u.name.sym);
		if (target != NULL)
		{
			LangExpr   *receiver = KIT_NEW(c->arena, LangExpr);

			receiver->kind = LANG_EXPR_SELF;
			receiver->pos = callee->pos;
			receiver->type = self->type;
			return call_unit(c, e, target, callee->pos, LANG_CALL_METHOD, receiver);
		}
	}
	target = check_name_find(c, CHECK_NAMES_CALLABLES, NULL, callee->u.name.sym);
	if (target == NULL)
		return unknown_function(c, e);
	return call_unit(c, e, target, callee->pos, LANG_CALL_UNIT, NULL);
}

/* ---- calls of members ---- */

/* Space.name(…) */
static const LangType *
call_in_namespace(Check *c, LangExpr *e, const char *space, LangName name)
{
	CheckBuiltinCall call = {.e = e, .name = name, .space = space};
	bool		known;
	const LangType *type = check_builtin(c, &call, &known);
	CheckSuggestion s;

	if (known)
		return type;
	check_args(c, e);
	check_suggest_start(c, &s, name.sym->text);
	check_suggest_builtins(&s, space);
	check_suggest_or_foreign(&s, check_error(c, name.pos, "there is no \"%s.%s\"", space, name.sym->text), check_foreign_hint(space, name.sym->text));
	return error_type(c);
}

/* The spaces whose functions are methods of a value of the type, NULL at the end. */
static void
method_spaces(const LangType *type, const char *spaces[5])
{
	int			n = 0;

	switch (type->kind)
	{
		case LANG_STRING:
			spaces[n++] = "String";
			spaces[n++] = "Dynamic";
			spaces[n++] = "Json";
			break;
		case LANG_DYNAMIC:
			spaces[n++] = "Dynamic";
			spaces[n++] = "dynamic";
			break;
		case LANG_JSON:
			spaces[n++] = "json";
			break;
		case LANG_TEXT:
			spaces[n++] = "text";
			break;
		case LANG_INT:
		case LANG_LONG:
		case LANG_DOUBLE:
			spaces[n++] = "Math";
			spaces[n++] = "String";
			spaces[n++] = "Dynamic";
			break;
		case LANG_COMPLEX:
			spaces[n++] = "complex";
			spaces[n++] = "Math";
			break;
		case LANG_ASSET:
			spaces[n++] = "asset";
			break;
		case LANG_DATE:
			spaces[n++] = "date";
			spaces[n++] = "Date";
			break;
		case LANG_TIME:
			spaces[n++] = "time";
			spaces[n++] = "Time";
			break;
		case LANG_DATETIME:
			spaces[n++] = "Date";
			break;
		case LANG_TIMESPAN:
			spaces[n++] = "TimeSpan";
			break;
		case LANG_BOOL:
			spaces[n++] = "Math";
			spaces[n++] = "String";
			spaces[n++] = "Dynamic";
			break;
		case LANG_PRINCIPAL:
			spaces[n++] = "Principal";
			break;
		case LANG_ENUM:
			spaces[n++] = "enum";
			break;
		case LANG_ARRAY:
			spaces[n++] = "array";
			spaces[n++] = "String";
			spaces[n++] = "Token";
			break;
		case LANG_LIST:
			spaces[n++] = "list";
			spaces[n++] = "Statistics";
			spaces[n++] = "String";
			spaces[n++] = "Token";
			break;
		case LANG_MAP:
			spaces[n++] = "map";
			break;
		case LANG_TABLE:
			spaces[n++] = "table";
			break;
		case LANG_RECORD:
			spaces[n++] = "record";
			break;
		case LANG_MESSAGE:
			spaces[n++] = "message";
			break;
		default:
			break;
	}
	spaces[n] = NULL;
}

/* Whether the first parameter of a function of the library is the type: only then is it a method of it. */
static bool
takes_first(const LangBuiltin *builtin, const LangType *type)
{
	const char *first = strchr(builtin->signature, '(') + 1;
	size_t		len = strlen(type->text);

	if (builtin->space[0] >= 'a')
		return true;			/* it is the type's own space */
	return strncmp(first, type->text, len) == 0 && (first[len] == ',' || first[len] == ')');
}

bool
check_has_builtin(const LangType *type, const char *name)
{
	const char *spaces[5];

	if (type->kind == LANG_MAYBE)
	{
		spaces[0] = "maybe";
		spaces[1] = NULL;
	}
	else
		method_spaces(type, spaces);
	for (int i = 0; spaces[i] != NULL; i++)
	{
		for (int k = 0; k < LANG_N_BUILTINS; k++)
			if (strcmp(lang_builtins[k].space, spaces[i]) == 0 && strcmp(lang_builtins[k].name, name) == 0 &&
				takes_first(&lang_builtins[k], type))
				return true;
		if (i == 0 && check_builtin_is_missing(spaces[i], name))
			return true;
	}
	return false;
}

static const LangType *
unknown_method(Check *c, LangExpr *e, const LangType *type, LangName name, const char *spaces[])
{
	CheckSuggestion s;
	KitDiag    *diag;
	const char *foreign = check_foreign_type_hint(type, name.sym->text);

	/* what is known as the method of another language has arguments of its own kind */
	if (foreign == NULL)
		check_args(c, e);
	diag = check_error(c, name.pos, "%s has no method \"%s\"", type->text, name.sym->text);
	if (check_type_is_structured(type) && check_name_find(c, CHECK_NAMES_FIELDS, type->structure, name.sym) != NULL)
	{
		kit_diag_hint(diag, "\"%s\" is a field: leave out the parentheses.", name.sym->text);
		return error_type(c);
	}
	check_suggest_start(c, &s, name.sym->text);
	for (int i = 0; spaces[i] != NULL; i++)
		if ((type->kind != LANG_LIST && type->kind != LANG_ARRAY) || spaces[i][0] >= 'a')
			check_suggest_builtins(&s, spaces[i]);
	if (type->kind == LANG_LIST && lang_type_is_numeric(type->a))
		check_suggest_builtins(&s, "Statistics");
	if (type->kind == LANG_MAYBE)
		check_suggest_builtins(&s, "maybe");
	if (check_type_is_structured(type))
		check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, type->structure);
	else if (type->kind == LANG_LIST && check_type_is_structured(type->a))
		check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, type->a->structure);
	else if (type->kind == LANG_ENUM)
		check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, type->enumeration);
	if (check_suggest_or_foreign(&s, diag, foreign))
		return error_type(c);
	if (type->kind == LANG_TABLE)
		kit_diag_hint(diag, "Rows are inserted by <- and read by \"iterate\"; the methods of a table are size and delete.");
	else if (type->kind == LANG_MAYBE && check_has_builtin(type->a, name.sym->text))
		kit_diag_hint(diag, "Unwrap it first: if (... as x) { x.%s(...); }.", name.sym->text);
	return error_type(c);
}

/* Maps and JSON have a method "has", too, which takes what is asked for. */
static bool
means_what_it_holds(const LangExpr *e, const LangType *maybe, LangName name)
{
	return (maybe->a->kind == LANG_MAP || maybe->a->kind == LANG_DYNAMIC) && e->u.call.n_args > 0 && strcmp(name.sym->text, "has") == 0;
}

/* What a method yields that is called on a maybe. */
static const LangType *
lift_result(Check *c, const LangType *type)
{
	return CHECK_IS_ERROR(type) || type->kind == LANG_VOID || type->kind == LANG_MAYBE ? type : lang_type_maybe(c->program, type);
}

static const LangType *
call_member(Check *c, LangExpr *e)
{
	LangExpr   *callee = e->u.call.callee;
	LangExpr   *operand = callee->u.field.operand;
	LangName	name = callee->u.field.name;
	CheckBuiltinCall call = {.e = e, .name = name, .receiver = operand};
	const LangType *type;
	const LangType *result;
	const char *spaces[5];
	LangChannel *channel;
	CheckUnit  *method;
	bool		known;

	if (operand->kind == LANG_EXPR_NAME && !check_resolve_name(c, operand))
	{
		const char *space = operand->u.name.sym->text;

		if (check_is_namespace(space))
			return call_in_namespace(c, e, space, name);
		channel = check_name_find(c, CHECK_NAMES_CHANNELS, NULL, operand->u.name.sym);
		if (channel != NULL)
			return check_channel_call(c, e, name, channel);
		if (check_is_channel_method(name.sym->text))
		{
			check_args(c, e);
			check_unknown_channel(c, (LangName) {operand->u.name.sym, operand->pos});
			return error_type(c);
		}
		if (space[0] >= 'A' && space[0] <= 'Z' && check_name_find(c, CHECK_NAMES_TYPES, NULL, operand->u.name.sym) == NULL)
		{
			CheckSuggestion s;

			check_args(c, e);
			check_suggest_start(c, &s, space);
			check_suggest_namespaces(&s);
			check_suggest_or_foreign(&s, check_error(c, operand->pos, "there is no \"%s\"", space), check_foreign_hint(space, name.sym->text));
			return error_type(c);
		}
	}
	type = check_expr(c, operand, NULL);
	if (CHECK_IS_ERROR(type))
	{
		check_args(c, e);
		return type;
	}
	if (type->kind == LANG_FUTURE || type->kind == LANG_RESULT || type->kind == LANG_CHANNEL)
		return check_asking_call(c, e, name, type);
	/* methods that the program declares */
	if (check_type_is_structured(type))
	{
		method = check_name_find(c, CHECK_NAMES_CALLABLES, type->structure, name.sym);
		if (method != NULL)
			return call_unit(c, e, method, name.pos, LANG_CALL_METHOD, operand);
	}
	if (type->kind == LANG_ENUM)
	{
		method = check_name_find(c, CHECK_NAMES_CALLABLES, type->enumeration, name.sym);
		if (method != NULL)
			return call_unit(c, e, method, name.pos, LANG_CALL_METHOD, operand);
	}
	if ((check_is_rows(type) || (type->kind == LANG_LIST && type->a->kind == LANG_MESSAGE)) && e->u.call.n_args == 0 && strcmp(name.sym->text, "delete") == 0 &&
		(type->kind == LANG_TABLE || check_name_find(c, CHECK_NAMES_CALLABLES, type->a->structure, name.sym) == NULL))
		return check_rows_delete(c, e, operand, name);
	if (type->kind == LANG_MAYBE && type->a->kind == LANG_MAP && strcmp(name.sym->text, "insert") == 0)
		type = check_place_type(operand);	/* the map within a map is made when it is not there */
	/* methods of the type */
	call.of = type->a;
	if (type->kind == LANG_LIST && (strcmp(name.sym->text, "flatten") == 0 || strcmp(name.sym->text, "manifest") == 0) && type->a->a != NULL &&
		type->a->kind != LANG_MAP)
		call.of = type->a->a;	/* of a list of lists, of maybes */
	method_spaces(type->kind == LANG_MAYBE ? type->a : type, spaces);
	if (type->kind == LANG_MAYBE && !means_what_it_holds(e, type, name))
	{
		call.space = "maybe";
		result = check_builtin(c, &call, &known);
		if (known)
			return result;
		if (check_type_is_structured(type->a))
		{
			method = check_name_find(c, CHECK_NAMES_CALLABLES, type->a->structure, name.sym);
			if (method != NULL)
				return lift_result(c, call_unit(c, e, method, name.pos, LANG_CALL_MAYBE_METHOD, operand));
			spaces[0] = NULL;
		}
		else if (type->a->kind == LANG_LIST || type->a->kind == LANG_ARRAY || type->a->kind == LANG_ENUM)
			spaces[0] = NULL;
	}
	if (type->kind == LANG_MAP || (type->kind == LANG_MAYBE && type->a->kind == LANG_MAP))
		call.of = type->kind == LANG_MAP ? type : type->a;
	for (int i = 0; spaces[i] != NULL; i++)
	{
		call.space = spaces[i];
		/* libraries that have something for some lists only */
		if ((type->kind == LANG_LIST || type->kind == LANG_ARRAY) && spaces[i][0] < 'a' &&
			!check_builtin_takes(c, spaces[i], name.sym->text, type))
			continue;
		result = check_builtin(c, &call, &known);
		if (known)
			return result;
	}
	/* each element of a list */
	if (type->kind == LANG_LIST && check_type_is_structured(type->a))
	{
		method = check_name_find(c, CHECK_NAMES_CALLABLES, type->a->structure, name.sym);
		if (method != NULL)
		{
			result = call_unit(c, e, method, name.pos, LANG_CALL_LIST_METHOD, operand);
			return CHECK_IS_ERROR(result) || result->kind == LANG_VOID ? result : lang_type_list(c->program, result);
		}
	}
	return unknown_method(c, e, type, name, spaces);
}

const LangType *
check_call(Check *c, LangExpr *e)
{
	switch (e->u.call.callee->kind)
	{
		case LANG_EXPR_NAME:
			return call_by_name(c, e);
		case LANG_EXPR_FIELD:
			return call_member(c, e);
		default:
			check_args(c, e);
			check_error(c, e->pos, "only functions, procedures and methods can be called");
			return error_type(c);
	}
}

/* ---- [ ] ---- */

const LangType *
check_index(Check *c, LangExpr *e)
{
	const LangType *type = check_expr(c, e->u.call.callee, NULL);
	KitDiag    *diag;

	check_args(c, e);
	if (CHECK_IS_ERROR(type) || check_any_arg_refused(e))
		return error_type(c);
	if (e->u.call.n_args != 1)
	{
		check_unsupported(c, e->pos, "indexing by %d values", e->u.call.n_args);
		return error_type(c);
	}
	switch (type->kind)
	{
		case LANG_TABLE:
			if (check_is_rows(type))
			{
				diag = check_error(c, e->pos, "a table of messages cannot be indexed: its rows have no ids");
				kit_diag_hint(diag, "Search it, or take a row by its place: (iterate ... where ...)[0].");
				return error_type(c);
			}
			if (!check_convert(c, &e->u.call.args[0], CHECK_SIMPLE(c, LANG_INT), "id of a row"))
				return error_type(c);
			e->u.call.call_kind = LANG_CALL_TABLE_GET;
			break;
		case LANG_LIST:
		case LANG_ARRAY:
			if (!check_convert(c, &e->u.call.args[0], CHECK_SIMPLE(c, LANG_INT), "index"))
				return error_type(c);
			e->u.call.call_kind = LANG_CALL_ELEMENT;
			break;
		case LANG_MAP:
			return check_map_get(c, e, type);
		case LANG_MAYBE:
			if (type->a->kind == LANG_MAP)
				return check_map_get(c, e, type->a);	/* of a map within a map */
			/* fall through */
		default:
			diag = check_error(c, e->pos, "%s cannot be indexed", type->text);
			if (check_hint_await(diag, type))
				;
			else if (type->kind == LANG_MAYBE)
				kit_diag_hint(diag, "Unwrap it first: if (... as x) { x[...] }.");
			else if (type->kind == LANG_STRING)
				kit_diag_hint(diag, "A part of a string is .substr(start, end).");
			return error_type(c);
	}
	e->u.call.receiver = e->u.call.callee;
	return type->a->kind == LANG_MAYBE ? type->a : lang_type_maybe(c->program, type->a);
}
