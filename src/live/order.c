/*
 * order.c
 *	  What an order is in terms of the order before: the "@o" of a change.
 *
 * The same form as doc/order.c makes: three and more neighbours that were neighbours before are a slice [from, to] of the old order, fewer are ids.
 */
#include "live/internal.h"

#define MIN_RUN 3

void
live_order_begin(LiveOrder *order, KitBuf *out, uint32_t n_old)
{
	*order = (LiveOrder) {.out = out, .n_old = n_old, .from = -1, .mark = out->len};
	kit_buf_add_str(out, "\"@o\":[");
}

static void
end_run(LiveOrder *order)
{
	if (order->from >= 0 && order->len >= MIN_RUN)
		kit_buf_printf(order->out, "[%lld,%lld],", (long long) order->from, (long long) (order->from + order->len - 1));
	else
		for (int i = 0; order->from >= 0 && i < order->len; i++)
		{
			kit_buf_add_int(order->out, order->first[i]);
			kit_buf_add_char(order->out, ',');
		}
	order->n_pieces += order->from >= 0;
	order->from = -1;
}

void
live_order_add_run(LiveOrder *order, int64_t old_at, int64_t len, int32_t first, int32_t second)
{
	if (len <= 0)
		return;
	order->n_new += (uint32_t) len;
	if (order->from >= 0 && order->from + order->len == old_at)
	{
		if (order->len == 1)
			order->first[1] = first;
		order->len += len;
		return;
	}
	end_run(order);
	order->from = old_at;
	order->len = len;
	order->first[0] = first;
	order->first[1] = second;
}

void
live_order_add(LiveOrder *order, int64_t old_at, int32_t id)
{
	if (old_at >= 0)
	{
		live_order_add_run(order, old_at, 1, id, 0);
		return;
	}
	end_run(order);
	order->n_new++;
	order->n_pieces++;
	kit_buf_add_int(order->out, id);
	kit_buf_add_char(order->out, ',');
}

void
live_order_end(LiveOrder *order, bool must_write)
{
	bool		is_same = order->n_new == order->n_old && ((order->n_pieces == 0 && order->from == 0) || order->n_old == 0);

	if (is_same && !must_write)
	{
		live_cut(order->out, order->mark);
		return;
	}
	end_run(order);
	if (order->out->data[order->out->len - 1] == ',')
		order->out->len--;
	kit_buf_add_str(order->out, "],");
}
