/* summary: what one run did, and how it ended. */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Why a run stopped before everything was done. */
enum summary_stop {
    STOP_NONE,
    STOP_OUT_OF_TIME,    /* the time budget is spent */
    STOP_INTERRUPTED,    /* a signal, or a person who has set the checkpoint meanwhile */
    STOP_OUTAGE,         /* the API as a whole does not answer usefully */
    STOP_RATE_LIMITED,   /* the API limited the rate */
    STOP_CONFIGURATION,  /* no call is accepted until the settings are fixed */
    STOP_FAILED          /* database, ledger or checkpoint: see failure_code */
};

struct summary {
    int64_t found;      /* calls to be sent */
    int64_t accepted;   /* by the API in this run ... */
    int64_t repeated;   /* ... of which it had already */
    int64_t failed;     /* tries that ended otherwise */
    int64_t waiting;       /* calls newly waiting: their disposition is not final */
    int64_t rejected;   /* calls newly rejected */
    int64_t forgotten;  /* rows that vanished while they were waiting or pending */
    int64_t pending_left;  /* calls still pending when the run ended */
    bool looked;           /* the run knows of every call that had ended: each is settled, or one of ... */
    int64_t unsent;        /* ... at least so many calls beyond the checkpoint that it saw and did not send */
    int64_t unsent_oldest; /* epoch: the end of the oldest of them */
    int64_t in_doubt;      /* calls on which the API failed, without another call to test the API with */
    int64_t limited_runs;  /* so many runs in a row, this one included, ended because the API limited the rate */
    enum summary_stop stop;
    int failure_code;   /* STOP_FAILED: the exit code of what failed */
    char message[1024]; /* why it stopped, for people */
};

/* So many runs in a row may end at a 429: a burst does that. When one more does, it is a failure. */
#define SUMMARY_LIMITED_RUNS 2

/* summary_fail: the run ends because of err, whatever stopped it before. */
void summary_fail(struct summary *summary, const struct err *err);

/* summary_exit_code: the exit code that says it: 0, or one of EX_UNAVAILABLE EX_TEMPFAIL EX_CONFIG and failure_code. */
int summary_exit_code(const struct summary *summary);

/* summary_report: logs the closing lines of a run that took duration_ms. */
void summary_report(const struct summary *summary, int64_t duration_ms);

#endif
