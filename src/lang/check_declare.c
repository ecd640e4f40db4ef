/*
 * check_declare.c
 *	  The declarations of a program: enumerations, structures with their fields, and a unit for each piece of code.
 *
 * Names of types first, then all fields and units (types of fields and parameters are known by then), so that nothing depends
 * on the order of the source.  What guards name (policies, filters, viewer_is) is resolved by check_guard.c when all policies
 * are known.
 */
#include <string.h>

#include "lang/check_internal.h"

static const LangName no_name = {0};

void
check_report_twice(Check *c, LangName name, const char *what, LangPos first)
{
	KitDiag    *diag = check_error(c, name.pos, "%s \"%s\" is declared twice", what, name.sym->text);

	kit_diag_detail(diag, "It is declared at %s, too.", check_line_text(c, first));
}

/* ---- types ---- */

static void
declare_enum(Check *c, LangDecl *d)
{
	LangEnum   *e = KIT_NEW(c->arena, LangEnum);
	int64_t		next = 0;

	e->name = d->name.sym;
	e->pos = d->name.pos;
	e->n = d->u.enumeration.n;
	e->names = KIT_NEW_N(c->arena, const KitSym *, e->n + 1);
	e->numbers = KIT_NEW_N(c->arena, int32_t, e->n + 1);
	e->default_index = d->u.enumeration.default_index < 0 ? 0 : d->u.enumeration.default_index;
	e->type = lang_type_make(c->program, LANG_ENUM, NULL, NULL, NULL, e);
	CHECK_PUSH(c->arena, c->program->enums, c->program->n_enums, e);
	if (e->n == 0)
		check_error(c, d->name.pos, "enumeration \"%s\" has no values", d->name.sym->text);
	for (int i = 0; i < e->n; i++)
	{
		LangName	name = d->u.enumeration.values[i];
		LangExpr   *number = d->u.enumeration.numbers[i];
		void	   *old;

		if (number != NULL)
		{
			if (number->kind != LANG_EXPR_INT)
				check_error(c, number->pos, "the number of an enumeration's value must be an int literal");
			else
				next = number->u.integer;
		}
		if (next > INT32_MAX)
		{
			check_error(c, name.pos, "the number of \"%s\" does not fit into 32 bits", name.sym->text);
			next = 0;
		}
		e->names[i] = name.sym;
		e->numbers[i] = (int32_t) next++;
		/* names of values: owner is the enumeration */
		if (!check_name_add(c, CHECK_NAMES_FIELDS, e, name.sym, e, &old))
			check_error(c, name.pos, "value \"%s\" is declared twice", name.sym->text);
		for (int k = 0; k < i && i < 1000; k++)
			if (e->numbers[k] == e->numbers[i])
			{
				check_warn(c, name.pos, "\"%s\" has the same number as \"%s\"", name.sym->text, e->names[k]->text);
				break;
			}
	}
}

static void
declare_struct(Check *c, LangDecl *d)
{
	LangStruct *s = KIT_NEW(c->arena, LangStruct);

	s->kind = d->kind == LANG_DECL_RECORD ? LANG_STRUCT_RECORD : LANG_STRUCT_MESSAGE;
	s->name = d->name.sym;
	s->pos = d->name.pos;
	s->type = lang_type_make(c->program, d->kind == LANG_DECL_RECORD ? LANG_RECORD : LANG_MESSAGE, NULL, NULL, s, NULL);
	if (c->program->n_structs == CHECK_MAX_STRUCTS)
		check_limit(c, s->pos, "a program has at most %d records, messages and kinds of objects", CHECK_MAX_STRUCTS);
	s->index = c->program->n_structs + 2;
	CHECK_PUSH(c->arena, c->program->structs, c->program->n_structs, s);
}

