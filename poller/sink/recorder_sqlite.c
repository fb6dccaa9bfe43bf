/* recorder_sqlite: records in an SQLite file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/mem.h"
#include "base/store.h"
#include "base/str.h"
#include "sink/recorder_script.h"
#include "sink/recorder_sqlite.h"
#include "sink/recorder_tables_sql.h"
#include "sink/recorder_verdict.h"

/* How long one wait for another program's lock may take before on_turn is called. */
#define LOOK_UP_MS 50

#define MOST_COLUMNS 200 /* columns of the table, with those of other programs */

struct sqlite {
    const struct recorder_tables *tables;
    char *path;
    int64_t lock_ms; /* how long to wait for a lock */
    struct store *store; /* NULL: not open */
    char *find, *upsert, *note;
};

#define ISO "strftime('%Y-%m-%dT%H:%M:%SZ', "

const struct recorder_dialect recorder_sqlite_dialect = {
    .types = { [RECORDER_TEXT] = "TEXT", [RECORDER_NUMBER] = "INTEGER", [RECORDER_TIME] = "TEXT",
               [RECORDER_JSON] = "TEXT" },
    .id = "INTEGER PRIMARY KEY",
    .now = ISO "'now')",
    .stale = ISO "'now', '-15 minutes')",
    .differs = "IS NOT",
    .value_before = "json_extract(?1, '$.",
    .value_after = "')",
    .time_before = ISO,
    .time_after = ", 'unixepoch')",
};

/* ---- failures ---- */

/* Sets *ret_failure for a failure of the whole file. err: the store's error. */
static int fail(const struct sqlite *state, const struct err *err, struct outcome *ret_failure)
{
    enum store_fault fault = state->store != NULL ? store_fault(state->store) : STORE_OTHER;
    const char *advice = fault != STORE_DAMAGED
                             ? "" : "; restore that file from a backup, or move the file away: then the next run makes "
                                    "a new file, and backfill fills it";
    (void)recorder_store_fail(ret_failure, OUTCOME_RETRY, RECORDER_CODE_SQLITE + (int64_t)fault, advice, "%s",
                              err->message);
    ret_failure->unreachable = fault != STORE_OTHER; /* no call is at fault */
    return -1;
}

/* Runs step, and waits while another program has locked the file. */
static int wait_for(struct sqlite *state, int (*step)(struct store *store, struct err *err),
                    const struct recorder_batch *batch, struct err *err)
{
    int64_t until_ms = clock_mono_ms() + state->lock_ms;
    int result = step(state->store, err);
    while (result != 0 && store_fault(state->store) == STORE_LOCKED && clock_mono_ms() < until_ms) {
        if (batch != NULL && batch->observer != NULL)
            (void)batch->observer->on_turn(batch->observer->context);
        result = step(state->store, err);
    }
    return result;
}

static int execute(struct sqlite *state, char *sql, struct err *err)
{
    int result = store_execute(state->store, sql, err);
    free(sql);
    return result;
}

/* ---- the tables ---- */

struct names {
    char *names[MOST_COLUMNS];
    size_t count;
};

/* The column's name as the settings spell it, because SQLite ignores the case of letters. */
static const char *spell_name(const struct recorder_tables *tables, const char *name)
{
    for (int i = 0; i < RECORDER_COLUMNS; i++)
        if (tables->columns[i] != NULL && strcasecmp(tables->columns[i], name) == 0)
            return tables->columns[i];
    return name;
}

static int read_names(struct sqlite *state, const char *table, struct names *names, struct err *err)
{
    static const char sql[] = "SELECT name FROM pragma_table_info(?1)";
    struct statement *statement = store_prepare(state->store, sql);
    int found = 0;
    if (statement != NULL)
        store_bind_text(statement, 1, table);
    names->count = 0;
    while (names->count < MOST_COLUMNS && (found = store_next(state->store, statement, err)) == 1)
        names->names[names->count++] = mem_copy(spell_name(state->tables, str_or_empty(store_text(statement, 0))));
    if (found == 1)
        store_reset(statement);
    return found < 0 ? -1 : 0;
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
}

