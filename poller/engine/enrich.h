/* enrich: lets the source look up extras that are not in a call's row, once for each call. */
#ifndef ENRICH_H
#define ENRICH_H

#include <stddef.h>

#include "base/err.h"
#include "engine/engine.h"
#include "engine/work.h"

/* enrich_calls: adds the looked-up extras to count calls of the work, from number first on. If an earlier run looked up
 * a call that is not settled yet, the extras come from the ledger. Durable: on return, so that a repeated message after
 * a crash has the same content. Errors: those of source_enrich; EX_IOERR. */
int enrich_calls(struct engine *engine, struct work *work, size_t first, size_t count, struct err *err) MUST_CHECK;

#endif
