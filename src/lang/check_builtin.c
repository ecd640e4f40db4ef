/*
 * check_builtin.c
 *	  Calls of what the language brings along: signatures read from their text, overloads, arguments that are maybes.
 */
#include <string.h>

#include "lang/check_internal.h"

#define MAX_PARAMS 8			/* of a built-in, the receiver included */

/* "record", "message" and "enum" in signatures: any one. */
static const LangType any_record = {.kind = LANG_RECORD, .text = "a record"};
static const LangType any_message = {.kind = LANG_MESSAGE, .text = "a message"};
static const LangType any_enum = {.kind = LANG_ENUM, .text = "a value of an enumeration"};

static const LangType *
error_type(Check *c)
{
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

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
	else if (of != NULL && of->kind == LANG_MAP && (IS("K") || IS("V")))
		type = IS("K") ? of->a : of->b;
	else if (of != NULL && of->kind == LANG_MAP && (IS("map") || IS("pair")))
	{
		*text = strchr(start, '>') + 1;
		return IS("map") ? of : of->items[0];
	}
	else if (IS("record"))
		type = &any_record;
	else if (IS("message"))
		type = &any_message;
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
					if (*end == ',' && kind == LANG_MAP)
					{
						end++;
						type = check_type_map(c, inner, signature_type(c, &end, of));
						*text = end + 1;
						return type;
					}
					ADAMA_ASSERT(*end == '>');
					end++;
					if (inner != NULL && inner->kind == LANG_MAYBE && kind == LANG_MAYBE)
						type = inner;
					else
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
	if (param == &any_record || param == &any_message || param == &any_enum)
		return arg->kind == param->kind ? LANG_FITS_AS_IS : LANG_FITS_NOT;
	if (param->a == &any_record)
		return arg->kind == param->kind && arg->a->kind == LANG_RECORD ? LANG_FITS_AS_IS : LANG_FITS_NOT;
	if (param->kind == LANG_TEXT && arg->kind == LANG_TEXT)
		return LANG_FITS_AS_IS;		/* where it is; as a value it fits nothing */
	if (s->lifts && arg->kind == LANG_MAYBE)
		return lang_type_fit(arg, lang_type_maybe(c->program, param), &fitting);
	return lang_type_fit(arg, param, &fitting);
}

static LangExpr **
arg_slot(CheckBuiltinCall *call, int i)
{
	if (call->receiver == NULL)
		return &call->e->u.call.args[i];
	return i == 0 ? &call->receiver : &call->e->u.call.args[i - 1];
}

/* What the program has, because it calls this. */
static void
note_builtin(Check *c, LangBuiltinId id)
{
	switch (id)
	{
		case LANG_BUILTIN_DOCUMENT_REWIND:
			c->program->rewinds = true;
			break;
		case LANG_BUILTIN_DOCUMENT_DISCONNECT:
		case LANG_BUILTIN_VIEW_STATE_MERGE:
		case LANG_BUILTIN_VIEW_STATE_GOTO:
		case LANG_BUILTIN_VIEW_STATE_SEND:
		case LANG_BUILTIN_VIEW_STATE_LOG:
		case LANG_BUILTIN_MESSAGING_SEND:
		case LANG_BUILTIN_MESSAGING_BROADCAST:
			c->program->has_effects = true;
			break;
		default:
			break;
	}
}

