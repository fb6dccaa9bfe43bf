/* after_step: the last step of a run: files of SQL that refresh the reports in the store of the sink. */
#ifndef AFTER_STEP_H
#define AFTER_STEP_H

#include <stdbool.h>

#include "domain/params.h"
#include "ledger/ledger.h"
#include "sink/sink.h"

/* Ownership: borrowed. */
struct after_step {
    struct ledger *ledger;
    const struct sink *sink;
    const struct params *params; /* of the sink */
    int64_t deadline_ms;         /* monotonic: no file is started after it, but the first */
    bool is_asked_for;           /* a person started the run: failed files do not wait for their time */
};

/* after_step_run: runs the files of the setting `after` of the sink, in the order of their names, if they are due. Does
 * nothing without that setting. A file that fails keeps no other one. Failed files are due again with new rows, and
 * after a pause that grows; until then the step reports the same failure. If the time ends, the next run goes on with
 * the next file. A file that every user may write is refused. Durable: on return, that it failed or worked. Errors:
 * EX_CONFIG, EX_UNAVAILABLE, EX_NOPERM, EX_IOERR; the message names the first file that failed. */
int after_step_run(const struct after_step *step, struct err *err) MUST_CHECK;

/* after_step_check: tests whether a run of this process's user finds and may read the files. Runs none of them.
 * *ret_count is their number; 0: the setting is not there. Errors: EX_CONFIG, EX_NOPERM, EX_IOERR. */
int after_step_check(const struct sink_ops *sink, const struct params *params, size_t *ret_count, struct err *err)
    MUST_CHECK;

#endif
