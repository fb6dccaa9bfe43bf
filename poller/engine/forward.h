/* forward: calls in batches, from the message to the durable outcome. */
#ifndef FORWARD_H
#define FORWARD_H

#include "engine/engine.h"
#include "engine/work.h"

/* forward_all: sorts the work into the order of position and takes it in batches: makes each message, sends it, and
 * settles what its outcome means. Items that the ledger has on return are recorded; the others (the API is down, the time
 * is over) are as if they had not been touched.
 * Durable: outcomes in groups, 50 ms after the first of a group; all of them after engine_commit.
 * Errors: those of the ledger and the sink; what was recorded up to then is committed where that is possible. */
int forward_all(struct engine *engine, struct work *work, struct err *err) MUST_CHECK;

#endif
