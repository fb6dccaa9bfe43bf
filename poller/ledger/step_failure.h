/* step_failure: since when a step that follows the calls fails, in a note of the ledger for each step. The calls are
 * sent all the same, so neither the run's counts nor its message say so. */
#ifndef STEP_FAILURE_H
#define STEP_FAILURE_H

#include <stdbool.h>

#include "ledger/ledger.h"

/* The steps. */
enum step {
    STEP_TABLES,    /* copies customers, staff and groups when they are due */
    STEP_CUSTOMERS, /* copies customers: --job customer */
    STEP_STAFF,     /* copies staff and groups: --job staffgroup */
    STEP_AFTER,     /* runs the files of `after` */
    STEP_RECORDINGS, /* transfers recordings: nothing can be transferred, whichever recording it is */
    STEPS
};

struct step_failure {
    int64_t since; /* epoch, this host's clock: the first failure in turn; 0: the step works */
    int64_t tries; /* failures in turn */
    int64_t next;  /* epoch: it is tried again then */
    int64_t code;  /* the exit code of the last failure ... */
    char message[600]; /* ... and its message, for people */
};

/* step_failure_read: *ret_failure is all zero if the step works. */
int step_failure_read(struct ledger *ledger, enum step step, struct step_failure *ret_failure,
                      struct err *err) MUST_CHECK;

/* step_failure_note: counts one more failure. The pause before the next try grows from a minute to an hour. Durable:
 * with the next ledger_commit. */
int step_failure_note(struct ledger *ledger, enum step step, const struct err *why, struct err *err) MUST_CHECK;

/* step_failure_clear: the step has worked. Durable: with the next ledger_commit. */
int step_failure_clear(struct ledger *ledger, enum step step, struct err *err) MUST_CHECK;

/* step_failure_waits: whether a step that fails is not to be tried yet. After the clock was set back it is. Pure. */
bool step_failure_waits(const struct step_failure *failure, int64_t now);

/* step_failure_report: sets err to the failure, with the time since when it lasts. Returns -1. */
int step_failure_report(const struct step_failure *failure, struct err *err);

/* step_failure_what: what does not happen: "customers are not copied". */
const char *step_failure_what(enum step step);

#endif
