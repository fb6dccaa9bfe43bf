/* probe: the call that shows after an outage whether the API works again. */
#ifndef PROBE_H
#define PROBE_H

#include "engine/engine.h"
#include "engine/work.h"

/* probe_pick: picks at random one of the latest calls of range that are to be sent and that the ledger does not know,
 * and adds it to work. Reads the last ten minutes of the range, and goes further back only if they have no such call.
 * Some hundred calls are enough, and it stops when the source's time is used up (source_may_read), so there may be
 * none. Calls up to floor are out of scope. Durable: nothing. Errors: those of the source and the ledger. */
int probe_pick(struct engine *engine, const struct source_range *range, const struct position *floor, struct work *work,
               struct err *err) MUST_CHECK;

#endif
