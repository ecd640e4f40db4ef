/*
 * line.c
 *	  Ends calls of foreign data wrappers that would last for ever.
 *
 * A remote server that stands still, or that no packet reaches any more, is waited for by the wrapper's library: mysql_fdw's in recv(), where no cancel, no timeout of a
 * statement and no SIGTERM gets through; postgres_fdw's, after a statement was cancelled, in PQcancel().  A worker that waits there does nothing more, and a fast stop of the
 * server waits for the worker.  So the line is cut: the sockets of this process are shut down, and the library comes back with the error of a connection that is lost.
 *
 *		a delivery lasts too long		a timer cuts, and again until the delivery is over: to abort a transaction, new connections are opened
 *		and on, with no line or without	what is done here, say by a trigger of the foreign table that sleeps, is cancelled like a statement
 *		SIGTERM during a delivery		its handler cuts; on the way out a timer cuts what is opened then
 *
 * Whatever sockets the process has are the wrappers': a background worker has no client, and waits for its latch by other means.  All that the handlers call may be called in a
 * signal handler.
 *
 * What was written to a socket and is not sent is discarded with it, so that no old value comes late, when the network does again, and takes the place of a newer one.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "worker/internal.h"

#define N_DESCRIPTORS_MAX 8192
#define AGAIN_MS 500
#define EXIT_MS 250

static TimeoutId timeout;
static int	n_descriptors = 0;
static volatile sig_atomic_t is_watched = false;
static volatile sig_atomic_t was_cut = false;

/* Whether there was a line. */
static bool
cut(void)
{
	static const struct linger discard = {.l_onoff = 1, .l_linger = 0};
	int			saved_errno = errno;
	bool		is_any = false;

	for (int fd = 3; fd < n_descriptors; fd++)
	{
		struct sockaddr_storage address;
		socklen_t	len = sizeof(address);

		if (getsockname(fd, (struct sockaddr *) &address, &len) != 0)
			continue;
		if (address.ss_family == AF_INET || address.ss_family == AF_INET6 || address.ss_family == AF_UNIX)
		{
			(void) setsockopt(fd, SOL_SOCKET, SO_LINGER, &discard, sizeof(discard));
			(void) shutdown(fd, SHUT_RDWR);
			is_any = true;
		}
	}
	was_cut |= is_any;
	errno = saved_errno;
	return is_any;
}

/* The library shall come back first, for an error of a cancelled statement makes the wrapper ask the server to cancel it there. */
static void
cut_and_cancel(void)
{
	bool		is_again = was_cut;

	if (cut() && !is_again)
		return;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

static void
on_sigterm(SIGNAL_ARGS)
{
	if (is_watched)
		(void) cut();
	die(postgres_signal_arg);
}

static void
cut_every(TimestampTz first, int ms)
{
	enable_timeout_every(timeout, first, ms);
}

/* Runs before the transaction is aborted, since it was registered later. */
static void
on_exit_cut(int code, Datum arg)
{
	if (is_watched)
		cut_every(TimestampTzPlusMilliseconds(GetCurrentTimestamp(), EXIT_MS), EXIT_MS);
}

void
worker_line_init(void)
{
	n_descriptors = Min(getdtablesize(), N_DESCRIPTORS_MAX);
	timeout = RegisterTimeout(USER_TIMEOUT, cut_and_cancel);
	before_shmem_exit(on_exit_cut, (Datum) 0);
	pqsignal(SIGTERM, on_sigterm);
}

void
worker_line_watch(int ms)
{
	disable_timeout(timeout, false);
	is_watched = ms > 0;
	was_cut = false;
	/* One that came too late has nothing to cancel. */
	QueryCancelPending = false;
	if (ms > 0)
		cut_every(TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms), AGAIN_MS);
}

bool
worker_line_was_cut(void)
{
	return was_cut;
}
