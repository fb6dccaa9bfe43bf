/* bigquery_log: the rows of the table update_log, which tells people what was loaded. For bigquery's files only. */
#ifndef BIGQUERY_LOG_H
#define BIGQUERY_LOG_H

#include <stdint.h>

#include "sink/bigquery_job.h"

/* How rows came into their table. */
enum bigquery_log_mode { BIGQUERY_LOG_MERGED, BIGQUERY_LOG_TRUNCATE };

/* A load. Ownership: borrowed. */
struct bigquery_log {
    const char *table, *tenant;
    const char *id;       /* of the job that writes the rows of the log */
    int64_t at_us;        /* when: microseconds since 1970 */
    int64_t newest_ms;    /* the greatest time of the rows, an epoch in milliseconds; 0: they have none */
    int64_t staged;       /* rows of the load job */
    int64_t changed;      /* rows of the table that were made or changed */
    enum bigquery_log_mode mode;
    int64_t no_login; /* epoch: since then Google gave no token; 0: there was no such failure */
};

/* bigquery_log_write: adds a row for the staging table (STAGED) and one for the table: MERGED, NOOP if nothing changed,
 * or TRUNCATE; ERROR_LOGIN for no_login. Makes the table if it is missing. Returns *failure's fault. */
enum bigquery_fault bigquery_log_write(const struct bigquery_place *place, const struct bigquery_log *log,
                                       struct bigquery_failure *failure);

#endif
