/*
 * look.c
 *	  Viewers that look with another state than before: adama.update.
 *
 * The new state waits at its connection (watch.c) until the document has its turn.  Mostly that is simple: the connection is alone in its class, whose view then
 * looks with the new state and computes what depends on the difference.  Or it sees the same with both, or has not been shown anything yet.
 *
 * When it leaves others behind, or joins others, it moves to another class.  That happens when all classes are at the document's seq, so it has the whole view of
 * its old class and is to have that of the new one: the connection is sent the difference of the two.  While it may not be sent anything, it stays where it is.
 */
#include "postgres.h"

#include "worker/internal.h"

LiveViewer
worker_connection_viewer(const WorkerConnection *connection)
{
	const StoreConnection *row = &connection->row;

	return (LiveViewer) {{row->agent, strlen(row->agent)}, {row->authority, strlen(row->authority)}, row->viewer};
}

static VmText
next_name(WorkerDocument *document, WorkerConnection *connection, KitArena *scratch)
{
	LiveViewer	viewer = worker_connection_viewer(connection);

	viewer.viewer = connection->next_viewer;
	return live_class_name(document->program->vm, &viewer, scratch);
}

/* False: it has to move. */
static bool
look_in_place(WorkerDocument *document, WorkerConnection *connection, VmText name)
{
	WorkerClass *class = connection->class;
	KitDiag		diag = {0};

	if (class->name_len == name.len && memcmp(class->name, name.str, name.len) == 0)
	{
		worker_connection_take_viewer(connection);
		return true;
	}
	if (!connection->has_view)
	{
		/* It will be grouped anew. */
		worker_connection_ungroup(connection);
		return true;
	}
	if (class->n_connections > 1 || worker_document_find_class(document, name) != NULL)
		return false;
	if (class->view != NULL && live_view_look_with(class->view, connection->next_viewer, &diag))
		class->looks_anew = true;
	else
		worker_class_drop_view(class);
	worker_class_rename(class, name);
	worker_connection_take_viewer(connection);
	return true;
}

void
worker_look_begin(WorkerDocument *document, KitArena *scratch)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &document->looking)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_looking, iter.cur);

		if (connection->class != NULL)
			(void) look_in_place(document, connection, next_name(document, connection, scratch));
	}
}

static void
move(WorkerDocument *document, WorkerConnection *connection, LiveTurn *turn, KitArena *scratch)
{
	VmText		name = next_name(document, connection, scratch);
	KitBuf		had;
	bool		has_view = connection->has_view;
	WorkerClass *class;

	kit_buf_init(&had, scratch);
	if (has_view)
		live_view_whole(connection->class->view, &had);
	worker_connection_ungroup(connection);
	worker_connection_take_viewer(connection);
	class = worker_document_class(document, name);
	worker_connection_group(connection, class);
	connection->had = has_view ? &had : NULL;
	worker_class_deliver(document, class, turn, scratch);
	connection->had = NULL;
}

void
worker_look_move(WorkerDocument *document, LiveTurn *turn, KitArena *scratch)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &document->looking)
	{
		WorkerConnection *connection = dlist_container(WorkerConnection, in_looking, iter.cur);

		if (connection->class == NULL)
			continue;
		/* The class of one that is not up to date may be elsewhere than those where it belongs: it moves when it has caught up. */
		if (connection->has_view && (connection->is_behind || !worker_flow_may_send(connection)))
			continue;
		move(document, connection, turn, scratch);
		kit_arena_reset(scratch);
	}
}
