/* recorder: the sink `records`, which writes calls to a table of SQLite or PostgreSQL. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sink/recorder.h"
#include "sink/recorder_postgresql.h"
#include "sink/recorder_row.h"
#include "sink/recorder_sqlite.h"
#include "sink/recorder_store.h"
#include "sink/recorder_tables.h"
#include "sink/recorder_verdict.h"

/* Calls in one transaction, at most. Each commit waits for the disk, so one transaction has many calls. */
#define GROUP 500

struct recorder {
    const struct recorder_store_ops *ops;
    void *store;
    struct recorder_tables tables;
    const struct disposition_map *dispositions;
    struct recorder_log log; /* kind NULL: no run has begun */
};

static const struct param_spec settings_of_records[] = {
    { "url", false, "the PostgreSQL database: postgresql://USER@HOST/DATABASE" },
    { "password", true, "the account's password" },
    { "file", false, "the SQLite file; default: records.db in the state directory" },
    { "source", false, "the name of the phone system in the column source" },
    { "table", false, "the table of calls" },
    { "logs_table", false, "the table of runs; -: none" },
    { "column.*", false, "the name of a column in another table; -: the table has no such column" },
    { "timeout", false, "how many seconds a statement may take" },
    { "after", false, "files of SQL that are run after each run: /DIRECTORY/*.sql" },
    { NULL, false, NULL },
};

/* ---- open and close ---- */

static void close_recorder(void *context)
{
    struct recorder *state = context;
    if (state->store != NULL)
        state->ops->close(state->store);
    recorder_tables_free(&state->tables);
    free(state);
}

/* Chooses PostgreSQL if the settings have url, otherwise SQLite. */
static int choose_store(const struct params *params, const struct recorder_store_ops **ret_ops, struct err *err)
{
    const struct param *url = params_find(params, "url");
    *ret_ops = &recorder_sqlite;
    if (url == NULL)
        return 0;
    if (params_find(params, "file") != NULL)
        return err_set(err, EX_CONFIG, "%s: url and file are both set; keep url for PostgreSQL, or file for SQLite",
                       url->origin);
#ifdef WITHOUT_POSTGRESQL
    return err_set(err, EX_CONFIG, "%s: this program was built without PostgreSQL; install a package with PostgreSQL, "
                   "or use file for SQLite", url->origin);
#else
    *ret_ops = &recorder_postgresql;
    return 0;
#endif
}

static int open_recorder(const struct sink_settings *settings, void **ret_state, struct err *err)
{
    struct recorder *state = mem_zero(1, sizeof *state);
    const char *source = settings->source != NULL ? settings->source : "";
    state->dispositions = settings->dispositions;
    state->log.source = params_text(settings->params, "source", source);
    if (choose_store(settings->params, &state->ops, err) != 0 ||
        recorder_tables_read(settings->params, &state->tables, err) != 0 ||
        state->ops->open(settings->params, settings->state_dir, &state->tables, &state->store, err) != 0) {
        close_recorder(state);
        return -1;
    }
    *ret_state = state;
    return 0;
}

static void make(void *context, const struct call *call, uint32_t change, struct sink_message *ret_message)
{
    const struct recorder *state = context;
    (void)change; /* not needed: the table has only a call's latest version, and the hash shows whether it differs */
    recorder_columns_message(state->log.source, call, state->dispositions, ret_message);
}

/* ---- runs ---- */

static void begin_run(void *context, const char *kind)
{
    struct recorder *state = context;
    state->log = (struct recorder_log){ .source = state->log.source, .kind = kind };
}

static const char *status_of(const struct recorder_log *log, int exit_code)
{
    if (exit_code == EX_OK && log->counts.failed == 0)
        return "completed";
    bool some = log->counts.created + log->counts.updated + log->counts.kept > 0;
    return exit_code == EX_OK || exit_code == EX_TEMPFAIL || some ? "partial" : "failed";
}

/* A run that wrote no call has no row. */
static void end_run(void *context, const struct sink_run *run)
{
    struct recorder *state = context;
    struct recorder_log *log = &state->log;
    struct outcome failure;
    if (log->id == 0)
        return;
    log->status = status_of(log, run->exit_code);
    log->message = *run->message != '\0' ? run->message : NULL;
    log->took_ms = run->took_ms;
    if (state->ops->log_end(state->store, log, &failure) != 0)
        log_warn("⚠ could not write the end of this run to %s: %s; the calls are recorded, and a later run marks this "
                 "run as failed", state->tables.logs, failure.reason);
    *log = (struct recorder_log){ .source = log->source };
}

