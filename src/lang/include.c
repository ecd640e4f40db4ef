/*
 * include.c
 *	  A program of several sources: @include puts the declarations of another source where it stands.
 *
 * Each source is parsed by itself, once, when it is first met; positions tell which one they are of (LangPos.file).  The way from the program to the
 * source at hand is kept, so that a circle is told with all its members.
 */
#include <string.h>

#include "lang/check_internal.h"
#include "lang/near.h"

/* The sources that are open, innermost first. */
typedef struct Way
{
	int			file;
	const struct Way *up;
} Way;

typedef struct Include
{
	const LangSources *sources;
	LangTree   *tree;
	LangDiags  *diags;
	LangDecl  **items;			/* of the whole program */
	int			n_items;
	size_t		total;			/* bytes of all sources */
} Include;

/* ---- finding ---- */

/* What the source `from` means by path: in its own folder; NULL for a source at the top, where that is the same as the path. */
static const char *
in_folder(Include *in, int from, const char *path)
{
	const char *name = in->tree->sources[from].name;
	const char *slash = name == NULL ? NULL : strrchr(name, '/');

	if (slash == NULL)
		return NULL;
	return kit_arena_printf(in->tree->arena, "%.*s%s", (int) (slash + 1 - name), name, path);
}

static int
find_known(const Include *in, const char *name)
{
	for (int i = 1; i < in->tree->n_sources; i++)
		if (strcmp(in->tree->sources[i].name, name) == 0)
			return i;
	return -1;
}

/* The source of that name, parsed or not; -1: there is none. */
static int
find_source(Include *in, const char *name, bool *is_new)
{
	int			known = find_known(in, name);
	LangSource	source = {0};

	*is_new = known < 0;
	if (known >= 0)
		return known;
	source.name = kit_arena_strdup(in->diags->arena, name, strlen(name));
	if (in->sources == NULL || !in->sources->find(in->sources->arg, name, in->diags->arena, &source))
		return -1;
	if (source.label == NULL)
		source.label = source.name;
	CHECK_PUSH(in->diags->arena, in->tree->sources, in->tree->n_sources, source);
	in->diags->sources = in->tree->sources;
	in->diags->n_sources = in->tree->n_sources;
	return in->tree->n_sources - 1;
}

typedef struct Near
{
	CheckSuggestion s;
	KitArena   *arena;
} Near;

/* The name is not there for long. */
static void
suggest(const char *name, void *arg)
{
	Near	   *near = arg;
	const char *best = near->s.best;

	check_suggest(&near->s, name);
	if (near->s.best != best)
		near->s.best = kit_arena_strdup(near->arena, name, strlen(name));
}

static void
report_missing(Include *in, const LangDecl *d, const char *name, const char *tried)
{
	const char *wanted = tried != NULL ? tried : name;
	Near		near = {.arena = in->tree->arena, .s = {.wanted = wanted, .distance = lang_near_limit(wanted)}};
	KitDiag    *diag = lang_diags_add(in->diags, KIT_TYPE_ERROR, d->name.pos, "there is no source \"%s\"", name);

	if (tried != NULL)
		kit_diag_detail(diag, "Neither \"%s\" nor \"%s\" is there.", tried, name);
	near.s.is_off = strlen(wanted) > LANG_NEAR_MAX || in->diags->n_errors > LANG_MAX_DIAGS;
	if (in->sources != NULL && in->sources->each != NULL)
		in->sources->each(in->sources->arg, suggest, &near);
	if (!check_suggest_hint(&near.s, diag))
		kit_diag_hint(diag, in->sources == NULL ? "Sources are given together with the program." :
					  "A path is taken from the folder of the source that includes it, or else from the top.");
}

static void
report_circle(Include *in, const LangDecl *d, int file, const Way *way)
{
	KitBuf		text;
	KitDiag    *diag;

	kit_buf_init(&text, in->tree->arena);
	kit_buf_printf(&text, "\"%s\"", in->tree->sources[file].label);
	for (const Way *w = way; w != NULL; w = w->up)
	{
		KitBuf		longer;

		kit_buf_init(&longer, in->tree->arena);
		kit_buf_printf(&longer, "\"%s\" -> %s", in->tree->sources[w->file].label, text.data);
		text = longer;
		if (w->file == file)
			break;
	}
	diag = lang_diags_add(in->diags, KIT_SYNTAX_ERROR, d->name.pos, "source \"%s\" includes itself", in->tree->sources[file].label);
	kit_diag_detail(diag, "%s.", text.data);
}

/* ---- putting together ---- */

static void add_source(Include *in, int file, const Way *up);

static void
include(Include *in, const LangDecl *d, const Way *way)
{
	const char *path = d->u.path.path->text;
	const char *near = in_folder(in, way->file, path);
	bool		is_new;
	int			file = near == NULL ? -1 : find_source(in, near, &is_new);

	if (file < 0)
		file = find_source(in, path, &is_new);
	if (file < 0)
	{
		report_missing(in, d, path, near);
		return;
	}
	if (!is_new)
	{
		for (const Way *w = way; w != NULL; w = w->up)
			if (w->file == file)
			{
				report_circle(in, d, file, way);
				break;
			}
		return;
	}
	in->total += in->tree->sources[file].len;
	if (strlen(in->tree->sources[file].label) >= KIT_MAX_FILE)
		lang_diags_add(in->diags, KIT_PROGRAM_LIMIT, d->name.pos, "the name of a source has at most %d bytes", KIT_MAX_FILE - 1);
	else if (in->total > LANG_MAX_SOURCE)
		lang_diags_add(in->diags, KIT_PROGRAM_LIMIT, d->name.pos, "the program with all that it includes exceeds %d bytes", LANG_MAX_SOURCE);
	else if (in->tree->n_sources > LANG_MAX_SOURCES || port_stack_is_low())
		lang_diags_add(in->diags, KIT_PROGRAM_LIMIT, d->name.pos, "the program includes more than %d sources", LANG_MAX_SOURCES);
	else
		add_source(in, file, way);
}

static void
add_source(Include *in, int file, const Way *up)
{
	Way			way = {file, up};
	LangTree	one;
	LangSource	source = in->tree->sources[file];	/* the array may move */

	in->diags->file = file;
	lang_parse(source.text, source.len, in->tree->arena, in->tree->syms, &one, in->diags);
	in->diags->file = 0;
	for (int i = 0; i < one.n; i++)
		if (one.items[i]->kind == LANG_DECL_INCLUDE || one.items[i]->kind == LANG_DECL_IMPORT)
			include(in, one.items[i], &way);
		else
			CHECK_PUSH(in->tree->arena, in->items, in->n_items, one.items[i]);
}

bool
lang_parse_program(const char *source, size_t len, const LangSources *sources, KitArena *arena, KitSymTable *syms, LangTree *tree, LangDiags *diags)
{
	Include		in = {.sources = sources, .tree = tree, .diags = diags, .total = len};
	LangSource	program = {NULL, "", source, len};
	int			n_errors = diags->n_errors;

	memset(tree, 0, sizeof(*tree));
	tree->arena = arena;
	tree->syms = syms;
	CHECK_PUSH(diags->arena, tree->sources, tree->n_sources, program);
	diags->sources = tree->sources;
	diags->n_sources = 1;
	add_source(&in, 0, NULL);
	tree->items = in.items;
	tree->n = in.n_items;
	return diags->n_errors == n_errors;
}
