/* bigquery_verdict: what an error of BigQuery means, by its reason. For bigquery's files only. */
#ifndef BIGQUERY_VERDICT_H
#define BIGQUERY_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/http.h"
#include "base/json.h"
#include "domain/outcome.h"

/* The code of a failed job, which HTTP answers with 200. */
#define BIGQUERY_FAILED_JOB 600

enum bigquery_fault {
    BIGQUERY_FINE,
    BIGQUERY_RETRY,      /* a later request may succeed */
    BIGQUERY_SLOW_DOWN,  /* send nothing for wait_sec seconds */
    BIGQUERY_DAY,        /* the quota of the day is used up */
    BIGQUERY_WRONG,      /* settings, rights or tables are wrong: somebody must act */
    BIGQUERY_MISSING,    /* a project, dataset, table or job does not exist */
    BIGQUERY_EXISTS,     /* it exists already, as after a repeated request */
    BIGQUERY_ROW,        /* a row of the load cannot be read */
    BIGQUERY_SANDBOX,    /* the project has no billing account, so DML is refused */
    BIGQUERY_GIVEN_UP    /* the run ends before the answer is known */
};

/* Why something failed. */
struct bigquery_failure {
    enum bigquery_fault fault;
    int64_t code;       /* the HTTP status; 600: a failed job; 0: no answer */
    int64_t wait_sec;
    int64_t position;   /* BIGQUERY_ROW: the byte at which the row begins; -1: unknown */
    char reason[400];   /* one line for operators */
    char advice[320];   /* "; do this", or "" */
};

/* Names in messages. Ownership: borrowed. */
struct bigquery_names {
    const char *account;                   /* the service account */
    const char *project, *dataset, *table;
    const char *origin;                    /* the file with the credentials */
};

/* bigquery_verdict_of: judges an answer. *ret_failure has texts unless the answer is fine. Returns its fault. */
enum bigquery_fault bigquery_verdict_of(const struct http_answer *answer, const struct bigquery_names *names,
                                        struct bigquery_failure *ret_failure);

/* bigquery_verdict_of_job: judges the errorResult of a job that is DONE, whose HTTP status is 200 all the same. json:
 * the job. Returns its fault. */
enum bigquery_fault bigquery_verdict_of_job(const struct json *job, const struct bigquery_names *names,
                                            struct bigquery_failure *ret_failure);

/* bigquery_verdict_outcome: the outcome of a batch that failed so. It is never the fault of a call. */
struct outcome bigquery_verdict_outcome(const struct bigquery_failure *failure);

/* bigquery_verdict_set: fills *failure. advice may be "". Returns fault. */
enum bigquery_fault bigquery_verdict_set(struct bigquery_failure *failure, enum bigquery_fault fault,
                                         const char *advice, const char *format, ...) PRINTF_LIKE(4, 5);

/* bigquery_verdict_describe: see sink_describe. */
bool bigquery_verdict_describe(int64_t code, char *out, size_t size);

#endif