static void
declare_type(Check *c, LangDecl *d)
{
	CheckType  *type = KIT_NEW(c->arena, CheckType);
	void	   *old;

	type->decl = d;
	if (d->kind == LANG_DECL_ENUM)
	{
		declare_enum(c, d);
		type->enumeration = c->program->enums[c->program->n_enums - 1];
	}
	else
	{
		declare_struct(c, d);
		type->structure = c->program->structs[c->program->n_structs - 1];
	}
	if (!check_name_add(c, CHECK_NAMES_TYPES, NULL, d->name.sym, type, &old))
		check_report_twice(c, d->name, "type", ((CheckType *) old)->decl->name.pos);
}

/* ---- fields ---- */

void
check_refuse_reserved(Check *c, LangName name, const char *what)
{
	if (strncmp(name.sym->text, "__", 2) == 0)
	{
		KitDiag    *diag = check_error(c, name.pos, "%s \"%s\" must not begin with \"__\"", what, name.sym->text);

		kit_diag_hint(diag, "Such names are reserved for the document's own members.");
	}
}

/* Adds a field; false when the name is taken. */
static bool
add_field(Check *c, LangStruct *s, LangField *field)
{
	void	   *old;

	if (!check_name_add(c, CHECK_NAMES_FIELDS, s, field->name, field, &old))
	{
		check_report_twice(c, (LangName) {field->name, field->pos}, "field", ((LangField *) old)->pos);
		return false;
	}
	field->owner = s;
	field->index = s->n_fields;
	field->slot = field->kind == LANG_STORED_FIELD && !field->is_id ? s->n_slots++ : -1;
	if (s->n_fields == CHECK_MAX_FIELDS)
		check_limit(c, field->pos, "%s has more than %d fields", check_struct_text(c, s), CHECK_MAX_FIELDS);
	CHECK_PUSH(c->arena, s->fields, s->n_fields, field);
	return true;
}

static void
check_field_modifiers(Check *c, LangStruct *s, LangField *field, LangDecl *d)
{
	KitDiag    *diag;

	field->is_updated = d->u.field.is_updated;
	if (field->is_updated && s->kind != LANG_STRUCT_RECORD)
		check_error(c, d->name.pos, "only a record's own fields can be @updated");
	else if (field->is_updated && field->type->kind != LANG_DATETIME && !CHECK_IS_ERROR(field->type))
		check_error(c, d->name.pos, "an @updated field must be datetime, not %s", field->type->text);
	field->is_bump = d->u.field.is_bump;
	if (field->is_bump && s->kind != LANG_STRUCT_RECORD)
		check_error(c, d->name.pos, "only a record's own fields can be @bump");
	else if (field->is_bump && field->type->kind != LANG_INT && !CHECK_IS_ERROR(field->type))
		check_error(c, d->name.pos, "a @bump field must be int, not %s", field->type->text);
	if (d->u.field.is_silent)
		check_unsupported(c, d->pos, "@silent");
	if (field->is_required && (s->kind == LANG_STRUCT_ROOT || field->type->kind == LANG_TABLE))
		check_error(c, d->name.pos, "only a record's own fields can be required");
	if (field->is_unique && (field->name != c->id || s->kind != LANG_STRUCT_MESSAGE))
		check_error(c, d->name.pos, "only a message's field \"id\" can be unique");
	else if (field->is_unique && field->type->kind != LANG_INT && !CHECK_IS_ERROR(field->type))
		check_error(c, d->name.pos, "a unique id must be int, not %s", field->type->text);
	if (field->type->kind == LANG_TABLE && d->u.field.privacy != LANG_PRIVACY_NONE)
	{
		diag = check_error(c, d->name.pos, "table \"%s\" cannot have a privacy modifier", field->name->text);
		kit_diag_hint(diag, "A table is not shown; show it by a formula: public formula %ss = iterate %s;", field->name->text,
					  field->name->text);
	}
	if (d->u.field.value != NULL && (field->type->kind == LANG_TABLE || field->type->kind == LANG_RECORD ||
									 ((s->kind == LANG_STRUCT_ROOT || s->kind == LANG_STRUCT_RECORD) &&
									  (field->type->kind == LANG_MAP || (field->type->kind == LANG_MAYBE && field->type->a->kind == LANG_RECORD)))))
	{
		diag = check_error(c, d->u.field.value->pos, "\"%s\" has no initial value of its own", field->name->text);
		if (field->type->kind == LANG_RECORD)
			kit_diag_hint(diag, "Its fields have; or fill it when the document is made: @construct { %s <- {...}; }", field->name->text);
		else if (field->type->kind == LANG_TABLE)
			kit_diag_hint(diag, "Insert rows when the document is made: @construct { %s <- {...}; }", field->name->text);
		return;
	}
	if (d->u.field.value != NULL && !CHECK_IS_ERROR(field->type))
	{
		field->unit = check_add_unit(c, LANG_UNIT_INITIAL, d->name, d->pos, NULL, field->type, NULL, d->u.field.value);
		c->units[field->unit->index]->field = field;
	}
}