static int add_missing(struct sqlite *state, const struct names *names, struct err *err)
{
    const struct recorder_tables *tables = state->tables;
    int result = 0;
    for (int i = recorder_store_missing(tables, names->names, names->count, 0); result == 0 && i < RECORDER_COLUMNS;
         i = recorder_store_missing(tables, names->names, names->count, i + 1))
        result = execute(state, recorder_sql_add(&recorder_sqlite_dialect, tables, i), err);
    return result;
}

/* Creates missing tables and columns in the open transaction. */
static int make_tables(struct sqlite *state, struct outcome *ret_failure)
{
    const struct recorder_tables *tables = state->tables;
    struct names names = { .count = 0 }, logs = { .count = 0 };
    struct err err;
    bool ours = true;
    int result = read_names(state, tables->records, &names, &err);
    if (result == 0 && names.count == 0)
        result = execute(state, recorder_sql_create(&recorder_sqlite_dialect, tables), &err);
    else if (result == 0 && (ours = recorder_store_is_ours(tables, names.names, names.count, ret_failure)))
        result = add_missing(state, &names, &err);
    if (result == 0 && ours && tables->logs != NULL)
        result = read_names(state, tables->logs, &logs, &err);
    if (result == 0 && ours && tables->logs != NULL && logs.count == 0)
        result = execute(state, recorder_sql_create_logs(&recorder_sqlite_dialect, tables), &err);
    free_names(&names);
    free_names(&logs);
    if (!ours)
        return -1;
    return result == 0 ? 0 : fail(state, &err, ret_failure);
}

/* ---- open and close ---- */

static int open_settings(const struct params *params, const char *state_dir, const struct recorder_tables *tables,
                         void **ret_state, struct err *err)
{
    const char *file = params_text(params, "file", "records.db");
    if (*file == '\0')
        return err_set(err, EX_CONFIG, "%s: file is empty; write a file's name", params_find(params, "file")->origin);
    int64_t timeout = 0;
    if (recorder_store_timeout(params, &timeout, err) != 0)
        return -1;
    struct sqlite *state = mem_zero(1, sizeof *state);
    state->lock_ms = timeout * 1000 / RECORDER_LOCK_SHARE;
    state->tables = tables;
    state->path = *file == '/' ? mem_copy(file) : mem_format("%s/%s", state_dir, file);
    state->find = recorder_sql_find(&recorder_sqlite_dialect, tables);
    state->upsert = recorder_sql_upsert(&recorder_sqlite_dialect, tables);
    state->note = recorder_sql_note(&recorder_sqlite_dialect, tables);
    *ret_state = state;
    return 0;
}

static void disconnect(struct sqlite *state)
{
    store_close(state->store);
    state->store = NULL;
}

static void close_file(void *context)
{
    struct sqlite *state = context;
    disconnect(state);
    free(state->path);
    free(state->find);
    free(state->upsert);
    free(state->note);
    free(state);
}

/* A new file gets a WAL, so that no run waits for a reader's long report. An existing file keeps the journal mode that
 * its owner chose. */
static int open_file(struct sqlite *state, struct outcome *ret_failure)
{
    struct err err;
    int64_t tables = 0;
    /* SQLite would open a file without write permission, and create journal files that cannot be written either. */
    if (faccessat(AT_FDCWD, state->path, W_OK, AT_EACCESS) != 0 && errno != ENOENT)
        return recorder_store_fail(ret_failure, OUTCOME_RETRY, RECORDER_CODE_SQLITE + STORE_NOT_WRITABLE,
                                   "; let the owner of the state directory write that file",
                                   "could not write to the records %s: %s", state->path, strerror(errno));
    if (store_open("the records", state->path, STORE_WRITE, &state->store, &err) != 0)
        return fail(state, &err, ret_failure);
    if (store_number(state->store, "SELECT count(*) FROM sqlite_master", &tables, &err) != 0 ||
        (tables == 0 && store_start_journal(state->store, &err) != 0) ||
        store_execute(state->store, "PRAGMA synchronous = FULL", &err) != 0)
        return fail(state, &err, ret_failure);
    store_wait_for_locks(state->store, LOOK_UP_MS);
    return 0;
}

