/* records: what the ledger says, for people: the views behind status, failed, history, why, metrics and report. */
#ifndef RECORDS_H
#define RECORDS_H

#include "ledger/ledger.h"

/* All functions return -1 and EX_IOERR when the ledger cannot be read or written. Texts that are handed out are
 * borrowed for the call. */

/* Which of the calls that are rejected are meant: those for which all of this holds. */
struct records_selection {
    const char *uniqueid; /* NULL: any */
    const char *reason;   /* part of the reason; NULL: any */
    int64_t before;       /* ended before this epoch; 0: any */
};

/* records_list_rejected: hands out the calls that are rejected, oldest first. */
typedef void records_on_entry(void *context, const struct ledger_entry *entry);
int records_list_rejected(struct ledger *ledger, const struct records_selection *selection, records_on_entry *on_entry,
                          void *context, struct err *err) MUST_CHECK;

/* records_release: gives the selected calls that are in state from another one: those rejected become CALL_PENDING, due
 * at once and with no retry used up, or CALL_DISCARDED; discarded ones become CALL_REJECTED again. *ret_count is how
 * many. */
int records_release(struct ledger *ledger, const struct records_selection *selection, enum call_state from,
                    enum call_state to, int64_t *ret_count, struct err *err) MUST_CHECK;

/* What the ledger does not say: a figure of a run that has not ended, or one that an older version did not write. */
#define RECORDS_UNKNOWN INT64_MIN

/* The current state. Times are epochs, 0 where there is none. The last run is one of those that cron starts. A run has
 * looked when it knows of every call that had ended; unsent calls are those it saw beyond the checkpoint and did not
 * send, at least so many, see unsent.h. */
struct records_overview {
    struct ledger_counts counts;
    int64_t oldest_open;    /* end of the oldest call that is pending or waiting ... */
    int64_t oldest_pending, oldest_waiting; /* ... and of either kind */
    int64_t next_due;          /* when the next pending call is tried again */
    int64_t last_run, last_run_accepted, last_run_exit_code;
    int64_t last_success;      /* start of the last run that succeeded */
    int64_t first_run;         /* of those that are remembered */
    int64_t last_look;         /* start of the last run that looked ... */
    int64_t unsent_oldest;     /* ... and the end of the oldest call that it left unsent */
    int64_t last_run_unsent;   /* of the last run; or unknown: it could not look */
    char last_run_message[256];
    int64_t last_run_duration_ms, last_run_statements, last_run_database_ms, last_run_rows_examined; /* or unknown */
};

/* records_overview: fills it in. Reads the index of open calls and the last runs: quick in a ledger of any size. */
int records_overview(struct ledger *ledger, struct records_overview *ret_overview, struct err *err) MUST_CHECK;

/* records_oldest_open: the end of the oldest call that is pending or waiting; 0: there is none. */
int records_oldest_open(struct ledger *ledger, int64_t *ret_ended, struct err *err) MUST_CHECK;

/* records_count_accepted: the calls that are remembered as accepted. It reads the whole ledger: not for each minute. */
int records_count_accepted(struct ledger *ledger, int64_t *ret_count, struct err *err) MUST_CHECK;

/* One run. Numbers but started may be RECORDS_UNKNOWN. unsent: as in struct records_overview. */
struct records_run {
    const char *kind;
    int64_t started, finished, duration_ms; /* finished: unknown while it goes on, and where it was cut short */
    bool superseded;                        /* another of its kind has started since */
    int64_t found, accepted, repeated, failed, waiting, pending, rejected;
    int64_t statements, database_ms, rows_examined, unsent;
    int64_t exit_code;
    const char *message; /* NULL or "": the run finished */
};

/* Whether another run of the kind has started since, as a column of run. A sweep is opened as a poll. */
#define RECORDS_SUPERSEDED                                                                                             \
    "finished IS NULL AND EXISTS (SELECT 1 FROM run AS later WHERE later.id > run.id "                                 \
    "AND replace(later.kind, 'sweep', 'poll') = replace(run.kind, 'sweep', 'poll'))"

/* records_outcome: how a run ended, in the words of every view: "succeeded", "partly sent", "stopped", "failed (69)"
 * ... */
#define RECORDS_OUTCOME_SIZE 32
const char *records_outcome(const struct records_run *run, char out[RECORDS_OUTCOME_SIZE]);

/* records_list_runs: hands out the runs that started at since or later, newest first, at most limit of them. */
typedef void records_on_run(void *context, const struct records_run *run);
int records_list_runs(struct ledger *ledger, int64_t since, int64_t limit, records_on_run *on_run, void *context,
                      struct err *err) MUST_CHECK;

/* records_note_retry: records a `failed retry` of that many rejected calls. */
int records_note_retry(struct ledger *ledger, int64_t count, struct err *err) MUST_CHECK;

/* One attempt to send a call: numbers may be RECORDS_UNKNOWN, texts NULL. */
struct records_attempt {
    int64_t tried, answer, took_ms; /* epoch; the outcome's code, 0: no answer came */
    const char *reason;             /* why it was not accepted */
    const char *status, *result, *agent;
    int64_t length;
};

/* What is known of one call: numbers may be RECORDS_UNKNOWN, texts NULL. */
struct records_call {
    struct call_record record;
    int64_t end_epoch, seen, updated, due, tries;
    const char *reason, *campaign, *phone;
    struct records_attempt last; /* the last attempt, and what the call was last known to be */
};

/* records_find_call: hands out the call, unless nothing is known of it. */
typedef void records_on_call(void *context, const struct records_call *call);
int records_find_call(struct ledger *ledger, const char *uniqueid, records_on_call *on_call, void *context,
                      struct err *err) MUST_CHECK;

/* records_list_attempts: hands out the attempts before the last one, oldest first. */
typedef void records_on_attempt(void *context, const struct records_attempt *attempt);
int records_list_attempts(struct ledger *ledger, const char *uniqueid, records_on_attempt *on_attempt, void *context,
                          struct err *err) MUST_CHECK;

/* records_list_counters: hands out the counters of that name, in the order of their labels. */
typedef void records_on_counter(void *context, const char *label, int64_t value);
int records_list_counters(struct ledger *ledger, const char *name, records_on_counter *on_counter, void *context,
                          struct err *err) MUST_CHECK;

#endif
