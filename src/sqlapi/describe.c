/*
 * describe.c
 *	  The SQL functions of a space, worked out from its program.
 *
 *		channel publish(M m)		publish(key text, <fields of M>) returns bigint			the document's seq after the message
 *		channel publish(M[] ms)		publish(key text, messages jsonb) returns bigint		a JSON array
 *		@construct(M m)				create_document(key text, <fields of M>) returns bigint
 *		formula or bubble of rows	publishes(key text) returns table (<what a row shows>)	and viewer jsonb when it reads @viewer
 *
 * The document's argument is key, or document_key where a field has that name.  Fields whose value the program gives when it is left out have that value as default and
 * come last, as SQL wants it; a maybe is null by default.  A message with more fields than SQL functions have arguments is taken whole, as
 * message jsonb.  A channel goes before a formula of the same name, which then has no function.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "sqlapi/internal.h"
#include "vm/defaults.h"

typedef struct Description
{
	const VmProgram *vm;
	const LangProgram *program;
	KitArena   *arena;
	StoreFunction *functions;
	int			n;
} Description;

bool
sqlapi_is_argument(const LangField *field)
{
	return field->kind == LANG_STORED_FIELD && field->slot >= 0;
}

bool
sqlapi_takes_fields(const LangStruct *message, bool is_array)
{
	int			n = 0;

	if (is_array)
		return false;
	for (int i = 0; message != NULL && i < message->n_fields; i++)
		n += sqlapi_is_argument(message->fields[i]);
	return n < FUNC_MAX_ARGS;
}

const LangStruct *
sqlapi_rows_of(const LangField *field)
{
	const LangType *type = field->type;

	if (field->privacy == LANG_PRIVACY_PRIVATE || (type->kind != LANG_LIST && type->kind != LANG_ARRAY))
		return NULL;
	return type->a->kind == LANG_RECORD || type->a->kind == LANG_MESSAGE ? type->a->structure : NULL;
}

bool
sqlapi_is_column(const LangField *field, SqlShape *shape)
{
	*shape = sqlapi_shape(field->type);
	return field->privacy != LANG_PRIVACY_PRIVATE && shape->kind != SQLAPI_NONE;
}

/* ---- names ---- */

static void
check_name(const KitSym *name, LangPos pos, const char *what)
{
	KitDiag		diag = {0};

	if (name->len < NAMEDATALEN)
		return;
	kit_fail(&diag, KIT_PROGRAM_LIMIT, "%s \"%s\" has more than %d characters, which SQL names can't have", what, name->text, NAMEDATALEN - 1);
	kit_diag_at(&diag, pos.line, pos.column, pos.length);
	store_raise(&diag);
}

static bool
has_field(const LangStruct *structure, const char *name)
{
	return structure != NULL && lang_struct_field(structure, name, strlen(name)) != NULL;
}

/* The argument that names the document: one that no field has. */
static char *
document_argument(const LangStruct *structure)
{
	StringInfoData name;

	if (!has_field(structure, "key"))
		return "key";
	initStringInfo(&name);
	appendStringInfoString(&name, "document_key");
	while (has_field(structure, name.data) && name.len < NAMEDATALEN - 1)
		appendStringInfoChar(&name, '_');
	return name.data;
}

/* ---- arguments ---- */

/* What the argument has when it is left out, as SQL; NULL when it must be given. */
static char *
argument_default(Description *d, const LangStruct *message, const LangField *field, const SqlShape *shape)
{
	VmVal		value = vm_program_defaults(d->vm, message)[field->slot];

	if (field->unit == NULL)
		return shape->is_nullable ? "NULL" : NULL;
	if (!shape->is_nullable && lang_type_storage(field->type) == 'P' && value.p == NULL)
		return NULL;
	return sqlapi_value_literal(shape, value, d->arena);
}

static void
append_argument(StringInfo out, const LangField *field, const SqlShape *shape, const char *value)
{
	check_name(field->name, field->pos, "field");
	appendStringInfo(out, ", %s %s", quote_identifier(field->name->text), sqlapi_shape_name(shape));
	if (value != NULL)
		appendStringInfo(out, " DEFAULT %s", value);
}

