/* records: views of the ledger for people: status, failed, history, why, metrics and report. */
#ifndef RECORDS_H
#define RECORDS_H

#include "ledger/ledger.h"

/* All functions return -1 and EX_IOERR when the ledger cannot be read or written. A text given to a callback is
 * borrowed until the callback returns. */

/* Selects calls: all conditions must hold. */
struct records_selection {
    const char *uniqueid; /* NULL: any */
    const char *reason;   /* part of the reason; NULL: any */
    int64_t before;       /* ended before this epoch; 0: any */
};

/* records_list_rejected: calls on_entry for each selected rejected call, oldest first. */
typedef void records_on_entry(void *context, const struct ledger_entry *entry);
int records_list_rejected(struct ledger *ledger, const struct records_selection *selection, records_on_entry *on_entry,
                          void *context, struct err *err) MUST_CHECK;

/* records_change_state: changes the selected calls in state from to state to. CALL_REJECTED becomes CALL_PENDING, due
 * at once with no retry used up, or CALL_DISCARDED; CALL_DISCARDED becomes CALL_REJECTED. *ret_count is their number.
 * Durable: with the next ledger_commit. */
int records_change_state(struct ledger *ledger, const struct records_selection *selection, enum call_state from,
                    enum call_state to, int64_t *ret_count, struct err *err) MUST_CHECK;

/* A number that the ledger does not have: the run has not finished, or an older version did not write the number. */
#define RECORDS_UNKNOWN INT64_MIN

/* The current state. Times are epochs; 0: there is none. "Last run" means the last run that cron started. A run has
 * looked if it has read every call that had ended. Unsent: the least number of finished calls after the checkpoint that
 * the run saw and did not send, see unsent.h. */
struct records_overview {
    struct ledger_counts counts;
    int64_t oldest_open;       /* end of the oldest call that is pending or waiting ... */
    int64_t oldest_pending, oldest_waiting; /* ... and of each kind */
    int64_t next_due;          /* when the next pending call is tried again */
    int64_t last_run, last_run_accepted, last_run_exit_code;
    int64_t last_success;      /* start of the last run that succeeded: exit code 0 */
    int64_t first_run;         /* start of the oldest run in the ledger */
    int64_t last_look;         /* start of the last run that looked ... */
    int64_t unsent_oldest;     /* ... and the end of its oldest unsent call */
    int64_t last_run_unsent;   /* unsent calls of the last run; unknown: it could not look */
    char last_run_message[600]; /* a longer one is cut at a word */
    int64_t last_run_duration_ms, last_run_statements, last_run_database_ms, last_run_rows_examined; /* or unknown */
    int64_t last_run_longest_ms; /* the longest statement; or unknown */
};

/* records_overview: reads the current state. Reads only the index of open calls and the last runs, so the size of the
 * ledger does not matter. */
int records_overview(struct ledger *ledger, struct records_overview *ret_overview, struct err *err) MUST_CHECK;

/* records_oldest_open: the end of the oldest call that is pending or waiting; 0: there is none. */
int records_oldest_open(struct ledger *ledger, int64_t *ret_ended, struct err *err) MUST_CHECK;

/* records_count_accepted: counts the accepted calls in the ledger. It reads the whole ledger: do not call it each
 * minute. */
int records_count_accepted(struct ledger *ledger, int64_t *ret_count, struct err *err) MUST_CHECK;

/* One run. All numbers except started may be RECORDS_UNKNOWN. unsent: as in struct records_overview. */
struct records_run {
    int64_t id;
    const char *kind;
    int64_t started, finished, duration_ms; /* finished: unknown while the run works, and if it was killed */
    bool superseded;                        /* another run of its kind has started since */
    int64_t found, accepted, repeated, failed, waiting, pending, rejected;
    int64_t statements, database_ms, rows_examined, longest_ms, unsent;
    int64_t exit_code;
    const char *message; /* why the run stopped early; NULL or "": it did not */
    int64_t action;      /* the live page started it: its number in the page's journal; or unknown */
};

/* SQL: another run of the same kind has started since. */
#define RECORDS_SUPERSEDED                                                                                             \
    "finished IS NULL AND EXISTS (SELECT 1 FROM run AS later WHERE later.id > run.id "                                 \
    "AND later.kind = run.kind)"

/* records_outcome: how a run ended, the same text in every view: "succeeded", "partly sent", "stopped", "failed (69)",
 * "cut short" or "no end yet". Returns a constant or out. */
#define RECORDS_OUTCOME_SIZE 32
const char *records_outcome(const struct records_run *run, char out[RECORDS_OUTCOME_SIZE]);

/* records_list_runs: calls on_run for each run that started at epoch since or later, newest first, at most limit. */
typedef void records_on_run(void *context, const struct records_run *run);
int records_list_runs(struct ledger *ledger, int64_t since, int64_t limit, records_on_run *on_run, void *context,
                      struct err *err) MUST_CHECK;

/* records_page_runs: the same for the runs of one kind, without the newest ones. */
struct records_runs {
    const char *kind; /* NULL: any */
    int64_t since, limit, skip;
    int64_t id, action; /* only this run; only the runs of this action. 0: any */
};
int records_page_runs(struct ledger *ledger, const struct records_runs *which, records_on_run *on_run, void *context,
                      struct err *err) MUST_CHECK;

/* records_note_retry: records a `failed retry` of count calls as a run. Durable: with the next ledger_commit. */
int records_note_retry(struct ledger *ledger, int64_t count, struct err *err) MUST_CHECK;

/* One attempt to send a call: numbers may be RECORDS_UNKNOWN, texts NULL. */
struct records_attempt {
    int64_t tried, answer, took_ms; /* epoch; the outcome's code, 0: no answer came; from request to answer */
    const char *reason;             /* why the call was not accepted */
    const char *status, *result, *agent;
    int64_t length;
};

/* One call: numbers may be RECORDS_UNKNOWN, texts NULL. */
struct records_call {
    struct call_record record;
    int64_t end_epoch, seen, updated, due, tries;
    int64_t direction; /* enum call_direction; or unknown */
    const char *reason, *campaign, *phone;
    struct records_attempt last; /* the last attempt, with the call as it was then */
};

/* records_find_call: calls on_call once, if the ledger has the call. */
typedef void records_on_call(void *context, const struct records_call *call);
int records_find_call(struct ledger *ledger, const char *uniqueid, records_on_call *on_call, void *context,
                      struct err *err) MUST_CHECK;

/* records_list_attempts: calls on_attempt for each attempt before the last one, oldest first. */
typedef void records_on_attempt(void *context, const struct records_attempt *attempt);
int records_list_attempts(struct ledger *ledger, const char *uniqueid, records_on_attempt *on_attempt, void *context,
                          struct err *err) MUST_CHECK;

/* records_list_counters: calls on_counter for each counter of that name, in the order of their labels. */
typedef void records_on_counter(void *context, const char *label, int64_t value);
int records_list_counters(struct ledger *ledger, const char *name, records_on_counter *on_counter, void *context,
                          struct err *err) MUST_CHECK;

#endif
