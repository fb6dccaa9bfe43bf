/* bigquery_report: runs the statements of a file of `after` in BigQuery. For bigquery's files only. */
#ifndef BIGQUERY_REPORT_H
#define BIGQUERY_REPORT_H

#include <stdint.h>

#include "sink/bigquery_job.h"

/* bigquery_report_run: runs the statements in their order, as one job, until one fails; those before it have been run.
 * A table without project and dataset is one of our dataset. Waits until until_ms (monotonic), but at least a minute.
 * BIGQUERY_SANDBOX: a statement is DML, and the project has no billing account. Returns *failure's fault. */
enum bigquery_fault bigquery_report_run(const struct bigquery_place *place, const char *sql, int64_t until_ms,
                                        struct bigquery_failure *failure);

#endif
