/* bigquery_report: runs the statements of a file of `after` in BigQuery. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "sink/bigquery_report.h"

/* A file that cannot end in the rest of a run would never end otherwise. */
#define LEAST_MS 60000

/* So much longer than the job itself we wait for its end. */
#define ANSWER_MS 10000

/* Each run of a file is a job of its own: a job with the id of an earlier one would be that one. */
static void make_id(char out[BIGQUERY_JOB_ID_SIZE])
{
    char nonce[BIGQUERY_JOB_NONCE_SIZE];
    bigquery_job_nonce(nonce);
    (void)snprintf(out, BIGQUERY_JOB_ID_SIZE, "after_%s", nonce);
}

/* The advice of a load does not help here: BigQuery's own words name the table, the column, or the place in the
 * file. */
static void advise(const struct bigquery_names *names, int64_t time_ms, struct bigquery_failure *failure)
{
    if (failure->fault == BIGQUERY_SANDBOX)
        (void)bigquery_verdict_set(failure, BIGQUERY_SANDBOX,
                                   "; write CREATE OR REPLACE TABLE ... AS SELECT instead, or link a billing account",
                                   "the project %.100s has no billing account (sandbox), so BigQuery refuses INSERT, "
                                   "UPDATE, DELETE and MERGE", names->project);
    else if (failure->fault == BIGQUERY_GIVEN_UP)
        (void)bigquery_verdict_set(failure, BIGQUERY_GIVEN_UP, "; shorten the file, or raise time_budget under [sync]",
                                   "BigQuery has not run the file within %" PRId64 " s", time_ms / 1000);
    else if (failure->fault == BIGQUERY_MISSING || (failure->fault == BIGQUERY_WRONG && failure->code ==
                                                    BIGQUERY_FAILED_JOB))
        *failure->advice = '\0';
}

enum bigquery_fault bigquery_report_run(const struct bigquery_place *place, const char *sql, int64_t until_ms,
                                        struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE];
    int64_t left_ms = until_ms - clock_mono_ms(), time_ms = left_ms > LEAST_MS ? left_ms : LEAST_MS;
    const struct bigquery_query query = { .sql = sql, .id = id, .uses_dataset = true, .changes_rows = true,
                                          .timeout_ms = time_ms };
    make_id(id);
    bigquery_api_end_at(place->api, clock_mono_ms() + time_ms + ANSWER_MS);
    enum bigquery_fault fault = bigquery_job_query(place, &query, NULL, failure);
    bigquery_api_end_at(place->api, 0);
    if (fault != BIGQUERY_FINE)
        advise(bigquery_api_names(place->api), time_ms, failure);
    return fault;
}
