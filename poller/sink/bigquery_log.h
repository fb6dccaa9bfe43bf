/* bigquery_log: the rows of the table update_log, which tells people what was loaded. For bigquery's files only. */
#ifndef BIGQUERY_LOG_H
#define BIGQUERY_LOG_H

#include <stdint.h>

#include "sink/bigquery_job.h"
#include "sink/bigquery_tenants.h"

/* How rows came into their table. */
enum bigquery_log_mode { BIGQUERY_LOG_MERGED, BIGQUERY_LOG_TRUNCATE };

/* A load. Ownership: borrowed. */
struct bigquery_log {
    const char *table;
    const struct bigquery_tenants *tenants;
    const char *id;       /* of the job that writes the rows of the log */
    int64_t at_us;        /* when: microseconds since 1970 */
    int64_t newest_ms;    /* the greatest time of the rows, an epoch in milliseconds; 0: they have none */
    enum bigquery_log_mode mode;
};

/* bigquery_log_write: for each tenant adds a row for the staging table (STAGED) and one for the table: MERGED, NOOP if
 * nothing of the tenant changed, or TRUNCATE. All rows come or none; a repeated job adds none. Makes the table if it is
 * missing. Returns *failure's fault. */
enum bigquery_fault bigquery_log_write(const struct bigquery_place *place, const struct bigquery_log *log,
                                       struct bigquery_failure *failure);

/* bigquery_log_write_login: adds a row ERROR_LOGIN for each tenant of the load, because Google gave no token at that
 * time. It is a job of its own, so that a load that is repeated without this failure has the same rows as before.
 * Returns *failure's fault. */
enum bigquery_fault bigquery_log_write_login(const struct bigquery_place *place, const struct bigquery_log *log,
                                             int64_t epoch, struct bigquery_failure *failure);

#endif
