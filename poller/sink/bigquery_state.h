/* bigquery_state: what the sink remembers from one run to the next, in a file of the state directory. For bigquery's
 * files only. */
#ifndef BIGQUERY_STATE_H
#define BIGQUERY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define BIGQUERY_DIGEST_SIZE 40
#define BIGQUERY_JOB_ID_SIZE 120

struct bigquery_state {
    int64_t loaded;    /* epoch: when the last batch was loaded, also without success; 0: never */
    int64_t seen_us;   /* the largest seen_at so far: it never goes back */
    int64_t sandbox;   /* epoch: when BigQuery last refused DML, as the project has no billing account; 0: it did not */
    int64_t no_login;  /* epoch: when Google last gave no token, and update_log does not say so yet; 0: no failure */
    bool is_reported;  /* the files of `after` have been run since rows were last loaded */
    bool is_open;      /* the outcome of the batch below, or of an earlier one, may be unknown to the ledger */
    char digest[BIGQUERY_DIGEST_SIZE]; /* of that batch's contents ... */
    int64_t started;   /* ... and the epoch at which it was loaded first: both are in the names of its jobs */
    char job[BIGQUERY_JOB_ID_SIZE]; /* the id of a job that changes rows, and may still run; "": none */
    int64_t job_at;    /* epoch: when it was noted */
};

/* bigquery_state_load: reads the file. If it is missing, all is zero. If it is damaged, is_open is true: then rows are
 * looked for everywhere. */
void bigquery_state_load(const char *state_dir, struct bigquery_state *ret_state);

/* bigquery_state_save: Durable: on return. Errors: EX_IOERR, EX_NOPERM. */
int bigquery_state_save(const char *state_dir, const struct bigquery_state *state, struct err *err) MUST_CHECK;

#endif
