/* asterisk_table: the columns, indexes and statements of Asterisk's cdr table. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/asterisk_table.h"

static const struct column {
    const char *name;
    bool optional; /* added by FreePBX or by later versions of Asterisk */
} columns[ASTERISK_COLUMNS] = {
    [ASTERISK_CALLDATE] = { "calldate", false },
    [ASTERISK_CLID] = { "clid", true },
    [ASTERISK_SRC] = { "src", false },
    [ASTERISK_DST] = { "dst", false },
    [ASTERISK_DCONTEXT] = { "dcontext", true },
    [ASTERISK_CHANNEL] = { "channel", false },
    [ASTERISK_DSTCHANNEL] = { "dstchannel", false },
    [ASTERISK_LASTAPP] = { "lastapp", false },
    [ASTERISK_LASTDATA] = { "lastdata", true },
    [ASTERISK_DURATION] = { "duration", false },
    [ASTERISK_BILLSEC] = { "billsec", false },
    [ASTERISK_DISPOSITION] = { "disposition", false },
    [ASTERISK_ACCOUNTCODE] = { "accountcode", true },
    [ASTERISK_UNIQUEID] = { "uniqueid", false },
    [ASTERISK_USERFIELD] = { "userfield", true },
    [ASTERISK_DID] = { "did", true },
    [ASTERISK_RECORDINGFILE] = { "recordingfile", true },
    [ASTERISK_CNUM] = { "cnum", true },
    [ASTERISK_OUTBOUND_CNUM] = { "outbound_cnum", true },
    [ASTERISK_LINKEDID] = { "linkedid", true },
    [ASTERISK_SEQUENCE] = { "sequence", true },
};

/* Asterisk's own scripts (contrib/ast-db-manage/cdr) name the column start; FreePBX keeps the older name calldate. */
#define OTHER_DATE "start"

bool asterisk_table_is_name(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && strchr("_-$", text[i]) == NULL)
            return false;
    return length > 0 && length <= 64;
}

const char *asterisk_table_action(const struct asterisk_table *table, char out[ASTERISK_NAME_SIZE])
{
    (void)snprintf(out, ASTERISK_NAME_SIZE, "read %s", table->name);
    return out;
}

/* Runs `SHOW what FROM table`. */
static int show(struct session *session, const char *what, const struct asterisk_table *table,
                struct session_result **ret_result, struct err *err)
{
    char sql[120], action[120];
    (void)snprintf(sql, sizeof sql, "SHOW %s FROM `%s`", what, table->name);
    (void)snprintf(action, sizeof action, "read the %s of %s", *what == 'C' ? "columns" : "indexes", table->name);
    return session_query(session, sql, action, ret_result, err);
}

/* The width in a column's type: 32 of varchar(32). */
static int64_t width_of(const char *type)
{
    const char *open = strchr(str_or_empty(type), '(');
    return open != NULL && strncasecmp(type, "int", 3) != 0 ? strtoll(open + 1, NULL, 10) : 0;
}

static void note_column(struct asterisk_table *table, const char *name, const char *type)
{
    for (int i = 0; i < ASTERISK_COLUMNS; i++)
        if (strcasecmp(name, columns[i].name) == 0)
            table->has_column[i] = true;
    if (strcasecmp(name, "calldate") == 0 || (strcasecmp(name, OTHER_DATE) == 0 && table->date == NULL))
        table->date = strcasecmp(name, OTHER_DATE) == 0 ? OTHER_DATE : columns[ASTERISK_CALLDATE].name;
    if (strcasecmp(name, "uniqueid") == 0)
        table->widths.uniqueid = width_of(type);
    if (strcasecmp(name, "linkedid") == 0)
        table->widths.linkedid = width_of(type);
}

