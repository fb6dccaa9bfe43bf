/* bigquery_job: load jobs and query jobs. Each has an id that we choose, so that a repeated request is recognized. For
 * bigquery's files only. */
#ifndef BIGQUERY_JOB_H
#define BIGQUERY_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "sink/bigquery_api.h"
#include "sink/bigquery_state.h"

/* bigquery_job_nonce: writes random letters and digits, for the id of a job that is no repetition of another one. */
#define BIGQUERY_JOB_NONCE_SIZE 17
void bigquery_job_nonce(char out[BIGQUERY_JOB_NONCE_SIZE]);

/* Where a job runs. Ownership: borrowed. */
struct bigquery_place {
    struct bigquery_api *api;
    const char *location, *state_dir;
    struct bigquery_state *note; /* the file in state_dir; NULL: no job changes rows */
    const char *route; /* the label of the jobs that change rows; another host with these settings has the same */
    bool *looked;      /* whether this run has waited for such jobs of others; as note */
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
    bool changes_rows;    /* of a table that lasts: such jobs run one after another */
    bool follows_changes; /* only reads, but what the jobs before it have left */
    bool is_dry_run;    /* BigQuery only checks the statement */
    bool uses_dataset;  /* a table without project and dataset is one of our dataset */
    int64_t timeout_ms; /* BigQuery ends the job after so long; 0: it does not */
};

/* bigquery_job_query: runs the query to its end. One that changes rows is noted first (durable), and waits until the
 * one that was noted before it has ended, whichever run has sent that; so does one that follows changes. The first one
 * of a run waits for all running jobs of its route: the file may be lost, or another host may have sent one. *ret_job:
 * the job; NULL after a failure. ret_job may be NULL. Ownership: json_free. Returns *failure's fault. */
enum bigquery_fault bigquery_job_query(const struct bigquery_place *place, const struct bigquery_query *query,
                                       struct json **ret_job, struct bigquery_failure *failure);

/* bigquery_job_each: calls visit for each job of this account that has the label of the route and passes the filter of
 * the list, "stateFilter=running", until visit fails. *failure is filled if it fails. Returns *failure's fault. */
typedef enum bigquery_fault bigquery_job_visit(void *context, const char *id, struct bigquery_failure *failure);
enum bigquery_fault bigquery_job_each(const struct bigquery_place *place, const char *filter, bigquery_job_visit *visit,
                                      void *context, struct bigquery_failure *failure);

/* bigquery_job_rows: the result of the query job id, page by page: an array with the first column of each row as text.
 * Ownership: json_free, also after a failure. Returns *failure's fault. */
enum bigquery_fault bigquery_job_rows(const struct bigquery_place *place, const char *id, struct json **ret_rows,
                                      struct bigquery_failure *failure);

/* bigquery_job_number: the number at statistics.GROUP.NAME of a job, which is a text; 0: none. */
int64_t bigquery_job_number(const struct json *job, const char *group, const char *name);

#endif
