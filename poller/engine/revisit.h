/* revisit: calls that the ledger has as pending or waiting are read again from the source, by their ids. */
#ifndef REVISIT_H
#define REVISIT_H

#include "engine/engine.h"
#include "engine/work.h"

/* revisit_due: reads the next calls of stretch that need another look (see ledger_due), as many as its limit says, and
 * moves stretch->after behind them. Those to be sent are added to work; the others go on waiting, are done with, or are
 * forgotten. *ret_count: how many were listed. Durable: nothing. Errors: those of the source and the ledger. */
int revisit_due(struct engine *engine, struct ledger_stretch *stretch, struct work *work, size_t *ret_count,
                struct err *err) MUST_CHECK;

/* revisit_all: the same for all of stretch, a batch at a time. Work that fills a batch is sent at once, the rest stays in
 * work. *ret_count: how many were listed in all. Errors: those of revisit_due and forward_all. */
int revisit_all(struct engine *engine, struct ledger_stretch *stretch, struct work *work, size_t *ret_count,
                struct err *err) MUST_CHECK;

/* revisit_call: the same for the one call at that position. */
int revisit_call(struct engine *engine, const struct position *position, struct work *work, struct err *err) MUST_CHECK;

#endif
