/* recorder_store: where records are kept, as a struct of functions: SQLite or PostgreSQL. For recorder's files only. */
#ifndef RECORDER_STORE_H
#define RECORDER_STORE_H

#include "domain/params.h"
#include "sink/recorder_sql.h"
#include "sink/sink.h"

/* What became of one message. */
struct recorder_result {
    enum { RECORDER_CREATED = 1, RECORDER_UPDATED, RECORDER_KEPT, RECORDER_REFUSED, RECORDER_FAILED } what;
    int64_t code;      /* REFUSED, and FAILED, which may pass later: the database's, see recorder_verdict.h */
    char reason[400];  /* the same in words */
};

/* Messages that become durable together. */
struct recorder_batch {
    const struct sink_message *const *messages;
    size_t count;
    struct recorder_result *results;      /* set for each message */
    const struct sink_observer *observer; /* whose on_turn is called while the database is waited for; NULL: nobody's */
    struct recorder_log *log; /* NULL: the run is not noted. Its counts grow by the batch when that is durable */
};

/* All functions that can fail return -1 and why in *ret_failure: RETRY or MISCONFIGURED, with a reason and advice,
 * which hold no secret. Then nothing that they began is done, or nobody knows. blames_call: one row of the batch may be
 * the cause. state is what open made. */
struct recorder_store_ops {
    /* Reads the settings; touches no file and no network. state_dir: where the file is by default. tables and params
     * are borrowed for the life of the store. Errors: EX_CONFIG. */
    int (*open)(const struct params *params, const char *state_dir, const struct recorder_tables *tables,
                void **ret_state, struct err *err);
    /* Opens the database, where it is not open, and makes what is missing of the tables. */
    int (*connect)(void *state, struct recorder_batch *batch, struct outcome *ret_failure);
    /* Notes that a run begins: sets log->id. Runs of the same source that gave no sign for long are marked as failed.
     */
    int (*log_begin)(void *state, struct recorder_log *log, struct outcome *ret_failure);
    /* Notes how a run ended. */
    int (*log_end)(void *state, const struct recorder_log *log, struct outcome *ret_failure);
    /* Writes a batch in one transaction. A row that the database refuses keeps no other from being written. */
    int (*write)(void *state, struct recorder_batch *batch, struct outcome *ret_failure);
    /* Opens the database, makes the tables, writes a batch and takes all of it back. ret_health says of a success how
     * the database was reached. */
    int (*rehearse)(void *state, struct recorder_batch *batch, struct sink_health *ret_health,
                    struct outcome *ret_failure);
    void (*close)(void *state);
};

/* recorder_store_timeout: the seconds that a statement may take, as the settings say. A lock is waited for half as
 * long, so that a failure tells which of the two it was. Errors: EX_CONFIG. */
#define RECORDER_LOCK_SHARE 2
int recorder_store_timeout(const struct params *params, int64_t *ret_timeout, struct err *err) MUST_CHECK;

/* recorder_store_count: counts adds the results to what is there. */
void recorder_store_count(struct recorder_counts *counts, const struct recorder_result *results, size_t count);

/* recorder_store_missing: which of the columns that names lists (count of them; as the database has them) are
 * missing: the number of the first at or after from, RECORDER_COLUMNS where none is. */
int recorder_store_missing(const struct recorder_tables *tables, char *const *names, size_t count, int from);

/* recorder_store_is_ours: whether a table with these columns is one of calls: it has what no record can do without.
 * Otherwise *ret_failure says what is missing. */
bool recorder_store_is_ours(const struct recorder_tables *tables, char *const *names, size_t count,
                            struct outcome *ret_failure);

/* recorder_store_fail: fills a failure with the formatted reason. Returns -1. advice: "; do this", or "". */
int recorder_store_fail(struct outcome *failure, enum outcome_kind kind, int64_t code, const char *advice,
                        const char *format, ...) PRINTF_LIKE(5, 6);

#endif
