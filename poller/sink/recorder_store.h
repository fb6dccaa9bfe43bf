/* recorder_store: the interface of the two databases, SQLite and PostgreSQL. For recorder's files only. */
#ifndef RECORDER_STORE_H
#define RECORDER_STORE_H

#include "domain/params.h"
#include "domain/table.h"
#include "sink/recorder_sql.h"
#include "sink/sink.h"

/* The result of writing one message. */
struct recorder_result {
    enum { RECORDER_CREATED = 1, RECORDER_UPDATED, RECORDER_KEPT, RECORDER_REFUSED, RECORDER_FAILED } what;
    int64_t code;      /* REFUSED and FAILED (a retry may succeed): the database's error, see recorder_verdict.h */
    char reason[400];  /* the error in words */
};

/* Messages that become durable together. */
struct recorder_batch {
    const struct sink_message *const *messages;
    size_t count;
    struct recorder_result *results;      /* one for each message */
    const struct sink_observer *observer; /* its on_turn is called while the store waits; NULL: no observer */
    struct recorder_log *log; /* gets the batch's counts after the commit; NULL: the run is not recorded */
};

/* A function that fails returns -1 and sets *ret_failure: RETRY or MISCONFIGURED, with a reason and advice that contain
 * no secret. Then the transaction was rolled back, or its result is unknown. blames_call: one row of the batch may be
 * the cause. state is the state that open returned. */
struct recorder_store_ops {
    /* Reads the settings; uses no file and no network. state_dir: the default directory of the file. tables and params
     * are borrowed until close. Errors: EX_CONFIG. */
    int (*open)(const struct params *params, const char *state_dir, const struct recorder_tables *tables,
                void **ret_state, struct err *err);
    /* Opens the database if it is not open, and creates missing tables and columns. */
    int (*connect)(void *state, struct recorder_batch *batch, struct outcome *ret_failure);
    /* Records the begin of a run and sets log->id. Marks runs of the same source as failed if they wrote nothing for 15
     * minutes. */
    int (*log_begin)(void *state, struct recorder_log *log, struct outcome *ret_failure);
    /* Records the end of a run. */
    int (*log_end)(void *state, const struct recorder_log *log, struct outcome *ret_failure);
    /* Writes a batch in one transaction. If the database refuses a row, the other rows are written. */
    int (*write)(void *state, struct recorder_batch *batch, struct outcome *ret_failure);
    /* Opens the database, creates the tables, writes a batch and rolls everything back. After a success *ret_health
     * says how the program reached the database. */
    int (*rehearse)(void *state, struct recorder_batch *batch, struct sink_health *ret_health,
                    struct outcome *ret_failure);
    /* Writes recordings to the rows of their calls. Each message has only a body. A call without a row is no error. */
    int (*note)(void *state, struct recorder_batch *batch, struct outcome *ret_failure);
    /* The tables beside the calls, see table.h. They are created if they are missing. */
    int (*table_newest)(void *state, const struct table *table, const char *tenant, int64_t *ret_ms,
                        struct outcome *ret_failure);
    int (*table_load)(void *state, const struct table_load *load, struct outcome *ret_failure);
    /* Runs the statements of a file in one transaction. */
    int (*run_file)(void *state, const char *sql, struct outcome *ret_failure);
    void (*close)(void *state);
};

/* recorder_store_timeout: the setting timeout: how many seconds a statement may take. A lock may take half that time,
 * so that a failure shows whether the lock was the cause. Errors: EX_CONFIG. */
#define RECORDER_LOCK_SHARE 2
int recorder_store_timeout(const struct params *params, int64_t *ret_timeout, struct err *err) MUST_CHECK;

/* recorder_store_count: adds the results to counts. */
void recorder_store_count(struct recorder_counts *counts, const struct recorder_result *results, size_t count);

/* recorder_store_missing: names are the columns that the table has. Returns the first missing column, from number from
 * on; RECORDER_COLUMNS if none is missing. */
int recorder_store_missing(const struct recorder_tables *tables, char *const *names, size_t count, int from);

/* recorder_store_is_ours: whether a table with these columns is a table of calls: it has the key and the hash. If not,
 * *ret_failure names the missing column. */
bool recorder_store_is_ours(const struct recorder_tables *tables, char *const *names, size_t count,
                            struct outcome *ret_failure);

/* recorder_store_fail: sets *failure with the formatted reason. Returns -1. advice: "; do this", or "". */
int recorder_store_fail(struct outcome *failure, enum outcome_kind kind, int64_t code, const char *advice,
                        const char *format, ...) PRINTF_LIKE(5, 6);

#endif
