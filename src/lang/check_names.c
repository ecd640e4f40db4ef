/*
 * check_names.c
 *	  The checker's names: who is called what, what to say when a name is wrong, and what was probably meant.
 *
 * One hash table holds all names; a name's identity is its kind, its owner and its interned text.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kit/hash.h"
#include "lang/check_internal.h"
#include "lang/near.h"

void *
check_grow(KitArena *arena, void *items, int n, size_t size)
{
	void	   *grown = kit_arena_zalloc(arena, size * (n == 0 ? 4 : (size_t) n * 2));

	if (n > 0)
		memcpy(grown, items, size * (size_t) n);
	return grown;
}

void
check_names_init(Check *c)
{
	c->n_buckets = 256;
	c->buckets = KIT_NEW_N(c->arena, CheckName *, c->n_buckets);
}

static uint64_t
name_hash(CheckNameSpace space, const void *owner, const KitSym *name)
{
	return kit_hash_mix(kit_hash_mix((uint64_t) (uintptr_t) owner, (uint64_t) (uintptr_t) name), (uint64_t) space + 1);
}

static CheckName *
find(Check *c, CheckNameSpace space, const void *owner, const KitSym *name)
{
	for (CheckName *n = c->buckets[name_hash(space, owner, name) & (c->n_buckets - 1)]; n != NULL; n = n->next)
		if (n->name == name && n->space == space && n->owner == owner)
			return n;
	return NULL;
}

bool
check_name_add(Check *c, CheckNameSpace space, const void *owner, const KitSym *name, void *value, void **old)
{
	CheckName  *n = find(c, space, owner, name);
	CheckName **bucket;

	if (n != NULL)
	{
		*old = n->value;
		return false;
	}
	if (c->n_names == c->n_buckets)
	{
		CheckName **old_buckets = c->buckets;
		uint32_t	n_old = c->n_buckets;

		c->n_buckets *= 2;
		c->buckets = KIT_NEW_N(c->arena, CheckName *, c->n_buckets);
		for (uint32_t i = 0; i < n_old; i++)
			for (CheckName *next, *o = old_buckets[i]; o != NULL; o = next)
			{
				next = o->next;
				bucket = &c->buckets[name_hash(o->space, o->owner, o->name) & (c->n_buckets - 1)];
				o->next = *bucket;
				*bucket = o;
			}
	}
	n = KIT_NEW(c->arena, CheckName);
	bucket = &c->buckets[name_hash(space, owner, name) & (c->n_buckets - 1)];
	*n = (CheckName) {space, owner, name, value, *bucket, c->spaces[space]};
	*bucket = n;
	c->spaces[space] = n;
	c->n_names++;
	return true;
}

void *
check_name_find(Check *c, CheckNameSpace space, const void *owner, const KitSym *name)
{
	CheckName  *n = find(c, space, owner, name);

	return n == NULL ? NULL : n->value;
}

/* ---- diagnostics ---- */

#define REPORT(c, code, pos, suffix) \
	char		text[400]; \
	va_list		args; \
	va_start(args, format); \
	vsnprintf(text, sizeof(text), format, args); \
	va_end(args); \
	KitDiag    *diag = lang_diags_add((c)->diags, (code), (pos), "%s%s", text, (suffix))

KitDiag *
check_error(Check *c, LangPos pos, const char *format,...)
{
	REPORT(c, KIT_TYPE_ERROR, pos, "");
	return diag;
}

KitDiag *
check_warn(Check *c, LangPos pos, const char *format,...)
{
	REPORT(c, KIT_WARNING, pos, "");
	return diag;
}

KitDiag *
check_limit(Check *c, LangPos pos, const char *format,...)
{
	REPORT(c, KIT_PROGRAM_LIMIT, pos, "");
	return diag;
}

KitDiag *
check_unsupported(Check *c, LangPos pos, const char *format,...)
{
	REPORT(c, KIT_NOT_SUPPORTED, pos, " is not supported yet");
	return diag;
}

const char *
check_printf(Check *c, const char *format,...)
{
	char		text[400];
	va_list		args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return kit_arena_strdup(c->arena, text, strlen(text));
}

const char *
check_line_text(Check *c, LangPos pos)
{
	const char *label = pos.file > 0 && pos.file < c->tree->n_sources ? c->tree->sources[pos.file].label : NULL;

	return label == NULL ? check_printf(c, "line %d", pos.line) : check_printf(c, "line %d of \"%s\"", pos.line, label);
}

/* ---- suggestions ---- */

void
check_suggest_start(Check *c, CheckSuggestion *s, const char *wanted)
{
	s->wanted = wanted;
	s->best = s->related = NULL;
	s->distance = lang_near_limit(wanted);	/* the best one must be below this */
	s->is_off = strlen(wanted) > LANG_NEAR_MAX || c->diags->n_errors > LANG_MAX_DIAGS;
}

/* Whether one of the two is how the other begins, as in abs and absolute. */
static bool
begins_alike(const char *a, const char *b)
{
	size_t		len = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return len >= 3 && memcmp(a, b, len) == 0;
}

void
check_suggest(CheckSuggestion *s, const char *candidate)
{
	int			d;

	if (s->is_off || strlen(candidate) > LANG_NEAR_MAX || strcmp(candidate, s->wanted) == 0)
		return;
	d = lang_near(s->wanted, candidate, s->distance - 1);
	if (d < s->distance)
	{
		s->distance = d;
		s->best = candidate;
	}
	else if (s->related == NULL && begins_alike(s->wanted, candidate))
		s->related = candidate;
}

void
check_suggest_names(Check *c, CheckSuggestion *s, CheckNameSpace space, const void *owner)
{
	if (s->is_off)
		return;
	for (CheckName *n = c->spaces[space]; n != NULL; n = n->next_of_space)
		if (n->owner == owner)
			check_suggest(s, n->name->text);
}

bool
check_suggest_hint(CheckSuggestion *s, KitDiag *diag)
{
	if (s->best == NULL && s->related == NULL)
		return false;
	kit_diag_hint(diag, "Did you mean \"%s\"?", s->best != NULL ? s->best : s->related);
	return true;
}
