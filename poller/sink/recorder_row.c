/* recorder_row: a call's row in the table of the sink `records`, for people. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/store.h"
#include "base/str.h"
#include "sink/recorder_row.h"
#include "sink/recorder_row_pq.h"
#include "sink/recorder_sqlite.h"
#include "sink/recorder_tables.h"

#define LOCK_MS 100

/* The key is known, and the hash is for the program alone. */
static bool is_shown(const struct recorder_tables *tables, int column)
{
    return tables->columns[column] != NULL && recorder_columns[column].role != RECORDER_KEY && column != RECORDER_HASH;
}

static void put_quoted(struct json_writer *text, const struct recorder_dialect *dialect, const char *before,
                       const char *name)
{
    char *quoted = recorder_sql_quote(dialect, name);
    json_writer_put(text, before);
    json_writer_put(text, quoted);
    free(quoted);
}

static void put_condition(struct json_writer *text, const struct recorder_dialect *dialect, const char *before,
                          const char *name, const char *member)
{
    put_quoted(text, dialect, before, name);
    char *value = mem_format(" = %s%s%s", dialect->value_before, member, dialect->value_after);
    json_writer_put(text, value);
    free(value);
}

char *recorder_row_query(const struct recorder_dialect *dialect, const struct recorder_tables *tables)
{
    struct json_writer text = { .text = NULL };
    json_writer_put(&text, "SELECT 1");
    for (int i = 0; i < RECORDER_COLUMNS; i++)
        if (is_shown(tables, i))
            put_quoted(&text, dialect, ", r.", tables->columns[i]);
    put_quoted(&text, dialect, " FROM ", tables->records);
    json_writer_put(&text, dialect->takes_many ? " AS r, jsonb_to_record($1::jsonb) AS x (source text, uuid text)"
                                               : " AS r");
    put_condition(&text, dialect, " WHERE r.", tables->columns[RECORDER_SOURCE], "source");
    put_condition(&text, dialect, " AND r.", tables->columns[RECORDER_UUID], "uuid");
    return text.text;
}

/* The source's own words, and addresses of files, may have a number in any form. */
static bool may_hide_number(const struct recorder_column *column)
{
    return column->type == RECORDER_JSON || strcmp(column->name, "recording_path") == 0 ||
           strcmp(column->name, "google_drive_url") == 0;
}

static void add_value(struct json_writer *row, const struct recorder_column *column, const char *value, bool masks)
{
    char *text = mem_copy(value);
    if (masks && column->type == RECORDER_TEXT)
        mask_numbers(text);
    if (!masks || !may_hide_number(column))
        json_writer_add_text(row, column->name, text);
    free(text);
}

char *recorder_row_take(const struct recorder_tables *tables, bool masks, recorder_row_value *value_of, void *context)
{
    struct json_writer row = { .text = NULL };
    int at = 1;
    for (int i = 0; i < RECORDER_COLUMNS; i++) {
        const char *value = is_shown(tables, i) ? value_of(context, at++) : NULL;
        if (value != NULL && *value != '\0')
            add_value(&row, &recorder_columns[i], value, masks);
    }
    return json_writer_end(&row);
}

/* ---- SQLite ---- */

static const char *text_of(void *context, int column)
{
    return store_text(context, column);
}

static int read_row(struct store *store, const struct recorder_tables *tables, const char *key, bool masks,
                    char **ret_row, struct err *err)
{
    char *sql = recorder_row_query(&recorder_sqlite_dialect, tables);
    struct statement *statement = store_compile(store, sql);
    store_bind_text(statement, 1, key);
    int found = store_next(store, statement, err);
    if (found == 1)
        *ret_row = recorder_row_take(tables, masks, text_of, statement);
    store_discard(statement);
    free(sql);
    return found < 0 ? -1 : 0;
}

static int read_file(const struct sink_settings *settings, const struct recorder_tables *tables, const char *key,
                     bool masks, char **ret_row, struct err *err)
{
    const char *file = params_text(settings->params, "file", "records.db");
    char *path = *file == '/' ? mem_copy(file) : mem_format("%s/%s", settings->state_dir, file);
    struct store *store = NULL;
    int result = 0;
    if (access(path, R_OK | W_OK) != 0) /* SQLite needs its journal files beside it, or a copy of the whole file */
        result = err_set(err, EX_NOPERM, "this user cannot open %.300s", path);
    else
        result = store_open("the table of calls", path, STORE_READ_ONLY, &store, err);
    if (result == 0) {
        store_wait_for_locks(store, LOCK_MS);
        result = read_row(store, tables, key, masks, ret_row, err);
    }
    store_close(store);
    free(path);
    return result;
}

/* ---- both ---- */

static int read_server(const struct sink_settings *settings, const struct recorder_tables *tables, const char *key,
                       const struct sink_row_query *query, char **ret_row, struct err *err)
{
    if (query->is_at_once)
        return err_set(err, EX_CONFIG, "the row is in PostgreSQL, and this page does not keep its password; "
                       "run `did-optimizer-sync why` to read the row");
#ifdef WITHOUT_POSTGRESQL
    (void)settings;
    (void)tables;
    (void)key;
    (void)ret_row;
    return err_set(err, EX_CONFIG, "the row is in PostgreSQL, and this program was built without PostgreSQL");
#else
    return recorder_row_pq(settings->params, tables, key, query->masks, ret_row, err);
#endif
}

static char *key_of(const struct sink_settings *settings, const char *id)
{
    struct json_writer key = { .text = NULL };
    json_writer_add_text(&key, "source", params_text(settings->params, "source", str_or_empty(settings->source)));
    json_writer_add_text(&key, "uuid", id);
    return json_writer_end(&key);
}

int recorder_row_read(const struct sink_settings *settings, const struct sink_row_query *query, char **ret_row,
                      struct err *err)
{
    struct recorder_tables tables;
    char *key = key_of(settings, query->id);
    *ret_row = NULL;
    int result = recorder_tables_read(settings->params, &tables, err);
    if (result == 0 && params_find(settings->params, "url") != NULL)
        result = read_server(settings, &tables, key, query, ret_row, err);
    else if (result == 0)
        result = read_file(settings, &tables, key, query->masks, ret_row, err);
    recorder_tables_free(&tables);
    free(key);
    return result;
}
