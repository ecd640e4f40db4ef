/*
 * past.c
 *	  The states that a document has gone through, by sequence number: what a program that calls Document.rewind may ask for.
 */
#include <string.h>

#include "cli/cli.h"

struct CliPast
{
	KitArena   *arena;
	DocBytes   *states;			/* states[seq - 1] */
	int64_t		n;
	int64_t		cap;
};

CliPast *
cli_past_new(void)
{
	KitArena   *arena = kit_arena_new("past");
	CliPast    *past = KIT_NEW(arena, CliPast);

	past->arena = arena;
	return past;
}

void
cli_past_free(CliPast *past)
{
	kit_arena_delete(past->arena);
}

void
cli_past_add(CliPast *past, DocBytes state)
{
	char	   *copy = kit_arena_alloc(past->arena, state.len);

	if (past->n == past->cap)
	{
		int64_t		cap = past->cap == 0 ? 64 : past->cap * 2;
		DocBytes   *states = KIT_NEW_N(past->arena, DocBytes, (size_t) cap);

		if (past->n > 0)
			memcpy(states, past->states, (size_t) past->n * sizeof(DocBytes));
		past->states = states;
		past->cap = cap;
	}
	memcpy(copy, state.data, state.len);
	past->states[past->n++] = (DocBytes) {copy, state.len};
}

void
cli_past_cut(CliPast *past, int64_t seq)
{
	if (past->n > seq)
		past->n = seq;
}

bool
cli_past_find(const CliPast *past, int64_t seq, DocBytes *state)
{
	if (seq < 1 || seq > past->n)
		return false;
	*state = past->states[seq - 1];
	return true;
}
