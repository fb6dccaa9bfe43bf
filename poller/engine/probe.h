/* probe: the call that shows after an outage whether the API works again. */
#ifndef PROBE_H
#define PROBE_H

#include "engine/engine.h"
#include "engine/work.h"

/* probe_pick: adds one of the latest calls of range that are to be sent and that the ledger does not know, picked at random;
 * none where there is none. It reads the last ten minutes of the range, and goes further back only while it finds nothing.
 * floor: calls up to there are out of scope. Durable: nothing. Errors: those of the source and the ledger. */
int probe_pick(struct engine *engine, const struct source_range *range, const struct position *floor, struct work *work,
               struct err *err) MUST_CHECK;

#endif
