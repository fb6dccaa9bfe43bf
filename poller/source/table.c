/* table: one of the dialer's tables of calls: what it looks like, and its rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/table.h"

static const struct column {
    const char *name;
    bool optional; /* added by a VICIdial upgrade that a site may not have made (upgrade_2.0.5.sql, upgrade_2.8.sql) */
    bool scanned;  /* needed to decide on a call */
} columns[CALL_FIELD_COUNT] = {
    [CALL_UNIQUEID] = { "uniqueid", false, true },
    [CALL_LEAD_ID] = { "lead_id", false, false },
    [CALL_LIST_ID] = { "list_id", false, false },
    [CALL_CAMPAIGN_ID] = { "campaign_id", false, true },
    [CALL_PHONE_NUMBER] = { "phone_number", false, false },
    [CALL_PHONE_CODE] = { "phone_code", false, false },
    [CALL_STATUS] = { "status", false, true },
    [CALL_LENGTH_IN_SEC] = { "length_in_sec", false, true },
    [CALL_USER] = { "user", false, true },
    [CALL_USER_GROUP] = { "user_group", false, false },
    [CALL_TERM_REASON] = { "term_reason", true, true },
    [CALL_COMMENTS] = { "comments", false, true },
    [CALL_ALT_DIAL] = { "alt_dial", true, false },
    [CALL_CALLED_COUNT] = { "called_count", true, false },
    [CALL_CALL_DATE] = { "call_date", false, false },
    [CALL_START_EPOCH] = { "start_epoch", false, true },
    [CALL_END_EPOCH] = { "end_epoch", false, true },
};

/* ---- what it looks like ---- */

/* Runs `SHOW what FROM table`. */
static int show(struct session *session, const char *what, const struct table *table,
                struct session_result **ret_result, struct err *err)
{
    char sql[80], action[80];
    (void)snprintf(sql, sizeof sql, "SHOW %s FROM %s", what, table->name);
    (void)snprintf(action, sizeof action, "read the %s of %s", *what == 'C' ? "columns" : "indexes", table->name);
    return session_query(session, sql, action, ret_result, err);
}

