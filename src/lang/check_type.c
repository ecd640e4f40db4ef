/*
 * check_type.c
 *	  Types as written become types; what may stand where; the types of anonymous objects.
 */
#include <string.h>

#include "kit/hash.h"
#include "lang/check_internal.h"

bool
check_type_is_structured(const LangType *type)
{
	return type->kind == LANG_RECORD || type->kind == LANG_MESSAGE;
}

/* Simple values that a document can hold. */
static bool
is_scalar(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_BOOL:
		case LANG_INT:
		case LANG_LONG:
		case LANG_DOUBLE:
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_PRINCIPAL:
		case LANG_ENUM:
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
		case LANG_TIMESPAN:
		case LANG_DYNAMIC:
		case LANG_COMPLEX:
		case LANG_ASSET:
			return true;
		default:
			return false;
	}
}

static const LangType *
unknown_type(Check *c, LangTypeRef *ref)
{
	CheckSuggestion s;
	KitDiag    *diag = check_error(c, ref->pos, "there is no type \"%s\"", ref->word->text);

	check_suggest_start(c, &s, ref->word->text);
	for (int kind = LANG_BOOL; kind < LANG_N_TYPES; kind++)
		if (lang_type_word(kind)[0] != '\0')
			check_suggest(&s, lang_type_word(kind));
	check_suggest_names(c, &s, CHECK_NAMES_TYPES, NULL);
	check_suggest(&s, c->cur == NULL ? "formula" : "return");
	if (!check_suggest_or_foreign(&s, diag, check_foreign_hint("type", ref->word->text)))
		kit_diag_hint(diag, "A type is one of the language, or a record, message or enumeration that the program declares.");
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* How the types in a maybe, list or map are used. */
static CheckTypeUse
use_inside(CheckTypeUse use)
{
	return use == CHECK_TYPE_STORED || use == CHECK_TYPE_INSIDE ? CHECK_TYPE_INSIDE : CHECK_TYPE_LOCAL;
}

/* map<K,V> or pair<A,B> */
static const LangType *
type_of_two(Check *c, LangTypeRef *ref, LangTypeKind kind, CheckTypeUse use)
{
	const LangType *a;
	const LangType *b;

	if (ref->n_args != 2)
	{
		check_error(c, ref->pos, "\"%s\" takes two types, as in %s", ref->word->text, kind == LANG_MAP ? "map<string,int>" : "pair<string,int>");
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	a = check_type_ref(c, ref->args[0], CHECK_TYPE_LOCAL);
	b = check_type_ref(c, ref->args[1], kind == LANG_MAP ? use_inside(use) : CHECK_TYPE_LOCAL);
	if (CHECK_IS_ERROR(a) || CHECK_IS_ERROR(b))
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	if (kind == LANG_MAP && !check_type_is_key(a))
	{
		check_error(c, ref->args[0]->pos, "the keys of a map are int, long, string, principal or an enumeration, not %s", a->text);
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	if (a->kind == LANG_TABLE || b->kind == LANG_TABLE)
	{
		KitDiag    *diag = check_error(c, ref->args[a->kind == LANG_TABLE ? 0 : 1]->pos, "a %s cannot hold a table", ref->word->text);

		if (!check_is_rows(a->kind == LANG_TABLE ? a : b))
			kit_diag_hint(diag, "A record can: let it hold a record with the table in it.");
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	return kind == LANG_MAP ? check_type_map(c, a, b) : check_type_pair(c, a, b);
}

/* The type without its [] and without regard to where it stands. */
static const LangType *
base_type(Check *c, LangTypeRef *ref, CheckTypeUse use)
{
	const char *word = ref->word->text;
	CheckType  *declared;
	const LangType *a;
	LangTypeKind kind;

	if (ref->n_args == 0)
	{
		declared = check_name_find(c, CHECK_NAMES_TYPES, NULL, ref->word);
		if (declared != NULL)
		{
			declared->is_used = true;
			return declared->structure != NULL ? declared->structure->type : declared->enumeration->type;
		}
	}
	if (strcmp(word, "secure") == 0 && ref->n_args == 1)
	{
		if (strcmp(ref->args[0]->word->text, "principal") != 0)
		{
			check_error(c, ref->pos, "only a principal can be secure");
			return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		}
		return CHECK_SIMPLE(c, LANG_PRINCIPAL);
	}
	for (kind = LANG_BOOL; kind < LANG_N_TYPES; kind++)
		if (lang_type_word(kind)[0] != '\0' && strcmp(lang_type_word(kind), word) == 0)
			break;
	switch (kind)
	{
		case LANG_N_TYPES:
			return unknown_type(c, ref);
		case LANG_BOOL:
		case LANG_INT:
		case LANG_LONG:
		case LANG_DOUBLE:
		case LANG_STRING:
		case LANG_LABEL:
		case LANG_PRINCIPAL:
		case LANG_DATE:
		case LANG_TIME:
		case LANG_DATETIME:
		case LANG_TIMESPAN:
		case LANG_DYNAMIC:
		case LANG_TEXT:
		case LANG_JSON:
		case LANG_COMPLEX:
		case LANG_ASSET:
			return CHECK_SIMPLE(c, kind);
		case LANG_MAP:
		case LANG_PAIR:
			return type_of_two(c, ref, kind, use);
		case LANG_MAYBE:
		case LANG_LIST:
		case LANG_TABLE:
			if (ref->n_args != 1)
			{
				check_error(c, ref->pos, "\"%s\" takes one type, as in %s", word,
							kind == LANG_TABLE ? "table<Row>" : kind == LANG_LIST ? "list<int>" : "maybe<int>");
				return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
			}
			a = check_type_ref(c, ref->args[0], kind == LANG_TABLE ? CHECK_TYPE_LOCAL : use_inside(use));
			if (CHECK_IS_ERROR(a))
				return a;
			if (kind == LANG_TABLE)
			{
				if (a->kind == LANG_RECORD || (a->kind == LANG_MESSAGE && a->structure->kind == LANG_STRUCT_MESSAGE))
					return lang_type_table(c->program, a);
				check_error(c, ref->args[0]->pos, "a table holds records or messages, not %s", a->text);
				return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
			}
			if (a->kind == LANG_TABLE || (kind == LANG_MAYBE && a->kind == LANG_MAYBE))
			{
				check_error(c, ref->pos, "%s<%s> is not a type", word, a->text);
				return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
			}
			return lang_type_make(c->program, kind, a, NULL, NULL, NULL);
		case LANG_FUTURE:
		case LANG_RESULT:
		case LANG_CHANNEL:
			return check_asking_type(c, ref, kind, use);
		default:
			check_unsupported(c, ref->pos, "type \"%s\"", word);
			return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
}

/* Lists in a document: of simple values, maybes of them, lists. */
static bool
is_stored_list(const LangType *type)
{
	while (type->kind == LANG_LIST)
		type = type->a;
	return is_scalar(type->kind == LANG_MAYBE ? type->a : type);
}

/* Values of a map in a document. */
static bool
is_stored_in_map(const LangType *type)
{
	switch (type->kind)
	{
		case LANG_LIST:
			return is_stored_list(type);
		case LANG_RECORD:
			return true;
		case LANG_MAYBE:
			return is_scalar(type->a);
		case LANG_MAP:
			return is_stored_in_map(type->b);
		default:
			return is_scalar(type);
	}
}

/* What to declare instead of a type whose parts cannot be stored, or not together. */
static void
hint_store(KitDiag *diag, const LangType *type)
{
	const LangType *part = type;

	while (part->kind == LANG_MAYBE || part->kind == LANG_LIST || part->kind == LANG_MAP || part->kind == LANG_ARRAY)
		part = part->kind == LANG_MAP ? part->b : part->a;
	if (part->kind == LANG_MESSAGE && part->structure->kind == LANG_STRUCT_MESSAGE)
		kit_diag_hint(diag, "Declare \"%s\" as a record: fields are stored, messages only travel.", part->text);
	else if (part->kind == LANG_MESSAGE)
		kit_diag_hint(diag, "Declare a record that has both as fields.");
	else if (type->kind == LANG_LIST && part->kind == LANG_RECORD)
		kit_diag_hint(diag, "Records are kept in a table: table<%s>.", part->text);
	else if (type->kind == LANG_MAYBE && (type->a->kind == LANG_LIST || type->a->kind == LANG_MAP))
		kit_diag_hint(diag, "Leave out the maybe: there may be nothing in a list or a map.");
	else
		kit_diag_hint(diag, "Declare a record for its parts, and keep it in a table or a map.");
}

/* Fields of the document and of records. */
static const LangType *
stored_type(Check *c, LangTypeRef *ref, const LangType *type)
{
	KitDiag    *diag;
	const LangType *inner;

	if (is_scalar(type) || type->kind == LANG_RECORD || (type->kind == LANG_TABLE && !check_is_rows(type)) || type->kind == LANG_TEXT)
		return type;
	if (type->kind == LANG_MAYBE && (is_scalar(type->a) || type->a->kind == LANG_RECORD))
		return type;
	if (type->kind == LANG_LIST && is_stored_list(type))
		return type;
	if (type->kind == LANG_MAP && is_stored_in_map(type->b))
	{
		check_store_map(c, type);
		return type;
	}
	if (type->kind == LANG_MAP && type->b->kind == LANG_MAYBE && type->b->a->kind == LANG_RECORD)
	{
		diag = check_error(c, ref->pos, "a map holds records, not maybes of them");
		kit_diag_hint(diag, "Write map<%s,%s>: m[key] is a maybe anyway.", type->a->text, type->b->a->text);
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	inner = type;
	while (inner->kind == LANG_MAP || inner->kind == LANG_LIST || inner->kind == LANG_MAYBE)
		inner = inner->kind == LANG_MAP ? inner->b : inner->a;
	if (inner->kind == LANG_JSON)
	{
		diag = check_error(c, ref->pos, "a document cannot store json");
		if (inner == type)
			kit_diag_hint(diag, "Declare it dynamic, and assign .to_dynamic().");
		else
			kit_diag_hint(diag, "Write dynamic in place of json, and put .to_dynamic() into it.");
		return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
	}
	inner = type;
	while (inner->kind == LANG_MAP)
		inner = inner->b;
	if (inner != type && inner->kind == LANG_MESSAGE && inner->structure->kind == LANG_STRUCT_MESSAGE)
	{
		diag = check_error(c, ref->pos, "a document cannot store message \"%s\"", inner->text);
		kit_diag_hint(diag, "Declare it as a record: fields are stored, messages only travel.");
	}
	else if (type->kind == LANG_MESSAGE && type->structure->kind == LANG_STRUCT_MESSAGE)
	{
		diag = check_error(c, ref->pos, "a document cannot store message \"%s\"", type->text);
		kit_diag_hint(diag, "Declare it as a record: fields are stored, messages only travel.");
	}
	else if (check_is_rows(type))
	{
		diag = check_error(c, ref->pos, "a document cannot store a table of messages");
		kit_diag_hint(diag, "Declare \"%s\" as a record; a table of messages is a variable.", type->a->text);
	}
	else if (type->kind == LANG_ARRAY)
	{
		diag = check_error(c, ref->pos, "a document cannot store an array");
		kit_diag_hint(diag, is_scalar(type->a) ? "Store a list<%s>, or keep the elements in a table of records." : "Keep the elements in a table of records.", type->a->text);
	}
	else if (type->kind == LANG_FUTURE || type->kind == LANG_CHANNEL)
	{
		diag = check_error(c, ref->pos, "a document cannot store a %s", ref->word->text);
		kit_diag_hint(diag, type->kind == LANG_FUTURE ? "Wait for the answer with .await(), and store what it says." :
					  "A channel is declared outside of records: channel<%s> name;", type->a->text);
	}
	else
	{
		diag = check_error(c, ref->pos, "a document cannot store %s", type->text);
		hint_store(diag, type);
	}
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* Whether messages can hold values of the type; otherwise *found is what they cannot. */
static bool
travels(const LangType *type, const LangType **found)
{
	switch (type->kind)
	{
		case LANG_MAYBE:
		case LANG_ARRAY:
		case LANG_LIST:
			return travels(type->a, found);
		case LANG_MAP:
			return travels(type->a, found) && travels(type->b, found);
		case LANG_MESSAGE:
			/* a message that is declared is checked field by field */
			return type->structure->kind != LANG_STRUCT_PAIR ||
				(travels(type->structure->fields[0]->type, found) && travels(type->structure->fields[1]->type, found));
		default:
			*found = type;
			return is_scalar(type) || type->kind == LANG_JSON;
	}
}

/* Fields of messages and of @viewer. */
static const LangType *
message_type(Check *c, LangTypeRef *ref, const LangType *type)
{
	const LangType *found;

	if (travels(type, &found))
		return type;
	if (found->kind == LANG_RECORD || found->kind == LANG_TABLE)
	{
		KitDiag    *diag = check_error(c, ref->pos, "a message cannot hold %s", type->text);

		if (check_is_rows(found))
			kit_diag_hint(diag, "Declare it as an array: %s[].", found->a->text);
		else
			kit_diag_hint(diag, "A message carries values: give the row's id, or a message with the fields that matter.");
	}
	else if (found->kind == LANG_FUTURE || found->kind == LANG_CHANNEL || found->kind == LANG_RESULT)
		check_error(c, ref->pos, "a message cannot hold %s", type->text);
	else
		check_unsupported(c, ref->pos, "a message's field of type %s", type->text);
	return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
}

/* A text is a place of the document; refuses it elsewhere. */
static bool
is_text(Check *c, LangTypeRef *ref, const LangType *type)
{
	if (type->kind != LANG_TEXT && (type->kind != LANG_ARRAY || type->a->kind != LANG_TEXT))
		return false;
	kit_diag_hint(check_error(c, ref->pos, "only fields of the document and of records can be text"), "Use string here; the string that a text holds is .get().");
	return true;
}

const LangType *
check_type_ref(Check *c, LangTypeRef *ref, CheckTypeUse use)
{
	const LangType *type = base_type(c, ref, use);

	if (CHECK_IS_ERROR(type))
		return type;
	if (ref->is_array)
	{
		if (type->kind == LANG_TABLE)
		{
			check_error(c, ref->pos, "there are no arrays of tables");
			return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		}
		type = lang_type_array(c->program, type);
	}
	switch (use)
	{
		case CHECK_TYPE_STORED:
			return stored_type(c, ref, type);
		case CHECK_TYPE_INSIDE:
			if (type->kind != LANG_TEXT && (type->kind != LANG_ARRAY || type->a->kind != LANG_TEXT))
				return type;
			kit_diag_hint(check_error(c, ref->pos, "a maybe, list or map cannot hold a text"),
						  "Put it into a record, as in record Page { text body; }, and declare a maybe<Page>, a table<Page> or a map of Page.");
			return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
		case CHECK_TYPE_MESSAGE:
			return is_text(c, ref, type) ? CHECK_SIMPLE(c, LANG_ERROR_TYPE) : message_type(c, ref, type);
		case CHECK_TYPE_PARAM:
		case CHECK_TYPE_LOCAL:
			return is_text(c, ref, type) ? CHECK_SIMPLE(c, LANG_ERROR_TYPE) : type;
		case CHECK_TYPE_RETURN:
			if (is_text(c, ref, type))
				return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
			if (type->kind == LANG_TABLE && !check_is_rows(type))
			{
				KitDiag    *diag = check_error(c, ref->pos, "a table cannot be returned");

				kit_diag_hint(diag, "Return a list: list<%s>, made by \"iterate\".", type->a->text);
				return CHECK_SIMPLE(c, LANG_ERROR_TYPE);
			}
			return type;
	}
	return type;
}

const LangType *
check_anonymous_type(Check *c, const LangObjectMember *members, const LangType **types, int n)
{
	LangStruct *structure;
	CheckAnonymous *known;
	uint64_t	hash = (uint64_t) n;
	int		   *order = KIT_NEW_N(c->arena, int, n + 1);
	void	   *old;

	/* alphabetical order, by bytes */
	for (int i = 0; i < n; i++)
		order[i] = i;
	for (int gap = n / 2; gap > 0; gap /= 2)
		for (int i = gap; i < n; i++)
		{
			int			moving = order[i];
			int			j = i;

			for (; j >= gap && strcmp(members[order[j - gap]].name.sym->text, members[moving].name.sym->text) > 0; j -= gap)
				order[j] = order[j - gap];
			order[j] = moving;
		}
	for (int i = 0; i < n; i++)
		hash = kit_hash_mix(kit_hash_mix(hash, (uint64_t) (uintptr_t) members[order[i]].name.sym),
							(uint64_t) (uintptr_t) types[order[i]]);
	for (known = c->anonymous[hash % CHECK_N_ANONYMOUS]; known != NULL; known = known->next)
	{
		int			k = 0;

		structure = known->structure;
		if (known->hash != hash || structure->n_fields != n)
			continue;
		while (k < n && structure->fields[k]->name == members[order[k]].name.sym && structure->fields[k]->type == types[order[k]])
			k++;
		if (k == n)
			return structure->type;
	}
	structure = KIT_NEW(c->arena, LangStruct);
	structure->kind = LANG_STRUCT_ANONYMOUS;
	structure->pos = n > 0 ? members[0].name.pos : (LangPos) {0};
	structure->fields = KIT_NEW_N(c->arena, LangField *, n + 1);
	structure->by_name = structure->fields;
	structure->n_fields = structure->n_slots = n;
	for (int k = 0; k < n; k++)
	{
		LangField  *field = structure->fields[k] = KIT_NEW(c->arena, LangField);

		field->name = members[order[k]].name.sym;
		field->pos = members[order[k]].name.pos;
		field->owner = structure;
		field->kind = LANG_STORED_FIELD;
		field->type = types[order[k]];
		field->slot = field->index = k;
		field->privacy = LANG_PRIVACY_PUBLIC;
		check_name_add(c, CHECK_NAMES_FIELDS, structure, field->name, field, &old);
	}
	structure->type = lang_type_make(c->program, LANG_MESSAGE, NULL, NULL, structure, NULL);
	if (c->program->n_structs == CHECK_MAX_STRUCTS)
		check_limit(c, structure->pos, "a program has at most %d records, messages and kinds of objects", CHECK_MAX_STRUCTS);
	structure->index = c->program->n_structs + 2;
	CHECK_PUSH(c->arena, c->program->structs, c->program->n_structs, structure);
	known = KIT_NEW(c->arena, CheckAnonymous);
	*known = (CheckAnonymous) {structure, hash, c->anonymous[hash % CHECK_N_ANONYMOUS]};
	c->anonymous[hash % CHECK_N_ANONYMOUS] = known;
	return structure->type;
}
