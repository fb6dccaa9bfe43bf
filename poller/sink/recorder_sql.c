/* recorder_sql: the statements that create and fill the tables, for SQLite and PostgreSQL. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sink/recorder_sql.h"

/* ---- a text that grows ---- */

struct text {
    char *text;
    size_t length;
    FILE *file;
};

static FILE *begin(struct text *text)
{
    *text = (struct text){ .text = NULL };
    text->file = mem_stream(&text->text, &text->length);
    return text->file;
}

static char *end(struct text *text)
{
    if (fclose(text->file) != 0)
        mem_out_of_memory();
    return text->text;
}

/* Writes length bytes of name between quotes, and doubles each quote in name. */
static void put_quoted(FILE *out, const char *name, size_t length, char quote)
{
    (void)fputc(quote, out);
    for (size_t i = 0; i < length; i++) {
        if (name[i] == quote)
            (void)fputc(quote, out);
        (void)fputc(name[i], out);
    }
    (void)fputc(quote, out);
}

static void put_name(FILE *out, const char *name)
{
    put_quoted(out, name, strlen(name), '"');
}

/* A backslash needs no escape: PostgreSQL (standard_conforming_strings) and SQLite read it as a plain character. */
static void put_text(FILE *out, const char *text)
{
    char *clean = text != NULL ? str_make_utf8(text, strlen(text)) : NULL;
    if (clean == NULL)
        (void)fputs("NULL", out);
    else
        put_quoted(out, clean, strlen(clean), '\'');
    free(clean);
}

static void put_table(FILE *out, const struct recorder_dialect *dialect, const char *name)
{
    size_t schema = dialect->has_schemas ? strcspn(name, ".") : strlen(name);
    if (name[schema] == '.') {
        put_quoted(out, name, schema, '"');
        (void)fputc('.', out);
        name += schema + 1;
    }
    put_name(out, name);
}

char *recorder_sql_quote(const struct recorder_dialect *dialect, const char *name)
{
    struct text text;
    put_table(begin(&text), dialect, name);
    return end(&text);
}

/* ---- records ---- */

static bool is_written(const struct recorder_tables *tables, int i)
{
    return tables->columns[i] != NULL && recorder_columns[i].role != RECORDER_FOREIGN;
}

static bool is_key(const struct recorder_tables *tables, int i)
{
    return tables->columns[i] != NULL && recorder_columns[i].role == RECORDER_KEY;
}

static bool is_updated(const struct recorder_tables *tables, int i)
{
    enum recorder_role role = recorder_columns[i].role;
    return is_written(tables, i) && role != RECORDER_KEY && role != RECORDER_MADE;
}

/* Writes the columns that chosen selects, with commas between them. */
static void put_columns(FILE *out, const struct recorder_tables *tables,
                        bool (*chosen)(const struct recorder_tables *tables, int i),
                        void (*put)(FILE *out, const struct recorder_dialect *dialect,
                                    const struct recorder_tables *tables, int i),
                        const struct recorder_dialect *dialect)
{
    const char *separator = "";
    for (int i = 0; i < RECORDER_COLUMNS; i++) {
        if (!chosen(tables, i))
            continue;
        (void)fputs(separator, out);
        put(out, dialect, tables, i);
        separator = ", ";
    }
}

static void put_column(FILE *out, const struct recorder_dialect *dialect, const struct recorder_tables *tables, int i)
{
    (void)dialect;
    put_name(out, tables->columns[i]);
}

static void put_value(FILE *out, const struct recorder_dialect *dialect, const struct recorder_tables *tables, int i)
{
    const struct recorder_column *column = &recorder_columns[i];
    bool is_time = column->type == RECORDER_TIME;
    (void)tables;
    if (column->member == NULL)
        (void)fputs(dialect->now, out);
    else
        (void)fprintf(out, "%s%s%s%s%s", is_time ? dialect->time_before : "", dialect->value_before, column->member,
                      dialect->value_after, is_time ? dialect->time_after : "");
}

