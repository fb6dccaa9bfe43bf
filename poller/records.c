/* records: what the ledger says, for people. */
#include <stdio.h>

#include "clock.h"
#include "records.h"
#include "store.h"

/* Which set-aside calls: parameters 1 to 3 are those of struct records_selection. */
#define SELECTED "state <> 1 AND state = 4 AND (?1 IS NULL OR uniqueid = ?1) " \
                 "AND (?2 IS NULL OR instr(lower(reason), lower(?2)) > 0) AND (?3 = 0 OR end_epoch < ?3)"

/* ---- what is set aside ---- */

static struct statement *prepare_for(struct store *store, const char *sql, const struct records_selection *selection)
{
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, selection->uniqueid);
    store_bind_text(statement, 2, selection->reason);
    store_bind_int(statement, 3, selection->before);
    return statement;
}

int records_list_rejected(struct ledger *ledger, const struct records_selection *selection, records_on_entry *on_entry,
                          void *context, struct err *err)
{
    static const char sql[] = "SELECT uniqueid, end_epoch, attempts, reason, payload FROM call WHERE " SELECTED
                              " ORDER BY end_epoch, uniqueid";
    struct store *store = ledger_store(ledger);
    struct statement *statement = prepare_for(store, sql, selection);
    int row = 0;
    while ((row = store_next(store, statement, err)) > 0) {
        struct ledger_entry entry = { .uniqueid = store_text(statement, 0),
                                      .record = { .state = CALL_REJECTED, .attempts = store_int(statement, 2) },
                                      .end_epoch = store_int(statement, 1),
                                      .reason = store_text(statement, 3),
                                      .payload = store_text(statement, 4) };
        on_entry(context, &entry);
    }
    return row;
}

int records_release(struct ledger *ledger, const struct records_selection *selection, enum call_state state,
                    int64_t *ret_count, struct err *err)
{
    static const char sql[] = "UPDATE call SET state = ?4, attempts = 0, due = 0, updated = ?5 WHERE " SELECTED;
    struct store *store = ledger_store(ledger);
    struct statement *statement = prepare_for(store, sql, selection);
    store_bind_int(statement, 4, (int64_t)state);
    store_bind_int(statement, 5, clock_now_epoch());
    if (store_change(store, statement, err) != 0)
        return -1;
    *ret_count = store_changed(store);
    return 0;
}

/* ---- how things stand ---- */

static int read_pending(struct store *store, struct records_overview *overview, struct err *err)
{
    static const char sql[] = "SELECT min(end_epoch), min(CASE state WHEN 2 THEN due END), "
                              "(SELECT count(*) FROM call WHERE state = 1) FROM call WHERE state <> 1 AND state IN (2, 3)";
    struct statement *statement = store_prepare(store, sql);
    int row = store_next(store, statement, err);
    if (row <= 0)
        return row;
    overview->oldest_pending = store_int(statement, 0);
    overview->next_due = store_int(statement, 1);
    overview->accepted = store_int(statement, 2);
    store_leave(statement);
    return 0;
}

static int read_last_run(struct store *store, struct records_overview *overview, struct err *err)
{
    static const char sql[] = "SELECT started, accepted, exit_code, message FROM run WHERE finished IS NOT NULL "
                              "ORDER BY id DESC LIMIT 1";
    struct statement *statement = store_prepare(store, sql);
    int row = store_next(store, statement, err);
    if (row <= 0)
        return row;
    const char *message = store_text(statement, 3);
    overview->last_run = store_int(statement, 0);
    overview->last_run_accepted = store_int(statement, 1);
    overview->last_run_exit_code = store_int(statement, 2);
    (void)snprintf(overview->last_run_message, sizeof overview->last_run_message, "%s", message != NULL ? message : "");
    store_leave(statement);
    return 0;
}

static int read_last_success(struct store *store, struct records_overview *overview, struct err *err)
{
    static const char sql[] = "SELECT started FROM run WHERE exit_code IN (0, 75) ORDER BY id DESC LIMIT 1";
    struct statement *statement = store_prepare(store, sql);
    int row = store_next(store, statement, err);
    if (row <= 0)
        return row;
    overview->last_success = store_int(statement, 0);
    store_leave(statement);
    return 0;
}

int records_overview(struct ledger *ledger, struct records_overview *ret_overview, struct err *err)
{
    struct store *store = ledger_store(ledger);
    *ret_overview = (struct records_overview){ .last_run = 0 };
    if (ledger_count(ledger, &ret_overview->counts, err) != 0 || read_pending(store, ret_overview, err) != 0 ||
        read_last_run(store, ret_overview, err) != 0)
        return -1;
    return read_last_success(store, ret_overview, err);
}
