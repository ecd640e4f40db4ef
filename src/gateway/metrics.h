/*
 * metrics.h
 *	  What the gateway counts.
 */
#ifndef ADAMA_GATEWAY_METRICS_H
#define ADAMA_GATEWAY_METRICS_H

#include <stdint.h>

#include "kit/buf.h"

typedef struct Metrics
{
#define GATEWAY_METRIC(name, kind, doc) int64_t name;
#include "gateway/metrics.def"
#undef GATEWAY_METRIC
} Metrics;

extern Metrics metrics;

extern void metrics_write(KitBuf *out);	/* in Prometheus' text form */

#endif