static char *
arguments_of(Description *d, const LangStruct *message, bool is_array)
{
	StringInfoData out;

	initStringInfo(&out);
	if (!sqlapi_takes_fields(message, is_array))
	{
		appendStringInfo(&out, "key pg_catalog.text, %s pg_catalog.jsonb", is_array ? "messages" : "message");
		return out.data;
	}
	appendStringInfo(&out, "%s pg_catalog.text", quote_identifier(document_argument(message)));
	for (int pass = 0; pass < 2; pass++)
	{
		for (int i = 0; message != NULL && i < message->n_fields; i++)
		{
			const LangField *field = message->fields[i];
			SqlShape	shape = sqlapi_argument_shape(field->type);
			char	   *value;

			if (!sqlapi_is_argument(field))
				continue;
			value = argument_default(d, message, field, &shape);
			if ((value != NULL) == (pass == 1))
				append_argument(&out, field, &shape, value);
		}
	}
	return out.data;
}

/* ---- functions ---- */

static void
add(Description *d, const char *name, char *arguments, const char *returns, const char *attributes, const char *symbol, char *comment)
{
	d->functions[d->n++] = (StoreFunction) {
		.name = name, .arguments = arguments, .returns = returns, .attributes = attributes, .symbol = symbol, .comment = comment
	};
}

static void
add_channel(Description *d, const LangChannel *channel)
{
	check_name(channel->name, channel->pos, "channel");
	if (strcmp(channel->name->text, SQLAPI_CREATE_FUNCTION) == 0)
	{
		KitDiag		diag = {0};

		kit_fail(&diag, KIT_TYPE_ERROR, "a channel can't be called \"%s\": that is the SQL function that creates documents", SQLAPI_CREATE_FUNCTION);
		kit_diag_at(&diag, channel->pos.line, channel->pos.column, channel->pos.length);
		store_raise(&diag);
	}
	add(d, channel->name->text, arguments_of(d, channel->message, channel->is_array), "pg_catalog.int8", "VOLATILE PARALLEL UNSAFE",
		"adama_sql_channel",
		psprintf("send %s on channel \"%s\"; yields the document's sequence number after it",
				 channel->is_array ? "messages, a JSON array," : "a message", channel->name->text));
}

static void
add_rows(Description *d, const LangField *field)
{
	const LangStruct *row = sqlapi_rows_of(field);
	StringInfoData columns;
	StringInfoData arguments;

	if (row == NULL || lang_program_channel(d->program, field->name->text, field->name->len) != NULL ||
		strcmp(field->name->text, SQLAPI_CREATE_FUNCTION) == 0)
		return;
	initStringInfo(&columns);
	for (int i = 0; i < row->n_fields; i++)
	{
		const LangField *f = row->fields[i];
		SqlShape	shape;

		if (!sqlapi_is_column(f, &shape))
			continue;
		check_name(f->name, f->pos, "field");
		appendStringInfo(&columns, "%s%s %s", columns.len > 0 ? ", " : "", quote_identifier(f->name->text), sqlapi_shape_name(&shape));
	}
	if (columns.len == 0)
		return;
	check_name(field->name, field->pos, "field");
	initStringInfo(&arguments);
	appendStringInfo(&arguments, "%s pg_catalog.text", quote_identifier(document_argument(row)));
	if ((field->reads & LANG_READS_VIEWER) != 0)
		appendStringInfo(&arguments, ", %s pg_catalog.jsonb DEFAULT '{}'::pg_catalog.jsonb", has_field(row, "viewer") ? "viewer_state" : "viewer");
	add(d, field->name->text, arguments.data, psprintf("TABLE (%s)", columns.data), "STABLE PARALLEL UNSAFE ROWS 100", "adama_sql_read",
		psprintf("the rows of \"%s\" of a document, as far as you may see them", field->name->text));
}

void
sqlapi_describe(const VmProgram *vm, KitArena *arena, StoreFunction **functions, int *n)
{
	Description d = {.vm = vm, .program = vm_program_lang(vm), .arena = arena};

	d.functions = palloc(sizeof(StoreFunction) * (1 + d.program->n_channels + d.program->root->n_fields));
	add(&d, SQLAPI_CREATE_FUNCTION, arguments_of(&d, d.program->construct_message, false), "pg_catalog.int8", "VOLATILE PARALLEL UNSAFE",
		"adama_sql_create_document", "make a document; yields its sequence number");
	for (int i = 0; i < d.program->n_channels; i++)
		add_channel(&d, d.program->channels[i]);
	for (int i = 0; i < d.program->root->n_fields; i++)
		add_rows(&d, d.program->root->fields[i]);
	*functions = d.functions;
	*n = d.n;
}