/* int id of a record: declared, it only gets a privacy. */
static void
declare_id(Check *c, LangStruct *s, LangDecl *d)
{
	LangField  *id = s->id;
	const LangType *type = NULL;

	if (id->pos.line != 0)
	{
		check_report_twice(c, d->name, "field", id->pos);
		return;
	}
	id->pos = d->name.pos;
	id->privacy = d->u.field.privacy == LANG_PRIVACY_NONE ? LANG_PRIVACY_PRIVATE : d->u.field.privacy;
	if (d->kind == LANG_DECL_FIELD && d->u.field.form == LANG_FIELD_STORED)
		type = check_type_ref(c, d->u.field.type, CHECK_TYPE_STORED);
	if (type != NULL && CHECK_IS_ERROR(type))
		return;
	if (type == NULL || d->u.field.value != NULL || type->kind != LANG_INT)
	{
		KitDiag    *diag = check_error(c, d->name.pos, "\"id\" of a record is its number: int, without a value");

		kit_diag_hint(diag, "Write: public int id;");
		return;
	}
	CHECK_PUSH(c->arena, c->fields, c->n_fields, ((CheckField) {id, d}));
}

/* int (was = points) score; the names are compared with the other fields' when all are known: check_former_names */
static void
take_annotations(Check *c, LangField *field, const LangTypeRef *type)
{
	LangStructKind owner = field->owner->kind;

	for (int i = 0; i < type->n_annotations; i++)
	{
		const LangAnnotation *annotation = &type->annotations[i];
		KitDiag    *diag;

		if (strcmp(annotation->name.sym->text, "was") != 0)
			diag = check_warn(c, annotation->name.pos, "annotation \"%s\" has no meaning here", annotation->name.sym->text);
		else if (owner != LANG_STRUCT_ROOT && owner != LANG_STRUCT_RECORD)
			diag = check_error(c, annotation->name.pos, "only fields of the document and of records can say what they were called before");
		else if (annotation->value == NULL)
			diag = check_error(c, annotation->name.pos, "\"was\" needs the name that the field had");
		else
		{
			CHECK_PUSH(c->arena, field->was, field->n_was, annotation->value);
			continue;
		}
		kit_diag_hint(diag, "A field that has another name than in earlier versions of the program is declared as: int (was = points) score;");
	}
}

/* No two fields can have what one field was. */
static void
check_former_names(Check *c)
{
	for (int i = 0; i < c->n_fields; i++)
	{
		LangField  *field = c->fields[i].field;

		for (int k = 0; k < field->n_was; k++)
		{
			LangField  *now = check_name_find(c, CHECK_NAMES_FIELDS, field->owner, field->was[k]);
			void	   *other;

			if (now != NULL && now->kind == LANG_STORED_FIELD)
				kit_diag_hint(check_error(c, field->pos, "\"%s\" cannot be what \"%s\" was: that is a field still", field->name->text, field->was[k]->text),
							  "While both are declared, @load can fill one from the other.");
			else if (!check_name_add(c, CHECK_NAMES_FORMER, field->owner, field->was[k], field, &other))
				check_error(c, field->pos, "\"%s\" cannot be what \"%s\" was: \"%s\" is", field->name->text, field->was[k]->text,
							((LangField *) other)->name->text);
		}
	}
}