static int inspect_columns(struct session *session, struct table *table, struct err *err)
{
    struct session_result *result = NULL;
    if (show(session, "COLUMNS", table, &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        for (int field = 0; field < CALL_FIELD_COUNT; field++)
            if (strcasecmp(row[0], columns[field].name) == 0)
                table->has_column[field] = true;
    session_free(result);

    size_t used = 0;
    for (int field = 0; field < CALL_FIELD_COUNT; field++) {
        if (table->has_column[field])
            continue;
        if (!columns[field].optional)
            return err_set(err, EX_CONFIG, "%s has no column %s; is this VICIdial's database?", table->name,
                           columns[field].name);
        used += (size_t)snprintf(table->missing + used, sizeof table->missing - used, "%s%s", used > 0 ? " " : "",
                                 columns[field].name);
    }
    return 0;
}

/* VICIdial's own index is on call_date (MySQL_AST_CREATE_tables.sql); a site's own on end_epoch serves better. */
static int inspect_indexes(struct session *session, struct table *table, struct err *err)
{
    enum { KEY_NAME = 2, POSITION_IN_INDEX = 3, COLUMN_NAME = 4, COMMENT = 11 };
    struct session_result *result = NULL;
    if (show(session, "INDEX", table, &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
        bool first = strcmp(row[POSITION_IN_INDEX], "1") == 0;
        bool disabled = row[COMMENT] != NULL && strstr(row[COMMENT], "disabled") != NULL;
        const char *column = row[COLUMN_NAME] != NULL ? row[COLUMN_NAME] : ""; /* MySQL 8: an index on an expression */
        bool on_end = strcasecmp(column, "end_epoch") == 0;
        if (!first || disabled || strlen(row[KEY_NAME]) >= sizeof table->index || strchr(row[KEY_NAME], '`') != NULL)
            continue;
        if (strcasecmp(column, "uniqueid") == 0 && *table->key == '\0')
            (void)snprintf(table->key, sizeof table->key, "%s", row[KEY_NAME]);
        if (table->index_on_end || (!on_end && strcasecmp(column, "call_date") != 0))
            continue;
        (void)snprintf(table->index, sizeof table->index, "%s", row[KEY_NAME]);
        table->index_on_end = on_end;
    }
    session_free(result);
    if (*table->index == '\0')
        return err_set(err, EX_CONFIG,
                       "%s has no usable index on call_date, so every look would read the whole table and "
                       "hold up the dialer; mend it at a quiet time: ALTER TABLE %s ADD INDEX (call_date)",
                       table->name, table->name);
    (void)snprintf(table->index_facts, sizeof table->index_facts, "%s on %s", table->index,
                   table->index_on_end ? "end_epoch" : "call_date");
    return 0;
}

int table_inspect(struct session *session, const char *name, struct table *ret_table, struct err *err)
{
    *ret_table = (struct table){ .name = name };
    return inspect_columns(session, ret_table, err) == 0 ? inspect_indexes(session, ret_table, err) : -1;
}

/* ---- its rows ---- */

const char *table_action(const char *name)
{
    return strstr(name, "archive") == NULL ? "read vicidial_log" : "read vicidial_log_archive";
}

/* Behind the fields: call_date as if there were no zones, and the database's clock. Neither depends on a time zone. */
enum { LOCAL_SEC = CALL_FIELD_COUNT, NOW_EPOCH };

void table_select_list(const struct table *table, bool scanned_only, char out[TABLE_SELECT_LIST_SIZE])
{
    size_t used = 0;
    for (int field = 0; field < CALL_FIELD_COUNT; field++) {
        bool wanted = table->has_column[field] && (columns[field].scanned || !scanned_only);
        used += (size_t)snprintf(out + used, TABLE_SELECT_LIST_SIZE - used, "%s, ",
                                 wanted ? columns[field].name : "NULL");
    }
    (void)snprintf(out + used, TABLE_SELECT_LIST_SIZE - used, TABLE_LOCAL_SEC ", UNIX_TIMESTAMP()");
}

const char *table_datetime(int64_t local_sec, char out[TABLE_DATETIME_SIZE])
{
    time_t seconds = (time_t)local_sec;
    struct tm fields;
    if (gmtime_r(&seconds, &fields) == NULL ||
        strftime(out, TABLE_DATETIME_SIZE, "%Y-%m-%d %H:%M:%S", &fields) == 0)
        (void)snprintf(out, TABLE_DATETIME_SIZE, "1970-01-01 00:00:00");
    return out;
}

struct call table_call(const char *const *row, const struct zone *zone)
{
    struct call call = { .age_sec = -1 };
    int64_t local_sec = 0, now = 0;
    for (int field = 0; field < CALL_FIELD_COUNT; field++)
        call.value[field] = row[field];
    if (row[LOCAL_SEC] == NULL || !str_to_int(row[LOCAL_SEC], &local_sec))
        local_sec = 0;
    int64_t made = zone_made(zone, local_sec, call_number(&call, CALL_START_EPOCH, 0),
                             call_number(&call, CALL_END_EPOCH, 0), &call.is_oddly_dated);
    call.went_back_sec = call.is_oddly_dated ? 0 : zone_went_back(zone, local_sec - made);
    if (made > 0 && row[NOW_EPOCH] != NULL && str_to_int(row[NOW_EPOCH], &now))
        call.age_sec = now > made ? now - made : 0;
    return call;
}

/* ---- by key ---- */

/* What is asked for, and for whom. */
struct request {
    struct session *session;
    const char *name, *list;
    table_on_row *on_row;
    void *context;
};

static int ask(const struct request *request, const char *const *uniqueids, size_t count, struct err *err)
{
    struct session_result *result = NULL;
    char *keys = session_quote_all(request->session, uniqueids, count);
    char *sql = mem_format("SELECT %s FROM %s WHERE uniqueid IN (%s)", request->list, request->name, keys);
    int outcome = session_query(request->session, sql, table_action(request->name), &result, err);
    free(sql);
    free(keys);
    if (outcome != 0)
        return -1;
    for (const char *const *row = session_next(result); outcome == 0 && row != NULL; row = session_next(result))
        outcome = request->on_row(request->context, row, err);
    session_free(result);
    return outcome;
}

/* One text that cannot be compared fails the statement: then each is asked for alone, and that one is not there. */
static int ask_each(const struct request *request, const char *const *uniqueids, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct err failure = { .code = EX_OK };
        if (ask(request, uniqueids + i, 1, &failure) != 0 &&
            session_failure(request->session) != SESSION_NOT_COMPARABLE)
            return err_set(err, failure.code, "%s", failure.message);
    }
    return 0;
}

int table_fetch(struct session *session, const char *name, const char *list, const char *const *uniqueids, size_t count,
                table_on_row *on_row, void *context, struct err *err)
{
    struct request request = { .session = session, .name = name, .list = list, .on_row = on_row, .context = context };
    for (size_t done = 0, part = 0; done < count; done += part) {
        struct err failure = { .code = EX_OK };
        part = count - done < TABLE_MANY_KEYS ? count - done : TABLE_MANY_KEYS;
        if (ask(&request, uniqueids + done, part, &failure) == 0)
            continue;
        if (session_failure(session) != SESSION_NOT_COMPARABLE)
            return err_set(err, failure.code, "%s", failure.message);
        if (ask_each(&request, uniqueids + done, part, err) != 0)
            return -1;
    }
    return 0;
}