static int inspect_columns(struct session *session, struct asterisk_table *table, struct err *err)
{
    enum { FIELD = 0, TYPE = 1 };
    struct session_result *result = NULL;
    if (show(session, "COLUMNS", table, &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        note_column(table, row[FIELD], row[TYPE]);
    session_free(result);
    table->has_column[ASTERISK_CALLDATE] = table->date != NULL;
    size_t used = 0;
    for (int i = 0; i < ASTERISK_COLUMNS; i++) {
        if (table->has_column[i])
            continue;
        if (!columns[i].optional)
            return err_set(err, EX_CONFIG, "%s has no column %s, so it is not Asterisk's table of calls; correct table "
                           "in [source] or name in [database]", table->name, columns[i].name);
        used += (size_t)snprintf(table->missing + used, sizeof table->missing - used, "%s%s", used > 0 ? " " : "",
                                 columns[i].name);
    }
    return 0;
}

static void note_index(const char *name, const char *column, const char *wanted, char out[ASTERISK_NAME_SIZE])
{
    if (*out == '\0' && strcasecmp(column, wanted) == 0)
        (void)snprintf(out, ASTERISK_NAME_SIZE, "%s", name);
}

static int inspect_indexes(struct session *session, struct asterisk_table *table, struct err *err)
{
    enum { KEY_NAME = 2, POSITION_IN_INDEX = 3, COLUMN_NAME = 4, COMMENT = 11 };
    struct session_result *result = NULL;
    if (show(session, "INDEX", table, &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
        bool disabled = row[COMMENT] != NULL && strstr(row[COMMENT], "disabled") != NULL;
        const char *column = str_or_empty(row[COLUMN_NAME]); /* MySQL 8: an index on an expression has no column */
        if (strcmp(row[POSITION_IN_INDEX], "1") != 0 || disabled || strlen(row[KEY_NAME]) >= ASTERISK_NAME_SIZE ||
            strchr(row[KEY_NAME], '`') != NULL)
            continue;
        note_index(row[KEY_NAME], column, table->date, table->date_key);
        note_index(row[KEY_NAME], column, "linkedid", table->linkedid_key);
        note_index(row[KEY_NAME], column, "uniqueid", table->uniqueid_key);
    }
    session_free(result);
    return 0;
}

char *asterisk_table_remedy(const struct asterisk_table *table)
{
    return mem_format("add the index at a quiet time: CREATE INDEX %s ON `%s` (`%s`)", table->date, table->name,
                      table->date);
}

/* Without an index, each read would scan the whole table. */
static int refuse_if_large(struct session *session, const struct asterisk_table *table, struct err *err)
{
    char sql[160], action[ASTERISK_NAME_SIZE];
    int64_t rows = 0;
    if (*table->date_key != '\0')
        return 0;
    (void)snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM (SELECT 1 FROM `%s` LIMIT %d) AS first_rows", table->name,
                   ASTERISK_SMALL_ROWS + 1);
    if (session_numbers(session, sql, asterisk_table_action(table, action), &rows, 1, err) != 0)
        return -1;
    if (rows <= ASTERISK_SMALL_ROWS)
        return 0;
    char *remedy = asterisk_table_remedy(table);
    (void)err_set(err, EX_CONFIG, "%s has no usable index on %s and more than %d rows, so every read would scan the "
                  "whole table and slow the PBX down; no call is read until the table has the index: %s", table->name,
                  table->date, ASTERISK_SMALL_ROWS, remedy);
    free(remedy);
    return -1;
}

int asterisk_table_inspect(struct session *session, const char *name, struct asterisk_table *ret_table, struct err *err)
{
    *ret_table = (struct asterisk_table){ .name = name };
    return inspect_columns(session, ret_table, err) == 0 && inspect_indexes(session, ret_table, err) == 0
               ? refuse_if_large(session, ret_table, err) : -1;
}

/* These follow the columns: the date as if there were no time zones, and the database's clock. */
enum { LOCAL_SEC = ASTERISK_COLUMNS, NOW_EPOCH };

char *asterisk_table_select(const struct asterisk_table *table, const char *key)
{
    char list[800], from[200];
    size_t used = 0;
    for (int i = 0; i < ASTERISK_COLUMNS; i++) {
        const char *name = i == ASTERISK_CALLDATE ? table->date : columns[i].name;
        const char *quote = table->has_column[i] ? "`" : "";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s%s, ", quote,
                                 table->has_column[i] ? name : "NULL", quote);
    }
    (void)snprintf(list + used, sizeof list - used, ASTERISK_LOCAL_SEC ", UNIX_TIMESTAMP()", table->date);
    (void)snprintf(from, sizeof from, *key != '\0' ? "`%s` FORCE INDEX (`%s`)" : "`%s`%s", table->name, key);
    return mem_format("SELECT %s FROM %s", list, from);
}

static int64_t number_of(const char *text)
{
    int64_t number = 0;
    return text != NULL && str_to_int(text, &number) ? number : 0;
}

struct asterisk_row *asterisk_table_row(const struct asterisk_table *table, const char *const *row, int64_t *ret_now)
{
    *ret_now = number_of(row[NOW_EPOCH]);
    return asterisk_row_make(row, number_of(row[LOCAL_SEC]), &table->widths);
}
