/* bigquery_copy_sql: the statements for the tables beside the calls. Each has the parameter @tenant. For bigquery's
 * files only. Ownership: the caller frees each text with free(). */
#ifndef BIGQUERY_COPY_SQL_H
#define BIGQUERY_COPY_SQL_H

#include "domain/table.h"
#include "sink/bigquery_sql.h"

/* bigquery_copy_sql_merge: writes the staged rows; a row of the table that is newer, or the same, stays. replaces: rows
 * of the tenant that are not staged go. */
char *bigquery_copy_sql_merge(const struct bigquery_sql *names, const struct table *table, bool replaces) MUST_CHECK;

/* bigquery_copy_sql_whole: without DML: all rows that the table has after that, to replace it. */
char *bigquery_copy_sql_whole(const struct bigquery_sql *names, const struct table *table, bool replaces) MUST_CHECK;

/* bigquery_copy_sql_newest: the greatest time of the tenant's rows, by table->newer. */
char *bigquery_copy_sql_newest(const struct bigquery_sql *names, const struct table *table) MUST_CHECK;

#endif
