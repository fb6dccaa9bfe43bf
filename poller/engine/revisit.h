/* revisit: reads pending and waiting calls again from the source, by their ids. */
#ifndef REVISIT_H
#define REVISIT_H

#include "engine/engine.h"
#include "engine/work.h"

/* revisit_due: reads the next due and waiting calls of stretch (see ledger_due), up to its limit, and moves
 * stretch->after behind them. Adds the calls to be sent to work; the other calls still wait, are settled, or are
 * forgotten. *ret_count: how many were listed. Durable: nothing. Errors: those of the source and the ledger. */
int revisit_due(struct engine *engine, struct ledger_stretch *stretch, struct work *work, size_t *ret_count,
                struct err *err) MUST_CHECK;

/* revisit_all: the same for all calls of stretch, a batch at a time. Sends work that fills a batch at once; the rest
 * stays in work. If the source's time is used up before (source_may_read), the next revisit_all begins after the last
 * call that was read, so each call has its turn. *ret_count: how many were listed in all.
 * Errors: those of revisit_due and forward_all. */
int revisit_all(struct engine *engine, struct ledger_stretch *stretch, struct work *work, size_t *ret_count,
                struct err *err) MUST_CHECK;

/* revisit_call: the same for the one call at that position. */
int revisit_call(struct engine *engine, const struct position *position, struct work *work, struct err *err) MUST_CHECK;

#endif
