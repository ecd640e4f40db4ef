/*
 * check_call.c
 *	  Calls: functions and procedures by name, methods of records and messages, built-in functions and methods; and indexing.
 *
 * What e.f(…) means follows from the type of e: a method that the program declares, else a method of the type, else a function of the library that
 * takes such a value first (s.trim() is String.trim(s)).  Overloads are tried in order: the first whose parameters are exactly the
 * arguments' types, else the first to which all arguments can be converted.
 */
#include <string.h>

#include "lang/check_internal.h"

#define MAX_PARAMS 8			/* of a built-in, the receiver included */

/* "record" and "enum" in signatures: any one. */
static const LangType any_record = {.kind = LANG_RECORD, .text = "a record"};
static const LangType any_enum = {.kind = LANG_ENUM, .text = "a value of an enumeration"};

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

static void
check_args(Check *c, LangExpr *e)
{
	for (int i = 0; i < e->u.call.n_args; i++)
		check_expr(c, e->u.call.args[i], NULL);
}

static bool
any_arg_refused(LangExpr *e)
{
	for (int i = 0; i < e->u.call.n_args; i++)
		if (CHECK_IS_ERROR(e->u.call.args[i]->type))
			return true;
	return false;
}

/* "(int, string)" */
static const char *
args_text(Check *c, LangExpr *e)
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
			else if (!check_convert(c, &e->u.call.args[i], type, "argument %d of \"%s\"", i + 1, only->unit->name->text))
				ok = false;
		}
		return ok ? only : NULL;
	}
	check_args(c, e);
	if (any_arg_refused(e))
		return NULL;
	if (n_candidates == 0)
	{
		if (first->next_overload == NULL)
			diag = check_error(c, pos, "\"%s\" takes %d argument%s, not %d", first->unit->name->text, first->unit->n_params,
							   first->unit->n_params == 1 ? "" : "s", e->u.call.n_args);
		else
			diag = check_error(c, pos, "no \"%s\" takes %d argument%s", first->unit->name->text, e->u.call.n_args, e->u.call.n_args == 1 ? "" : "s");
		kit_diag_detail(diag, "It is declared as %s%s at line %d.", first->unit->name->text, params_text(c, first->unit), first->unit->pos.line);
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
	diag = check_error(c, pos, "no \"%s\" takes %s", first->unit->name->text, args_text(c, e));
	kit_diag_detail(diag, "One of them is declared as %s%s at line %d.", first->unit->name->text, params_text(c, first->unit), first->unit->pos.line);
	return NULL;
}

/* A message that is read-only must not reach a parameter that may be changed through. */
static void
check_mutable_args(Check *c, LangExpr *e, const LangUnit *unit)
{
	for (int i = 0; i < unit->n_params; i++)
	{
		LangLocal  *param = unit->locals[i];

		if (!param->is_readonly && (param->type->kind == LANG_MESSAGE || param->type->kind == LANG_TABLE) && check_is_read_only(e->u.call.args[i]))
		{
			KitDiag    *diag = check_error(c, e->u.call.args[i]->pos, "\"%s\" may change argument %d, which is read-only here", unit->name->text, i + 1);

			kit_diag_detail(diag, "Parameter \"%s\" is declared mutable.", param->name->text);
		}
	}
}

static const LangType *
call_unit(Check *c, LangExpr *e, CheckUnit *first, LangPos pos, LangCallKind kind, LangExpr *receiver)
{
	CheckUnit  *target = pick_overload(c, e, first, pos);
	const LangUnit *unit = c->cur->unit;

	if (target == NULL)
		return error_type(c);
	if (target->unit->kind == LANG_UNIT_PROCEDURE && !check_rules(unit).document)
	{
		KitDiag    *diag = check_error(c, pos, "%s cannot call %s", check_unit_text(c, unit), check_unit_text(c, target->unit));

		if (unit->kind == LANG_UNIT_FUNCTION)
			kit_diag_hint(diag, "Functions call only functions; make \"%s\" a procedure.", unit->name->text);
		else
			kit_diag_hint(diag, "Here only functions can be called.");
		return error_type(c);
	}
	check_mutable_args(c, e, target->unit);
	check_use_unit(c, target->unit, pos);
	e->u.call.call_kind = kind;
	e->u.call.unit = target->unit;
	e->u.call.receiver = receiver;
	return target->unit->returns;
}

