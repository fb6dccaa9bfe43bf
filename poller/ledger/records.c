/* records: views of the ledger, for people. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "ledger/records.h"
#include "ledger/schema.h"
#include "base/store.h"

/* Parameters 1 to 3 are those of struct records_selection; parameter 4 is the state. */
#define SELECTED "state <> 1 AND state = ?4 AND (?1 IS NULL OR uniqueid = ?1) " \
                 "AND (?2 IS NULL OR instr(lower(reason), lower(?2)) > 0) AND (?3 = 0 OR end_epoch < ?3)"

/* The runs that cron starts. A run that an operator starts does not show that cron works. */
#define BY_CRON "kind = 'poll'"

static int64_t number(struct statement *statement, int column)
{
    return store_is_null(statement, column) ? RECORDS_UNKNOWN : store_int(statement, column);
}

/* ---- rejected calls ---- */

static struct statement *prepare_for(struct store *store, const char *sql, const struct records_selection *selection,
                                     enum call_state state)
{
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, selection->uniqueid);
    store_bind_text(statement, 2, selection->reason);
    store_bind_int(statement, 3, selection->before);
    store_bind_int(statement, 4, (int64_t)state);
    return statement;
}

int records_list_rejected(struct ledger *ledger, const struct records_selection *selection, records_on_entry *on_entry,
                          void *context, struct err *err)
{
    static const char sql[] = "SELECT uniqueid, end_epoch, attempts, reason, payload, " SCHEMA_CAMPAIGN ", phone, "
                              "status FROM call "
                              "WHERE " SELECTED
                              " ORDER BY end_epoch, uniqueid";
    struct store *store = ledger_store(ledger);
    struct statement *statement = prepare_for(store, sql, selection, CALL_REJECTED);
    int row = 0;
    while ((row = store_next(store, statement, err)) > 0) {
        struct call call = { .id = store_text(statement, 0),
                             .campaign = store_text(statement, 5),
                             .number = store_text(statement, 6),
                             .status = store_text(statement, 7) };
        struct ledger_entry entry = { .uniqueid = call.id,
                                      .call = &call,
                                      .record = { .state = CALL_REJECTED, .attempts = store_int(statement, 2) },
                                      .end_epoch = store_int(statement, 1),
                                      .reason = store_text(statement, 3),
                                      .payload = store_text(statement, 4) };
        on_entry(context, &entry);
    }
    return row;
}

int records_change_state(struct ledger *ledger, const struct records_selection *selection, enum call_state from,
                    enum call_state to, int64_t *ret_count, struct err *err)
{
    static const char sql[] = "UPDATE call SET state = ?5, attempts = CASE ?5 WHEN 2 THEN 0 ELSE attempts END, due = "
                              "0, "
                              "updated = ?6 WHERE " SELECTED;
    struct store *store = ledger_store(ledger);
    struct statement *statement = prepare_for(store, sql, selection, from);
    store_bind_int(statement, 5, (int64_t)to);
    store_bind_int(statement, 6, clock_now_epoch());
    if (store_change(store, statement, err) != 0)
        return -1;
    *ret_count = store_changed(store);
    return 0;
}

/* ---- the overview ---- */

/* The index call_open has every column, so SQLite reads no row of the table. */
static int read_pending(struct store *store, struct records_overview *overview, struct err *err)
{
    static const char sql[] = "SELECT (SELECT min(due) FROM call WHERE state <> 1 AND state = 2), "
                              "(SELECT min(end_epoch) FROM call WHERE state <> 1 AND state = 2), "
                              "(SELECT min(end_epoch) FROM call WHERE state <> 1 AND state = 3)";
    struct statement *statement = store_prepare(store, sql);
    int row = store_next(store, statement, err);
    if (row <= 0)
        return row;
    overview->next_due = store_int(statement, 0);
    overview->oldest_pending = store_int(statement, 1);
    overview->oldest_waiting = store_int(statement, 2);
    bool waiting_first = overview->oldest_pending == 0 ||
                      (overview->oldest_waiting != 0 && overview->oldest_waiting < overview->oldest_pending);
    overview->oldest_open = waiting_first ? overview->oldest_waiting : overview->oldest_pending;
    store_reset(statement);
    return 0;
}

