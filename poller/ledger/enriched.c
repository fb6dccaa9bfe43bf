/* enriched: the looked-up extras of a call, kept until the call is settled. */
#include <stddef.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/store.h"
#include "ledger/enriched.h"

int enriched_read(struct ledger *ledger, const char *uniqueid, char **ret_extras, struct err *err)
{
    static const char sql[] = "SELECT extras FROM enriched WHERE uniqueid = ?1";
    struct store *store = ledger_store(ledger);
    struct statement *statement = store_prepare(store, sql);
    *ret_extras = NULL;
    store_bind_text(statement, 1, uniqueid);
    int row = store_next(store, statement, err);
    if (row <= 0)
        return row;
    const char *extras = store_text(statement, 0);
    *ret_extras = extras != NULL ? mem_copy(extras) : NULL;
    store_reset(statement);
    return 0;
}

int enriched_put(struct ledger *ledger, const char *uniqueid, const char *extras, struct err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO enriched (uniqueid, extras, made) VALUES (?1, ?2, ?3)";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_text(statement, 1, uniqueid);
    store_bind_text(statement, 2, extras);
    store_bind_int(statement, 3, clock_now_epoch());
    return store_change(ledger_store(ledger), statement, err);
}

int enriched_forget(struct ledger *ledger, const char *uniqueid, struct err *err)
{
    static const char sql[] = "DELETE FROM enriched WHERE uniqueid = ?1";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_text(statement, 1, uniqueid);
    return store_change(ledger_store(ledger), statement, err);
}

int enriched_prune(struct ledger *ledger, int64_t before, struct err *err)
{
    static const char sql[] = "DELETE FROM enriched WHERE made < ?1";
    struct statement *statement = store_prepare(ledger_store(ledger), sql);
    store_bind_int(statement, 1, before);
    return store_change(ledger_store(ledger), statement, err);
}