static void
declare_field(Check *c, LangStruct *s, LangDecl *d)
{
	LangField  *field;
	bool		is_computed = d->kind == LANG_DECL_BUBBLE || d->u.field.form != LANG_FIELD_STORED;
	bool		is_value = s->kind == LANG_STRUCT_MESSAGE || s->kind == LANG_STRUCT_VIEW;

	check_refuse_reserved(c, d->name, "field");
	if (s->kind == LANG_STRUCT_RECORD && d->name.sym == c->id)
	{
		declare_id(c, s, d);
		return;
	}
	if (d->kind == LANG_DECL_FIELD && d->u.field.form == LANG_FIELD_CACHED)
		check_unsupported(c, d->pos, "\"cached\"");
	field = KIT_NEW(c->arena, LangField);
	field->name = d->name.sym;
	field->pos = d->name.pos;
	field->kind = d->kind == LANG_DECL_BUBBLE ? LANG_BUBBLE_FIELD : is_computed ? LANG_FORMULA_FIELD : LANG_STORED_FIELD;
	field->privacy = is_value || d->kind == LANG_DECL_BUBBLE ? LANG_PRIVACY_PUBLIC :
		d->u.field.privacy == LANG_PRIVACY_NONE ? LANG_PRIVACY_PRIVATE : d->u.field.privacy;
	field->is_readonly = d->u.field.is_readonly;
	field->is_required = d->u.field.is_required;
	field->is_lossy = d->u.field.is_lossy;
	field->is_unique = d->u.field.is_unique;
	if (!is_computed)
		field->type = check_type_ref(c, d->u.field.type, is_value ? CHECK_TYPE_MESSAGE : CHECK_TYPE_STORED);
	if (!add_field(c, s, field))
		return;
	if (is_computed)
	{
		field->unit = check_add_unit(c, d->kind == LANG_DECL_BUBBLE ? LANG_UNIT_BUBBLE : LANG_UNIT_FORMULA, d->name, d->pos, s,
									 CHECK_SIMPLE(c, LANG_ERROR_TYPE), NULL, d->u.field.value);
		c->units[field->unit->index]->field = field;
	}
	else
	{
		if (s->kind == LANG_STRUCT_MESSAGE && field->name == c->id && field->type->kind == LANG_INT)
			s->id = field;
		check_field_modifiers(c, s, field, d);
		take_annotations(c, field, d->u.field.type);
	}
	CHECK_PUSH(c->arena, c->fields, c->n_fields, ((CheckField) {field, d}));
}

/* ---- units ---- */

static void
declare_callable(Check *c, LangStruct *s, LangDecl *d, LangUnitKind kind)
{
	LangStruct *owner = kind == LANG_UNIT_METHOD ? s : NULL;
	const LangType *returns = d->u.function.returns == NULL ? CHECK_SIMPLE(c, LANG_VOID)
		: check_type_ref(c, d->u.function.returns, CHECK_TYPE_RETURN);
	LangUnit   *unit = check_add_unit(c, kind, d->name, d->pos, kind == LANG_UNIT_FUNCTION ? NULL : s, returns, d->body, NULL);
	CheckUnit  *check = c->units[unit->index];
	void	   *old;

	unit->paint = d->u.function.paint;
	check_add_params(c, unit, d->u.function.params, d->u.function.n_params);
	if (kind == LANG_UNIT_METHOD)
		CHECK_PUSH(c->arena, s->units, s->n_units, unit);
	if (!check_name_add(c, CHECK_NAMES_CALLABLES, owner, d->name.sym, check, &old))
	{
		CheckUnit  *last = old;

		for (;; last = last->next_overload)
		{
			bool		same = last->unit->n_params == unit->n_params;

			for (int i = 0; i < unit->n_params && same; i++)
				same = last->unit->locals[i]->type == unit->locals[i]->type;
			if (same)
			{
				check_report_twice(c, d->name, kind == LANG_UNIT_METHOD ? "method" : kind == LANG_UNIT_FUNCTION ? "function"
								   : "procedure", last->unit->pos);
				return;
			}
			if (last->next_overload == NULL)
				break;
		}
		last->next_overload = check;
	}
}

