/*
 * copy.c
 *	  A document in memory, as of one seq: loaded from the row's state and the log's tail, brought forward by the log alone.
 *
 * What is stored: state as of state_seq, and for each later entry of the log its delta.  A copy that is behind applies what it lacks; one that
 * belongs to a document of another life (created differs), to another program version, or is ahead, is loaded anew.  An upgrade to another program version always
 * writes the state, so the tail after state_seq is of one version.
 *
 * A copy that is older than the log, which may have been trimmed since, is loaded anew as well.
 *
 * The last changes, which other sessions made, are mostly still in shared memory (recent.c); the log is asked for what is older.
 *
 * Whoever follows a document to tell others (the emitter) is also given the effects of each entry on the way, from wherever the entry is read; where the copy is loaded
 * anew, they are looked up in the entries that were skipped.
 *
 * While deltas are being applied the copy's seq is -1: an error on the way leaves a copy that the next call loads anew.
 */
#include "postgres.h"

#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "store/internal.h"

/* A copy that lacks more entries than this, all of them older than the stored state, is better loaded anew. */
#define APPLY_AT_MOST 256

typedef struct Following
{
	StoreCopy  *copy;
	const char *key;
	int64		state_seq;		/* of the stored state */
	int64		seq;			/* of the last entry applied */
	const StoreFollower *follower;	/* NULL: nobody wants to know of effects */
	int64		seen;			/* of entries up to here it knows */
} Following;

static void
damaged(StoreSpace *space, const char *key, KitDiag *diag)
{
	kit_diag_detail(diag, "Document \"%s\" of space \"%s\".", key, NameStr(space->name));
	store_raise(diag);
}

static void
visit_effects(const Following *f, DocBytes effects)
{
	DocItem		root;
	KitDiag		diag = {0};

	if (effects.len == 0 || f->follower == NULL)
		return;
	if (!doc_open(effects, DOC_DOCUMENT, &root, &diag))
		store_raise(&diag);
	if (root.kind == DOC_ARRAY)
		f->follower->visit(root.body, f->follower->arg);
}

static void
skip_entry(int64 seq, DocBytes delta, DocBytes effects, void *arg)
{
	visit_effects(arg, effects);
}

static void
apply_entry(int64 seq, DocBytes delta, DocBytes effects, void *arg)
{
	Following  *f = arg;
	KitDiag		diag = {0};

	if (!vm_doc_apply(f->copy->doc, delta, &diag))
	{
		if (diag.detail[0] == '\0')
			kit_diag_detail(&diag, "Log entry %lld of document \"%s\".", (long long) seq, f->key);
		store_raise(&diag);
	}
	if (seq > f->state_seq)
		f->copy->tail_size += delta.len + STORE_LOG_ENTRY_OVERHEAD;
	f->seq = seq;
	if (f->follower != NULL && seq > f->seen)
		visit_effects(f, effects);
}

void
store_copy_free(StoreCopy *copy)
{
	if (copy->doc != NULL)
		vm_doc_free(copy->doc);
	if (copy->program != NULL)
		store_program_release(copy->program);
	memset(copy, 0, sizeof(*copy));
}

static void
load(StoreSpace *space, const char *key, StoreCopy *copy, const StoreRow *row)
{
	StoreProgram *program = store_program(space, row->program);
	DocBytes	state = store_datum_bytes(row->state);
	KitDiag		diag = {0};

	store_copy_free(copy);
	copy->doc = vm_doc_load(program->vm, state, false, true, &diag);
	if (copy->doc == NULL)
		damaged(space, key, &diag);
	copy->program = program;
	program->use_count++;
	copy->seq = row->state_seq;
	copy->state_seq = row->state_seq;
	copy->state_size = state.len;
	copy->created = row->created;
	copy->updated = row->updated;
	copy->is_loaded = true;
	if (state.data != VARDATA_ANY(DatumGetPointer(row->state)))
		pfree((char *) state.data - VARHDRSZ);
}

bool
store_copy_is_at(const StoreCopy *copy, const StoreRow *row)
{
	return copy->doc != NULL && copy->seq == row->seq && copy->state_seq == row->state_seq && copy->created == row->created &&
		copy->program->version == row->program;
}

/* A program that has no effects need not be asked; who knows what was deployed in between. */
static bool
may_have_effects(StoreSpace *space, const StoreCopy *copy, const StoreRow *row)
{
	return (copy->doc != NULL && copy->program->version != row->program) || vm_program_lang(store_program(space, row->program)->vm)->has_effects;
}

/* The copy will be loaded anew, as of the row's state: what the follower does not know of what was before that. */
static void
visit_skipped(StoreSpace *space, const Following *f, const StoreRow *row, Snapshot snapshot)
{
	if (f->follower != NULL && f->seen < row->state_seq && may_have_effects(space, f->copy, row))
		store_log_scan(space, f->key, f->seen, row->state_seq, snapshot, true, skip_entry, (void *) f);
}

