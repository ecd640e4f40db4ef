/*
 * world.h
 *	  world.adama, compiled once.
 */
#ifndef ADAMA_FUZZ_WORLD_H
#define ADAMA_FUZZ_WORLD_H

#include "fuzz.h"
#include "vm/vm.h"

static const VmLimits world_limits = {.steps = 50000, .memory = 1000000, .document = 50000, .depth = 50};

static const VmProgram *
world(void)
{
	static VmProgram *program;
	static char text[20000];
	KitArena   *arena;
	LangDiags	diags;
	FILE	   *file;
	size_t		len;

	if (program != NULL)
		return program;
	file = fopen("test/fuzz/world.adama", "rb");
	FUZZ_CHECK(file != NULL, "test/fuzz/world.adama is not there: run this in the top directory");
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	arena = kit_arena_new("world");
	lang_diags_init(&diags, arena);
	program = vm_program_new(text, len, &diags);
	FUZZ_CHECK(program != NULL, "%d:%d %s", diags.items[0]->line, diags.items[0]->column, diags.items[0]->message);
	kit_arena_delete(arena);
	return program;
}

/* JSON to bytes in the arena; data NULL when it is none. */
static inline DocBytes
world_json(const char *json, size_t len, DocClass class, KitArena *arena)
{
	KitBuf	   *buf = KIT_NEW(arena, KitBuf);
	KitDiag		diag = {0};

	kit_buf_init(buf, arena);
	if (!doc_from_json(json, len, class, buf, &diag))
	{
		FUZZ_CHECK(diag.code != KIT_OK && diag.message[0] != '\0', "refused without a word");
		return (DocBytes) {NULL, 0};
	}
	return (DocBytes) {buf->data, buf->len};
}

#endif
