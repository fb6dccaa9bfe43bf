/* tables_step: the step of a run that copies the tables beside the calls, like that of customers, from the source to
 * the store of the sink. They are no calls: the ledger knows only when the step last succeeded. */
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
};

/* tables_step_run: copies the tables. Without jobs it does so every quarter of an hour. Durable: on return. Errors:
 * EX_USAGE (jobs, but source or sink has no tables), EX_IOERR (ledger), those of the source and of the sink. */
int tables_step_run(const struct tables_step *step, struct err *err) MUST_CHECK;

#endif
