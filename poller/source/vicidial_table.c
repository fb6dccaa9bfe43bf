/* vicidial_table: the columns, indexes and rows of one of the dialer's tables of calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/slice.h"
#include "source/stretch.h"
#include "source/vicidial_finality.h"
#include "source/vicidial_table.h"

/* The most rows that one statement may examine to find kin. A lead normally has a handful of rows. */
#define MOST_KIN_ROWS 20000

/* No zone's local time is further behind UTC than this. */
#define ZONE_FURTHEST_SEC (12 * 3600)

static const struct column {
    const char *name;
    bool optional; /* added by upgrade_2.0.5.sql or upgrade_2.8.sql, which a site may not have run */
    bool scanned;  /* needed to decide on a call */
} columns[TABLE_COLUMNS] = {
    [TABLE_UNIQUEID] = { "uniqueid", false, true },
    [TABLE_LEAD_ID] = { "lead_id", false, true },
    [TABLE_LIST_ID] = { "list_id", false, false },
    [TABLE_CAMPAIGN_ID] = { "campaign_id", false, true },
    [TABLE_PHONE_NUMBER] = { "phone_number", false, false },
    [TABLE_PHONE_CODE] = { "phone_code", false, false },
    [TABLE_STATUS] = { "status", false, true },
    [TABLE_LENGTH_IN_SEC] = { "length_in_sec", false, true },
    [TABLE_USER] = { "user", false, true },
    [TABLE_USER_GROUP] = { "user_group", false, false },
    [TABLE_TERM_REASON] = { "term_reason", true, true },
    [TABLE_COMMENTS] = { "comments", false, true },
    [TABLE_ALT_DIAL] = { "alt_dial", true, false },
    [TABLE_CALLED_COUNT] = { "called_count", true, false },
    [TABLE_CALL_DATE] = { "call_date", false, false },
    [TABLE_START_EPOCH] = { "start_epoch", false, true },
    [TABLE_END_EPOCH] = { "end_epoch", false, true },
};

/* ---- columns and indexes ---- */

/* Runs `SHOW what FROM table`. */
static int show(struct session *session, const char *what, const struct vicidial_table *table,
                struct session_result **ret_result, struct err *err)
{
    char sql[80], action[80];
    (void)snprintf(sql, sizeof sql, "SHOW %s FROM %s", what, table->name);
    (void)snprintf(action, sizeof action, "read the %s of %s", *what == 'C' ? "columns" : "indexes", table->name);
    return session_query(session, sql, action, ret_result, err);
}

static int inspect_columns(struct session *session, struct vicidial_table *table, struct err *err)
{
    struct session_result *result = NULL;
    if (show(session, "COLUMNS", table, &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        for (int i = 0; i < TABLE_COLUMNS; i++)
            if (strcasecmp(row[0], columns[i].name) == 0)
                table->has_column[i] = true;
    session_free(result);

    size_t used = 0;
    for (int i = 0; i < TABLE_COLUMNS; i++) {
        if (table->has_column[i])
            continue;
        if (!columns[i].optional)
            return err_set(err, EX_CONFIG, "%s has no column %s; is this VICIdial's database?", table->name,
                           columns[i].name);
        used += (size_t)snprintf(table->missing + used, sizeof table->missing - used, "%s%s", used > 0 ? " " : "",
                                 columns[i].name);
    }
    return 0;
}

/* VICIdial's own index is on call_date (MySQL_AST_CREATE_tables.sql). A site's index on end_epoch is better. */
static int inspect_indexes(struct session *session, struct vicidial_table *table, struct err *err)
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
        if (strcasecmp(column, "lead_id") == 0 && *table->index_on_lead == '\0')
            (void)snprintf(table->index_on_lead, sizeof table->index_on_lead, "%s", row[KEY_NAME]);
        if (table->index_on_end || (!on_end && strcasecmp(column, "call_date") != 0))
            continue;
        (void)snprintf(table->index, sizeof table->index, "%s", row[KEY_NAME]);
        table->index_on_end = on_end;
    }
    session_free(result);
    if (*table->index == '\0')
        return err_set(err, EX_CONFIG,
                       "%s has no usable index on call_date, so every read would scan the whole table and "
                       "slow the dialer down; add the index at a quiet time: ALTER TABLE %s ADD INDEX (call_date)",
                       table->name, table->name);
    (void)snprintf(table->index_facts, sizeof table->index_facts, "%s on %s", table->index,
                   table->index_on_end ? "end_epoch" : "call_date");
    return 0;
}