static int read_last_run(struct store *store, struct records_overview *overview, struct err *err)
{
    static const char sql[] = "SELECT started, accepted, exit_code, message, duration_ms, statements, database_ms, "
                              "rows_examined, unsent, longest_ms FROM run WHERE finished IS NOT NULL AND " BY_CRON
                              " ORDER BY id DESC LIMIT 1";
    struct statement *statement = store_prepare(store, sql);
    int row = store_next(store, statement, err);
    if (row <= 0)
        return row;
    const char *message = store_text(statement, 3);
    overview->last_run = store_int(statement, 0);
    overview->last_run_accepted = store_int(statement, 1);
    overview->last_run_exit_code = store_int(statement, 2);
    (void)str_cut(str_or_empty(message), overview->last_run_message, sizeof overview->last_run_message);
    overview->last_run_duration_ms = number(statement, 4);
    overview->last_run_statements = number(statement, 5);
    overview->last_run_database_ms = number(statement, 6);
    overview->last_run_rows_examined = number(statement, 7);
    overview->last_run_unsent = number(statement, 8);
    overview->last_run_longest_ms = number(statement, 9);
    store_reset(statement);
    return 0;
}

static int read_last_success(struct store *store, struct records_overview *overview, struct err *err)
{
    static const char sql[] = "SELECT started FROM run WHERE exit_code = 0 AND " BY_CRON
                              " ORDER BY id DESC LIMIT 1";
    struct statement *statement = store_prepare(store, sql);
    int row = store_next(store, statement, err);
    if (row <= 0)
        return row;
    overview->last_success = store_int(statement, 0);
    store_reset(statement);
    return 0;
}

static int read_last_look(struct store *store, struct records_overview *overview, struct err *err)
{
    static const char sql[] = "SELECT started, unsent_oldest FROM run WHERE unsent IS NOT NULL AND " BY_CRON
                              " ORDER BY id DESC LIMIT 1";
    struct statement *statement = store_prepare(store, sql);
    int row = store_next(store, statement, err);
    if (row < 0)
        return -1;
    if (row > 0) {
        overview->last_look = store_int(statement, 0);
        overview->unsent_oldest = store_int(statement, 1);
        store_reset(statement);
    }
    return store_number(store, "SELECT ifnull((SELECT started FROM run WHERE " BY_CRON " ORDER BY id LIMIT 1), 0)",
                        &overview->first_run, err);
}

int records_overview(struct ledger *ledger, struct records_overview *ret_overview, struct err *err)
{
    struct store *store = ledger_store(ledger);
    *ret_overview = (struct records_overview){ .last_run_unsent = RECORDS_UNKNOWN };
    if (ledger_count(ledger, &ret_overview->counts, err) != 0 || read_pending(store, ret_overview, err) != 0 ||
        read_last_run(store, ret_overview, err) != 0)
        return -1;
    return read_last_success(store, ret_overview, err) == 0 ? read_last_look(store, ret_overview, err) : -1;
}

int records_oldest_open(struct ledger *ledger, int64_t *ret_ended, struct err *err)
{
    struct records_overview overview = { .oldest_open = 0 };
    int result = read_pending(ledger_store(ledger), &overview, err);
    *ret_ended = overview.oldest_open;
    return result;
}

int records_count_accepted(struct ledger *ledger, int64_t *ret_count, struct err *err)
{
    /* SQLite counts a whole table without reading its rows, and call_open has the others. */
    return store_number(ledger_store(ledger), "SELECT (SELECT count(*) FROM call) - "
                        "(SELECT count(*) FROM call WHERE state <> 1)", ret_count, err);
}

/* ---- runs ---- */

const char *records_outcome(const struct records_run *run, char out[RECORDS_OUTCOME_SIZE])
{
    bool stopped = run->message != NULL && *run->message != '\0';
    if (run->finished == RECORDS_UNKNOWN)
        return run->superseded ? "cut short" : "no end yet";
    if (run->exit_code == EX_OK)
        return "succeeded";
    if (run->exit_code == EX_TEMPFAIL)
        return stopped ? "stopped" : "partly sent";
    (void)snprintf(out, RECORDS_OUTCOME_SIZE, "failed (%" PRId64 ")", run->exit_code);
    return out;
}

int records_page_runs(struct ledger *ledger, const struct records_runs *which, records_on_run *on_run, void *context,
                      struct err *err)
{
    static const char sql[] =
        "SELECT kind, started, finished, duration_ms, found, accepted, repeated, failed, waiting, pending, rejected, "
        "statements, database_ms, rows_examined, longest_ms, unsent, exit_code, message, " RECORDS_SUPERSEDED ", id, "
        "action FROM run WHERE started >= ?1 AND (?3 IS NULL OR kind = ?3) AND (?5 = 0 OR id = ?5) "
        "AND (?6 = 0 OR action = ?6) ORDER BY id DESC LIMIT ?2 OFFSET ?4";
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, sql);
    int row = 0;
    store_bind_int(statement, 1, which->since);
    store_bind_int(statement, 2, which->limit);
    store_bind_text(statement, 3, which->kind);
    store_bind_int(statement, 4, which->skip);
    store_bind_int(statement, 5, which->id);
    store_bind_int(statement, 6, which->action);
    while ((row = store_next(store, statement, err)) > 0) {
        const char *kind = store_text(statement, 0);
        struct records_run run = { .kind = kind != NULL ? kind : "",
                                   .message = store_text(statement, 17),
                                   .superseded = store_int(statement, 18) != 0,
                                   .id = store_int(statement, 19),
                                   .action = number(statement, 20) };
        int64_t *const numbers[] = { &run.started,       &run.finished,   &run.duration_ms, &run.found,
                                     &run.accepted,      &run.repeated,   &run.failed,      &run.waiting,
                                     &run.pending,       &run.rejected,   &run.statements,  &run.database_ms,
                                     &run.rows_examined, &run.longest_ms, &run.unsent,      &run.exit_code };
        for (int i = 0; i < (int)(sizeof numbers / sizeof numbers[0]); i++)
            *numbers[i] = number(statement, i + 1);
        on_run(context, &run);
    }
    return row;
}

