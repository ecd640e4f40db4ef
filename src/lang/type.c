/*
 * type.c
 *	  Types: made once each, so that equal types are equal pointers; how they are written; which value may become which.
 *
 * A type's identity is its kind and its parts, which are interned themselves; the table is a hash of exactly these.  Anonymous
 * structures are interned by their members (check_type.c), so two literals { a: 1 } and { a: 2 } have one type.
 */
#include <string.h>

#include "kit/hash.h"
#include "lang/check_internal.h"

typedef struct TypeEntry
{
	LangType	type;
	uint64_t	hash;
	struct TypeEntry *next;
} TypeEntry;

typedef struct LangTypeTable
{
	TypeEntry **buckets;
	uint32_t	n_buckets;		/* a power of two */
	uint32_t	n;
} LangTypeTable;

static const struct
{
	const char *word;
	char		storage;
}			kinds[LANG_N_TYPES] = {
#define STORAGE_I 'I'
#define STORAGE_D 'D'
#define STORAGE_P 'P'
#define STORAGE_N 'N'
#define LANG_TYPE(kind, word, storage) [kind] = {word, STORAGE_##storage},
#include "lang/types.def"
#undef LANG_TYPE
};

const char *
lang_type_word(LangTypeKind kind)
{
	return kinds[kind].word;
}

static uint64_t
hash_pointer(const void *p, uint64_t seed)
{
	return kit_hash_mix((uint64_t) (uintptr_t) p, seed);
}

static const char *
render(KitArena *arena, const LangType *t)
{
	KitBuf		out;

	switch (t->kind)
	{
		case LANG_ERROR_TYPE:
			return "?";
		case LANG_VOID:
			return "nothing";
		case LANG_ENUM:
			return t->enumeration->name->text;
		case LANG_RECORD:
		case LANG_MESSAGE:
			switch (t->structure->kind)
			{
				case LANG_STRUCT_ROOT:
					return "the document";
				case LANG_STRUCT_VIEW:
					return "@viewer";
				case LANG_STRUCT_PAIR:
					return kit_arena_printf(arena, "pair<%s,%s>", t->structure->fields[0]->type->text, t->structure->fields[1]->type->text);
				case LANG_STRUCT_ENTRY:
					return "an entry of a map";
				case LANG_STRUCT_ANONYMOUS:
					kit_buf_init(&out, arena);
					kit_buf_add_char(&out, '{');
					for (int i = 0; i < t->structure->n_fields; i++)
					{
						if (i == 8)
						{
							kit_buf_add_str(&out, ", ...");
							break;
						}
						kit_buf_printf(&out, "%s%s: %s", i == 0 ? "" : ", ", t->structure->fields[i]->name->text,
									   t->structure->fields[i]->type->text);
						if (out.len > 120)
						{
							kit_buf_add_str(&out, ", ...");
							break;
						}
					}
					kit_buf_add_char(&out, '}');
					return out.data;
				default:
					return t->structure->name->text;
			}
		case LANG_ARRAY:
			return kit_arena_printf(arena, "%s[]", t->a->text);
		default:
			if (t->b != NULL)
				return kit_arena_printf(arena, "%s<%s,%s>", kinds[t->kind].word, t->a->text, t->b->text);
			if (t->a != NULL)
				return kit_arena_printf(arena, "%s<%s>", kinds[t->kind].word, t->a->text);
			return kinds[t->kind].word;
	}
}

const LangType *
lang_type_make(LangProgram *program, LangTypeKind kind, const LangType *a, const LangType *b, LangStruct *structure,
			   LangEnum *enumeration)
{
	LangTypeTable *table = program->types;
	uint64_t	hash = hash_pointer(enumeration, hash_pointer(structure, hash_pointer(b, hash_pointer(a, (uint64_t) kind))));
	TypeEntry  *e;

	for (e = table->buckets[hash & (table->n_buckets - 1)]; e != NULL; e = e->next)
		if (e->hash == hash && e->type.kind == kind && e->type.a == a && e->type.b == b && e->type.enumeration == enumeration &&
			(e->type.structure == structure || kind == LANG_MAP || kind == LANG_PAIR))	/* which get theirs later */
			return &e->type;
	if (table->n == table->n_buckets)
	{
		TypeEntry **old = table->buckets;
		uint32_t	n_old = table->n_buckets;

		table->n_buckets *= 2;
		table->buckets = KIT_NEW_N(program->arena, TypeEntry *, table->n_buckets);
		for (uint32_t i = 0; i < n_old; i++)
			for (TypeEntry *next, *o = old[i]; o != NULL; o = next)
			{
				next = o->next;
				o->next = table->buckets[o->hash & (table->n_buckets - 1)];
				table->buckets[o->hash & (table->n_buckets - 1)] = o;
			}
	}
	e = KIT_NEW(program->arena, TypeEntry);
	e->hash = hash;
	e->type = (LangType) {.kind = kind, .a = a, .b = b, .structure = structure, .enumeration = enumeration};
	e->type.text = render(program->arena, &e->type);
	e->next = table->buckets[hash & (table->n_buckets - 1)];
	table->buckets[hash & (table->n_buckets - 1)] = e;
	table->n++;
	return &e->type;
}

void
lang_types_init(LangProgram *program)
{
	program->types = KIT_NEW(program->arena, LangTypeTable);
	program->types->n_buckets = 64;
	program->types->buckets = KIT_NEW_N(program->arena, TypeEntry *, program->types->n_buckets);
	for (int kind = 0; kind < LANG_N_TYPES; kind++)
		switch (kind)
		{
			case LANG_ENUM:
			case LANG_RECORD:
			case LANG_MESSAGE:
			case LANG_MAYBE:
			case LANG_LIST:
			case LANG_ARRAY:
			case LANG_MAP:
			case LANG_PAIR:
			case LANG_TABLE:
			case LANG_TUPLE:
			case LANG_FUTURE:
			case LANG_RESULT:
			case LANG_CHANNEL:
			case LANG_HOLDER:
			case LANG_GRID:
				break;			/* made of parts */
			default:
				program->simple[kind] = lang_type_make(program, kind, NULL, NULL, NULL, NULL);
		}
}

