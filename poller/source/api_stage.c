/* api_stage: the rows of a window of time while it is read, outside of the memory. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/store.h"
#include "source/api_stage.h"

struct api_stage {
    struct store *store;
    bool had_variants;
};

int api_stage_open(const char *title, struct api_stage **ret_stage, struct err *err)
{
    static const char table[] = "CREATE TABLE row (id TEXT PRIMARY KEY, began INTEGER, rank INTEGER, amount INTEGER, "
                                "body TEXT) WITHOUT ROWID";
    struct api_stage *stage = *ret_stage = mem_zero(1, sizeof *stage);
    if (store_open_temporary(title, &stage->store, err) != 0)
        return -1;
    return store_execute(stage->store, table, err);
}

/* Whether the stage has another row with this id. */
static int find_variant(struct api_stage *stage, const struct api_staged *row, struct err *err)
{
    struct statement *statement = store_prepare(stage->store, "SELECT 1 FROM row WHERE id = ? AND body <> ?");
    store_bind_text(statement, 1, row->id);
    store_bind_text(statement, 2, row->body);
    int found = store_next(stage->store, statement, err);
    if (found == 1) {
        store_reset(statement);
        stage->had_variants = true;
    }
    return found < 0 ? -1 : 0;
}

bool api_stage_had_variants(const struct api_stage *stage)
{
    return stage->had_variants;
}

int api_stage_add(struct api_stage *stage, const struct api_staged *row, struct err *err)
{
    static const char sql[] =
        "INSERT INTO row (id, began, rank, amount, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "began = excluded.began, rank = excluded.rank, amount = excluded.amount, body = excluded.body "
        "WHERE (excluded.rank, excluded.amount, excluded.body) > (row.rank, row.amount, row.body)";
    if (find_variant(stage, row, err) != 0)
        return -1;
    struct statement *statement = store_prepare(stage->store, sql);
    store_bind_text(statement, 1, row->id);
    store_bind_int(statement, 2, row->began);
    store_bind_int(statement, 3, row->rank);
    store_bind_int(statement, 4, row->amount);
    store_bind_text(statement, 5, row->body);
    return store_change(stage->store, statement, err);
}

int api_stage_empty(struct api_stage *stage, api_stage_on_row *on_row, void *context, struct err *err)
{
    static const char sql[] = "SELECT id, body FROM row ORDER BY began, id";
    struct statement *statement = store_prepare(stage->store, sql);
    struct err ignored;
    int result = 0, more = 0;
    while (result == 0 && (more = store_next(stage->store, statement, err)) == 1)
        result = on_row(context, store_text(statement, 0), store_text(statement, 1), err);
    if (more == 1)
        store_reset(statement);
    if (more < 0)
        result = -1;
    if (store_execute(stage->store, "DELETE FROM row", result == 0 ? err : &ignored) != 0 && result == 0)
        result = -1;
    return result;
}

void api_stage_close(struct api_stage *stage)
{
    if (stage == NULL)
        return;
    store_close(stage->store);
    free(stage);
}