void
store_copy_bring(StoreSpace *space, const char *key, StoreCopy *copy, const StoreRow *row, Snapshot snapshot, const StoreFollower *follower)
{
	Following	f = {copy, key, row->state_seq, .follower = follower};

	if (follower != NULL)
		f.seen = copy->doc != NULL && copy->seq >= 0 && copy->created == row->created ? copy->seq : follower->since(follower->arg);
	if (copy->doc == NULL || copy->seq < 0 || copy->seq > row->seq || copy->created != row->created || copy->program->version != row->program ||
		(copy->seq < row->state_seq && row->seq - copy->seq > APPLY_AT_MOST))
	{
		visit_skipped(space, &f, row, snapshot);
		load(space, key, copy, row);
	}
	if (copy->state_seq != row->state_seq)
	{
		/* Somebody wrote the state since, at a seq that this copy has not reached yet. */
		copy->state_seq = row->state_seq;
		copy->tail_size = 0;
	}
	if (copy->seq < row->seq)
	{
		StoreRecent recent[STORE_RECENT_MAX];
		int			n = store_recent_find(space, key, row->created, copy->seq, row->seq, recent);
		int64		in_log = n > 0 ? recent[n - 1].from : row->seq;

		f.seq = copy->seq;
		copy->seq = -1;
		if (f.seq < in_log)
			store_log_scan(space, key, f.seq, in_log, snapshot, follower != NULL, apply_entry, &f);
		if (f.seq < in_log && f.seq < row->state_seq)
		{
			/* The log does not reach back to this copy any more; perhaps not even to where the recent changes begin. */
			load(space, key, copy, row);
			f.seq = copy->seq;
			copy->seq = -1;
			n = store_recent_find(space, key, row->created, f.seq, row->seq, recent);
			in_log = n > 0 ? recent[n - 1].from : row->seq;
			if (f.seq < in_log)
				store_log_scan(space, key, f.seq, in_log, snapshot, follower != NULL, apply_entry, &f);
		}
		while (n > 0 && f.seq == recent[n - 1].from)
		{
			n--;
			apply_entry(recent[n].to, recent[n].delta, recent[n].effects, &f);
		}
		if (f.seq != row->seq)
		{
			KitDiag		diag = {0};

			kit_fail(&diag, KIT_DAMAGED, "the log of a document ends at %lld, but the document is at %lld", (long long) f.seq, (long long) row->seq);
			damaged(space, key, &diag);
		}
		copy->seq = row->seq;
	}
	copy->updated = row->updated;
}

bool
store_copy_refresh(StoreSpace *space, const char *key, StoreCopy *copy, Snapshot snapshot, const StoreFollower *follower)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	bool		found = store_row_find(&table, key, snapshot);

	if (found)
	{
		StoreRow	row;

		store_row_of_document(&table, &row);
		store_copy_bring(space, key, copy, &row, snapshot, follower);
	}
	else
		store_copy_free(copy);
	store_table_close(&table);
	store_role_leave(role);
	return found;
}

int64
store_document_seq(StoreSpace *space, const char *key, Snapshot snapshot)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	StoreRow	row = {0};

	if (store_row_find(&table, key, snapshot))
		store_row_of_document(&table, &row);
	store_table_close(&table);
	store_role_leave(role);
	return row.seq;
}

VmDoc *
store_doc_upgrade(const VmDoc *old, const VmProgram *program, bool keep, KitArena *arena, KitBuf *delta, KitDiag *diag)
{
	KitBuf		old_buf,
				new_buf;
	DocBytes	old_state,
				new_state;
	VmDoc	   *doc;

	kit_buf_init(&old_buf, arena);
	kit_buf_init(&new_buf, arena);
	old_state = vm_doc_save(old, &old_buf);
	doc = vm_doc_load(program, old_state, true, keep, diag);
	if (doc == NULL)
		return NULL;
	new_state = vm_doc_save(doc, &new_buf);
	if (!doc_diff(arena, old_state, new_state, delta, diag))
	{
		vm_doc_free(doc);
		return NULL;
	}
	return doc;
}

/* The bytes of a state as a delta that makes it from nothing. */
DocBytes
store_state_as_delta(KitBuf *buf, DocBytes state)
{
	DocWriter	w;
	DocItem		root;
	KitDiag		diag = {0};

	if (!doc_open(state, DOC_DOCUMENT, &root, &diag))
		store_raise(&diag);
	doc_write_begin(&w, buf, DOC_DELTA);
	doc_write_item(&w, root);
	return doc_write_end(&w);
}
