/* recorder_tables_sql: the statements for the tables beside the calls. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "sink/recorder_tables_sql.h"

#define UPDATED "updated_at"

const struct table recorder_tables_log = {
    .name = "update_log",
    .columns = { { "table_name", TABLE_TEXT },
                 { TABLE_TENANT, TABLE_TEXT },
                 { "rows_loaded", TABLE_NUMBER },
                 { "max_updateTime", TABLE_NUMBER },
                 { "mode", TABLE_TEXT } },
};

/* Appends to the caller's text. */
static void PRINTF_LIKE(2, 3) put(char **text, const char *format, ...)
{
    char piece[500];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    char *longer = mem_format("%s%s", *text, piece);
    free(*text);
    *text = longer;
}

static bool is_log(const struct table *table)
{
    return table == &recorder_tables_log;
}

static const char *type_of(const struct recorder_dialect *dialect, enum table_type type)
{
    if (type == TABLE_DATE)
        return dialect->has_schemas ? "date" : "TEXT"; /* SQLite has no type for it */
    return dialect->types[type == TABLE_NUMBER ? RECORDER_NUMBER : RECORDER_TEXT];
}

char *recorder_tables_sql_create(const struct recorder_dialect *dialect, const struct table *table)
{
    char *text = mem_format("CREATE TABLE IF NOT EXISTS \"%s\" (", table->name);
    for (int i = 0; i < TABLE_COLUMNS_MOST && table->columns[i].name != NULL; i++)
        put(&text, "%s\"%s\" %s%s", i > 0 ? ", " : "", table->columns[i].name, type_of(dialect, table->columns[i].type),
            i < 2 ? " NOT NULL" : "");
    if (is_log(table))
        put(&text, ", " UPDATED " %s NOT NULL)", dialect->types[RECORDER_TIME]);
    else
        put(&text, ", PRIMARY KEY (\"%s\", \"%s\"))", table->columns[0].name, table->columns[1].name);
    return text;
}

/* The rows of the parameter as a source of a statement: x."column", or the value by its path. */
static void put_rows(char **text, const struct recorder_dialect *dialect, const struct table *table)
{
    if (!dialect->takes_many) {
        put(text, "json_each(?1) AS x");
        return;
    }
    put(text, "jsonb_to_recordset($1::jsonb) AS x(");
    for (int i = 0; i < TABLE_COLUMNS_MOST && table->columns[i].name != NULL; i++)
        put(text, "%s\"%s\" %s", i > 0 ? ", " : "", table->columns[i].name, type_of(dialect, table->columns[i].type));
    put(text, ")");
}

static void put_value(char **text, const struct recorder_dialect *dialect, const char *column)
{
    if (dialect->takes_many)
        put(text, "x.\"%s\"", column);
    else
        put(text, "json_extract(x.value, '$.%s')", column);
}

static void put_conflict(char **text, const struct recorder_dialect *dialect, const struct table *table)
{
    put(text, " ON CONFLICT (\"%s\", \"%s\") DO UPDATE SET ", table->columns[0].name, table->columns[1].name);
    for (int i = 2; i < TABLE_COLUMNS_MOST && table->columns[i].name != NULL; i++)
        put(text, "%s\"%s\" = excluded.\"%s\"", i > 2 ? ", " : "", table->columns[i].name, table->columns[i].name);
    put(text, " WHERE \"%s\".\"" TABLE_HASH "\" %s excluded.\"" TABLE_HASH "\"", table->name, dialect->differs);
    if (table->newer != NULL)
        put(text, " AND coalesce(excluded.\"%s\", 0) >= coalesce(\"%s\".\"%s\", 0)", table->newer, table->name,
            table->newer);
}

char *recorder_tables_sql_merge(const struct recorder_dialect *dialect, const struct table *table)
{
    char *text = mem_format("INSERT INTO \"%s\" (", table->name);
    for (int i = 0; i < TABLE_COLUMNS_MOST && table->columns[i].name != NULL; i++)
        put(&text, "%s\"%s\"", i > 0 ? ", " : "", table->columns[i].name);
    put(&text, "%s) SELECT ", is_log(table) ? ", " UPDATED : "");
    for (int i = 0; i < TABLE_COLUMNS_MOST && table->columns[i].name != NULL; i++) {
        put(&text, "%s", i > 0 ? ", " : "");
        put_value(&text, dialect, table->columns[i].name);
    }
    put(&text, "%s%s FROM ", is_log(table) ? ", " : "", is_log(table) ? dialect->now : "");
    put_rows(&text, dialect, table);
    put(&text, " WHERE true"); /* without it SQLite would read ON as a part of the join */
    if (!is_log(table))
        put_conflict(&text, dialect, table);
    return text;
}

char *recorder_tables_sql_delete(const struct recorder_dialect *dialect, const struct table *table)
{
    char *text = mem_format("DELETE FROM \"%s\" WHERE \"" TABLE_TENANT "\" IN (SELECT ", table->name);
    put_value(&text, dialect, TABLE_TENANT);
    put(&text, " FROM ");
    put_rows(&text, dialect, table);
    put(&text, ")");
    return text;
}

char *recorder_tables_sql_newest(const struct recorder_dialect *dialect)
{
    char *text = mem_format("SELECT coalesce(max(u.\"max_updateTime\"), 0) FROM \"%s\" AS u, ",
                            recorder_tables_log.name);
    put_rows(&text, dialect, &recorder_tables_log);
    put(&text, " WHERE u.\"table_name\" = ");
    put_value(&text, dialect, "table_name");
    put(&text, " AND u.\"" TABLE_TENANT "\" = ");
    put_value(&text, dialect, TABLE_TENANT);
    return text;
}

char *recorder_tables_sql_entry(const char *table, const char *tenant, const struct table_load *load)
{
    struct json *list = json_array(), *row = json_append(list, json_object());
    json_add_text(row, "table_name", table);
    json_add_text(row, TABLE_TENANT, tenant);
    if (load != NULL) {
        json_add_int(row, "rows_loaded", (int64_t)load->count);
        json_add_known(row, "max_updateTime", load->newest_ms, 0);
        json_add_text(row, "mode", load->count == 0 ? "NOOP" : load->replaces ? "TRUNCATE" : "MERGED");
    }
    char *text = json_print(list);
    json_free(list);
    return text;
}
