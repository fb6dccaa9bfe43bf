/* pbx_stage: the rows of a window while it is read, outside of the memory. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/store.h"
#include "source/pbx_stage.h"

struct pbx_stage {
    struct store *store;
    const struct pbx_zone *zone;
    bool had_variants;
};

int pbx_stage_open(const struct pbx_zone *zone, struct pbx_stage **ret_stage, struct err *err)
{
    static const char table[] = "CREATE TABLE row (uuid TEXT PRIMARY KEY, started INTEGER, ended INTEGER, "
                                "amount INTEGER, body TEXT) WITHOUT ROWID";
    struct pbx_stage *stage = *ret_stage = mem_zero(1, sizeof *stage);
    stage->zone = zone;
    if (store_open_temporary("a temporary file for the PBX's list", &stage->store, err) != 0)
        return -1;
    return store_execute(stage->store, table, err);
}

/* Whether the stage has another row with this uuid. */
static int find_variant(struct pbx_stage *stage, const char *uuid, const char *body, struct err *err)
{
    struct statement *statement = store_prepare(stage->store, "SELECT 1 FROM row WHERE uuid = ? AND body <> ?");
    store_bind_text(statement, 1, uuid);
    store_bind_text(statement, 2, body);
    int found = store_next(stage->store, statement, err);
    if (found == 1) {
        store_reset(statement);
        stage->had_variants = true;
    }
    return found < 0 ? -1 : 0;
}

bool pbx_stage_had_variants(const struct pbx_stage *stage)
{
    return stage->had_variants;
}

int pbx_stage_add(struct pbx_stage *stage, const struct pbx_row *row, struct err *err)
{
    static const char sql[] =
        "INSERT INTO row (uuid, started, ended, amount, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (uuid) DO UPDATE SET "
        "started = excluded.started, ended = excluded.ended, amount = excluded.amount, body = excluded.body "
        "WHERE (excluded.ended, excluded.amount, excluded.body) > (row.ended, row.amount, row.body)";
    char *body = json_print(row->json);
    if (find_variant(stage, row->text[PBX_UUID], body, err) != 0) {
        free(body);
        return -1;
    }
    struct statement *statement = store_prepare(stage->store, sql);
    store_bind_text(statement, 1, row->text[PBX_UUID]);
    store_bind_int(statement, 2, row->started);
    store_bind_int(statement, 3, row->ended);
    store_bind_int(statement, 4, pbx_row_amount(row));
    store_bind_text(statement, 5, body);
    int result = store_change(stage->store, statement, err);
    free(body);
    return result;
}

static int hand_out(const struct pbx_stage *stage, const char *body, pbx_stage_on_row *on_row, void *context,
                    struct err *err)
{
    struct pbx_row row;
    struct json *json = json_parse(body);
    int result = 0;
    if (pbx_row_read(json, stage->zone, &row) == NULL)
        result = on_row(context, &row, err);
    pbx_row_clear(&row);
    json_free(json);
    return result;
}

int pbx_stage_empty(struct pbx_stage *stage, pbx_stage_on_row *on_row, void *context, struct err *err)
{
    static const char sql[] = "SELECT body FROM row ORDER BY started, uuid";
    struct statement *statement = store_prepare(stage->store, sql);
    struct err ignored;
    int result = 0, more = 0;
    while (result == 0 && (more = store_next(stage->store, statement, err)) == 1)
        result = hand_out(stage, store_text(statement, 0), on_row, context, err);
    if (more == 1)
        store_reset(statement);
    if (more < 0)
        result = -1;
    if (store_execute(stage->store, "DELETE FROM row", result == 0 ? err : &ignored) != 0 && result == 0)
        result = -1;
    return result;
}

void pbx_stage_close(struct pbx_stage *stage)
{
    if (stage == NULL)
        return;
    store_close(stage->store);
    free(stage);
}
