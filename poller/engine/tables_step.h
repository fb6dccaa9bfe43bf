/* tables_step: the step of a run that copies the tables beside the calls, like that of customers, from the source to
 * the store of the sink. They are no calls: the ledger knows when the step last succeeded, and since when it fails. */
#ifndef TABLES_STEP_H
#define TABLES_STEP_H

#include "ledger/ledger.h"
#include "sink/sink.h"
#include "source/source.h"

/* All pointers are borrowed. */
struct tables_step {
    struct ledger *ledger;
    const struct sink *sink;
    const struct source *source;
    unsigned jobs;  /* a sum of enum table_jobs; 0: all that are due, where source and sink have tables */
    int64_t deadline_ms; /* monotonic: without jobs, the step ends then; the next run continues */
    bool is_asked_for;   /* a person started the run: a failed copy does not wait for its time */
};

/* tables_step_run: copies the tables. Without jobs it does so every quarter of an hour; after a failure, when a pause
 * is over that grows, and until then it reports the same failure. Durable: on return, also that it failed. Errors:
 * EX_USAGE (jobs, but source or sink has no tables), EX_IOERR (ledger), those of the source and of the sink. */
int tables_step_run(const struct tables_step *step, struct err *err) MUST_CHECK;

#endif
