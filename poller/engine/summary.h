/* summary: the counts of one run, and its end. */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Why a run stopped early. */
enum summary_stop {
    STOP_NONE,
    STOP_OUT_OF_TIME,    /* the time budget is used up */
    STOP_INTERRUPTED,    /* a signal came, or a person has set the checkpoint */
    STOP_OUTAGE,         /* the API is down */
    STOP_RATE_LIMITED,   /* the API limited the rate */
    STOP_CONFIGURATION,  /* no call is accepted until the settings are fixed */
    STOP_FAILED          /* database, ledger or checkpoint: see failure_code */
};

struct summary {
    int64_t found;      /* calls to be sent */
    int64_t accepted;   /* calls that the API accepted in this run ... */
    int64_t repeated;   /* ... and among them, those that the API knew already */
    int64_t failed;     /* attempts that were not accepted */
    int64_t waiting;       /* calls newly waiting: their disposition is not final */
    int64_t still_waiting; /* calls that were waiting before, and are not final yet */
    int64_t rejected;   /* calls newly rejected */
    int64_t forgotten;  /* rows that vanished while they were waiting or pending */
    int64_t incomplete; /* calls without an extra that nearly every call has, see call_shape; one is counted once */
    int64_t pending_left;  /* calls still pending when the run ended */
    bool is_between_loads; /* the sink takes them later, and nothing is wrong (sink_opens_at) */
    bool looked;           /* the run read every call that had ended: unsent is valid */
    int64_t unsent;        /* the least number of finished calls after the checkpoint that the run did not send */
    int64_t unsent_oldest; /* epoch: the end of the oldest of them */
    int64_t in_doubt;      /* calls on which the sink failed, without another call to test the sink with */
    int64_t limited_runs;  /* number of runs in a row, with this one, that a rate limit ended */
    const char *source, *sink; /* their names in messages, after "the"; NULL: source, API */
    enum summary_stop stop;
    int failure_code;   /* STOP_FAILED: the exit code of the error */
    bool only_a_step_failed; /* STOP_FAILED: what follows the calls failed, and nothing before it */
    char message[1024]; /* why the run stopped, for people */
};

/* A burst of calls may end two runs in a row with a 429. The third one counts as a failure. */
#define SUMMARY_LIMITED_RUNS 2

/* summary_fail: sets stop to STOP_FAILED with err's message and exit code, even after another stop. */
void summary_fail(struct summary *summary, const struct err *err);

/* summary_exit_code: the run's exit code: EX_OK, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG or failure_code. */
int summary_exit_code(const struct summary *summary);

/* summary_report: logs the closing lines of a run that took duration_ms. */
void summary_report(const struct summary *summary, int64_t duration_ms);

#endif
