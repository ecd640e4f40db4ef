/*
 * verify.c
 *	  Proof that a log tells the truth: all of it is run again, and each delta, each state that it keeps, and the document must come out the same.
 *
 * What is wrong is told, not raised, at the first entry where it shows; damage, too.  Bytes that are the same as those that running the events gave need no other look: what
 * is not damaged is made once, and compared.
 */
#include "postgres.h"

#include "store/internal.h"

typedef struct Verification
{
	StoreReplay replay;
	StoreProgram *program;
	KitArena   *arena;
	StoreDivergence *divergence;
	const StoreRow *row;		/* the document's, or NULL */
	Snapshot	snapshot;
	int64		seq;
	TimestampTz at;
	KitArena   *made;			/* of these two */
	KitBuf		delta;			/* what the entry's events changed, and what else they did */
	KitBuf		effects;
	KitDiag		diag;			/* why it does not run; it is large, and one for all entries */
} Verification;

static DocBytes
keep_bytes(KitArena *arena, DocBytes bytes)
{
	char	   *copy = kit_arena_alloc(arena, bytes.len);

	if (bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	return (DocBytes) {copy, bytes.len};
}

static bool
differ(Verification *v, const char *problem, bool is_delta, DocBytes expected, DocBytes found)
{
	v->divergence->seq = v->seq;
	snprintf(v->divergence->problem, sizeof(v->divergence->problem), "%s", problem);
	v->divergence->is_delta = is_delta;
	v->divergence->expected = keep_bytes(v->arena, expected);
	v->divergence->found = keep_bytes(v->arena, found);
	return false;
}

static bool
fail(Verification *v, const char *problem, const KitDiag *diag)
{
	v->divergence->seq = v->seq;
	if (diag != NULL)
		snprintf(v->divergence->problem, sizeof(v->divergence->problem), "%s: %s%s%s", problem, diag->message, diag->detail[0] != '\0' ? " " : "", diag->detail);
	else
		snprintf(v->divergence->problem, sizeof(v->divergence->problem), "%s", problem);
	return false;
}

static bool
same_bytes(DocBytes a, DocBytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool
check_state(Verification *v, DocBytes stored, const char *problem)
{
	KitBuf		buf;
	DocBytes	state;
	KitDiag		diag = {0};
	bool		ok = true;

	kit_buf_init(&buf, v->replay.scratch);
	state = vm_doc_save(v->replay.doc, &buf);
	if (!same_bytes(state, stored))
	{
		if (!doc_validate(stored, DOC_DOCUMENT, &diag))
			ok = fail(v, problem, &diag);
		else if (!doc_equal(v->replay.scratch, state, stored))
			ok = differ(v, problem, false, stored, state);
	}
	kit_arena_reset(v->replay.scratch);
	return ok;
}

static bool
change_program(Verification *v, KitDiag *diag)
{
	VmDoc	   *doc;

	doc = store_doc_upgrade(v->replay.doc, v->program->vm, false, v->replay.scratch, &v->delta, diag);
	if (doc == NULL)
		return false;
	vm_doc_free(v->replay.doc);
	v->replay.doc = doc;
	return true;
}

/* The program of the entry.  Its absence is damage that is reported, not raised. */
static bool
use_program(Verification *v, int version)
{
	StoreProgram *program;

	if (v->program != NULL && v->program->version == version)
		return true;
	if (!store_program_exists(v->replay.space, version))
		return false;
	program = store_program(v->replay.space, version);
	program->use_count++;
	if (v->program != NULL)
		store_program_release(v->program);
	v->program = program;
	v->replay.program = program->vm;
	return true;
}

/* Back to what the document was; the log up to here has been found to be true. */
static bool
rewind_document(Verification *v, const StoreEntry *entry, KitDiag *diag)
{
	KitBuf	   *delta = &v->delta;
	int64		seq;
	VmEvent		by;
	bool		ok;

	ok = store_replay_rewind(&v->replay, entry, &seq, &by, diag);
	/* To what was trimmed since: that delta must be taken as true, like the state that the log begins with. */
	if (ok && seq < v->row->log_from)
	{
		ok = doc_validate(entry->delta, DOC_DELTA, diag);
		kit_buf_add(delta, entry->delta.data, entry->delta.len);
	}
	else
		ok = ok && store_rewind_delta(v->replay.space, v->replay.key, seq, v->snapshot, v->replay.doc, v->program, &by, v->replay.scratch, delta, diag);
	kit_arena_reset(v->replay.scratch);
	return ok && vm_doc_apply(v->replay.doc, (DocBytes) {delta->data, delta->len}, diag);
}

static bool
run_entry(Verification *v, const StoreEntry *entry, KitDiag *diag)
{
	if (store_is_word(entry->event, "upgrade"))
		return change_program(v, diag);
	if (store_is_word(entry->event, "rewind"))
		return rewind_document(v, entry, diag);
	return store_replay_entry(&v->replay, entry, entry->seq, &v->delta, &v->effects, diag);
}

/* The entry does not run, or makes another delta than it holds: of a delta that is damaged that is what there is to say. */
static bool
fail_entry(Verification *v, const StoreEntry *entry, bool runs)
{
	KitDiag		damage = {0};

	if (!doc_validate(entry->delta, DOC_DELTA, &damage))
		return fail(v, "the delta is damaged", &damage);
	if (!runs)
		return fail(v, "the event fails", &v->diag);
	return differ(v, "the event makes another delta than the log says", true, entry->delta, (DocBytes) {v->delta.data, v->delta.len});
}

/* Runs the entry, and compares what it changed and did. */
static bool
compare_entry(Verification *v, const StoreEntry *entry)
{
	bool		runs = run_entry(v, entry, &v->diag);

	if (!runs || !same_bytes((DocBytes) {v->delta.data, v->delta.len}, entry->delta))
		return fail_entry(v, entry, runs);
	return same_bytes((DocBytes) {v->effects.data, v->effects.len}, entry->effects) ||
		differ(v, "the event has other effects than the log says", false, entry->effects, (DocBytes) {v->effects.data, v->effects.len});
}

/* A log that was trimmed begins with an entry that keeps a state; that is taken as true. */
static bool
begin_in_the_middle(Verification *v, const StoreEntry *entry)
{
	KitDiag		diag = {0};

	if (!use_program(v, entry->program))
		return fail(v, "the program of the entry is not there any more", NULL);
	v->replay.doc = vm_doc_load(v->program->vm, entry->state, false, false, &diag);
	if (v->replay.doc == NULL)
		return fail(v, "the state that the log begins with can't be read", &diag);
	return true;
}

static bool
verify_entry(Verification *v, const StoreEntry *entry)
{
	bool		is_upgrade = store_is_word(entry->event, "upgrade");
	bool		ok = false;
	int64		before = v->seq;
	int			old_version = v->program != NULL ? v->program->version : entry->program;

	kit_arena_reset(v->made);
	kit_buf_init(&v->delta, v->made);
	kit_buf_init(&v->effects, v->made);
	v->seq = entry->seq;
	if (entry->seq == v->row->log_from && entry->seq > 1 && entry->state.len > 0)
		ok = begin_in_the_middle(v, entry);
	else if (entry->seq - entry->n_events != before || entry->n_events < 1)
		(void) fail(v, "the log has a gap before this entry", NULL);
	else if (!is_upgrade && entry->program != old_version)
		(void) fail(v, "the entry is of another program than the one before, without an upgrade", NULL);
	else if (v->replay.doc == NULL && !store_is_word(entry->event, vm_event_name(VM_EVENT_CREATE)))
		(void) fail(v, "the log does not begin with the creation", NULL);
	else if (!use_program(v, entry->program))
		(void) fail(v, "the program of the entry is not there any more", NULL);
	else
		ok = compare_entry(v, entry) && (entry->state.len == 0 || check_state(v, entry->state, "the log keeps another state"));
	v->at = entry->at;
	return ok;
}

static bool
verify_log(Verification *v, Snapshot snapshot)
{
	StoreLogWalk walk;
	StoreEntry	entry;
	KitDiag		diag = {0};
	bool		ok = true;
	bool		has_state = false;	/* the row's has been compared */

	v->snapshot = snapshot;
	store_log_walk_begin(&walk, v->replay.space, v->replay.key, v->row->log_from, true, snapshot);
	while (ok && store_log_walk_next(&walk, &entry, &diag))
	{
		ok = verify_entry(v, &entry);
		if (ok && v->seq == v->row->state_seq)
		{
			DocBytes	state = store_datum_bytes(v->row->state);

			has_state = true;
			ok = check_state(v, state, "the document's row has another state");
		}
	}
	store_log_walk_end(&walk);
	if (ok && diag.code != KIT_OK)
	{
		v->seq++;
		ok = fail(v, "the log can't be read", &diag);
	}
	if (ok && v->seq != v->row->seq)
		ok = fail(v, "the log ends before the document does", NULL);
	else if (ok && !has_state)
		ok = fail(v, "the document's row has the state after no entry of the log", NULL);
	else if (ok && v->program->version != v->row->program)
		ok = fail(v, "the document's row names another program than the log", NULL);
	else if (ok && v->at != v->row->updated)
		ok = fail(v, "the document's row has another time than its last event", NULL);
	return ok;
}

bool
store_verify(StoreSpace *space, const char *key, Snapshot snapshot, KitArena *arena, bool is_timed, StoreDivergence *divergence, StorePast *past)
{
	StoreRole	role = store_role_enter(space);
	StoreTable	table = store_table_open(space->document, AccessShareLock);
	StoreRow	row;
	Verification v = {{space, key, NULL, NULL, kit_arena_new("adama replay"), is_timed}, NULL, arena, divergence, &row, .made = kit_arena_new("adama verify")};
	bool		ok;

	memset(divergence, 0, sizeof(*divergence));
	if (!store_row_find(&table, key, snapshot))
		store_raise_unknown_document(space, key);
	store_row_of_document(&table, &row);
	ok = verify_log(&v, snapshot);
	kit_arena_delete(v.made);
	kit_arena_delete(v.replay.scratch);
	store_table_close(&table);
	store_role_leave(role);
	if (ok && past != NULL)
		*past = (StorePast) {v.replay.doc, v.program, v.seq, v.at, v.replay.n_events, v.replay.us};
	else
	{
		if (v.replay.doc != NULL)
			vm_doc_free(v.replay.doc);
		if (v.program != NULL)
			store_program_release(v.program);
	}
	return ok;
}