/* ---- sending ---- */

static int write_group(struct recorder *state, struct recorder_batch *batch, struct outcome *ret_failure)
{
    bool logged = state->tables.logs != NULL && state->log.kind != NULL;
    if (state->ops->connect(state->store, batch, ret_failure) != 0 ||
        (logged && state->log.id == 0 && state->ops->log_begin(state->store, &state->log, ret_failure) != 0))
        return -1;
    batch->log = logged ? &state->log : NULL;
    return state->ops->write(state->store, batch, ret_failure);
}

static struct outcome outcome_of(const struct recorder_result *result)
{
    struct outcome outcome = { .kind = OUTCOME_ACCEPTED, .code = result->what };
    if (result->what >= RECORDER_REFUSED) {
        outcome.kind = result->what == RECORDER_REFUSED ? OUTCOME_REJECTED : OUTCOME_RETRY;
        outcome.blames_call = result->what == RECORDER_FAILED;
        outcome.code = result->code;
        (void)snprintf(outcome.reason, sizeof outcome.reason, "%s", result->reason);
    }
    outcome.known = result->what == RECORDER_KEPT;
    return outcome;
}

/* Reports the outcome of each message, after the commit or the failure. */
static void report(const struct recorder_batch *batch, size_t first, const struct outcome *failure, double began_ms)
{
    const struct sink_observer *observer = batch->observer;
    double took_ms = clock_mono_exact_ms() - began_ms;
    for (size_t i = 0; i < batch->count; i++) {
        struct outcome outcome = failure != NULL ? *failure : outcome_of(&batch->results[i]);
        outcome.started_ms = began_ms;
        outcome.took_ms = took_ms;
        observer->on_outcome(observer->context, first + i, &outcome);
    }
}

/* If one row may have made a whole group fail, writes the rows of that group one by one, so that the other calls use up
 * no retry. If many rows fail in turn, on_turn ends the loop. */
static int send_messages(void *context, const struct sink_message *const *messages, size_t count,
                         const struct sink_observer *observer, struct err *err)
{
    struct recorder *state = context;
    struct recorder_result *results = mem_zero(GROUP, sizeof *results);
    size_t one_by_one_to = 0;
    (void)err;
    for (size_t done = 0, size = 0; done < count && observer->on_turn(observer->context) > 0; done += size) {
        double began_ms = clock_mono_exact_ms();
        struct outcome failure;
        size = done < one_by_one_to ? 1 : count - done < GROUP ? count - done : GROUP;
        struct recorder_batch batch = { .messages = messages + done, .count = size, .results = results,
                                        .observer = observer };
        bool written = write_group(state, &batch, &failure) == 0;
        if (!written && failure.blames_call && size > 1) {
            one_by_one_to = done + size;
            size = 0;
            continue;
        }
        state->log.counts.failed += written ? 0 : (int64_t)size;
        report(&batch, done, written ? NULL : &failure, began_ms);
    }
    (void)observer->on_turn(observer->context);
    free(results);
    return 0;
}

/* ---- recordings ---- */

static int note_recordings(void *context, const struct sink_recording *recordings, size_t count, struct err *err)
{
    struct recorder *state = context;
    struct outcome failure = { .kind = OUTCOME_ACCEPTED };
    struct sink_message *bodies = mem_zero(count, sizeof *bodies);
    const struct sink_message **messages = mem_zero(count, sizeof *messages);
    for (size_t i = 0; i < count; i++) {
        bodies[i].body = recorder_columns_note(state->log.source, &recordings[i]);
        messages[i] = &bodies[i];
    }
    struct recorder_batch batch = { .messages = messages, .count = count };
    int result = state->ops->connect(state->store, &batch, &failure);
    if (result == 0)
        result = state->ops->note(state->store, &batch, &failure);
    for (size_t i = 0; i < count; i++)
        sink_message_free(&bodies[i]);
    free(messages);
    free(bodies);
    return result == 0 ? 0 : err_set(err, EX_UNAVAILABLE, "%s%s", failure.reason, failure.advice);
}

