/* recorder_tables_sql: the statements for the tables beside the calls, for SQLite and PostgreSQL. The only parameter of
 * each is a JSON list of rows. For recorder's files only. Ownership: the caller frees each text with free(). */
#ifndef RECORDER_TABLES_SQL_H
#define RECORDER_TABLES_SQL_H

#include "domain/table.h"
#include "sink/recorder_sql.h"

/* The log of loads: table_name, tenant, rows_loaded, max_updateTime, mode, updated_at. */
extern const struct table recorder_tables_log;

/* recorder_tables_sql_create: creates the table if it is missing. */
char *recorder_tables_sql_create(const struct recorder_dialect *dialect, const struct table *table) MUST_CHECK;

/* recorder_tables_sql_merge: writes the rows; a row of the table that is newer, or the same, stays. */
char *recorder_tables_sql_merge(const struct recorder_dialect *dialect, const struct table *table) MUST_CHECK;

/* recorder_tables_sql_delete: deletes the rows of the tenants that the parameter's rows name. */
char *recorder_tables_sql_delete(const struct recorder_dialect *dialect, const struct table *table) MUST_CHECK;

/* recorder_tables_sql_newest: the greatest max_updateTime of the log, for the table_name and tenant of one row. */
char *recorder_tables_sql_newest(const struct recorder_dialect *dialect) MUST_CHECK;

/* recorder_tables_sql_entry: the parameter for a row of the log, a JSON list of one row. load NULL: only the names, for
 * recorder_tables_sql_newest. */
char *recorder_tables_sql_entry(const char *table, const char *tenant, const struct table_load *load) MUST_CHECK;

#endif