const LangType *
lang_type_maybe(LangProgram *program, const LangType *of)
{
	return lang_type_make(program, LANG_MAYBE, of, NULL, NULL, NULL);
}

const LangType *
lang_type_list(LangProgram *program, const LangType *of)
{
	return lang_type_make(program, LANG_LIST, of, NULL, NULL, NULL);
}

const LangType *
lang_type_array(LangProgram *program, const LangType *of)
{
	return lang_type_make(program, LANG_ARRAY, of, NULL, NULL, NULL);
}

const LangType *
lang_type_table(LangProgram *program, const LangType *of)
{
	return lang_type_make(program, LANG_TABLE, of, NULL, NULL, NULL);
}

bool
lang_type_is_numeric(const LangType *type)
{
	return type->kind == LANG_INT || type->kind == LANG_LONG || type->kind == LANG_DOUBLE;
}

char
lang_type_storage(const LangType *type)
{
	return kinds[type->kind].storage;
}

/*
 * Message types may be recursive, and refer to each other in many ways.  All pairs of structures must fit for the whole to fit,
 * so a pair that was met before need not be looked at again: either it fits, or the answer is no already (values themselves are
 * finite).
 */
#define MAX_PAIRS 256

typedef struct Comparing
{
	struct
	{
		const LangStruct *from;
		const LangStruct *to;
	}			pairs[MAX_PAIRS];
	int			n;
} Comparing;

static LangFit fit(const LangType *from, const LangType *to, LangFitting *fitting, Comparing *met);

/* Whether every member of from has a place in to. */
static bool
message_fits(const LangStruct *from, const LangStruct *to, Comparing *met)
{
	if (from == to)
		return true;
	for (int i = 0; i < met->n; i++)
		if (met->pairs[i].from == from && met->pairs[i].to == to)
			return true;
	if (met->n == MAX_PAIRS)
		return false;
	met->pairs[met->n].from = from;
	met->pairs[met->n++].to = to;
	for (int i = 0; i < from->n_fields; i++)
	{
		const LangField *f = from->fields[i];
		const LangField *target = lang_struct_field(to, f->name->text, f->name->len);
		LangFitting fitting;

		if (target == NULL || fit(f->type, target->type, &fitting, met) == LANG_FITS_NOT)
			return false;
	}
	return true;
}

static LangFit
fit(const LangType *from, const LangType *to, LangFitting *fitting, Comparing *met)
{
	LangFitting inside;
	LangFit		inner;

	*fitting = (LangFitting) {0};
	if (from->kind == LANG_ERROR_TYPE || to->kind == LANG_ERROR_TYPE)
		return LANG_FITS_AS_IS;	/* was refused where it is declared */
	if (to->kind == LANG_TEXT)
	{
		/* a text begins anew with a string */
		fitting->how = LANG_CONVERT_WIDEN;
		return from->kind == LANG_STRING ? LANG_FITS_CONVERTED : LANG_FITS_NOT;
	}
	if (from == to)
		return LANG_FITS_AS_IS;
	switch (to->kind)
	{
		case LANG_LONG:
			fitting->how = LANG_CONVERT_WIDEN;
			return from->kind == LANG_INT ? LANG_FITS_CONVERTED : LANG_FITS_NOT;
		case LANG_DOUBLE:
			fitting->how = LANG_CONVERT_INT_TO_DOUBLE;
			return from->kind == LANG_INT ? LANG_FITS_CONVERTED : LANG_FITS_NOT;
		case LANG_COMPLEX:
			fitting->how = LANG_CONVERT_TO_COMPLEX;
			return lang_type_is_numeric(from) ? LANG_FITS_CONVERTED : LANG_FITS_NOT;
		case LANG_MESSAGE:
			fitting->how = LANG_CONVERT_MESSAGE;
			return from->kind == LANG_MESSAGE && message_fits(from->structure, to->structure, met) ? LANG_FITS_CONVERTED
				: LANG_FITS_NOT;
		case LANG_MAYBE:
			inner = fit(from->kind == LANG_MAYBE ? from->a : from, to->a, &inside, met);
			if (inner == LANG_FITS_NOT || inside.has_inner)
				return LANG_FITS_NOT;
			fitting->how = from->kind == LANG_MAYBE ? LANG_CONVERT_MAYBE_INNER : LANG_CONVERT_TO_MAYBE;
			fitting->has_inner = inner == LANG_FITS_CONVERTED;
			fitting->inner = inside.how;
			return LANG_FITS_CONVERTED;
		case LANG_ARRAY:
			if (from->kind != LANG_ARRAY || from->a->kind != LANG_MESSAGE || to->a->kind != LANG_MESSAGE ||
				!message_fits(from->a->structure, to->a->structure, met))
				return LANG_FITS_NOT;
			*fitting = (LangFitting) {.how = LANG_CONVERT_ELEMENTS, .has_inner = true, .inner = LANG_CONVERT_MESSAGE};
			return LANG_FITS_CONVERTED;
		default:
			return LANG_FITS_NOT;
	}
}

LangFit
lang_type_fit(const LangType *from, const LangType *to, LangFitting *fitting)
{
	Comparing	met;

	met.n = 0;
	return fit(from, to, fitting, &met);
}