static void put_change(FILE *out, const struct recorder_dialect *dialect, const struct recorder_tables *tables, int i)
{
    bool lasts = recorder_columns[i].role == RECORDER_LASTING;
    (void)dialect;
    put_name(out, tables->columns[i]);
    (void)fputs(lasts ? " = COALESCE(excluded." : " = excluded.", out);
    put_name(out, tables->columns[i]);
    if (!lasts)
        return;
    (void)fputs(", r.", out);
    put_name(out, tables->columns[i]);
    (void)fputc(')', out);
}

/* Whether PostgreSQL reads a member for this column. Time columns have no member: they come from the epoch's member. */
static bool is_member(const struct recorder_tables *tables, int i)
{
    (void)tables;
    return recorder_columns[i].member != NULL && recorder_columns[i].type != RECORDER_TIME;
}

static void put_member(FILE *out, const struct recorder_dialect *dialect, const struct recorder_tables *tables, int i)
{
    (void)tables;
    (void)fprintf(out, "%s %s", recorder_columns[i].member, dialect->types[recorder_columns[i].type]);
}

char *recorder_sql_find(const struct recorder_dialect *dialect, const struct recorder_tables *tables)
{
    struct text text;
    FILE *out = begin(&text);
    const char *separator = " WHERE ";
    (void)fputs("SELECT ", out);
    put_name(out, tables->columns[RECORDER_HASH]);
    (void)fputs(" FROM ", out);
    put_table(out, dialect, tables->records);
    for (int i = 0; i < RECORDER_COLUMNS; i++) {
        if (!is_key(tables, i))
            continue;
        (void)fputs(separator, out);
        put_name(out, tables->columns[i]);
        (void)fputs(" = ", out);
        put_value(out, dialect, tables, i);
        separator = " AND ";
    }
    return end(&text);
}

char *recorder_sql_upsert(const struct recorder_dialect *dialect, const struct recorder_tables *tables)
{
    struct text text;
    FILE *out = begin(&text);
    const char *hash = tables->columns[RECORDER_HASH];
    (void)fputs("INSERT INTO ", out);
    put_table(out, dialect, tables->records);
    (void)fputs(" AS r (", out);
    put_columns(out, tables, is_written, put_column, dialect);
    (void)fputs(") SELECT ", out);
    put_columns(out, tables, is_written, put_value, dialect);
    if (dialect->takes_many) {
        (void)fputs(" FROM jsonb_to_recordset($1::jsonb) AS x (", out);
        put_columns(out, tables, is_member, put_member, dialect);
        (void)fputc(')', out);
    }
    (void)fputs(" WHERE true ON CONFLICT (", out);
    put_columns(out, tables, is_key, put_column, dialect);
    (void)fputs(") DO UPDATE SET ", out);
    put_columns(out, tables, is_updated, put_change, dialect);
    (void)fputs(" WHERE r.", out);
    put_name(out, hash);
    (void)fprintf(out, " %s excluded.", dialect->differs);
    put_name(out, hash);
    if (dialect->takes_many) { /* only a new row has xmax 0 (PostgreSQL's manual, system columns) */
        (void)fputs(" RETURNING r.", out);
        put_name(out, hash);
        (void)fputs(", r.xmax = 0", out);
    }
    return end(&text);
}

static bool is_foreign(const struct recorder_tables *tables, int i)
{
    return tables->columns[i] != NULL && recorder_columns[i].role == RECORDER_FOREIGN;
}

static bool is_in_note(const struct recorder_tables *tables, int i)
{
    return is_foreign(tables, i) || is_key(tables, i);
}

static void put_note_value(FILE *out, const struct recorder_dialect *dialect, int i)
{
    (void)fprintf(out, "%s%s%s", dialect->value_before, recorder_columns[i].name, dialect->value_after);
}