int records_list_runs(struct ledger *ledger, int64_t since, int64_t limit, records_on_run *on_run, void *context,
                      struct err *err)
{
    const struct records_runs which = { .since = since, .limit = limit };
    return records_page_runs(ledger, &which, on_run, context, err);
}

int records_note_retry(struct ledger *ledger, int64_t count, struct err *err)
{
    struct ledger_counts counts;
    int64_t run = 0;
    if (ledger_run_start(ledger, "retry", &run, err) != 0 || ledger_count(ledger, &counts, err) != 0)
        return -1;
    struct ledger_run retry = { .found = count, .pending = counts.pending, .waiting = counts.waiting };
    return ledger_run_finish(ledger, run, &retry, err);
}

/* ---- one call ---- */

/* The first columns must be tried, answer, took_ms, reason, status, result, length, agent. */
static struct records_attempt read_attempt(struct statement *statement)
{
    return (struct records_attempt){ .tried = number(statement, 0),
                                     .answer = number(statement, 1),
                                     .took_ms = number(statement, 2),
                                     .reason = store_text(statement, 3),
                                     .status = store_text(statement, 4),
                                     .result = store_text(statement, 5),
                                     .length = number(statement, 6),
                                     .agent = store_text(statement, 7) };
}

int records_find_call(struct ledger *ledger, const char *uniqueid, records_on_call *on_call, void *context,
                      struct err *err)
{
    static const char sql[] =
        "SELECT tried, answer, took_ms, reason, status, " SCHEMA_RESULT ", length, agent, state, fingerprint, "
        "attempts, "
        "end_epoch, " SCHEMA_SEEN ", " SCHEMA_UPDATED ", due, tries, " SCHEMA_CAMPAIGN ", phone, version_unknown, "
        "direction FROM call WHERE uniqueid = ?1";
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, uniqueid);
    int row = store_next(store, statement, err);
    if (row <= 0)
        return row;
    struct records_call call = { .record = { .state = (enum call_state)store_int(statement, 8),
                                             .sent_before = !store_is_null(statement, 9),
                                             .fingerprint = (uint64_t)store_int(statement, 9),
                                             .version_unknown = store_int(statement, 18),
                                             .attempts = store_int(statement, 10) },
                                 .end_epoch = number(statement, 11),
                                 .seen = number(statement, 12),
                                 .updated = number(statement, 13),
                                 .due = number(statement, 14),
                                 .tries = number(statement, 15),
                                 .reason = store_text(statement, 3),
                                 .campaign = store_text(statement, 16),
                                 .phone = store_text(statement, 17),
                                 .direction = number(statement, 19),
                                 .last = read_attempt(statement) };
    on_call(context, &call);
    store_reset(statement);
    return 0;
}

int records_list_attempts(struct ledger *ledger, const char *uniqueid, records_on_attempt *on_attempt, void *context,
                          struct err *err)
{
    static const char sql[] = "SELECT tried, answer, took_ms, reason, status, result, length, agent FROM attempt "
                              "WHERE uniqueid = ?1 ORDER BY id";
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, sql);
    int row = 0;
    store_bind_text(statement, 1, uniqueid);
    while ((row = store_next(store, statement, err)) > 0) {
        struct records_attempt attempt = read_attempt(statement);
        on_attempt(context, &attempt);
    }
    return row;
}

/* ---- counters ---- */

int records_list_counters(struct ledger *ledger, const char *name, records_on_counter *on_counter, void *context,
                          struct err *err)
{
    static const char sql[] = "SELECT label, value FROM counter WHERE name = ?1 ORDER BY label";
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, sql);
    int row = 0;
    store_bind_text(statement, 1, name);
    while ((row = store_next(store, statement, err)) > 0) {
        const char *label = store_text(statement, 0);
        on_counter(context, label != NULL ? label : "", store_int(statement, 1));
    }
    return row;
}