int vicidial_table_inspect(struct session *session, const char *name, struct vicidial_table *ret_table, struct err *err)
{
    *ret_table = (struct vicidial_table){ .name = name };
    return inspect_columns(session, ret_table, err) == 0 ? inspect_indexes(session, ret_table, err) : -1;
}

/* ---- rows ---- */

const char *vicidial_table_action(const char *name)
{
    return strstr(name, "archive") == NULL ? "read vicidial_log" : "read vicidial_log_archive";
}

/* These follow the fields: call_date as if there were no time zones, and the database's clock. */
enum { LOCAL_SEC = TABLE_COLUMNS, NOW_EPOCH };

void vicidial_table_select_list(const struct vicidial_table *table, bool scanned_only, char out[TABLE_SELECT_LIST_SIZE])
{
    size_t used = 0;
    for (int i = 0; i < TABLE_COLUMNS; i++) {
        bool wanted = table->has_column[i] && (columns[i].scanned || !scanned_only);
        used += (size_t)snprintf(out + used, TABLE_SELECT_LIST_SIZE - used, "%s, ",
                                 wanted ? columns[i].name : "NULL");
    }
    (void)snprintf(out + used, TABLE_SELECT_LIST_SIZE - used, TABLE_LOCAL_SEC ", UNIX_TIMESTAMP()");
}

/* The columns that struct call has no member for, in their order. */
static const enum table_column extras[] = { TABLE_LEAD_ID, TABLE_LIST_ID, TABLE_PHONE_CODE, TABLE_USER_GROUP,
                                            TABLE_TERM_REASON, TABLE_COMMENTS, TABLE_ALT_DIAL, TABLE_CALLED_COUNT,
                                            TABLE_CALL_DATE };

/* Never change which extras have in_fingerprint: ledgers store the fingerprints. */
const struct call_shape vicidial_table_shape = {
    .extras = { { .name = "lead_id" },
                { .name = "list_id" },
                { .name = "phone_code" },
                { .name = "user_group" },
                { .name = "term_reason", .in_fingerprint = true },
                { .name = "comments" },
                { .name = "alt_dial" },
                { .name = "called_count" },
                { .name = "call_date" },
                [VICIDIAL_LOOKED_UP_FROM] = { .name = "did", .is_looked_up = true, .is_expected = true },
                { .name = "dial_status", .is_looked_up = true, .is_expected = true },
                { .name = "hangup_cause", .is_looked_up = true },
                { .name = "sip_hangup_cause", .is_looked_up = true },
                { .name = "sip_hangup_reason", .is_looked_up = true },
                { .name = "ring_time", .is_looked_up = true },
                { .name = "talk_time", .is_looked_up = true },
                { .name = "amd_result", .is_looked_up = true },
                { .name = "customer_state", .is_looked_up = true },
                { .name = "customer_zip", .is_looked_up = true },
                { .name = "vendor_lead_code", .is_looked_up = true } }
};
_Static_assert(sizeof extras / sizeof extras[0] == VICIDIAL_LOOKED_UP_FROM, "the extras of a row come first");

static int64_t number_of(const char *text, int64_t fallback)
{
    int64_t number = fallback;
    return text != NULL && str_to_int(text, &number) ? number : fallback;
}

/* VICIdial's epoch columns are INT. A larger number is no epoch, and arithmetic with it could overflow. */
static int64_t epoch_of(const char *text, int64_t fallback)
{
    const int64_t most = INT64_C(1) << 40;
    int64_t epoch = number_of(text, fallback);
    return epoch >= -most && epoch <= most ? epoch : fallback;
}

