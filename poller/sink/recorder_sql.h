/* recorder_sql: the statements that create and fill the tables, for SQLite and PostgreSQL. For recorder's files only.
 * Ownership: the caller frees each text with free(). */
#ifndef RECORDER_SQL_H
#define RECORDER_SQL_H

#include <stdbool.h>

#include "sink/recorder_columns.h"

/* The differences between the two databases' SQL. */
struct recorder_dialect {
    const char *types[RECORDER_TYPES];
    const char *id;      /* the type of a column that numbers the rows by itself */
    const char *now;     /* the present time in the type RECORDER_TIME */
    const char *stale;   /* the time 15 minutes ago; a run that wrote nothing since then has ended */
    const char *differs; /* the operator that compares two values, NULL included */
    const char *value_before, *value_after; /* before and after the name of a message's member */
    const char *time_before, *time_after;   /* before and after such a value, to turn an epoch into a time */
    bool takes_many;  /* the parameter is an array of messages; the upsert returns what it did to each row */
    bool has_schemas; /* a dot in a table's name separates schema and table */
};

/* The tables as the settings name them. */
struct recorder_tables {
    char *records;
    char *logs; /* NULL: runs are not recorded */
    char *columns[RECORDER_COLUMNS]; /* by enum recorder_column_number; NULL: the table has no such column */
};

/* recorder_sql_quote: a quoted name for a statement, perhaps with its schema. */
char *recorder_sql_quote(const struct recorder_dialect *dialect, const char *name) MUST_CHECK;

/* recorder_sql_find: a query for the hash of a message's row. The message is the only parameter. */
char *recorder_sql_find(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;

/* recorder_sql_upsert: writes the messages of its only parameter. Changes a row only if the message differs from it. If
 * the dialect takes many messages, the statement returns the hash of each written row, and whether the row is new. */
char *recorder_sql_upsert(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;

/* recorder_sql_note: writes the recordings of its only parameter, which is made like that  of recorder_sql_upsert: only
 * the columns of RECORDER_FOREIGN. NULL: the table has none of them. */
char *recorder_sql_note(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;

/* recorder_sql_create: creates the table and its indexes; _logs: the table of runs; _add: one missing column. */
char *recorder_sql_create(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;
char *recorder_sql_create_logs(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;
char *recorder_sql_add(const struct recorder_dialect *dialect, const struct recorder_tables *tables, int column)
    MUST_CHECK;

/* The counts of a run so far. */
struct recorder_counts {
    int64_t created, updated, kept, failed;
};

/* A run's row in the table of runs. */
struct recorder_log {
    const char *source, *kind; /* for recorder_sql_log_begin */
    int64_t id;                /* the row's id; 0: no row yet */
    struct recorder_counts counts;
    const char *status;  /* NULL: the run is in progress */
    const char *message; /* what went wrong; NULL: nothing */
    int64_t took_ms;
};

/* recorder_sql_log_stale: marks runs of this source as failed if they wrote nothing for 15 minutes. _begin: inserts a
 * new run. _update: writes the run's counts so far, or its end. */
char *recorder_sql_log_stale(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                             const struct recorder_log *log) MUST_CHECK;
char *recorder_sql_log_begin(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                             const struct recorder_log *log) MUST_CHECK;
char *recorder_sql_log_update(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                              const struct recorder_log *log) MUST_CHECK;

#endif
