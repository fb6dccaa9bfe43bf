/* run_progress: how far long work, such as a backfill, has come through its time range. */
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include "ledger/ledger.h"

struct run_progress {
    int64_t run;      /* the run's number; 0: no long work has noted anything */
    int64_t from, to; /* epochs: the whole range */
    int64_t reached;  /* epoch: calls up to here are handled, in the table that is being read */
    int64_t permille; /* the part of all tables that is done, 0 to 1000 */
    int64_t at;       /* epoch, this host's clock: when it was noted */
};

/* run_progress_write: replaces the note. Durable: with the next ledger_commit. */
int run_progress_write(struct ledger *ledger, const struct run_progress *progress, struct err *err) MUST_CHECK;

/* run_progress_read: the note. The run may have ended, or may have been killed: compare its number with that of a run
 * that has no end. */
int run_progress_read(struct ledger *ledger, struct run_progress *ret_progress, struct err *err) MUST_CHECK;

/* run_progress_forget: deletes the note. Durable: with the next ledger_commit. */
int run_progress_forget(struct ledger *ledger, struct err *err) MUST_CHECK;

#endif