static void
declare_policy(Check *c, LangStruct *s, LangDecl *d)
{
	bool		is_filter = d->kind == LANG_DECL_FILTER;
	LangUnit   *unit = check_add_unit(c, is_filter ? LANG_UNIT_FILTER : LANG_UNIT_POLICY, d->name, d->pos, s,
									  CHECK_SIMPLE(c, LANG_BOOL), d->body, NULL);
	void	   *old;

	CHECK_PUSH(c->arena, s->units, s->n_units, unit);
	if (!check_name_add(c, is_filter ? CHECK_NAMES_FILTERS : CHECK_NAMES_POLICIES, is_filter ? NULL : s, d->name.sym, unit, &old))
		check_report_twice(c, d->name, is_filter ? "filter" : "policy", ((LangUnit *) old)->pos);
}

/* Several ingested {} or @parsed {} blocks become one unit. */
static void
declare_reaction(Check *c, LangStruct *s, LangDecl *d, LangUnit **unit, LangUnitKind kind)
{
	LangStmt   *both;

	if (*unit == NULL)
	{
		*unit = check_add_unit(c, kind, no_name, d->pos, s, CHECK_SIMPLE(c, LANG_VOID), d->body, NULL);
		return;
	}
	both = KIT_NEW(c->arena, LangStmt);
	both->kind = LANG_STMT_BLOCK;
	both->pos = (*unit)->body->pos;
	both->u.block.n = 2;
	both->u.block.items = KIT_NEW_N(c->arena, LangStmt *, 2);
	both->u.block.items[0] = (*unit)->body;
	both->u.block.items[1] = d->body;
	(*unit)->body = both;
}

/* ---- members of records and messages ---- */

static void
declare_member(Check *c, LangStruct *s, LangDecl *d)
{
	switch (d->kind)
	{
		case LANG_DECL_FIELD:
		case LANG_DECL_BUBBLE:
			declare_field(c, s, d);
			break;
		case LANG_DECL_POLICY:
			declare_policy(c, s, d);
			break;
		case LANG_DECL_METHOD:
			declare_callable(c, s, d, LANG_UNIT_METHOD);
			break;
		case LANG_DECL_INGESTED:
			declare_reaction(c, s, d, &s->ingested, LANG_UNIT_INGESTED);
			break;
		case LANG_DECL_PARSED:
			declare_reaction(c, s, d, &s->parsed, LANG_UNIT_PARSED);
			break;
		case LANG_DECL_REQUIRE:
		case LANG_DECL_INDEX:
		case LANG_DECL_JOIN:
			break;				/* check_guard.c, check_assoc.c, when all fields and policies are known */
		case LANG_DECL_REPLICATION:	/* check_replication.c, likewise */
			if (s->kind == LANG_STRUCT_MESSAGE)
				kit_diag_hint(check_error(c, d->pos, "a message publishes nothing"),
							  "A replication stands in a record, whose rows publish it, or outside of all, where the document does.");
			break;
		case LANG_DECL_CSV:
			check_unsupported(c, d->pos, "@csv");
			break;
		default:
			check_unsupported(c, d->pos, "this declaration here");
			break;
	}
}

static void
declare_members(Check *c, CheckType *type)
{
	LangStruct *s = type->structure;

	if (s->kind == LANG_STRUCT_RECORD)
	{
		LangField  *id = KIT_NEW(c->arena, LangField);

		id->name = c->id;
		id->kind = LANG_STORED_FIELD;
		id->type = CHECK_SIMPLE(c, LANG_INT);
		id->privacy = LANG_PRIVACY_PRIVATE;
		id->is_id = true;
		id->is_readonly = true;
		add_field(c, s, id);
		s->id = id;
	}
	for (int i = 0; i < type->decl->u.structure.n; i++)
		declare_member(c, s, type->decl->u.structure.items[i]);
	check_index_fields(c, s);
}