static void put_note_change(FILE *out, const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                            int i)
{
    put_name(out, tables->columns[i]);
    (void)fputs(" = ", out);
    put_note_value(out, dialect, i);
}

static void put_note_member(FILE *out, const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                            int i)
{
    (void)tables;
    (void)fprintf(out, "%s %s", recorder_columns[i].name, dialect->types[recorder_columns[i].type]);
}

char *recorder_sql_note(const struct recorder_dialect *dialect, const struct recorder_tables *tables)
{
    struct text text;
    bool any = false;
    for (int i = 0; i < RECORDER_COLUMNS; i++)
        any = any || is_foreign(tables, i);
    if (!any)
        return NULL;
    FILE *out = begin(&text);
    (void)fputs("UPDATE ", out);
    put_table(out, dialect, tables->records);
    (void)fputs(" AS r SET ", out);
    put_columns(out, tables, is_foreign, put_note_change, dialect);
    if (dialect->takes_many) {
        (void)fputs(" FROM jsonb_to_recordset($1::jsonb) AS x (", out);
        put_columns(out, tables, is_in_note, put_note_member, dialect);
        (void)fputc(')', out);
    }
    const char *separator = " WHERE ";
    for (int i = 0; i < RECORDER_COLUMNS; i++) {
        if (!is_key(tables, i))
            continue;
        (void)fprintf(out, "%sr.", separator);
        put_name(out, tables->columns[i]);
        (void)fputs(" = ", out);
        put_note_value(out, dialect, i);
        separator = " AND ";
    }
    return end(&text);
}

static void put_definition(FILE *out, const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                           int i)
{
    put_name(out, tables->columns[i]);
    (void)fprintf(out, " %s%s", dialect->types[recorder_columns[i].type],
                  recorder_columns[i].role == RECORDER_KEY ? " NOT NULL" : "");
}

static bool is_there(const struct recorder_tables *tables, int i)
{
    return tables->columns[i] != NULL;
}

/* The name of an index has no schema, because an index is created in its table's schema. */
static void put_index(FILE *out, const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                      const char *column)
{
    const char *dot = dialect->has_schemas ? strchr(tables->records, '.') : NULL;
    char *name = mem_format("%s_%s", dot != NULL ? dot + 1 : tables->records, column);
    (void)fputs("; CREATE INDEX IF NOT EXISTS ", out);
    put_name(out, name);
    (void)fputs(" ON ", out);
    put_table(out, dialect, tables->records);
    (void)fputs(" (", out);
    put_name(out, column);
    (void)fputc(')', out);
    free(name);
}

char *recorder_sql_create(const struct recorder_dialect *dialect, const struct recorder_tables *tables)
{
    static const char *const indexed[] = { "start_time", "phone_number" };
    struct text text;
    FILE *out = begin(&text);
    (void)fputs("CREATE TABLE IF NOT EXISTS ", out);
    put_table(out, dialect, tables->records);
    (void)fprintf(out, " (id %s, ", dialect->id);
    put_columns(out, tables, is_there, put_definition, dialect);
    (void)fputs(", UNIQUE (", out);
    put_columns(out, tables, is_key, put_column, dialect);
    (void)fputs("))", out);
    for (size_t k = 0; k < sizeof indexed / sizeof indexed[0]; k++)
        for (int i = 0; i < RECORDER_COLUMNS; i++)
            if (tables->columns[i] != NULL && strcmp(recorder_columns[i].name, indexed[k]) == 0)
                put_index(out, dialect, tables, tables->columns[i]);
    return end(&text);
}

char *recorder_sql_add(const struct recorder_dialect *dialect, const struct recorder_tables *tables, int column)
{
    struct text text;
    FILE *out = begin(&text);
    (void)fputs("ALTER TABLE ", out);
    put_table(out, dialect, tables->records);
    (void)fputs(" ADD COLUMN ", out);
    put_name(out, tables->columns[column]);
    (void)fprintf(out, " %s", dialect->types[recorder_columns[column].type]);
    return end(&text);
}

