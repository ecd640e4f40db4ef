/*
 * resume.c
 *	  Clients that come back: what they lack instead of the whole view.
 *
 * A connection may say that its client has the view as it was after some seq (since).  That view is computed anew, of the document as the log has it at that seq, and
 * the difference to the view of now is sent.  Whatever stands in the way (the log does not reach back, the program has changed, clients could not be told
 * in one change) leads to the whole view, which is always right.
 *
 * Those who come back at once often come from the same seq: after a restart of a gateway, all do.  So the document of the past is made once for each seq, and its
 * view once for each class.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

#define PASTS_MAX 64			/* of a document in a turn; whoever comes from yet another seq gets the whole view */
#define VIEWS_MAX_BYTES (64 * 1024 * 1024)	/* of a document in a turn, all views of the past together */

/* Connections of one class that come from one seq. */
typedef struct Comeback
{
	int64		since;
	WorkerClass *class;
	WorkerConnection *connection;
} Comeback;

typedef struct Resume
{
	WorkerDocument *document;
	StoreSpace *space;
	Comeback   *comebacks;		/* by seq, then class */
	int			n;
	int			cap;
	int			at;
	int64		now;			/* ms, of the turn */
	KitArena   *arena;			/* what is found lives as long as the turn */
	size_t		n_bytes;
} Resume;

static int
compare_comebacks(const void *a, const void *b)
{
	const Comeback *x = a;
	const Comeback *y = b;

	/* the latest first: they are the most */
	if (x->since != y->since)
		return x->since > y->since ? -1 : 1;
	return (x->class->number > y->class->number) - (x->class->number < y->class->number);
}

static void
add(Resume *resume, WorkerConnection *connection)
{
	if (resume->n == resume->cap)
	{
		resume->cap = resume->cap == 0 ? 64 : resume->cap * 2;
		resume->comebacks = resume->comebacks == NULL ? palloc(resume->cap * sizeof(Comeback)) :
			repalloc_huge(resume->comebacks, resume->cap * sizeof(Comeback));
	}
	resume->comebacks[resume->n++] = (Comeback) {connection->row.since, connection->class, connection};
}

static void
gather(Resume *resume)
{
	dlist_iter	class;
	dlist_iter	audience;
	dlist_iter	each;

	dlist_foreach(class, &resume->document->classes)
		dlist_foreach(audience, &dlist_container(WorkerClass, in_document, class.cur)->audiences)
			dlist_foreach(each, &dlist_container(WorkerAudience, in_class, audience.cur)->newcomers)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_class, each.cur);

		if (connection->may_resume && connection->row.since <= resume->document->copy.seq)
			add(resume, connection);
	}
	qsort(resume->comebacks, resume->n, sizeof(Comeback), compare_comebacks);
}

/* The whole view that the class's viewers had of the past; NULL: there is none. */
static const KitBuf *
past_view(Resume *resume, StorePast *past, const WorkerConnection *connection)
{
	LiveViewer	viewer = worker_connection_viewer(connection);
	VmText		space = {NameStr(resume->space->name), (uint32) strlen(NameStr(resume->space->name))};
	VmText		key = {resume->document->key, (uint32) strlen(resume->document->key)};
	VmLimits	limits = store_limits();
	KitArena   *scratch = kit_arena_new("adama past view");
	KitBuf	   *view = NULL;
	DocNode    *tree;
	KitDiag		diag = {0};

	if (live_view_tree(past->doc, &viewer, worker_milliseconds(past->at), past->seq, space, key, &limits, scratch, &tree, &diag))
	{
		view = KIT_NEW(resume->arena, KitBuf);
		kit_buf_init(view, resume->arena);
		doc_node_to_json(tree, DOC_JSON_WIRE, view);
		resume->n_bytes += view->len;
	}
	kit_arena_delete(scratch);
	return view;
}

/* All comebacks from the seq that is next. */
static void
look_back(void *arg)
{
	Resume	   *resume = arg;
	Comeback   *first = &resume->comebacks[resume->at];
	const KitBuf *view = NULL;
	StorePast	past;

	store_past_at_seq(resume->space, resume->document->key, first->since, GetActiveSnapshot(), &past);
	for (Comeback *c = first; c < resume->comebacks + resume->n && c->since == first->since; c++)
	{
		CHECK_FOR_INTERRUPTS();
		if (past.program->version != resume->document->program->version || resume->n_bytes > VIEWS_MAX_BYTES)
			break;
		if (c == first || c->class != c[-1].class)
			view = past_view(resume, &past, c->connection);
		c->connection->had = view;
	}
	store_past_end(&past);
}

/* Who has the view of now lacks nothing. */
static bool
is_up_to_date(const Resume *resume)
{
	return resume->comebacks[resume->at].since == resume->document->copy.seq;
}

void
worker_resume(WorkerDocument *document, StoreSpace *space, KitArena *arena)
{
	static const KitBuf same = {0};	/* as the view of now */
	Resume		resume = {.document = document,.space = space,.arena = arena};

	if (!document->has_comebacks)
		return;
	document->has_comebacks = false;
	/* Numbers that were drawn at random are not drawn again. */
	if ((vm_program_lang(document->program->vm)->root->reads & LANG_READS_RANDOM) != 0)
		return;
	gather(&resume);
	for (int n_pasts = 0; resume.at < resume.n && n_pasts < PASTS_MAX; n_pasts++)
	{
		int64		since = resume.comebacks[resume.at].since;
		bool		is_now = is_up_to_date(&resume);
		ErrorData  *error = is_now ? NULL : worker_guard(look_back, &resume);

		if (error != NULL && worker_error_may_pass(error))
			ReThrowError(error);
		/* That the log does not reach back, or that the view could not be computed then, is nobody's trouble. */
		for (; resume.at < resume.n && resume.comebacks[resume.at].since == since; resume.at++)
		{
			WorkerConnection *connection = resume.comebacks[resume.at].connection;

			if (error != NULL)
				connection->had = NULL;
			else if (is_now)
				connection->had = &same;
		}
	}
}
