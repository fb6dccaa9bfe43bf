/* webhook: the sink `webhook`, which sends each call to an https address as a signed request (Standard Webhooks). */
#ifndef WEBHOOK_H
#define WEBHOOK_H

#include "sink/sink.h"

extern const struct sink_ops webhook_sink;

#endif
