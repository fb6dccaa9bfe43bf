/* recorder_row: a call's row in the table of the sink `records`, for people. */
#ifndef RECORDER_ROW_H
#define RECORDER_ROW_H

#include "base/err.h"
#include "sink/recorder_sql.h"
#include "sink/sink.h"

/* recorder_row_read: see read_row in sink.h. Waits for another program's lock on an SQLite file for at most 100 ms, and
 * for PostgreSQL for some times `timeout`. Errors: EX_CONFIG (a setting is wrong; or is_at_once, and the table is in
 * PostgreSQL), EX_IOERR, EX_NOPERM, EX_UNAVAILABLE. */
int recorder_row_read(const struct sink_settings *settings, const struct sink_row_query *query, char **ret_row,
                      struct err *err) MUST_CHECK;

/* For recorder's files only. A query's answer: the value of a column in the table's order of columns, counted from 0;
 * NULL or "": none. */
typedef const char *recorder_row_value(void *context, int column);

/* recorder_row_query: the statement that reads a row. Its only parameter is an object with source and uuid. Ownership:
 * the caller frees it. */
char *recorder_row_query(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;

/* recorder_row_take: makes *ret_row of read_row from the statement's answer. Ownership: the caller frees it. */
char *recorder_row_take(const struct recorder_tables *tables, bool masks, recorder_row_value *value_of, void *context)
    MUST_CHECK;

#endif