/* ---- built-ins ---- */

typedef struct Signature
{
	const LangType *params[MAX_PARAMS];
	int			n;
	const LangType *result;
	bool		lifts;
} Signature;

/* Reads one type of a signature and moves *text behind it.  of: what T and R stand for. */
static const LangType *
signature_type(Check *c, const char **text, const LangType *of)
{
	const char *start = *text;
	const char *end = start;
	size_t		len;
	const LangType *type = NULL;

	while ((*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z') || *end == '_')
		end++;
	len = (size_t) (end - start);
#define IS(word) (len == sizeof(word) - 1 && memcmp(start, word, len) == 0)
	if (IS("T") || IS("R"))
		type = of;
	else if (IS("record"))
		type = &any_record;
	else if (IS("enum"))
		type = &any_enum;
	else if (IS("void"))
		type = CHECK_SIMPLE(c, LANG_VOID);
	else
		for (int kind = LANG_BOOL; kind < LANG_N_TYPES && type == NULL; kind++)
			if (strlen(lang_type_word(kind)) == len && memcmp(lang_type_word(kind), start, len) == 0)
			{
				if (*end == '<')
				{
					const LangType *inner;

					end++;
					inner = signature_type(c, &end, of);
					ADAMA_ASSERT(*end == '>');
					end++;
					type = inner == NULL ? NULL : lang_type_make(c->program, kind, inner, NULL, NULL, NULL);
					*text = end;
					return type;
				}
				type = CHECK_SIMPLE(c, kind);
			}
#undef IS
	if (end[0] == '[' && end[1] == ']')
	{
		end += 2;
		type = type == NULL ? NULL : lang_type_array(c->program, type);
	}
	*text = end;
	return type;
}

static void
read_signature(Check *c, const LangBuiltin *builtin, const LangType *of, Signature *s)
{
	const char *p = builtin->signature;

	s->lifts = *p == '?';
	p += s->lifts;
	s->n = 0;
	p++;						/* ( */
	while (*p != ')')
	{
		p += *p == ',';
		s->params[s->n++] = signature_type(c, &p, of);
	}
	p++;
	s->result = signature_type(c, &p, of);
}

static LangFit
builtin_arg_fit(Check *c, const Signature *s, int i, const LangType *arg)
{
	const LangType *param = s->params[i];
	LangFitting fitting;

	if (param == NULL)
		return LANG_FITS_NOT;
	if (param == &any_record || param == &any_enum)
		return arg->kind == param->kind ? LANG_FITS_AS_IS : LANG_FITS_NOT;
	if (param->a == &any_record)
		return arg->kind == param->kind && arg->a->kind == LANG_RECORD ? LANG_FITS_AS_IS : LANG_FITS_NOT;
	if (s->lifts && arg->kind == LANG_MAYBE)
		return lang_type_fit(arg, lang_type_maybe(c->program, param), &fitting);
	return lang_type_fit(arg, param, &fitting);
}

/* One call of a built-in: the name, and all values it is given. */
typedef struct BuiltinCall
{
	LangExpr   *e;
	LangExpr   *receiver;		/* checked already; NULL for Space.name(…) */
	LangName	name;
	const char *space;
	const LangType *of;			/* T, R */
} BuiltinCall;

static LangExpr **
arg_slot(BuiltinCall *call, int i)
{
	if (call->receiver == NULL)
		return &call->e->u.call.args[i];
	return i == 0 ? &call->receiver : &call->e->u.call.args[i - 1];
}

static const LangType *
finish_builtin(Check *c, BuiltinCall *call, const LangBuiltin *builtin, const Signature *s)
{
	LangExpr   *e = call->e;
	bool		is_lifted = false;
	const char *what;

	if (builtin->id == LANG_BUILTIN_MAYBE_DELETE && !check_place(c, call->receiver, "empty"))
		return error_type(c);
	for (int i = 0; i < s->n; i++)
	{
		LangExpr  **slot = arg_slot(call, i);
		const LangType *type = (*slot)->type;

		if (s->params[i] == &any_record || s->params[i] == &any_enum || s->params[i]->a == &any_record)
			continue;
		if (s->lifts && type->kind == LANG_MAYBE)
		{
			is_lifted = true;
			check_try_convert(c, slot, lang_type_maybe(c->program, s->params[i]));
		}
		else
			check_try_convert(c, slot, s->params[i]);
	}
	e->u.call.call_kind = is_lifted ? LANG_CALL_BUILTIN_MAYBE : LANG_CALL_BUILTIN;
	e->u.call.builtin = builtin;
	e->u.call.receiver = call->receiver;
	what = check_printf(c, "calls %s.%s", builtin->space, builtin->name);
	for (int bit = 1; bit < 1 << CHECK_N_EFFECTS; bit <<= 1)
		if (builtin->reads & bit)
			check_effect(c, bit, call->name.pos, what);
	return is_lifted && s->result->kind != LANG_MAYBE ? lang_type_maybe(c->program, s->result) : s->result;
}

/* Calls the built-in of that space and name that takes the values; *known is false when there is none of that name. */
static const LangType *
call_builtin(Check *c, BuiltinCall *call, bool *known)
{
	LangExpr   *e = call->e;
	int			n_given = e->u.call.n_args + (call->receiver != NULL);
	const LangBuiltin *of_name = NULL;
	const LangBuiltin *only = NULL;
	int			n_candidates = 0;
	Signature	s;

	*known = true;
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (strcmp(lang_builtins[i].space, call->space) == 0 && strcmp(lang_builtins[i].name, call->name.sym->text) == 0)
		{
			of_name = &lang_builtins[i];
			read_signature(c, of_name, call->of, &s);
			if (s.n == n_given)
			{
				only = of_name;
				n_candidates++;
			}
		}
	if (of_name == NULL)
	{
		if (!check_builtin_is_missing(call->space, call->name.sym->text))
		{
			*known = false;
			return error_type(c);
		}
		check_unsupported(c, call->name.pos, "\"%s.%s\"", call->space, call->name.sym->text);
		return error_type(c);
	}
	if (n_candidates == 1)
		read_signature(c, only, call->of, &s);
	for (int i = 0; i < e->u.call.n_args; i++)
		check_expr(c, e->u.call.args[i], n_candidates == 1 ? s.params[n_given - e->u.call.n_args + i] : NULL);
	if (any_arg_refused(e))
		return error_type(c);
	if (n_candidates == 0)
	{
		KitDiag    *diag;

		read_signature(c, of_name, call->of, &s);
		s.n -= call->receiver != NULL;
		diag = check_error(c, call->name.pos, "\"%s\" takes %d argument%s, not %d", of_name->name, s.n, s.n == 1 ? "" : "s", e->u.call.n_args);
		kit_diag_detail(diag, "It gives %s.", of_name->doc);
		return error_type(c);
	}
	for (int exactly = 1; exactly >= 0; exactly--)
		for (int i = 0; i < LANG_N_BUILTINS; i++)
		{
			const LangBuiltin *b = &lang_builtins[i];
			bool		fits;

			if (strcmp(b->space, call->space) != 0 || strcmp(b->name, call->name.sym->text) != 0)
				continue;
			read_signature(c, b, call->of, &s);
			fits = s.n == n_given;
			for (int k = 0; k < s.n && fits; k++)
			{
				LangFit		fit = builtin_arg_fit(c, &s, k, (*arg_slot(call, k))->type);

				fits = fit == LANG_FITS_AS_IS || (fit == LANG_FITS_CONVERTED && !exactly);
			}
			if (fits)
				return finish_builtin(c, call, b, &s);
		}
	if (n_candidates == 1)
	{
		read_signature(c, only, call->of, &s);
		for (int k = 0; k < s.n; k++)
		{
			const LangType *type = (*arg_slot(call, k))->type;

			if (builtin_arg_fit(c, &s, k, type) != LANG_FITS_NOT)
				continue;
			if (call->receiver != NULL && k == 0)
				check_error(c, call->name.pos, "\"%s\" is called on %s, not on %s", only->name, s.params[k] == NULL ? "that" : s.params[k]->text, type->text);
			else
				check_convert(c, arg_slot(call, k), s.params[k], "argument %d of \"%s\"", call->receiver == NULL ? k + 1 : k, only->name);
			return error_type(c);
		}
	}
	check_error(c, call->name.pos, "no \"%s\" takes %s%s%s", call->name.sym->text, call->receiver == NULL ? "" : call->receiver->type->text,
				call->receiver == NULL ? "" : " and ", args_text(c, e));
	return error_type(c);
}

/* ---- calls by name ---- */

static const LangType *
unknown_function(Check *c, LangExpr *e)
{
	LangExpr   *callee = e->u.call.callee;
	const KitSym *sym = callee->u.name.sym;
	CheckSuggestion s;
	KitDiag    *diag;

	check_args(c, e);
	if (check_resolve_name(c, callee))
	{
		diag = check_error(c, callee->pos, "\"%s\" is a variable or field, it cannot be called", sym->text);
		return error_type(c);
	}
	diag = check_error(c, callee->pos, "there is no function or procedure \"%s\"", sym->text);
	check_suggest_start(c, &s, sym->text);
	check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, NULL);
	if (c->cur->unit->self != NULL)
		check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, c->cur->unit->self);
	if (check_suggest_hint(&s, diag))
		return error_type(c);
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
	BuiltinCall call = {.e = e, .name = name, .space = space};
	bool		known;
	const LangType *type = call_builtin(c, &call, &known);
	CheckSuggestion s;

	if (known)
		return type;
	check_args(c, e);
	check_suggest_start(c, &s, name.sym->text);
	check_suggest_builtins(&s, space);
	check_suggest_hint(&s, check_error(c, name.pos, "there is no \"%s.%s\"", space, name.sym->text));
	return error_type(c);
}

