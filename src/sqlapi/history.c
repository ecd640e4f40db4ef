/*
 * history.c
 *	  adama.history: the log for people, with what events did beside the document, and on request what somebody saw of each entry.
 *
 * That is computed as the emitter does it: a view that is led along the document, and tells after each entry what is different in it.  A new version of the
 * program begins with a whole view, which is compared with the one before.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "live/live.h"
#include "sqlapi/internal.h"

PG_FUNCTION_INFO_V1(adama_sql_history);

/* Somebody who looks, and what of. */
typedef struct Witness
{
	LiveViewer	viewer;
	VmText		space;
	VmText		key;
	int			version;		/* of the program that document and view are for; 0: none yet */
	LiveDocument *document;
	LiveView   *view;
	KitArena   *scratch;
} Witness;

typedef struct Listing
{
	ReturnSetInfo *result;
	int64		left;			/* rows that are still wanted */
	KitArena   *arena;
	Witness    *witness;		/* NULL: nobody */
} Listing;

static void
witness_end(Witness *w)
{
	if (w->view != NULL)
		live_view_free(w->view);
	if (w->document != NULL)
		live_document_free(w->document);
	w->view = NULL;
	w->document = NULL;
	w->version = 0;
}

/* The change that another program's whole view is; the view before has gone. */
static bool
change_of_whole(const KitBuf *before, const KitBuf *whole, KitBuf *out, KitArena *scratch)
{
	return live_whole_change(before->data, before->len, whole->data, whole->len, scratch, out);
}

/*
 * Appends what the witness sees different in the document as it is now, as "data" of a notification; nothing when that is nothing.  What cannot be computed is told
 * as a notification does.
 */
static void
look(Witness *w, const StorePast *past, KitBuf *out)
{
	VmLimits	limits = store_limits();
	KitDiag		diag = {0};
	KitBuf		before;
	KitBuf		data;
	LiveTurn   *turn;
	LiveOutcome outcome = LIVE_FAILED;

	kit_buf_init(&before, w->scratch);
	kit_buf_init(&data, w->scratch);
	if (w->version != past->program->version)
	{
		if (w->view != NULL)
			live_view_whole(w->view, &before);
		witness_end(w);
		w->version = past->program->version;
		w->document = live_document_new(past->program->vm, false);
		w->view = live_view_new(w->document, &w->viewer, &diag);
		if (w->view == NULL)
			store_raise(&diag);
	}
	turn = live_turn_begin(w->document, past->doc, sqlapi_milliseconds(past->at), past->seq, w->space, w->key, &limits, w->scratch, &diag);
	if (turn != NULL)
		outcome = live_view_update(w->view, turn, &data, &diag);
	if (outcome == LIVE_FAILED)
		kit_buf_printf(out, "{\"failed\":\"%s\"}", kit_error_sqlstate(diag.code));
	else if (before.len > 0 && outcome == LIVE_WHOLE)
	{
		if (!change_of_whole(&before, &data, out, w->scratch))
			kit_buf_add(out, data.data, data.len);
	}
	else if (outcome != LIVE_UNCHANGED)
		kit_buf_add(out, data.data, data.len);
	kit_arena_reset(w->scratch);
}

void
sqlapi_effects(DocCursor effects, int64 seq, KitBuf *out)
{
	VmEffect	effect;
	const char *between = "[";

	while (vm_effect_next(&effects, &effect) && effect.seq <= seq)
	{
		if (effect.seq < seq)
			continue;
		kit_buf_add_str(out, between);
		between = ",";
		if (!effect.disconnects)
		{
			kit_buf_add_str(out, "{\"send\":");
			vm_effect_payload(&effect, out);
		}
		if (effect.disconnects || !effect.is_for_all)
		{
			char	   *who = sqlapi_principal_text(effect.agent, effect.authority);

			kit_buf_add_str(out, effect.disconnects ? "{\"disconnect\":" : ",\"to\":");
			doc_json_string(who, strlen(who), DOC_JSON_TEXT, out);
			pfree(who);
		}
		kit_buf_add_char(out, '}');
	}
	if (between[0] == ',')
		kit_buf_add_char(out, ']');
}

Datum
sqlapi_jsonb_of_buf(KitBuf *json, bool *isnull)
{
	*isnull = json->len == 0;
	if (*isnull)
		return (Datum) 0;
	kit_buf_add(json, "", 1);
	return sqlapi_jsonb_of_json(json->data);
}