static const LangType *
finish_builtin(Check *c, CheckBuiltinCall *call, const LangBuiltin *builtin, const Signature *s)
{
	LangExpr   *e = call->e;
	bool		is_lifted = false;
	const char *what;

	switch (builtin->id)
	{
		case LANG_BUILTIN_MAYBE_DELETE:
			if (!check_place(c, call->receiver, "empty"))
				return error_type(c);
			break;
		case LANG_BUILTIN_TEXT_APPEND:
		case LANG_BUILTIN_TEXT_COMPACT:
			if (!check_place(c, call->receiver, "change"))
				return error_type(c);
			break;
		case LANG_BUILTIN_MAP_REMOVE:
		case LANG_BUILTIN_MAP_CLEAR:
		case LANG_BUILTIN_MAP_INSERT:
			if (!check_place(c, call->receiver, "change"))
				return error_type(c);
			break;
		default:
			break;
	}
	if ((builtin->id == LANG_BUILTIN_MESSAGE_INGEST_DYNAMIC || builtin->id == LANG_BUILTIN_MESSAGE_RESET) && check_is_read_only(call->receiver))
	{
		KitDiag    *diag = check_error(c, call->name.pos, "\"%s\" changes the message, which is read-only here", builtin->name);

		kit_diag_hint(diag, "Parameters that are not mutable and elements of lists and arrays are read-only: copy what is needed.");
		return error_type(c);
	}
	for (int i = 0; i < s->n; i++)
	{
		LangExpr  **slot = arg_slot(call, i);
		const LangType *type = (*slot)->type;

		if (s->params[i] == &any_record || s->params[i] == &any_message || s->params[i] == &any_enum || s->params[i]->a == &any_record)
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
	note_builtin(c, builtin->id);
	what = check_printf(c, "calls %s.%s", builtin->space, builtin->name);
	for (int bit = 1; bit < 1 << CHECK_N_EFFECTS; bit <<= 1)
		if (builtin->reads & bit)
			check_effect(c, bit, call->name.pos, what);
	if (s->result == &any_enum)
		return (*arg_slot(call, 0))->type;
	return is_lifted && s->result->kind != LANG_MAYBE && s->result->kind != LANG_VOID ? lang_type_maybe(c->program, s->result) : s->result;
}

bool
check_builtin_takes(Check *c, const char *space, const char *name, const LangType *type)
{
	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (strcmp(lang_builtins[i].space, space) == 0 && strcmp(lang_builtins[i].name, name) == 0)
		{
			Signature	s;

			read_signature(c, &lang_builtins[i], type->a, &s);
			if (s.n > 0 && builtin_arg_fit(c, &s, 0, type) != LANG_FITS_NOT)
				return true;
		}
	return false;
}

/* How many arguments those of that name take: "1, 2 or 3 arguments". */
static const char *
counts_text(Check *c, CheckBuiltinCall *call)
{
	bool		is_taken[MAX_PARAMS + 1] = {false};
	int			last = 0;			/* the largest */
	int			left = 0;
	KitBuf		out;

	for (int i = 0; i < LANG_N_BUILTINS; i++)
		if (strcmp(lang_builtins[i].space, call->space) == 0 && strcmp(lang_builtins[i].name, call->name.sym->text) == 0)
		{
			Signature	s;

			read_signature(c, &lang_builtins[i], call->of, &s);
			last = s.n - (call->receiver != NULL);
			left += !is_taken[last];
			is_taken[last] = true;
		}
	kit_buf_init(&out, c->arena);
	for (int i = 0; i <= MAX_PARAMS; i++)
		if (is_taken[i])
		{
			last = i;
			left--;
			kit_buf_printf(&out, "%d%s", i, left > 1 ? ", " : left == 1 ? " or " : "");
		}
	kit_buf_printf(&out, " argument%s", last == 1 ? "" : "s");
	return out.data;
}

/* As what those of that name can be called, in a detail of the message. */
static void
tell_signatures(Check *c, CheckBuiltinCall *call, KitDiag *diag)
{
	KitBuf		out;
	KitBuf		one;
	bool		is_method = call->receiver != NULL;
	const char *doc = "";
	const char *last = "";
	int			n = 0;

	kit_buf_init(&out, c->arena);
	for (int i = 0; i < LANG_N_BUILTINS && out.len < 300; i++)
	{
		const LangBuiltin *b = &lang_builtins[i];
		Signature	s;

		if (strcmp(b->space, call->space) != 0 || strcmp(b->name, call->name.sym->text) != 0)
			continue;
		read_signature(c, b, call->of, &s);
		if (is_method && builtin_arg_fit(c, &s, 0, call->receiver->type) == LANG_FITS_NOT)
			continue;
		kit_buf_init(&one, c->arena);
		kit_buf_printf(&one, "%s.%s(", is_method ? "" : b->space, b->name);
		for (int k = is_method; k < s.n; k++)
			kit_buf_printf(&one, "%s%s", k > is_method ? ", " : "", s.params[k] == NULL ? "..." : s.params[k]->text);
		kit_buf_add_char(&one, ')');
		if (strcmp(one.data, last) == 0)
			continue;
		kit_buf_printf(&out, "%s%s", n++ == 0 ? "" : ", ", one.data);
		last = one.data;
		doc = b->doc;
	}
	if (n == 1)
		kit_diag_detail(diag, "%s: %s.", out.data, doc);
	else if (n > 0)
		kit_diag_detail(diag, "It is called as %s.", out.data);
}

const LangType *
check_builtin(Check *c, CheckBuiltinCall *call, bool *known)
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
	if (check_any_arg_refused(e))
		return error_type(c);
	if (n_candidates == 0)
	{
		KitDiag    *diag = check_error(c, call->name.pos, "\"%s\" takes %s, not %d", of_name->name, counts_text(c, call), e->u.call.n_args);

		tell_signatures(c, call, diag);
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
				check_error(c, call->name.pos, "\"%s\" is called on %s, not on %s", only->name,
							s.params[k] == NULL ? "that" : s.params[k]->text, type->text);
			else
				check_convert(c, arg_slot(call, k), s.params[k], "argument %d of \"%s\"", call->receiver == NULL ? k + 1 : k,
							  only->name);
			return error_type(c);
		}
	}
	tell_signatures(c, call, check_error(c, call->name.pos, "no \"%s\" takes %s%s%s", call->name.sym->text, call->receiver == NULL ? "" : call->receiver->type->text,
										 call->receiver == NULL ? "" : " and ", check_args_text(c, e)));
	return error_type(c);
}