/* The spaces whose functions are methods of a value of the type, NULL at the end. */
static void
method_spaces(const LangType *type, const char *spaces[4])
{
	int			n = 0;

	switch (type->kind)
	{
		case LANG_STRING:
			spaces[n++] = "String";
			break;
		case LANG_INT:
		case LANG_LONG:
		case LANG_DOUBLE:
			spaces[n++] = "Math";
			spaces[n++] = "String";
			break;
		case LANG_BOOL:
			spaces[n++] = "String";
			break;
		case LANG_PRINCIPAL:
			spaces[n++] = "Principal";
			break;
		case LANG_ENUM:
			spaces[n++] = "enum";
			break;
		case LANG_ARRAY:
			spaces[n++] = "array";
			break;
		case LANG_LIST:
			spaces[n++] = "list";
			if (lang_type_is_numeric(type->a))
				spaces[n++] = "Statistics";
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

static const LangType *
unknown_method(Check *c, LangExpr *e, const LangType *type, LangName name, const char *spaces[])
{
	CheckSuggestion s;
	KitDiag    *diag;

	check_args(c, e);
	diag = check_error(c, name.pos, "%s has no method \"%s\"", type->text, name.sym->text);
	if (check_type_is_structured(type) && check_name_find(c, CHECK_NAMES_FIELDS, type->structure, name.sym) != NULL)
	{
		kit_diag_hint(diag, "\"%s\" is a field: leave out the parentheses.", name.sym->text);
		return error_type(c);
	}
	check_suggest_start(c, &s, name.sym->text);
	for (int i = 0; spaces[i] != NULL; i++)
		check_suggest_builtins(&s, spaces[i]);
	if (type->kind == LANG_MAYBE)
		check_suggest_builtins(&s, "maybe");
	if (check_type_is_structured(type))
		check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, type->structure);
	else if (type->kind == LANG_LIST && check_type_is_structured(type->a))
		check_suggest_names(c, &s, CHECK_NAMES_CALLABLES, type->a->structure);
	if (check_suggest_hint(&s, diag))
		return error_type(c);
	if (strcmp(name.sym->text, "length") == 0 || strcmp(name.sym->text, "count") == 0)
	{
		if (type->kind == LANG_LIST || type->kind == LANG_TABLE || type->kind == LANG_ARRAY)
			kit_diag_hint(diag, "Did you mean \"size\"?");
	}
	else if (type->kind == LANG_TABLE)
		kit_diag_hint(diag, "The methods of a table are size and delete; its rows are iterate ....");
	else if (type->kind == LANG_MAYBE)
		kit_diag_hint(diag, "Unwrap it first: if (... as x) { x.%s(...); }.", name.sym->text);
	return error_type(c);
}

static const LangType *
call_member(Check *c, LangExpr *e)
{
	LangExpr   *callee = e->u.call.callee;
	LangExpr   *operand = callee->u.field.operand;
	LangName	name = callee->u.field.name;
	BuiltinCall call = {.e = e, .name = name, .receiver = operand};
	const LangType *type;
	const LangType *result;
	const char *spaces[4];
	CheckUnit  *method;
	bool		known;

	if (operand->kind == LANG_EXPR_NAME && !check_resolve_name(c, operand))
	{
		const char *space = operand->u.name.sym->text;

		if (check_is_namespace(space))
			return call_in_namespace(c, e, space, name);
		if (check_name_find(c, CHECK_NAMES_CHANNELS, NULL, operand->u.name.sym) != NULL)
		{
			check_args(c, e);
			check_unsupported(c, name.pos, "\"%s\" of a channel", name.sym->text);
			return error_type(c);
		}
		if (space[0] >= 'A' && space[0] <= 'Z' && check_name_find(c, CHECK_NAMES_TYPES, NULL, operand->u.name.sym) == NULL)
		{
			CheckSuggestion s;

			check_args(c, e);
			check_suggest_start(c, &s, space);
			check_suggest_namespaces(&s);
			check_suggest_hint(&s, check_error(c, operand->pos, "there is no \"%s\"", space));
			return error_type(c);
		}
	}
	type = check_expr(c, operand, NULL);
	if (CHECK_IS_ERROR(type))
	{
		check_args(c, e);
		return type;
	}
	/* methods that the program declares */
	if (check_type_is_structured(type))
	{
		method = check_name_find(c, CHECK_NAMES_CALLABLES, type->structure, name.sym);
		if (method != NULL)
			return call_unit(c, e, method, name.pos, LANG_CALL_METHOD, operand);
	}
	/* methods of the type */
	call.of = type->a;
	call.space = type->kind == LANG_MAYBE ? "maybe" : NULL;
	method_spaces(type->kind == LANG_MAYBE ? type->a : type, spaces);
	if (call.space != NULL)
	{
		result = call_builtin(c, &call, &known);
		if (known)
			return result;
		if (check_type_is_structured(type->a))
		{
			method = check_name_find(c, CHECK_NAMES_CALLABLES, type->a->structure, name.sym);
			if (method != NULL)
			{
				check_args(c, e);
				kit_diag_hint(check_unsupported(c, name.pos, "a method called on a maybe"), "Unwrap it first: if (... as x) { x.%s(...); }.", name.sym->text);
				return error_type(c);
			}
			spaces[0] = NULL;
		}
		else if (type->a->kind == LANG_LIST || type->a->kind == LANG_ARRAY || type->a->kind == LANG_ENUM)
			spaces[0] = NULL;
	}
	for (int i = 0; spaces[i] != NULL; i++)
	{
		call.space = spaces[i];
		result = call_builtin(c, &call, &known);
		if (known)
			return result;
	}
	/* each element of a list */
	if (type->kind == LANG_LIST && type->a->kind == LANG_RECORD)
	{
		method = check_name_find(c, CHECK_NAMES_CALLABLES, type->a->structure, name.sym);
		if (method != NULL)
		{
			result = call_unit(c, e, method, name.pos, LANG_CALL_LIST_METHOD, operand);
			if (!CHECK_IS_ERROR(result) && result->kind != LANG_VOID)
			{
				check_unsupported(c, name.pos, "a method that returns a value, called on a list,");
				return error_type(c);
			}
			return result;
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
	if (CHECK_IS_ERROR(type) || any_arg_refused(e))
		return error_type(c);
	if (e->u.call.n_args != 1)
	{
		check_unsupported(c, e->pos, "indexing by %d values", e->u.call.n_args);
		return error_type(c);
	}
	switch (type->kind)
	{
		case LANG_TABLE:
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
		default:
			diag = check_error(c, e->pos, "%s cannot be indexed", type->text);
			if (type->kind == LANG_MAYBE)
				kit_diag_hint(diag, "Unwrap it first: if (... as x) { x[...] }.");
			else if (type->kind == LANG_STRING)
				kit_diag_hint(diag, "A part of a string is .substr(start, end).");
			return error_type(c);
	}
	e->u.call.receiver = e->u.call.callee;
	return type->a->kind == LANG_MAYBE ? type->a : lang_type_maybe(c->program, type->a);
}
