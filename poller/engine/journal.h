/* journal: the counts of a run, in the ledger: for status, history and metrics. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "engine/engine.h"

/* journal_open: records that a run of that kind has started; engine->run is its number. Durable: on return. This proves
 * that the ledger can be written, before any call is sent. A dry run is not recorded. Errors: EX_IOERR. */
int journal_open(struct engine *engine, const char *kind, struct err *err) MUST_CHECK;

/* journal_resume: reads the notes of earlier runs. If the API was down, this run starts with one call. If the API
 * limits the rate, this run stops. Sets engine->clock, which must not be read earlier. Errors: those of the source and
 * the ledger. */
int journal_resume(struct engine *engine, struct err *err) MUST_CHECK;

/* journal_remember: keeps what the source has learned from the scans of this run, with the outcomes that are committed
 * next. Call it only if all calls that the scans handed out are settled or pending. */
int journal_remember(struct engine *engine, struct err *err) MUST_CHECK;

/* journal_close: counts the pending calls into the summary, and writes the run's counts and counters, and whether the
 * API is down. Durable: on return, with all outcomes. Errors: EX_IOERR. */
int journal_close(struct engine *engine, struct err *err) MUST_CHECK;

/* journal_failed: records a run that failed before it could read calls; the run took duration_ms. Durable: on return.
 * Errors: EX_IOERR. */
int journal_failed(struct ledger *ledger, const struct summary *summary, int64_t duration_ms, struct err *err)
    MUST_CHECK;

#endif
