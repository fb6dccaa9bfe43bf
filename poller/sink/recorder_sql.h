/* recorder_sql: the statements that make and fill the tables, in the words of SQLite or PostgreSQL. For recorder's
 * files only. All texts are the caller's, to be freed with free(). */
#ifndef RECORDER_SQL_H
#define RECORDER_SQL_H

#include <stdbool.h>

#include "sink/recorder_columns.h"

/* How two databases say the same. */
struct recorder_dialect {
    const char *types[RECORDER_TYPES];
    const char *id;      /* the type of a column that numbers the rows itself */
    const char *now;     /* the time in the type RECORDER_TIME */
    const char *stale;   /* a moment since which a run at work has given a sign */
    const char *differs; /* the operator that takes NULL for a value */
    const char *value_before, *value_after; /* around the name of a member of the message */
    const char *time_before, *time_after;   /* around such a value, to make a time of an epoch */
    bool takes_many;  /* the parameter is an array of messages, not one message; the upsert says what it did */
    bool has_schemas; /* a dot in the name of a table stands between schema and table */
};

/* The tables as the settings name them. */
struct recorder_tables {
    char *records;
    char *logs; /* NULL: runs are not noted */
    char *columns[RECORDER_COLUMNS]; /* by enum recorder_column_number; NULL: the table has no such column */
};

/* recorder_sql_quote: a name, or a name with its schema, as a statement has it. */
char *recorder_sql_quote(const struct recorder_dialect *dialect, const char *name) MUST_CHECK;

/* recorder_sql_find: gives the hash of the row that a message, its one parameter, is about. */
char *recorder_sql_find(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;

/* recorder_sql_upsert: writes messages, which are its one parameter. A row that is there changes only where the
 * message says something else. Where dialect takes many, it gives the hash of each row that was written, and whether
 * it is new. */
char *recorder_sql_upsert(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;

/* recorder_sql_create: makes the table and its indexes; _logs: the table of runs; _add: one column more. */
char *recorder_sql_create(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;
char *recorder_sql_create_logs(const struct recorder_dialect *dialect, const struct recorder_tables *tables) MUST_CHECK;
char *recorder_sql_add(const struct recorder_dialect *dialect, const struct recorder_tables *tables, int column)
    MUST_CHECK;

/* What a run has done so far. */
struct recorder_counts {
    int64_t created, updated, kept, failed;
};

/* A run as its row in the table of runs has it. */
struct recorder_log {
    const char *source, *kind; /* for recorder_sql_log_begin */
    int64_t id;                /* of the row; 0: there is none */
    struct recorder_counts counts;
    const char *status;  /* NULL: it is at work */
    const char *message; /* what went wrong; NULL: nothing */
    int64_t took_ms;
};

/* recorder_sql_log_stale: what marks runs of a source that gave no sign for long as failed. _begin: what notes a new
 * run. _update: what notes how far it is, or its end. */
char *recorder_sql_log_stale(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                             const struct recorder_log *log) MUST_CHECK;
char *recorder_sql_log_begin(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                             const struct recorder_log *log) MUST_CHECK;
char *recorder_sql_log_update(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                              const struct recorder_log *log) MUST_CHECK;

#endif
