/* journal: the counts of a run, in the ledger: for status, history and metrics. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "engine/engine.h"

/* journal_open: notes that a run of that kind has started; engine->run is its number. Durable on return: it proves
 * that outcomes can be written before any call is sent. A dry run is not noted. Errors: EX_IOERR. */
int journal_open(struct engine *engine, const char *kind, struct err *err) MUST_CHECK;

/* journal_resume: takes up what earlier runs left: an API that was down is asked with one call first, and a silence
 * that it asked for stops this run. Sets engine->clock, which nobody reads before. Errors: those of the source and the
 * ledger. */
int journal_resume(struct engine *engine, struct err *err) MUST_CHECK;

/* journal_close: counts what is still pending into the summary, and writes the run's counts and counters, and whether
 * the API is down. kind: what the run turned out to be; NULL: what it was opened as. Durable on return, with all
 * outcomes. Errors: EX_IOERR. */
int journal_close(struct engine *engine, const char *kind, struct err *err) MUST_CHECK;

/* journal_failed: notes a run that failed before it could look for calls; it took duration_ms. Durable on return.
 * Errors: EX_IOERR. */
int journal_failed(struct ledger *ledger, const struct summary *summary, int64_t duration_ms, struct err *err)
    MUST_CHECK;

#endif