struct call vicidial_table_call(const char *const *row, const struct zone *zone, const struct settings_sync *settings)
{
    struct call call = { .id = str_or_empty(row[TABLE_UNIQUEID]),
                         .campaign = row[TABLE_CAMPAIGN_ID],
                         .number = row[TABLE_PHONE_NUMBER],
                         .agent = row[TABLE_USER],
                         .status = row[TABLE_STATUS],
                         .kin = row[TABLE_LEAD_ID],
                         .started = epoch_of(row[TABLE_START_EPOCH], CALL_NO_NUMBER),
                         .ended = epoch_of(row[TABLE_END_EPOCH], 0),
                         .length = number_of(row[TABLE_LENGTH_IN_SEC], CALL_NO_NUMBER),
                         .age = -1,
                         .direction = CALL_OUTBOUND,
                         .shape = &vicidial_table_shape };
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++)
        call.extras[i] = row[extras[i]];
    if (call.ended < 0)
        call.ended = 0;
    int64_t local_sec = epoch_of(row[LOCAL_SEC], 0), now = epoch_of(row[NOW_EPOCH], 0);
    int64_t made = zone_made(zone, local_sec, call_number(call.started, 0), call.ended, &call.is_oddly_dated);
    call.began = made > 0 ? made : 0;
    if (made > 0 && now > 0)
        call.age = now > made ? now - made : 0;
    int64_t went_back = call.is_oddly_dated ? 0 : zone_went_back(zone, local_sec - made);
    vicidial_finality_set(&call, row[TABLE_COMMENTS], now, went_back, settings);
    return call;
}

/* ---- by key ---- */

/* One fetch at work. */
struct request {
    struct session *session;
    const char *name, *list;
    const char *bound; /* SQL before the keys: their column, and the other bounds of the read */
    const char *limit; /* SQL behind them */
    bool *ret_cut;     /* set where the limit left rows out; NULL: there is no limit */
    vicidial_table_on_row *on_row;
    void *context;
};

static int ask(const struct request *request, const char *const *texts, size_t count, struct err *err)
{
    struct session_result *result = NULL;
    char *keys = session_quote_all(request->session, texts, count);
    char *sql = mem_format("SELECT %s FROM %s %s IN (%s)%s", request->list, request->name, request->bound, keys,
                           request->limit);
    int outcome = session_query(request->session, sql, vicidial_table_action(request->name), &result, err);
    free(sql);
    free(keys);
    if (outcome != 0)
        return -1;
    if (request->ret_cut != NULL && session_is_cut(result))
        *request->ret_cut = true;
    for (const char *const *row = session_next(result); outcome == 0 && row != NULL; row = session_next(result))
        outcome = request->on_row(request->context, row, err);
    session_free(result);
    return outcome;
}

/* One text that cannot be compared makes the whole statement fail. So ask for each uniqueid alone; a uniqueid that
 * cannot be compared is in no row. */
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

int vicidial_table_fetch(struct session *session, const char *name, const char *list, const char *const *uniqueids,
                         size_t count, vicidial_table_on_row *on_row, void *context, struct err *err)
{
    struct request request = { .session = session, .name = name, .list = list, .bound = "WHERE uniqueid", .limit = "",
                               .on_row = on_row, .context = context };
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

int vicidial_table_fetch_leads(struct session *session, const struct vicidial_table *table, const char *list,
                               const char *const *leads, size_t count, int64_t began_from,
                               vicidial_table_on_row *on_row, void *context, struct err *err)
{
    char bound[200], date[STRETCH_DATETIME_SIZE], limit[SLICE_LIMIT_SIZE] = "";
    bool is_cut = *table->index_on_lead == '\0';
    struct request request = { .session = session, .name = table->name, .list = list, .bound = bound, .limit = limit,
                               .ret_cut = &is_cut, .on_row = on_row, .context = context };
    if (is_cut)
        return 1;
    (void)snprintf(bound, sizeof bound, "FORCE INDEX (`%s`) WHERE call_date >= '%s' AND lead_id", table->index_on_lead,
                   stretch_datetime(began_from - ZONE_FURTHEST_SEC, date));
    if (session_facts(session).is_mariadb) /* a test lead may have a hundred thousand rows */
        (void)snprintf(limit, sizeof limit, " LIMIT ROWS EXAMINED %d", MOST_KIN_ROWS);
    for (size_t done = 0, part = 0; done < count; done += part) {
        part = count - done < TABLE_MANY_KEYS ? count - done : TABLE_MANY_KEYS;
        if (ask(&request, leads + done, part, err) != 0)
            return -1;
    }
    return is_cut ? 1 : 0;
}
