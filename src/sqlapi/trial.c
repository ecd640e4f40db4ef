/*
 * trial.c
 *	  Another program on what was said and done: adama.try, of one document and of many.
 *
 * Nothing is changed.  An event does something else when its delta is another, or what it did beside that: what it said to whom, whom it disconnected.  Of many
 * documents each has, after the events that fail or do something else, one row that tells of it as a whole: what somebody would see, and how long its events take,
 * under this program and under those that it ran.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "live/live.h"
#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_try);
PG_FUNCTION_INFO_V1(adama_sql_try_many);

#define TRY_MAX 100000			/* documents */

typedef struct Trial
{
	ReturnSetInfo *result;
	KitArena   *arena;
	const char *key;			/* a first column, of many documents; NULL: there is none */
	StoreSpace *space;
	const VmProgram *program;
	bool		has_viewer;
	LiveViewer	viewer;
} Trial;

/* Columns of the result of many; that of one has those from TRY_SEQ to TRY_EFFECTS_LOGGED. */
enum
{
	TRY_KEY, TRY_SEQ, TRY_CHANNEL, TRY_SQLSTATE, TRY_ERROR, TRY_DELTA, TRY_LOGGED, TRY_EFFECTS, TRY_EFFECTS_LOGGED, TRY_VIEW, TRY_VIEW_LOGGED, TRY_EVENTS, TRY_US, TRY_US_LOGGED, TRY_N
};

static void
put(const Trial *trial, Datum *values, bool *nulls)
{
	int			first = trial->key != NULL ? TRY_KEY : TRY_SEQ;

	if (trial->key != NULL)
	{
		values[TRY_KEY] = CStringGetTextDatum(trial->key);
		nulls[TRY_KEY] = false;
	}
	tuplestore_putvalues(trial->result->setResult, trial->result->setDesc, values + first, nulls + first);
}

static void
set_error(const KitDiag *diag, Datum *values, bool *nulls)
{
	values[TRY_SQLSTATE] = CStringGetTextDatum(kit_error_sqlstate(diag->code));
	values[TRY_ERROR] = CStringGetTextDatum(diag->line > 0 ? psprintf("line %d: %s", diag->line, diag->message) : diag->message);
	nulls[TRY_SQLSTATE] = nulls[TRY_ERROR] = false;
}

static bool
same_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static bool
add_difference(const StoreHistory *event, const KitDiag *diag, DocBytes delta, DocBytes effects, void *arg)
{
	Trial	   *trial = arg;
	Datum		values[TRY_N] = {0};
	bool		nulls[TRY_N];
	KitBuf		did;
	KitBuf		did_logged;
	DocItem		root;
	KitDiag		damage = {0};

	CHECK_FOR_INTERRUPTS();
	kit_buf_init(&did, trial->arena);
	kit_buf_init(&did_logged, trial->arena);
	sqlapi_effects(event->effects, event->seq, &did_logged);
	if (effects.len > 0 && !doc_open(effects, DOC_DOCUMENT, &root, &damage))
		store_raise(&damage);
	if (effects.len > 0)
		sqlapi_effects(root.body, event->seq, &did);
	if (diag->code == KIT_OK && same_bytes(delta.data, delta.len, event->delta.data, event->delta.len) && same_bytes(did.data, did.len, did_logged.data, did_logged.len))
	{
		kit_arena_reset(trial->arena);
		return true;
	}
	memset(nulls, true, sizeof(nulls));
	values[TRY_SEQ] = Int64GetDatum(event->seq);
	nulls[TRY_SEQ] = false;
	values[TRY_CHANNEL] = sqlapi_text_or_null(event->channel, &nulls[TRY_CHANNEL]);
	if (diag->code != KIT_OK)
		set_error(diag, values, nulls);
	values[TRY_DELTA] = sqlapi_jsonb_or_null(delta, DOC_DELTA, trial->arena, &nulls[TRY_DELTA]);
	values[TRY_LOGGED] = sqlapi_jsonb_or_null(event->delta, DOC_DELTA, trial->arena, &nulls[TRY_LOGGED]);
	values[TRY_EFFECTS] = sqlapi_jsonb_of_buf(&did, &nulls[TRY_EFFECTS]);
	values[TRY_EFFECTS_LOGGED] = sqlapi_jsonb_of_buf(&did_logged, &nulls[TRY_EFFECTS_LOGGED]);
	put(trial, values, nulls);
	kit_arena_reset(trial->arena);
	return true;
}