/* Ends the transaction: commits it, or rolls it back after a failure. */
static int finish(struct sqlite *state, const struct recorder_batch *batch, int result, struct outcome *ret_failure)
{
    struct err err;
    if (result == 0 && wait_for(state, store_commit, batch, &err) != 0)
        result = fail(state, &err, ret_failure);
    if (result != 0)
        store_roll_back(state->store);
    return result;
}

static int begin(struct sqlite *state, const struct recorder_batch *batch, struct outcome *ret_failure)
{
    struct err err;
    return wait_for(state, store_begin, batch, &err) == 0 ? 0 : fail(state, &err, ret_failure);
}

static int connect_file(void *context, struct recorder_batch *batch, struct outcome *ret_failure)
{
    struct sqlite *state = context;
    if (state->store != NULL)
        return 0;
    int result = open_file(state, ret_failure);
    if (result == 0)
        result = begin(state, batch, ret_failure);
    if (result == 0)
        result = finish(state, batch, make_tables(state, ret_failure), ret_failure);
    if (result != 0)
        disconnect(state);
    return result;
}

/* ---- runs ---- */

static int change_log(struct sqlite *state, char *sql, struct outcome *ret_failure)
{
    struct err err;
    return execute(state, sql, &err) == 0 ? 0 : fail(state, &err, ret_failure);
}

static int log_begin(void *context, struct recorder_log *log, struct outcome *ret_failure)
{
    struct sqlite *state = context;
    const struct recorder_tables *tables = state->tables;
    if (begin(state, NULL, ret_failure) != 0)
        return -1;
    int result = change_log(state, recorder_sql_log_stale(&recorder_sqlite_dialect, tables, log), ret_failure);
    if (result == 0)
        result = change_log(state, recorder_sql_log_begin(&recorder_sqlite_dialect, tables, log), ret_failure);
    int64_t id = store_last_id(state->store);
    if (finish(state, NULL, result, ret_failure) != 0)
        return -1;
    log->id = id;
    return 0;
}

static int log_end(void *context, const struct recorder_log *log, struct outcome *ret_failure)
{
    struct sqlite *state = context;
    if (begin(state, NULL, ret_failure) != 0)
        return -1;
    char *sql = recorder_sql_log_update(&recorder_sqlite_dialect, state->tables, log);
    return finish(state, NULL, change_log(state, sql, ret_failure), ret_failure);
}

/* ---- records ---- */

/* Whether the row exists, and whether it equals the message already. */
static int find_row(struct sqlite *state, const struct sink_message *message, bool *ret_found, bool *ret_same,
                    struct err *err)
{
    struct statement *statement = store_prepare(state->store, state->find);
    if (statement != NULL)
        store_bind_text(statement, 1, message->body);
    int found = store_next(state->store, statement, err);
    *ret_found = found == 1;
    *ret_same = found == 1 && strcmp(str_or_empty(store_text(statement, 0)), message->key) == 0;
    if (found == 1)
        store_reset(statement);
    return found < 0 ? -1 : 0;
}

static int put_row(struct sqlite *state, const struct sink_message *message, struct err *err)
{
    struct statement *statement = store_prepare(state->store, state->upsert);
    if (statement != NULL)
        store_bind_text(statement, 1, message->body);
    return store_change(state->store, statement, err);
}