/* ---- runs ---- */

char *recorder_sql_create_logs(const struct recorder_dialect *dialect, const struct recorder_tables *tables)
{
    struct text text;
    FILE *out = begin(&text);
    const char *words = dialect->types[RECORDER_TEXT], *number = dialect->types[RECORDER_NUMBER],
               *time = dialect->types[RECORDER_TIME];
    (void)fputs("CREATE TABLE IF NOT EXISTS ", out);
    put_table(out, dialect, tables->logs);
    (void)fprintf(out, " (id %s, source %s NOT NULL, sync_type %s NOT NULL, status %s NOT NULL, start_time %s NOT NULL"
                  ", end_time %s, total_records %s, success_count %s, failed_count %s, created_count %s"
                  ", updated_count %s, skipped_count %s, duration_ms %s, error_message %s, created_at %s"
                  ", updated_at %s)", dialect->id, words, words, words, time, time, number, number, number, number,
                  number, number, number, words, time, time);
    return end(&text);
}

static FILE *begin_with_logs(struct text *text, const char *verb, const struct recorder_dialect *dialect,
                             const struct recorder_tables *tables)
{
    FILE *out = begin(text);
    (void)fputs(verb, out);
    put_table(out, dialect, tables->logs);
    return out;
}

char *recorder_sql_log_stale(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                             const struct recorder_log *log)
{
    struct text text;
    FILE *out = begin_with_logs(&text, "UPDATE ", dialect, tables);
    (void)fprintf(out, " SET status = 'failed', end_time = updated_at, updated_at = %s, error_message = 'the run ended "
                  "without a result; it was killed, or the connection was lost' WHERE status = 'running' AND "
                  "updated_at < %s AND source = ", dialect->now, dialect->stale);
    put_text(out, log->source);
    return end(&text);
}

char *recorder_sql_log_begin(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                             const struct recorder_log *log)
{
    struct text text;
    FILE *out = begin_with_logs(&text, "INSERT INTO ", dialect, tables);
    (void)fputs(" (source, sync_type, status, start_time, created_at, updated_at, total_records, success_count, "
                "failed_count, created_count, updated_count, skipped_count) VALUES (", out);
    put_text(out, log->source);
    (void)fputs(", ", out);
    put_text(out, log->kind);
    (void)fprintf(out, ", 'running', %s, %s, %s, 0, 0, 0, 0, 0, 0)", dialect->now, dialect->now, dialect->now);
    if (dialect->takes_many)
        (void)fputs(" RETURNING id", out);
    return end(&text);
}

char *recorder_sql_log_update(const struct recorder_dialect *dialect, const struct recorder_tables *tables,
                              const struct recorder_log *log)
{
    struct text text;
    const struct recorder_counts *counts = &log->counts;
    int64_t success = counts->created + counts->updated + counts->kept;
    FILE *out = begin_with_logs(&text, "UPDATE ", dialect, tables);
    (void)fprintf(out, " SET total_records = %" PRId64 ", success_count = %" PRId64 ", failed_count = %" PRId64
                  ", created_count = %" PRId64 ", updated_count = %" PRId64 ", skipped_count = %" PRId64
                  ", updated_at = %s", success + counts->failed, success, counts->failed, counts->created,
                  counts->updated, counts->kept, dialect->now);
    if (log->status != NULL) {
        (void)fprintf(out, ", end_time = %s, duration_ms = %" PRId64 ", status = ", dialect->now, log->took_ms);
        put_text(out, log->status);
        (void)fputs(", sync_type = ", out);
        put_text(out, log->kind);
        (void)fputs(", error_message = ", out);
        put_text(out, log->message);
    }
    (void)fprintf(out, " WHERE id = %" PRId64, log->id);
    return end(&text);
}