/* What the viewer sees of a document, as JSON for people; false and a diag when it can't be computed. */
static bool
look(const Trial *trial, VmDoc *doc, TimestampTz at, int64 seq, KitBuf *out, KitDiag *diag)
{
	VmLimits	limits = store_limits();

	kit_buf_init(out, trial->arena);
	return live_view_plain(doc, &trial->viewer, sqlapi_milliseconds(at), seq, (VmText) {NameStr(trial->space->name), (uint32) strlen(NameStr(trial->space->name))},
						   (VmText) {trial->key, (uint32) strlen(trial->key)}, &limits, trial->arena, out, diag);
}

static void
compare_views(const Trial *trial, const StoreTrialEnd *end, const StorePast *past, Datum *values, bool *nulls)
{
	KitBuf		view;
	KitBuf		logged;
	KitDiag		diag = {0};
	KitDiag		diag_logged = {0};
	bool		ok = look(trial, end->doc, end->at, end->seq, &view, &diag);
	bool		ok_logged = look(trial, past->doc, past->at, past->seq, &logged, &diag_logged);

	if (!ok)
		set_error(&diag, values, nulls);
	if (ok && ok_logged && strcmp(view.data, logged.data) == 0)
		return;
	if (ok)
		values[TRY_VIEW] = sqlapi_jsonb_of_json(view.data);
	if (ok_logged)
		values[TRY_VIEW_LOGGED] = sqlapi_jsonb_of_json(logged.data);
	nulls[TRY_VIEW] = !ok;
	nulls[TRY_VIEW_LOGGED] = !ok_logged;
}

/* If the document can't be moved to the program: an error of no event. */
static void
tell_stuck(const StoreTrialEnd *end, Datum *values, bool *nulls)
{
	KitDiag		diag = end->diag;

	if (diag.code == KIT_OK)
		return;
	kit_fail(&diag, diag.code, "the document can't be moved to the program: %s%s%s%s", end->diag.message, end->diag.detail[0] != '\0' ? " (" : "", end->diag.detail,
			 end->diag.detail[0] != '\0' ? ")" : "");
	kit_diag_at(&diag, end->diag.line, end->diag.column, end->diag.length);
	set_error(&diag, values, nulls);
}

static void
try_document(Trial *trial)
{
	Datum		values[TRY_N] = {0};
	bool		nulls[TRY_N];
	StoreTrialEnd end;
	StoreDivergence divergence;
	StorePast	past = {0};
	KitDiag		diag = {0};

	memset(nulls, true, sizeof(nulls));
	store_try(trial->space, trial->key, trial->program, GetActiveSnapshot(), add_difference, trial, &end);
	values[TRY_EVENTS] = Int64GetDatum(end.n_events);
	values[TRY_US] = Float8GetDatum(end.us / Max(end.n_events, 1));
	nulls[TRY_EVENTS] = false;
	nulls[TRY_US] = end.n_events == 0;
	if (store_verify(trial->space, trial->key, GetActiveSnapshot(), trial->arena, true, &divergence, &past))
	{
		values[TRY_US_LOGGED] = Float8GetDatum(past.us / Max(past.n_events, 1));
		nulls[TRY_US_LOGGED] = past.n_events == 0;
		if (trial->has_viewer && end.doc != NULL)
			compare_views(trial, &end, &past, values, nulls);
		store_past_end(&past);
		tell_stuck(&end, values, nulls);
	}
	else
	{
		kit_fail(&diag, KIT_DAMAGED, "the log disagrees with itself at %lld: %s", (long long) divergence.seq, divergence.problem);
		set_error(&diag, values, nulls);
	}
	put(trial, values, nulls);
	if (end.doc != NULL)
		vm_doc_free(end.doc);
	kit_arena_reset(trial->arena);
}

