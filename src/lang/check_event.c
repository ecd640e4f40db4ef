/*
 * check_event.c
 *	  The doors of a document: channels, @construct, @static.
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

/* No setting has an effect yet; a program that asks for one must not believe that it has. */
static void
declare_config(Check *c, LangDecl *d)
{
	static const char *const settings[] = {
		"maximum_history", "delete_on_close", "frequency", "temporal_resolution_ms", "sweep_export_delay", "readonly"
	};
	const char *name = d->name.sym->text;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
	{
		if (strcmp(settings[i], name) == 0)
		{
			check_unsupported(c, d->name.pos, "\"%s\"", name);
			return;
		}
	}
	check_error(c, d->name.pos, "@static has no setting \"%s\"", name);
}

void
check_declare_static(Check *c, LangDecl *d)
{
	LangProgram *p = c->program;

	if (d->name.sym != NULL)
		kit_diag_hint(check_unsupported(c, d->name.pos, "a parameter of @static"), "Who acts is @who.");
	for (int i = 0; i < d->u.group.n; i++)
	{
		LangDecl   *item = d->u.group.items[i];
		LangUnit   *unit;

		switch (item->kind)
		{
			case LANG_DECL_STATIC_CREATE:
				unit = check_add_event(c, item, LANG_UNIT_STATIC_CREATE, LANG_BOOL);
				CHECK_PUSH(c->arena, p->static_creates, p->n_static_creates, unit);
				break;
			case LANG_DECL_STATIC_INVENT:
				unit = check_add_event(c, item, LANG_UNIT_STATIC_INVENT, LANG_BOOL);
				CHECK_PUSH(c->arena, p->static_invents, p->n_static_invents, unit);
				break;
			case LANG_DECL_STATIC_SEND:
				unit = check_add_event(c, item, LANG_UNIT_STATIC_SEND, LANG_BOOL);
				CHECK_PUSH(c->arena, p->static_sends, p->n_static_sends, unit);
				break;
			default:
				declare_config(c, item);
				break;
		}
	}
}