static bool
list_event(const StoreHistory *event, const StorePast *after, void *arg)
{
	Listing    *listing = arg;
	Datum		values[11] = {0};
	bool		nulls[11] = {0};
	KitBuf		seen;
	KitBuf		effects;

	kit_buf_init(&seen, listing->arena);
	if (after != NULL && listing->witness != NULL)
		look(listing->witness, after, &seen);
	if (event == NULL)
		return true;
	values[0] = Int64GetDatum(event->seq);
	values[1] = TimestampTzGetDatum(event->at);
	values[2] = sqlapi_text_or_null(event->agent, &nulls[2]);
	values[3] = sqlapi_text_or_null(event->authority, &nulls[3]);
	values[4] = sqlapi_text_or_null(event->event, &nulls[4]);
	values[5] = sqlapi_text_or_null(event->channel, &nulls[5]);
	nulls[6] = !event->has_message;
	if (event->has_message)
		values[6] = store_jsonb_of_item(event->message, listing->arena);
	nulls[7] = nulls[8] = event->delta.len == 0;
	if (event->delta.len > 0)
	{
		DocItem		delta;
		KitDiag		diag = {0};

		if (!doc_open(event->delta, DOC_DELTA, &delta, &diag))
		{
			kit_diag_detail(&diag, "Log entry %lld.", (long long) event->seq);
			store_raise(&diag);
		}
		values[7] = store_jsonb_of_item(delta, listing->arena);
		values[8] = Int32GetDatum((int32) event->delta.len);
	}
	values[9] = sqlapi_jsonb_of_buf(&seen, &nulls[9]);
	kit_buf_init(&effects, listing->arena);
	sqlapi_effects(event->effects, event->seq, &effects);
	values[10] = sqlapi_jsonb_of_buf(&effects, &nulls[10]);
	tuplestore_putvalues(listing->result->setResult, listing->result->setDesc, values, nulls);
	kit_arena_reset(listing->arena);
	return --listing->left > 0;
}

static bool
list_event_alone(const StoreHistory *event, void *arg)
{
	return list_event(event, NULL, arg);
}

/* The viewer of the last two arguments. */
static void
read_viewer(FunctionCallInfo fcinfo, Witness *w, KitArena *arena)
{
	KitBuf	   *buf = kit_arena_alloc(arena, sizeof(KitBuf));
	KitDiag		diag = {0};
	size_t		len;
	char	   *json;

	sqlapi_principal_parts(PG_GETARG_DATUM(4), &w->viewer.agent, &w->viewer.authority);
	if (PG_ARGISNULL(5))
		return;
	json = sqlapi_json_of_jsonb(PG_GETARG_DATUM(5), &len);
	kit_buf_init(buf, arena);
	if (!sqlapi_encode_json(json, len, buf, &w->viewer.viewer, &diag))
		store_raise(&diag);
}

/* The log holds everything that was ever said, whoever may see it now: it is for the owner of the space alone. */
Datum
adama_sql_history(PG_FUNCTION_ARGS)
{
	StoreSpace *space;
	char	   *key;
	Listing		listing = {(ReturnSetInfo *) fcinfo->resultinfo};
	Witness		witness = {{{0}}};
	KitArena   *arena;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return (Datum) 0;
	space = sqlapi_space(PG_GETARG_DATUM(0));
	key = sqlapi_key(PG_GETARG_DATUM(1));
	sqlapi_require_owner(space);
	listing.left = PG_GETARG_INT32(3);
	if (store_document_read(space, key) == NULL)
		store_raise_unknown_document(space, key);
	if (listing.left <= 0)
		return (Datum) 0;
	listing.arena = kit_arena_new("adama history");
	if (PG_ARGISNULL(4))
		store_history(space, key, PG_GETARG_INT64(2), GetActiveSnapshot(), list_event_alone, &listing);
	else
	{
		arena = kit_arena_new("adama viewer");
		read_viewer(fcinfo, &witness, arena);
		witness.space = (VmText) {pstrdup(NameStr(space->name)), (uint32) strlen(NameStr(space->name))};
		witness.key = (VmText) {key, (uint32) strlen(key)};
		witness.scratch = kit_arena_new("adama view");
		listing.witness = &witness;
		store_history_follow(space, key, PG_GETARG_INT64(2), GetActiveSnapshot(), list_event, &listing);
		witness_end(&witness);
		kit_arena_delete(witness.scratch);
		kit_arena_delete(arena);
	}
	kit_arena_delete(listing.arena);
	return (Datum) 0;
}
