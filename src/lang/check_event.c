/*
 * check_event.c
 *	  The doors of a document: channels, @construct, @attached, @static.
 */
#include <string.h>

#include "lang/check_internal.h"

void
check_declare_channel(Check *c, LangDecl *d)
{
	LangChannel *channel = KIT_NEW(c->arena, LangChannel);
	LangTypeRef *ref = d->u.channel.message;
	const LangType *type = check_type_ref(c, ref, CHECK_TYPE_PARAM);
	const LangType *message = ref->is_array && type->kind == LANG_ARRAY ? type->a : type;
	LangLocal  *local;
	void	   *old;

	check_refuse_reserved(c, d->name, "channel");
	if (!CHECK_IS_ERROR(type) && message->kind != LANG_MESSAGE)
	{
		KitDiag    *diag = check_error(c, ref->pos, "a channel takes a message, not %s", type->text);

		if (message->kind == LANG_RECORD)
			kit_diag_hint(diag, "Declare a message with the fields that are sent.");
		else
			kit_diag_hint(diag, "Declare one: message M { %s value; }", type->text);
		type = message = CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	channel->name = d->name.sym;
	channel->pos = d->name.pos;
	channel->message = message->structure;
	channel->is_array = ref->is_array;
	channel->is_open = d->u.channel.is_open;
	channel->unit = check_add_unit(c, LANG_UNIT_CHANNEL, d->name, d->pos, c->program->root, CHECK_SIMPLE(c, LANG_VOID), d->body, NULL);
	local = check_add_local(c, channel->unit, d->u.channel.parameter, type);
	local->is_parameter = true;
	local->is_readonly = true;
	channel->unit->n_params = 1;
	if (!check_name_add(c, CHECK_NAMES_CHANNELS, NULL, d->name.sym, channel, &old))
		check_report_twice(c, d->name, "channel", ((LangChannel *) old)->pos);
	else
		CHECK_PUSH(c->arena, c->program->channels, c->program->n_channels, channel);
}

LangUnit *
check_add_event(Check *c, LangDecl *d, LangUnitKind kind, LangTypeKind returns)
{
	return check_add_unit(c, kind, (LangName) {0}, d->pos, c->program->root, CHECK_SIMPLE(c, returns), d->body, NULL);
}

void
check_declare_construct(Check *c, LangDecl *d)
{
	LangUnit   *unit = check_add_event(c, d, LANG_UNIT_CONSTRUCT, LANG_VOID);
	LangParam  *param = d->u.function.n_params > 0 ? &d->u.function.params[0] : NULL;

	CHECK_PUSH(c->arena, c->program->constructs, c->program->n_constructs, unit);
	if (param == NULL)
		return;
	check_add_params(c, unit, param, 1);
	unit->locals[0]->is_readonly = true;
	if (CHECK_IS_ERROR(unit->locals[0]->type))
		return;
	if (unit->locals[0]->type->kind != LANG_MESSAGE)
		check_error(c, param->type->pos, "@construct takes a message, not %s", unit->locals[0]->type->text);
	else if (c->program->construct_message != NULL && c->program->construct_message != unit->locals[0]->type->structure)
		check_error(c, param->type->pos, "all @construct must take the same message: %s", c->program->construct_message->name->text);
	else
		c->program->construct_message = unit->locals[0]->type->structure;
}

void
check_declare_attached(Check *c, LangDecl *d)
{
	LangUnit   *unit = check_add_event(c, d, LANG_UNIT_ATTACHED, LANG_VOID);
	LangLocal  *asset = check_add_local(c, unit, d->u.function.params[0].name, CHECK_SIMPLE(c, LANG_ASSET));

	asset->is_parameter = true;
	unit->n_params = 1;
	CHECK_PUSH(c->arena, c->program->attached, c->program->n_attached, unit);
}

/* ---- @static ---- */

/* An int that is written as such, or computed from some: no names, no division. */
static bool
constant_int(const LangExpr *e, int64_t *value)
{
	int64_t		left;
	int64_t		right;

	e = check_strip((LangExpr *) e);
	if (e->kind == LANG_EXPR_INT || e->kind == LANG_EXPR_LONG)
	{
		*value = e->u.integer;
		return true;
	}
	if (e->kind == LANG_EXPR_PREFIX && e->u.unary.op == LANG_OP_NEGATE && constant_int(e->u.unary.operand, &left))
		return !__builtin_sub_overflow((int64_t) 0, left, value);
	if (e->kind != LANG_EXPR_BINARY || !constant_int(e->u.binary.left, &left) || !constant_int(e->u.binary.right, &right))
		return false;
	switch (e->u.binary.op)
	{
		case LANG_OP_ADD:
			return !__builtin_add_overflow(left, right, value);
		case LANG_OP_SUB:
			return !__builtin_sub_overflow(left, right, value);
		case LANG_OP_MUL:
			return !__builtin_mul_overflow(left, right, value);
		default:
			return false;
	}
}

/* What becomes of a setting: effect NULL for those that have one. */
typedef struct Setting
{
	const char *name;
	bool		is_bool;
	int64_t		least;
	size_t		offset;			/* in LangSettings */
	const char *missing;
} Setting;

static const Setting settings[] = {
	{"maximum_history", false, 1, offsetof(LangSettings, maximum_history), NULL},
	{"delete_on_close", true, 0, offsetof(LangSettings, delete_on_close), NULL},
	{"frequency", false, 0, offsetof(LangSettings, frequency), NULL},
	{"temporal_resolution_ms", false, 0, offsetof(LangSettings, temporal_resolution_ms), NULL},
	{"sweep_export_delay", false, 0, offsetof(LangSettings, sweep_export_delay), "Nothing is exported."},
	{"readonly", true, 0, offsetof(LangSettings, is_readonly), NULL},
};

#define N_SETTINGS ((int) (sizeof(settings) / sizeof(settings[0])))

static void
declare_config(Check *c, LangDecl *d, LangPos first[N_SETTINGS])
{
	const char *name = d->name.sym->text;
	const LangExpr *value = check_strip(d->u.value);
	char	   *place = (char *) &c->program->settings;
	const Setting *setting = settings;
	int64_t		number;
	CheckSuggestion s;

	while (setting < settings + N_SETTINGS && strcmp(setting->name, name) != 0)
		setting++;
	if (setting == settings + N_SETTINGS)
	{
		check_suggest_start(c, &s, name);
		for (int i = 0; i < N_SETTINGS; i++)
			check_suggest(&s, settings[i].name);
		check_suggest_hint(&s, check_error(c, d->name.pos, "@static has no setting \"%s\"", name));
		return;
	}
	if (first[setting - settings].line != 0)
	{
		check_report_twice(c, d->name, "setting", first[setting - settings]);
		return;
	}
	first[setting - settings] = d->name.pos;
	if (setting->is_bool)
	{
		if (value->kind != LANG_EXPR_BOOL)
			check_error(c, value->pos, "\"%s\" must be true or false", name);
		else
			*(bool *) (place + setting->offset) = value->u.integer != 0;
	}
	else if (!constant_int(value, &number))
		check_error(c, value->pos, "\"%s\" must be a constant of type int", name);
	else if (number < setting->least || number > INT32_MAX)
		check_error(c, value->pos, "\"%s\" must be from %lld to %d", name, (long long) setting->least, INT32_MAX);
	else
		*(int64_t *) (place + setting->offset) = number;
	if (setting->missing != NULL)
		kit_diag_hint(check_warn(c, d->name.pos, "\"%s\" has no effect yet", name), "%s", setting->missing);
}

static void
add_rule(Check *c, LangDecl *group, LangDecl *d, LangUnitKind kind, LangUnit ***units, int *n)
{
	LangUnit   *unit = check_add_event(c, d, kind, LANG_BOOL);

	unit->context_name = group->name.sym;
	CHECK_PUSH(c->arena, *units, *n, unit);
}

void
check_declare_statics(Check *c)
{
	LangProgram *p = c->program;
	LangPos		first[N_SETTINGS] = {0};

	for (int k = 0; k < c->tree->n; k++)
	{
		LangDecl   *d = c->tree->items[k];

		for (int i = 0; d->kind == LANG_DECL_STATIC && i < d->u.group.n; i++)
		{
			LangDecl   *item = d->u.group.items[i];

			switch (item->kind)
			{
				case LANG_DECL_STATIC_CREATE:
					add_rule(c, d, item, LANG_UNIT_STATIC_CREATE, &p->static_creates, &p->n_static_creates);
					break;
				case LANG_DECL_STATIC_INVENT:
					add_rule(c, d, item, LANG_UNIT_STATIC_INVENT, &p->static_invents, &p->n_static_invents);
					break;
				case LANG_DECL_STATIC_SEND:
					add_rule(c, d, item, LANG_UNIT_STATIC_SEND, &p->static_sends, &p->n_static_sends);
					break;
				default:
					declare_config(c, item, first);
					break;
			}
		}
	}
}
