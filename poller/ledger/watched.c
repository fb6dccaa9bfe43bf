/* watched: the calls that had not ended when a scan found them. */
#include <stdlib.h>

#include "base/mem.h"
#include "ledger/watched.h"

int watched_add(struct ledger *ledger, const struct watched *call, struct err *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO watched (id, kin, began) VALUES (?1, ?2, ?3)";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_text(statement, 1, call->id);
    store_bind_text(statement, 2, call->kin);
    store_bind_int(statement, 3, call->began);
    return store_change(ledger_store(ledger), statement, err);
}

int watched_remove(struct ledger *ledger, const char *id, struct err *err)
{
    static const char sql[] = "DELETE FROM watched WHERE id = ?1";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_text(statement, 1, id);
    return store_change(ledger_store(ledger), statement, err);
}

int watched_has(struct ledger *ledger, const char *id, bool *ret_has, struct err *err)
{
    static const char sql[] = "SELECT 1 FROM watched WHERE id = ?1";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_text(statement, 1, id);
    int row = store_next(ledger_store(ledger), statement, err);
    *ret_has = row > 0;
    if (row > 0)
        store_reset(statement);
    return row < 0 ? -1 : 0;
}

int watched_kin(struct ledger *ledger, const char *id, char **ret_kin, int64_t *ret_began, struct err *err)
{
    static const char sql[] = "SELECT kin, began FROM watched WHERE id = ?1 AND kin NOT NULL";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_text(statement, 1, id);
    int row = store_next(ledger_store(ledger), statement, err);
    *ret_kin = NULL;
    if (row <= 0)
        return row;
    *ret_kin = mem_copy(store_text(statement, 0));
    *ret_began = store_int(statement, 1);
    store_reset(statement);
    return 0;
}

int watched_list(struct ledger *ledger, const char *after, int64_t limit, watched_on_call *on_watched, void *context,
                 struct err *err)
{
    static const char sql[] = "SELECT id, kin, began FROM watched WHERE id > ?1 "
                              "AND NOT EXISTS (SELECT 1 FROM call WHERE uniqueid = id) ORDER BY id LIMIT ?2";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    int row = 0;
    store_bind_text(statement, 1, after);
    store_bind_int(statement, 2, limit);
    while ((row = store_next(ledger_store(ledger), statement, err)) > 0) {
        const struct watched call = { .id = store_text(statement, 0),
                                      .kin = store_text(statement, 1),
                                      .began = store_int(statement, 2) };
        on_watched(context, &call);
    }
    return row;
}

int watched_tidy(struct ledger *ledger, int64_t began_before, struct err *err)
{
    static const char sql[] = "DELETE FROM watched WHERE began < ?1 "
                              "OR EXISTS (SELECT 1 FROM call WHERE uniqueid = id AND state <> 3)";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_int(statement, 1, began_before);
    return store_change(ledger_store(ledger), statement, err);
}

int watched_count(struct ledger *ledger, int64_t *ret_count, struct err *err)
{
    return store_number(ledger_store(ledger), "SELECT count(*) FROM watched "
                        "WHERE NOT EXISTS (SELECT 1 FROM call WHERE uniqueid = id)", ret_count, err);
}

int watched_oldest(struct ledger *ledger, int64_t *ret_began, struct err *err)
{
    return store_number(ledger_store(ledger), "SELECT coalesce(min(began), 9223372036854775807) FROM watched",
                        ret_began, err);
}
