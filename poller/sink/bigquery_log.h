/* bigquery_log: the rows of the table update_log, which tells people what was loaded. For bigquery's files only. */
#ifndef BIGQUERY_LOG_H
#define BIGQUERY_LOG_H

#include "sink/bigquery_batch.h"

/* How a batch came into the table of calls. */
enum bigquery_log_mode { BIGQUERY_LOG_MERGED, BIGQUERY_LOG_TRUNCATE };

struct bigquery_log {
    const struct bigquery_batch *batch;
    enum bigquery_log_mode mode;
    int64_t no_login; /* epoch: since then Google gave no token; 0: there was no such failure */
};

/* bigquery_log_write: adds a row for the staging table (STAGED) and one for the table of calls: MERGED, NOOP if nothing
 * changed, or TRUNCATE; ERROR_LOGIN for no_login. Makes the table if it is missing. Returns *failure's fault. */
enum bigquery_fault bigquery_log_write(const struct bigquery_place *place, const struct bigquery_log *log,
                                       struct bigquery_failure *failure);

#endif