/* SQLite undoes a failed statement, and the transaction continues. So no savepoint is needed. */
static int write_row(struct sqlite *state, const struct sink_message *message, struct recorder_result *ret_result,
                     struct outcome *ret_failure)
{
    struct err err;
    bool found = false, same = false;
    int result = find_row(state, message, &found, &same, &err);
    ret_result->what = same ? RECORDER_KEPT : found ? RECORDER_UPDATED : RECORDER_CREATED;
    if (result == 0 && !same)
        result = put_row(state, message, &err);
    if (result == 0)
        return 0;
    if (store_fault(state->store) != STORE_VALUE_REFUSED) {
        bool blames_row = store_fault(state->store) == STORE_OTHER; /* a trigger may fail on this row */
        (void)fail(state, &err, ret_failure);
        ret_failure->blames_call = blames_row;
        return -1;
    }
    *ret_result = (struct recorder_result){ .what = RECORDER_REFUSED,
                                            .code = RECORDER_CODE_SQLITE + STORE_VALUE_REFUSED };
    (void)snprintf(ret_result->reason, sizeof ret_result->reason, "%s", store_reason(state->store));
    return 0;
}

static int write_rows(struct sqlite *state, struct recorder_batch *batch, struct outcome *ret_failure)
{
    for (size_t i = 0; i < batch->count; i++)
        if (write_row(state, batch->messages[i], &batch->results[i], ret_failure) != 0)
            return -1;
    return 0;
}

static int write_batch(void *context, struct recorder_batch *batch, struct outcome *ret_failure)
{
    struct sqlite *state = context;
    struct recorder_log after = { .id = 0 };
    if (begin(state, batch, ret_failure) != 0)
        return -1;
    int result = write_rows(state, batch, ret_failure);
    if (result == 0 && batch->log != NULL) {
        after = *batch->log;
        recorder_store_count(&after.counts, batch->results, batch->count);
        char *sql = recorder_sql_log_update(&recorder_sqlite_dialect, state->tables, &after);
        result = change_log(state, sql, ret_failure);
    }
    if (finish(state, batch, result, ret_failure) != 0)
        return -1;
    if (batch->log != NULL)
        batch->log->counts = after.counts;
    return 0;
}

/* ---- recordings ---- */

static int note_rows(struct sqlite *state, const struct recorder_batch *batch, struct outcome *ret_failure)
{
    struct err err;
    for (size_t i = 0; state->note != NULL && i < batch->count; i++) {
        struct statement *statement = store_prepare(state->store, state->note);
        if (statement != NULL)
            store_bind_text(statement, 1, batch->messages[i]->body);
        if (store_change(state->store, statement, &err) != 0)
            return fail(state, &err, ret_failure);
    }
    return 0;
}

static int note(void *context, struct recorder_batch *batch, struct outcome *ret_failure)
{
    struct sqlite *state = context;
    if (begin(state, batch, ret_failure) != 0)
        return -1;
    return finish(state, batch, note_rows(state, batch, ret_failure), ret_failure);
}

/* ---- tables beside the calls, and files of statements ---- */

/* Runs a statement with the list of rows as its parameter, and frees it. */
static int change_rows(struct sqlite *state, char *sql, const char *rows, struct err *err)
{
    struct statement *statement = store_compile(state->store, sql);
    if (statement != NULL)
        store_bind_text(statement, 1, rows);
    int result = store_change(state->store, statement, err);
    store_discard(statement);
    free(sql);
    return result;
}

static int make_table(struct sqlite *state, const struct table *table, struct err *err)
{
    int result = execute(state, recorder_tables_sql_create(&recorder_sqlite_dialect, table), err);
    return result == 0 ? execute(state, recorder_tables_sql_create(&recorder_sqlite_dialect, &recorder_tables_log), err)
                       : result;
}

