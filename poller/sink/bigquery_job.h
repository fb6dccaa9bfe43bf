/* bigquery_job: load jobs and query jobs. Each has an id that we choose, so that a repeated request is recognized. For
 * bigquery's files only. */
#ifndef BIGQUERY_JOB_H
#define BIGQUERY_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "sink/bigquery_api.h"

#define BIGQUERY_JOB_ID_SIZE 120

/* bigquery_job_nonce: writes random letters and digits, for the id of a job that is no repetition of another one. */
#define BIGQUERY_JOB_NONCE_SIZE 17
void bigquery_job_nonce(char out[BIGQUERY_JOB_NONCE_SIZE]);

/* Where a job runs. Ownership: borrowed. */
struct bigquery_place {
    struct bigquery_api *api;
    const char *location, *state_dir;
};

/* A load job. Ownership: borrowed. */
struct bigquery_load {
    const char *table, *id;
    bool appends; /* otherwise the rows replace the table's */
    /* The line with this number, with its line end; the caller frees it. NULL: there is no such line. */
    char *(*line)(const void *context, size_t number);
    const void *context;
};

/* bigquery_job_load: writes the lines to a file without a name in state_dir, so memory does not depend on their number,
 * sends the file, and waits for the end of the job. BIGQUERY_ROW: nothing is loaded, and *failure has the position of
 * the bad row. *ret_rows: how many rows were loaded. Returns *failure's fault. */
enum bigquery_fault bigquery_job_load(const struct bigquery_place *place, const struct bigquery_load *load,
                                      int64_t *ret_rows, struct bigquery_failure *failure);

/* A parameter of a query. */
struct bigquery_param {
    const char *name, *type, *value;
};
#define BIGQUERY_PARAMS 6

/* A query job. Ownership: borrowed. */
struct bigquery_query {
    const char *sql, *id;
    struct bigquery_param params[BIGQUERY_PARAMS]; /* a name of NULL ends the list */
    const char *partition; /* "calls$20251009", or a table: the result replaces it; NULL: it replaces nothing */
    bool is_dry_run;    /* BigQuery only checks the statement */
    bool uses_dataset;  /* a table without project and dataset is one of our dataset */
    int64_t timeout_ms; /* BigQuery ends the job after so long; 0: it does not */
};

/* bigquery_job_query: runs the query to its end. *ret_job: the job; NULL after a failure. ret_job may be NULL.
 * Ownership: json_free. Returns *failure's fault. */
enum bigquery_fault bigquery_job_query(const struct bigquery_place *place, const struct bigquery_query *query,
                                       struct json **ret_job, struct bigquery_failure *failure);

/* bigquery_job_rows: the result of the query job id, at most limit rows: an array with the first column of each row as
 * text. *ret_json owns it. Ownership: json_free. */
enum bigquery_fault bigquery_job_rows(const struct bigquery_place *place, const char *id, size_t limit,
                                      struct json **ret_json, struct bigquery_failure *failure);

/* bigquery_job_number: the number at statistics.GROUP.NAME of a job, which is a text; 0: none. */
int64_t bigquery_job_number(const struct json *job, const char *group, const char *name);

#endif
