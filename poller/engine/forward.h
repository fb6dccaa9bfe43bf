/* forward: calls in batches, from the message to the durable outcome. */
#ifndef FORWARD_H
#define FORWARD_H

#include "engine/engine.h"
#include "engine/work.h"

/* forward_all: sorts the work by position, and sends it in batches: makes each message, sends it, and settles its
 * outcome. On return an item is `recorded` if the ledger has it. The other items (the API is down, the time is over)
 * are unchanged.
 * Durable: outcomes in groups, 50 ms after the first of a group; all of them after engine_commit.
 * Errors: those of the ledger and the sink; the outcomes recorded before are committed if possible. */
int forward_all(struct engine *engine, struct work *work, struct err *err) MUST_CHECK;

#endif
