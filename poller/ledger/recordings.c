/* recordings: the recordings of accepted calls. */
#include <stddef.h>

#include "base/clock.h"
#include "ledger/recordings.h"

/* The columns in the order of read_row. */
#define COLUMNS \
    "call, path, started, seen, state, attempts, due, size, validator, md5, file_id, session, link, reason, asked, " \
    "content_type"

int recordings_expect(struct ledger *ledger, const char *call, const char *path, int64_t started, bool *ret_changed,
                      struct err *err)
{
    static const char known[] = "SELECT 1 FROM recording WHERE call = ?1 AND (path = ?2 OR state = 2)";
    static const char sql[] =
        "INSERT INTO recording (call, path, started, seen, state, updated) VALUES (?1, ?2, ?3, ?4, 1, ?4)"
        " ON CONFLICT (call) DO UPDATE SET path = excluded.path, state = 1, noted = 0, attempts = 0, due = 0,"
        " updated = excluded.updated, size = NULL, validator = NULL, md5 = NULL, session = NULL, reason = NULL,"
        " asked = NULL, content_type = NULL";
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, known);
    *ret_changed = false;
    store_bind_text(statement, 1, call);
    store_bind_text(statement, 2, path);
    int found = store_next(store, statement, err);
    if (found < 0)
        return -1;
    store_reset(statement);
    if (found > 0)
        return 0;
    statement = store_prepare(store, sql);
    store_bind_text(statement, 1, call);
    store_bind_text(statement, 2, path);
    store_bind_int(statement, 3, started);
    store_bind_int(statement, 4, clock_now_epoch());
    *ret_changed = true;
    return store_change(store, statement, err);
}

static struct recordings_row read_row(struct statement *statement)
{
    return (struct recordings_row){ .call = store_text(statement, 0),
                                    .path = store_text(statement, 1),
                                    .started = store_int(statement, 2),
                                    .seen = store_int(statement, 3),
                                    .state = (enum recordings_state)store_int(statement, 4),
                                    .attempts = store_int(statement, 5),
                                    .due = store_int(statement, 6),
                                    .size = store_is_null(statement, 7) ? RECORDINGS_NO_SIZE : store_int(statement, 7),
                                    .validator = store_text(statement, 8),
                                    .md5 = store_text(statement, 9),
                                    .file_id = store_text(statement, 10),
                                    .session = store_text(statement, 11),
                                    .link = store_text(statement, 12),
                                    .reason = store_text(statement, 13),
                                    .asked = store_int(statement, 14),
                                    .content_type = store_text(statement, 15) };
}

static int hand_out(struct ledger *ledger, struct statement *statement, recordings_on_row *on_row, void *context,
                    struct err *err)
{
    int found = 0;
    while ((found = store_next(ledger_store(ledger), statement, err)) > 0) {
        const struct recordings_row row = read_row(statement);
        on_row(context, &row);
    }
    return found;
}

int recordings_list_due(struct ledger *ledger, const struct ledger_time *time, int64_t limit,
                        recordings_on_row *on_row, void *context, struct err *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM recording WHERE state = 1 AND (due <= ?1 OR due > ?2)"
                              " ORDER BY due LIMIT ?3";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_int(statement, 1, time->now);
    store_bind_int(statement, 2, time->latest);
    store_bind_int(statement, 3, limit);
    return hand_out(ledger, statement, on_row, context, err);
}

int recordings_set_path(struct ledger *ledger, const char *call, const char *path, struct err *err)
{
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, "UPDATE recording SET path = ?2 WHERE call = ?1");
    store_bind_text(statement, 1, call);
    store_bind_text(statement, 2, path);
    return store_change(store, statement, err);
}

int recordings_forget(struct ledger *ledger, const char *call, struct err *err)
{
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, "DELETE FROM recording WHERE call = ?1");
    store_bind_text(statement, 1, call);
    return store_change(store, statement, err);
}

int recordings_put(struct ledger *ledger, const struct recordings_row *row, struct err *err)
{
    static const char sql[] = "UPDATE recording SET state = ?2, noted = 0, attempts = ?3, due = ?4, size = ?5,"
                              " validator = ?6, md5 = ?7, file_id = ?8, session = ?9, link = ?10, reason = ?11,"
                              " updated = ?12, asked = ?13, content_type = ?14 WHERE call = ?1";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_text(statement, 1, row->call);
    store_bind_int(statement, 2, row->state);
    store_bind_int(statement, 3, row->attempts);
    store_bind_int(statement, 4, row->due);
    if (row->size != RECORDINGS_NO_SIZE)
        store_bind_int(statement, 5, row->size);
    store_bind_text(statement, 6, row->validator);
    store_bind_text(statement, 7, row->md5);
    store_bind_text(statement, 8, row->file_id);
    store_bind_text(statement, 9, row->session);
    store_bind_text(statement, 10, row->link);
    store_bind_text(statement, 11, row->reason);
    store_bind_int(statement, 12, clock_now_epoch());
    if (row->asked > 0)
        store_bind_int(statement, 13, row->asked);
    store_bind_text(statement, 14, row->content_type);
    return store_change(ledger_store(ledger), statement, err);
}

