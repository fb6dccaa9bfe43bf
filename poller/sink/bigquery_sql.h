/* bigquery_sql: the statements that bring the rows of a staging table into the table of calls. For bigquery's files
 * only. */
#ifndef BIGQUERY_SQL_H
#define BIGQUERY_SQL_H

#include "base/err.h"

/* The full names of the tables, "project.dataset.table". Ownership: borrowed. */
struct bigquery_sql {
    const char *target, *staging;
};

/* The texts below belong to the caller, who frees them. */

/* bigquery_sql_merge: for calls that the table has on no other day (change = 0): BigQuery reads only the partitions
 * from @first_day to @last_day. */
char *bigquery_sql_merge(const struct bigquery_sql *names) MUST_CHECK;

/* bigquery_sql_merge_everywhere: for calls of which the table may have another version, perhaps on another day, and
 * with change >= @least_change: looks for the row in each partition, but reads only the blocks that have tenants
 * from @first_tenant to @last_tenant, the source @source, and ids from @first_id to @last_id. A row whose day changed
 * moves. */
char *bigquery_sql_merge_everywhere(const struct bigquery_sql *names) MUST_CHECK;

/* bigquery_sql_tenants: after a MERGE: how many rows it has made or changed, and the tenant, as "12 PK"; a row for each
 * tenant that has such rows. @first_day and @last_day: those of the staged rows. */
char *bigquery_sql_tenants(const struct bigquery_sql *names) MUST_CHECK;

/* bigquery_sql_days: without DML: the days whose rows change: those of the staged rows, and those on which the table
 * has such a call now. */
char *bigquery_sql_days(const struct bigquery_sql *names) MUST_CHECK;

/* bigquery_sql_day: without DML: all rows that the partition of @day has after the staged ones came, to replace it. */
char *bigquery_sql_day(const struct bigquery_sql *names) MUST_CHECK;

#endif
