/* webhook: any https address as a sink: each call a POST request, signed as Standard Webhooks says. */
#ifndef WEBHOOK_H
#define WEBHOOK_H

#include "sink/sink.h"

extern const struct sink_ops webhook_sink;

#endif