int recordings_list_unnoted(struct ledger *ledger, int64_t limit, recordings_on_row *on_row, void *context,
                            struct err *err)
{
    static const char sql[] = "SELECT " COLUMNS " FROM recording WHERE noted = 0 AND state <> 1 ORDER BY updated"
                              " LIMIT ?1";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_int(statement, 1, limit);
    return hand_out(ledger, statement, on_row, context, err);
}

int recordings_noted(struct ledger *ledger, const char *call, struct err *err)
{
    static const char note[] = "UPDATE recording SET noted = 1 WHERE call = ?1";
    static const char drop[] = "DELETE FROM recording WHERE call = ?1 AND state = 2"
                               " AND NOT EXISTS (SELECT 1 FROM call WHERE uniqueid = ?1)";
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, note);
    store_bind_text(statement, 1, call);
    if (store_change(store, statement, err) != 0)
        return -1;
    statement = store_prepare(store, drop);
    store_bind_text(statement, 1, call);
    return store_change(store, statement, err);
}

int recordings_list(struct ledger *ledger, enum recordings_state state, const char *call, recordings_on_row *on_row,
                    void *context, struct err *err)
{
    static const char of_state[] = "SELECT " COLUMNS " FROM recording WHERE state = ?1 ORDER BY updated";
    static const char of_call[] = "SELECT " COLUMNS " FROM recording WHERE call = ?1";
    struct statement *statement = store_prepare(ledger_store(ledger), call != NULL ? of_call : of_state);
    if (call != NULL)
        store_bind_text(statement, 1, call);
    else
        store_bind_int(statement, 1, state);
    return hand_out(ledger, statement, on_row, context, err);
}

int recordings_retry(struct ledger *ledger, const char *call, int64_t *ret_count, struct err *err)
{
    static const char sql[] = "UPDATE recording SET state = 1, noted = 0, attempts = 0, due = 0, seen = ?2,"
                              " updated = ?2, asked = NULL WHERE state = 3 AND (?1 IS NULL OR call = ?1)";
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, call);
    store_bind_int(statement, 2, clock_now_epoch());
    if (store_change(store, statement, err) != 0)
        return -1;
    *ret_count = store_changed(store);
    return 0;
}

int recordings_forget_place(struct ledger *ledger, struct err *err)
{
    struct store *store = ledger_store(ledger);
    return store_change(
        store, store_prepare(store, "UPDATE recording SET file_id = NULL, session = NULL WHERE state != 2"), err);
}

int recordings_charge(struct ledger *ledger, const char *call, int64_t most_attempts, struct err *err)
{
    static const char sql[] = "UPDATE recording SET attempts = attempts + 1, noted = 0, updated = ?3,"
                              " state = CASE WHEN attempts + 1 >= ?2 THEN 3 ELSE 1 END WHERE call = ?1 AND state = 1";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_text(statement, 1, call);
    store_bind_int(statement, 2, most_attempts);
    store_bind_int(statement, 3, clock_now_epoch());
    return store_change(ledger_store(ledger), statement, err);
}

int recordings_count(struct ledger *ledger, struct recordings_counts *ret_counts, struct err *err)
{
    struct store *store = ledger_store(ledger);
    if (store_number(store, "SELECT count(*) FROM recording WHERE state = 1", &ret_counts->pending, err) != 0 ||
        store_number(store, "SELECT count(*) FROM recording WHERE state = 3", &ret_counts->rejected, err) != 0)
        return -1;
    return store_number(store, "SELECT ifnull(sum(value), 0) FROM counter WHERE name = '" RECORDINGS_COUNTER "'"
                        " AND label = 'stored'", &ret_counts->stored, err);
}

int recordings_prune(struct ledger *ledger, int64_t before, int64_t limit, struct err *err)
{
    static const char sql[] = "DELETE FROM recording WHERE call IN (SELECT call FROM recording WHERE state = 3"
                              " AND updated < ?1 LIMIT ?2)";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_int(statement, 1, before);
    store_bind_int(statement, 2, limit);
    return store_change(ledger_store(ledger), statement, err);
}
