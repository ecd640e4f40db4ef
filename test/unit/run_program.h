/*
 * run_program.h
 *	  For tests that run programs: compile one, make a message of JSON, reduce an event.
 */
#ifndef ADAMA_RUN_PROGRAM_H
#define ADAMA_RUN_PROGRAM_H

#include "unit.h"
#include "vm/machine.h"

__attribute__((unused))
static VmProgram *
compile(const char *source, KitArena *arena)
{
	LangDiags	diags;
	VmProgram  *program;

	lang_diags_init(&diags, arena);
	program = vm_program_new(source, strlen(source), &diags);
	if (program == NULL && diags.n > 0)
		printf("# %d:%d %s\n", diags.items[0]->line, diags.items[0]->column, diags.items[0]->message);
	return program;
}

__attribute__((unused))
static VmEvent
event_of(VmEventKind kind, const char *channel)
{
	return (VmEvent) {.kind = kind, .agent = {"alice", 5}, .authority = {"test", 4}, .at = 1000, .space = {"space", 5}, .key = {"key", 3},
		.channel = {channel, (uint32_t) strlen(channel)}};
}

__attribute__((unused))
static DocItem
json_item(const char *json, KitArena *arena)
{
	KitBuf	   *bytes = kit_arena_alloc(arena, sizeof(KitBuf));
	DocItem		item = {.kind = DOC_NULL};
	KitDiag		diag = {0};

	kit_buf_init(bytes, arena);
	if (!doc_from_json(json, strlen(json), DOC_DOCUMENT, bytes, &diag) || !doc_open((DocBytes) {bytes->data, bytes->len}, DOC_DOCUMENT, &item, &diag))
		printf("# %s: %s\n", json, diag.message);
	return item;
}

__attribute__((unused))
static bool
reduce(VmDoc *doc, VmEvent event, const VmLimits *limits, KitDiag *diag)
{
	KitArena   *scratch = kit_arena_new("event");
	bool		ok;

	memset(diag, 0, sizeof(*diag));
	vm_doc_begin(doc);
	ok = vm_reduce(doc, &event, limits, scratch, diag);
	vm_doc_commit(doc);
	kit_arena_delete(scratch);
	return ok;
}

#endif