Datum
adama_sql_try(PG_FUNCTION_ARGS)
{
	StoreSpace *space = sqlapi_space(PG_GETARG_DATUM(0));
	char	   *key = sqlapi_key(PG_GETARG_DATUM(1));
	KitArena   *arena = kit_arena_new("adama try");
	Trial		trial = {(ReturnSetInfo *) fcinfo->resultinfo, kit_arena_new("adama difference")};
	LangDiags	diags;
	VmProgram  *program;
	StoreTrialEnd end;

	sqlapi_require_owner(space);
	InitMaterializedSRF(fcinfo, 0);
	program = sqlapi_compile(sqlapi_text(PG_GETARG_DATUM(2)), PG_GETARG_DATUM(3), arena, &diags);
	store_try(space, key, program, GetActiveSnapshot(), add_difference, &trial, &end);
	if (end.diag.code != KIT_OK)
	{
		Datum		values[TRY_N] = {0};
		bool		nulls[TRY_N];

		memset(nulls, true, sizeof(nulls));
		tell_stuck(&end, values, nulls);
		put(&trial, values, nulls);
	}
	if (end.doc != NULL)
		vm_doc_free(end.doc);
	vm_program_free(program);
	kit_arena_delete(trial.arena);
	kit_arena_delete(arena);
	return (Datum) 0;
}

Datum
adama_sql_try_many(PG_FUNCTION_ARGS)
{
	KitArena   *arena = kit_arena_new("adama try");
	Trial		trial = {(ReturnSetInfo *) fcinfo->resultinfo, kit_arena_new("adama difference")};
	LangDiags	diags;
	VmProgram  *program;
	List	   *keys;
	ListCell   *cell;
	Oid			schema;
	int			max;
	KitBuf		buf;
	KitDiag		diag = {0};

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < 4; i++)
	{
		if (PG_ARGISNULL(i))
			return (Datum) 0;
	}
	trial.space = sqlapi_space(PG_GETARG_DATUM(0));
	schema = trial.space->schema;
	sqlapi_require_owner(trial.space);
	max = PG_GETARG_INT32(3);
	if (max < 1 || max > TRY_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the number of documents must be between 1 and %d", TRY_MAX)));
	program = sqlapi_compile(sqlapi_text(PG_GETARG_DATUM(1)), PG_GETARG_DATUM(2), arena, &diags);
	trial.program = program;
	trial.has_viewer = !PG_ARGISNULL(4);
	kit_buf_init(&buf, arena);
	if (trial.has_viewer)
		sqlapi_principal_parts(PG_GETARG_DATUM(4), &trial.viewer.agent, &trial.viewer.authority);
	if (trial.has_viewer && !PG_ARGISNULL(5))
	{
		size_t		len;
		char	   *json = sqlapi_json_of_jsonb(PG_GETARG_DATUM(5), &len);

		if (!sqlapi_encode_json(json, len, &buf, &trial.viewer.viewer, &diag))
			store_raise(&diag);
	}
	keys = store_documents_recent(trial.space, max, GetActiveSnapshot());
	foreach(cell, keys)
	{
		trial.key = lfirst(cell);
		trial.space = store_space_by_schema(schema);
		if (trial.space != NULL)
			try_document(&trial);
	}
	vm_program_free(program);
	kit_arena_delete(trial.arena);
	kit_arena_delete(arena);
	return (Datum) 0;
}