/*
 * A structure that holds itself by value would have no end; one that nests very deep is refused, too.  height: per structure 0
 * while unknown, -1 while it is being measured, else its height.  False after an error.
 */
static bool
measure(Check *c, const LangStruct *s, int *height, int depth)
{
	int			highest = 0;

	if (depth > CHECK_MAX_NESTING)
	{
		check_limit(c, s->pos, "records and messages nest at most %d deep", CHECK_MAX_NESTING);
		return false;
	}
	height[s->index - 2] = -1;
	for (int i = 0; i < s->n_fields; i++)
	{
		const LangType *type = s->fields[i]->kind == LANG_STORED_FIELD ? s->fields[i]->type : NULL;

		/* what is in a table or array, or behind a maybe, may be absent */
		if (type == NULL || !check_type_is_structured(type))
			continue;
		if (height[type->structure->index - 2] < 0)
		{
			const LangStruct *inner = type->structure;
			KitDiag    *diag = check_error(c, s->fields[i]->pos, "%s contains itself", check_struct_text(c, inner));

			if (inner->kind == LANG_STRUCT_RECORD)
				kit_diag_hint(diag, "A record can hold others of its kind in a table: table<%s>.", inner->name->text);
			else
				kit_diag_hint(diag, "A message can hold others of its kind as maybe<%s> or %s[].", inner->name->text,
							  inner->name->text);
			return false;
		}
		if (height[type->structure->index - 2] == 0 && !measure(c, type->structure, height, depth + 1))
			return false;
		if (height[type->structure->index - 2] > highest)
			highest = height[type->structure->index - 2];
	}
	if (highest >= CHECK_MAX_NESTING)
	{
		check_limit(c, s->pos, "records and messages nest at most %d deep", CHECK_MAX_NESTING);
		return false;
	}
	height[s->index - 2] = highest + 1;
	return true;
}

static void
refuse_endless_nesting(Check *c)
{
	int		   *height = KIT_NEW_N(c->arena, int, c->program->n_structs + 1);

	for (int i = 0; i < c->program->n_structs; i++)
		if (height[i] == 0 && !measure(c, c->program->structs[i], height, 0))
			return;
}

static const char *
unsupported_text(LangDeclKind kind)
{
	switch (kind)
	{
		case LANG_DECL_AUTHORIZATION:
			return "@authorization";
		case LANG_DECL_LINK:
			return "@link";
		case LANG_DECL_WEB:
			return "@web";
		case LANG_DECL_EXPORT:
			return "@export";
		case LANG_DECL_TRAFFIC:
			return "@traffic";
		case LANG_DECL_METRIC:
			return "\"metric\"";
		case LANG_DECL_TEMPLATE:
			return "\"template\"";
		case LANG_DECL_SERVICE:
			return "\"service\"";
		case LANG_DECL_CLIENT:
			return "\"client\"";
		default:
			return "this declaration";
	}
}

