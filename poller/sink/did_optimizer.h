/* did_optimizer: the DID Optimizer API as a sink: POST /api/v1/call-results. */
#ifndef DID_OPTIMIZER_H
#define DID_OPTIMIZER_H

#include "sink/sink.h"

extern const struct sink_ops did_optimizer_sink;

#endif
