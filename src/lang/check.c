/*
 * check.c
 *	  From tree to program: the passes of the checker in their order, and the small questions that others ask a program.
 */
#include <string.h>

#include "lang/check_internal.h"

/* Order of the bytes of names, shorter first when one begins with the other. */
static int
compare_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int			order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : a_len < b_len ? -1 : a_len > b_len;
}

static void
sort_by_name(LangField **fields, int n)
{
	for (int gap = n / 2; gap > 0; gap /= 2)
		for (int i = gap; i < n; i++)
		{
			LangField  *moving = fields[i];
			int			j = i;

			for (; j >= gap && compare_names(fields[j - gap]->name->text, fields[j - gap]->name->len, moving->name->text,
											 moving->name->len) > 0; j -= gap)
				fields[j] = fields[j - gap];
			fields[j] = moving;
		}
}

void
check_index_fields(Check *c, LangStruct *structure)
{
	structure->by_name = KIT_NEW_N(c->arena, LangField *, structure->n_fields + 1);
	if (structure->n_fields > 0)
		memcpy(structure->by_name, structure->fields, sizeof(LangField *) * (size_t) structure->n_fields);
	sort_by_name(structure->by_name, structure->n_fields);
}

LangField *
lang_struct_field(const LangStruct *structure, const char *name, size_t len)
{
	int			low = 0;
	int			high = structure->n_fields;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		LangField  *field = structure->by_name[middle];
		int			order = compare_names(name, len, field->name->text, field->name->len);

		if (order == 0)
			return field;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

LangChannel *
lang_program_channel(const LangProgram *program, const char *name, size_t len)
{
	for (int i = 0; i < program->n_channels; i++)
		if (program->channels[i]->name->len == len && memcmp(program->channels[i]->name->text, name, len) == 0)
			return program->channels[i];
	return NULL;
}

/* Whether it is about a name that nothing has: most likely all that say so of the name have one cause. */
static bool
is_of_unknown(const KitDiag *diag)
{
	static const char variable[] = "there is no variable or field \"";
	static const char type[] = "there is no type \"";

	return strncmp(diag->message, variable, sizeof(variable) - 1) == 0 || strncmp(diag->message, type, sizeof(type) - 1) == 0;
}

#define MAX_LINES 10			/* that are named */

/* One error for each unknown name, at its first place; the other places are in its detail. */
static void
tell_once(Check *c, int from)
{
	LangDiags  *diags = c->diags;

	for (int i = from; i < diags->n; i++)
	{
		int			lines[MAX_LINES];
		int			n = 0;
		int			n_more = 0;
		KitBuf		text;

		if (!is_of_unknown(diags->items[i]))
			continue;
		for (int k = i + 1; k < diags->n; k++)
		{
			KitDiag    *first = diags->items[i];
			KitDiag    *other = diags->items[k];
			int			at = n;

			if (strcmp(first->message, other->message) != 0 || strcmp(first->file, other->file) != 0 ||
				(first->hint[0] != '\0' && other->hint[0] != '\0' && strcmp(first->hint, other->hint) != 0))
				continue;
			if (other->line < first->line)
			{
				diags->items[i] = other;
				other = first;
			}
			if (n == MAX_LINES)
				n_more++;
			else
			{
				for (; at > 0 && lines[at - 1] > other->line; at--)
					lines[at] = lines[at - 1];
				lines[at] = other->line;
				n++;
			}
			diags->n--;
			diags->n_errors--;
			memmove(&diags->items[k], &diags->items[k + 1], (size_t) (diags->n - k) * sizeof(diags->items[0]));
			diags->items[diags->n] = other;	/* to be used again */
			k--;
		}
		if (n == 0)
			continue;
		kit_buf_init(&text, c->arena);
		for (int k = 0; k < n; k++)
			kit_buf_printf(&text, "%s%d", k == 0 ? "" : k == n - 1 && n_more == 0 ? " and " : ", ", lines[k]);
		if (n_more > 0)
			kit_buf_printf(&text, " and %d more", n_more);
		kit_diag_detail(diags->items[i], "It is also used at line%s %s.", n == 1 ? "" : "s", text.data);
	}
}

LangProgram *
lang_check(LangTree *tree, LangDiags *diags)
{
	Check	   *c = KIT_NEW(tree->arena, Check);
	LangProgram *program = KIT_NEW(tree->arena, LangProgram);
	int			n_diags = diags->n;

	program->arena = tree->arena;
	program->syms = tree->syms;
	program->labels = KIT_NEW_N(tree->arena, const char *, tree->n_sources + 1);
	program->n_labels = tree->n_sources;
	for (int i = 1; i < tree->n_sources; i++)
		program->labels[i] = kit_arena_strdup(tree->arena, tree->sources[i].label, strlen(tree->sources[i].label));
	lang_types_init(program);
	c->tree = tree;
	c->program = program;
	c->arena = tree->arena;
	c->diags = diags;
	c->id = kit_sym_z(tree->syms, "id");
	check_names_init(c);
	check_ops_init(c);
	check_declare(c);
	check_units(c);
	check_resolve_guards(c);
	check_warn_unentered(c);
	check_effects(c);
	if (diags->n_errors > 0)
	{
		tell_once(c, n_diags);
		return NULL;
	}
	check_unused(c);
	return program;
}

LangProgram *
lang_compile_all(const char *source, size_t len, const LangSources *sources, KitArena *arena, LangDiags *diags)
{
	LangTree	tree;

	if (!lang_parse_program(source, len, sources, arena, kit_sym_table_new(arena), &tree, diags))
		return NULL;
	return lang_check(&tree, diags);
}

LangProgram *
lang_compile(const char *source, size_t len, KitArena *arena, LangDiags *diags)
{
	return lang_compile_all(source, len, NULL, arena, diags);
}