static void
declare_at_root(Check *c, LangDecl *d)
{
	LangProgram *p = c->program;
	LangUnit   *unit;

	switch (d->kind)
	{
		case LANG_DECL_ENUM:
		case LANG_DECL_RECORD:
		case LANG_DECL_MESSAGE:
			break;				/* done before */
		case LANG_DECL_DISPATCH:
		case LANG_DECL_STATIC:
			break;				/* all of them together */
		case LANG_DECL_FIELD:
		case LANG_DECL_BUBBLE:
			declare_field(c, p->root, d);
			break;
		case LANG_DECL_VIEW:
			declare_field(c, p->view, d);
			break;
		case LANG_DECL_FUNCTION:
			declare_callable(c, p->root, d, LANG_UNIT_FUNCTION);
			break;
		case LANG_DECL_PROCEDURE:
			declare_callable(c, p->root, d, LANG_UNIT_PROCEDURE);
			break;
		case LANG_DECL_POLICY:
		case LANG_DECL_FILTER:
			declare_policy(c, p->root, d);
			break;
		case LANG_DECL_CHANNEL:
			check_declare_channel(c, d);
			break;
		case LANG_DECL_TEST:
			check_declare_test(c, d);
			break;
		case LANG_DECL_CONSTRUCT:
			check_declare_construct(c, d);
			break;
		case LANG_DECL_CONNECTED:
			unit = check_add_event(c, d, LANG_UNIT_CONNECTED, LANG_BOOL);
			CHECK_PUSH(c->arena, p->connected, p->n_connected, unit);
			break;
		case LANG_DECL_DISCONNECTED:
			unit = check_add_event(c, d, LANG_UNIT_DISCONNECTED, LANG_VOID);
			CHECK_PUSH(c->arena, p->disconnected, p->n_disconnected, unit);
			break;
		case LANG_DECL_DELETE:
			unit = check_add_event(c, d, LANG_UNIT_DELETE, LANG_BOOL);
			CHECK_PUSH(c->arena, p->deletes, p->n_deletes, unit);
			break;
		case LANG_DECL_LOAD:
			unit = check_add_event(c, d, LANG_UNIT_LOAD, LANG_VOID);
			CHECK_PUSH(c->arena, p->loads, p->n_loads, unit);
			break;
		case LANG_DECL_CAN_ATTACH:
			unit = check_add_event(c, d, LANG_UNIT_CAN_ATTACH, LANG_BOOL);
			CHECK_PUSH(c->arena, p->can_attach, p->n_can_attach, unit);
			break;
		case LANG_DECL_ATTACHED:
			check_declare_attached(c, d);
			break;
		case LANG_DECL_STATE:
			check_declare_state(c, d);
			break;
		case LANG_DECL_RPC:
			check_declare_rpc(c, d);
			break;
		case LANG_DECL_FUTURE_CHANNEL:
			check_declare_asked(c, d);
			break;
		case LANG_DECL_CRON:
		case LANG_DECL_ASSOC:
		case LANG_DECL_JOIN:
		case LANG_DECL_REPLICATION:
			break;				/* when all fields are known */
		default:
			check_unsupported(c, d->pos, "%s", unsupported_text(d->kind));
			break;
	}
}

static LangStruct *
add_special_struct(Check *c, LangStructKind kind, LangTypeKind type)
{
	LangStruct *s = KIT_NEW(c->arena, LangStruct);

	s->kind = kind;
	s->index = kind == LANG_STRUCT_ROOT ? 0 : 1;
	s->type = lang_type_make(c->program, type, NULL, NULL, s, NULL);
	return s;
}

void
check_declare(Check *c)
{
	LangTree   *tree = c->tree;

	c->program->root = add_special_struct(c, LANG_STRUCT_ROOT, LANG_RECORD);
	c->program->view = add_special_struct(c, LANG_STRUCT_VIEW, LANG_MESSAGE);
	for (int i = 0; i < tree->n; i++)
		if (tree->items[i]->kind == LANG_DECL_ENUM || tree->items[i]->kind == LANG_DECL_RECORD ||
			tree->items[i]->kind == LANG_DECL_MESSAGE)
			declare_type(c, tree->items[i]);
	for (int i = 0; i < tree->n; i++)
	{
		LangDecl   *d = tree->items[i];
		CheckType  *type;

		if (d->kind != LANG_DECL_RECORD && d->kind != LANG_DECL_MESSAGE)
			continue;
		type = check_name_find(c, CHECK_NAMES_TYPES, NULL, d->name.sym);
		if (type != NULL && type->decl == d)
			declare_members(c, type);
	}
	refuse_endless_nesting(c);
	for (int i = 0; i < tree->n; i++)
		declare_at_root(c, tree->items[i]);
	check_former_names(c);
	check_declare_statics(c);
	for (int i = 0; i < tree->n; i++)
		if (tree->items[i]->kind == LANG_DECL_CRON)
			check_declare_cron(c, tree->items[i]);
	check_declare_dispatches(c);
	check_declare_assocs(c);
	check_declare_replications(c);
	check_index_fields(c, c->program->root);
	check_index_fields(c, c->program->view);
}