/* ---- tables beside the calls, and files of statements ---- */

static int fail_store(const struct outcome *failure, struct err *err)
{
    return err_set(err, failure->kind == OUTCOME_MISCONFIGURED ? EX_CONFIG : EX_UNAVAILABLE, "%s%s", failure->reason,
                   failure->advice);
}

static int connect(struct recorder *state, struct outcome *ret_failure)
{
    struct recorder_batch batch = { .count = 0 };
    return state->ops->connect(state->store, &batch, ret_failure);
}

static int table_newest(void *context, const struct table *table, const char *tenant, int64_t *ret_ms, struct err *err)
{
    struct recorder *state = context;
    struct outcome failure = { .kind = OUTCOME_ACCEPTED };
    if (connect(state, &failure) != 0 || state->ops->table_newest(state->store, table, tenant, ret_ms, &failure) != 0)
        return fail_store(&failure, err);
    return 0;
}

static int table_load(void *context, const struct table_load *load, struct err *err)
{
    struct recorder *state = context;
    struct outcome failure = { .kind = OUTCOME_ACCEPTED };
    if (connect(state, &failure) != 0 || state->ops->table_load(state->store, load, &failure) != 0)
        return fail_store(&failure, err);
    return 0;
}

/* Each statement ends after `timeout` anyway. */
static int run_after(void *context, const char *sql, int64_t until_ms, struct err *err)
{
    struct recorder *state = context;
    struct outcome failure = { .kind = OUTCOME_ACCEPTED };
    (void)until_ms;
    if (connect(state, &failure) != 0 || state->ops->run_file(state->store, sql, &failure) != 0)
        return fail_store(&failure, err);
    return 0;
}

/* ---- the check ---- */

/* What to do about an error without an advice of its own. */
static const char *usual_remedy(const struct recorder *state, bool is_refused)
{
    if (is_refused)
        return "as the table's owner, drop or change the constraint or trigger that refuses calls";
    if (state->ops == &recorder_sqlite)
        return "let the owner of the state directory write that file and its directory";
    return "read the server's log; as the table's owner, GRANT SELECT, INSERT, UPDATE to the account of url";
}

/* Writes a call and rolls the transaction back. */
static int check(void *context, struct sink_health *ret_health, struct err *err)
{
    struct recorder *state = context;
    static const struct call nobody = { .id = "did-optimizer-sync check", .started = CALL_NO_NUMBER,
                                        .length = CALL_NO_NUMBER };
    struct sink_message message = { .body = NULL };
    struct recorder_result result = { .what = RECORDER_REFUSED };
    struct outcome failure = { .kind = OUTCOME_ACCEPTED };
    (void)err;
    make(state, &nobody, 0, &message);
    const struct sink_message *const messages[] = { &message };
    struct recorder_batch batch = { .messages = messages, .count = 1, .results = &result };
    *ret_health = (struct sink_health){ .state = SINK_WORKS };
    int written = state->ops->rehearse(state->store, &batch, ret_health, &failure);
    sink_message_free(&message);
    if (written == 0 && *result.reason == '\0')
        return 0;
    const char *usual = usual_remedy(state, written == 0);
    ret_health->state = SINK_FAILS;
    ret_health->exit_code = written != 0 && failure.kind == OUTCOME_RETRY ? EX_UNAVAILABLE : EX_CONFIG;
    (void)snprintf(ret_health->text, sizeof ret_health->text, "%s", written != 0 ? failure.reason : result.reason);
    (void)snprintf(ret_health->remedy, sizeof ret_health->remedy, "%s",
                   *failure.advice != '\0' ? failure.advice + 2 : usual);
    return 0;
}

const struct sink_ops recorder_sink = {
    .type = "records",
    .title = "record store",
    .params = settings_of_records,
    .open = open_recorder,
    .make = make,
    .begin = begin_run,
    .end = end_run,
    .send = send_messages,
    .read_row = recorder_row_read,
    .check = check,
    .describe = recorder_verdict_describe,
    .note_recordings = note_recordings,
    .table_newest = table_newest,
    .table_load = table_load,
    .run_after = run_after,
    .close = close_recorder,
};