static int ask_newest(struct sqlite *state, const char *entry, int64_t *ret_ms, struct err *err)
{
    char *sql = recorder_tables_sql_newest(&recorder_sqlite_dialect);
    struct statement *statement = store_compile(state->store, sql);
    if (statement != NULL)
        store_bind_text(statement, 1, entry);
    int found = store_next(state->store, statement, err);
    *ret_ms = found == 1 ? store_int(statement, 0) : 0;
    store_discard(statement);
    free(sql);
    return found < 0 ? -1 : 0;
}

static int table_newest(void *context, const struct table *table, const char *tenant, int64_t *ret_ms,
                        struct outcome *ret_failure)
{
    struct sqlite *state = context;
    struct err err;
    if (begin(state, NULL, ret_failure) != 0)
        return -1;
    char *entry = recorder_tables_sql_entry(table->name, tenant, NULL);
    int result = make_table(state, table, &err);
    if (result == 0)
        result = ask_newest(state, entry, ret_ms, &err);
    free(entry);
    return finish(state, NULL, result == 0 ? 0 : fail(state, &err, ret_failure), ret_failure);
}

static int table_load(void *context, const struct table_load *load, struct outcome *ret_failure)
{
    const struct recorder_dialect *dialect = &recorder_sqlite_dialect;
    struct sqlite *state = context;
    struct err err;
    if (begin(state, NULL, ret_failure) != 0)
        return -1;
    char *entry = recorder_tables_sql_entry(load->table->name, load->tenant, load);
    int result = make_table(state, load->table, &err);
    if (result == 0 && load->replaces)
        result = change_rows(state, recorder_tables_sql_delete(dialect, load->table), entry, &err);
    if (result == 0)
        result = change_rows(state, recorder_tables_sql_merge(dialect, load->table), load->rows, &err);
    if (result == 0)
        result = change_rows(state, recorder_tables_sql_merge(dialect, &recorder_tables_log), entry, &err);
    free(entry);
    return finish(state, NULL, result == 0 ? 0 : fail(state, &err, ret_failure), ret_failure);
}

static int run_file(void *context, const char *sql, struct outcome *ret_failure)
{
    struct sqlite *state = context;
    struct err err;
    if (begin(state, NULL, ret_failure) != 0)
        return -1;
    int result = recorder_script_run(state->store, sql, &err) == 0 ? 0 : fail(state, &err, ret_failure);
    return finish(state, NULL, result, ret_failure);
}

/* ---- the check ---- */

static int rehearse(void *context, struct recorder_batch *batch, struct sink_health *ret_health,
                    struct outcome *ret_failure)
{
    struct sqlite *state = context;
    ret_health->state = SINK_WORKS;
    if (access(state->path, F_OK) != 0) {
        char *directory = fileutil_directory_of(state->path);
        bool may_make = access(directory, W_OK | X_OK) == 0;
        (void)snprintf(ret_health->text, sizeof ret_health->text, "the first run makes %s", state->path);
        if (!may_make)
            (void)recorder_store_fail(ret_failure, OUTCOME_MISCONFIGURED, 0, "; make that directory, and let the "
                                      "owner of the state directory write there", "the file %s cannot be made",
                                      state->path);
        free(directory);
        return may_make ? 0 : -1;
    }
    int result = open_file(state, ret_failure);
    if (result == 0)
        result = begin(state, batch, ret_failure);
    if (result == 0)
        result = make_tables(state, ret_failure);
    if (result == 0)
        result = write_rows(state, batch, ret_failure);
    if (state->store != NULL)
        store_roll_back(state->store);
    disconnect(state);
    (void)snprintf(ret_health->text, sizeof ret_health->text, "%s takes records", state->path);
    return result;
}

const struct recorder_store_ops recorder_sqlite = {
    .open = open_settings,
    .connect = connect_file,
    .log_begin = log_begin,
    .log_end = log_end,
    .write = write_batch,
    .rehearse = rehearse,
    .note = note,
    .table_newest = table_newest,
    .table_load = table_load,
    .run_file = run_file,
    .close = close_file,
};
