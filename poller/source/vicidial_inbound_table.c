/* vicidial_inbound_table: the columns, indexes and statements of vicidial_closer_log and its archive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/stretch.h"
#include "source/vicidial_inbound_table.h"

/* The number of rows that show the time zones. One row alone may be wrong. */
#define LATEST_ROWS 100
#define FIRST_ROWS 30
#define FEW_ROWS 50

#define LOCAL_SEC "TIMESTAMPDIFF(SECOND, '1970-01-01', call_date)"
#define ZONE_COLUMNS LOCAL_SEC ", start_epoch, TIMESTAMPDIFF(SECOND, '1970-01-01', FROM_UNIXTIME(start_epoch))"

const char *const vicidial_inbound_tables[2] = { [SOURCE_LIVE] = "vicidial_closer_log",
                                                 [SOURCE_ARCHIVE] = "vicidial_closer_log_archive" };
static const char *const actions[2] = { [SOURCE_LIVE] = "read vicidial_closer_log",
                                        [SOURCE_ARCHIVE] = "read vicidial_closer_log_archive" };

static const struct column {
    const char *name;
    bool optional; /* a VICIdial upgrade added it */
} columns[INBOUND_COLUMNS] = {
    [INBOUND_CLOSECALLID] = { "closecallid", false },
    [INBOUND_UNIQUEID] = { "uniqueid", false },
    [INBOUND_LEAD_ID] = { "lead_id", false },
    [INBOUND_LIST_ID] = { "list_id", false },
    [INBOUND_CAMPAIGN_ID] = { "campaign_id", false },
    [INBOUND_PHONE_NUMBER] = { "phone_number", false },
    [INBOUND_PHONE_CODE] = { "phone_code", false },
    [INBOUND_STATUS] = { "status", false },
    [INBOUND_LENGTH_IN_SEC] = { "length_in_sec", false },
    [INBOUND_QUEUE_SECONDS] = { "queue_seconds", false },
    [INBOUND_USER] = { "user", false },
    [INBOUND_USER_GROUP] = { "user_group", false },
    [INBOUND_TERM_REASON] = { "term_reason", true },
    [INBOUND_COMMENTS] = { "comments", false },
    [INBOUND_CALLED_COUNT] = { "called_count", true },
    [INBOUND_XFERCALLID] = { "xfercallid", true },
    [INBOUND_CALL_DATE] = { "call_date", false },
    [INBOUND_START_EPOCH] = { "start_epoch", false },
    [INBOUND_END_EPOCH] = { "end_epoch", false },
};

/* ---- inspecting the table ---- */

static int show(struct session *session, const char *what, const struct vicidial_inbound_table *table,
                struct session_result **ret_result, struct err *err)
{
    char sql[80], action[80];
    (void)snprintf(sql, sizeof sql, "SHOW %s FROM %s", what, table->name);
    (void)snprintf(action, sizeof action, "read the %s of %s", *what == 'C' ? "columns" : "indexes", table->name);
    return session_query(session, sql, action, ret_result, err);
}

static int inspect_columns(struct session *session, struct vicidial_inbound_table *table, struct err *err)
{
    struct session_result *result = NULL;
    size_t used = 0;
    if (show(session, "COLUMNS", table, &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        for (int i = 0; i < INBOUND_COLUMNS; i++)
            table->has_column[i] = table->has_column[i] || strcasecmp(row[0], columns[i].name) == 0;
    session_free(result);
    for (int i = 0; i < INBOUND_COLUMNS; i++) {
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

static int inspect_index(struct session *session, struct vicidial_inbound_table *table, struct err *err)
{
    enum { KEY_NAME = 2, POSITION_IN_INDEX = 3, COLUMN_NAME = 4, COMMENT = 11 };
    struct session_result *result = NULL;
    if (show(session, "INDEX", table, &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
        bool disabled = row[COMMENT] != NULL && strstr(row[COMMENT], "disabled") != NULL;
        bool usable = strcmp(row[POSITION_IN_INDEX], "1") == 0 && !disabled && strchr(row[KEY_NAME], '`') == NULL &&
                      strlen(row[KEY_NAME]) < sizeof table->index;
        if (usable && *table->index == '\0' && strcasecmp(str_or_empty(row[COLUMN_NAME]), "call_date") == 0)
            (void)snprintf(table->index, sizeof table->index, "%s", row[KEY_NAME]);
    }
    session_free(result);
    if (*table->index != '\0')
        return 0;
    return err_set(err, EX_CONFIG, "%s has no usable index on call_date, so every read would scan the whole table and "
                   "slow the dialer down; add the index at a quiet time: ALTER TABLE %s ADD INDEX (call_date)",
                   table->name, table->name);
}

int vicidial_inbound_table_inspect(struct session *session, enum source_table which,
                                   struct vicidial_inbound_table *ret_table, struct err *err)
{
    *ret_table = (struct vicidial_inbound_table){ .name = vicidial_inbound_tables[which] };
    return inspect_columns(session, ret_table, err) == 0 ? inspect_index(session, ret_table, err) : -1;
}

const char *vicidial_inbound_table_action(const struct vicidial_inbound_table *table)
{
    return actions[table->name == vicidial_inbound_tables[SOURCE_LIVE] ? SOURCE_LIVE : SOURCE_ARCHIVE];
}

/* ---- statements ---- */

char *vicidial_inbound_table_select(const struct vicidial_inbound_table *table, const char *index)
{
    char list[400] = "";
    size_t used = 0;
    for (int i = 0; i < INBOUND_COLUMNS; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s, ",
                                 table->has_column[i] ? columns[i].name : "NULL");
    return mem_format("SELECT %s" LOCAL_SEC ", UNIX_TIMESTAMP() FROM %s FORCE INDEX (`%s`)", list, table->name, index);
}

/* ---- time zones ---- */

static int64_t number_of(const char *text)
{
    int64_t number = 0;
    return text != NULL && str_to_int(text, &number) ? number : 0;
}

/* Runs sql, frees it, and adds the rows to the sample. */
static int read_sample(struct session *session, const struct vicidial_inbound_table *table, char *sql,
                       struct zone_sample *sample, struct err *err)
{
    struct session_result *result = NULL;
    int outcome = session_query(session, sql, vicidial_inbound_table_action(table), &result, err);
    free(sql);
    if (outcome != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        zone_sample_add(sample, number_of(row[0]), number_of(row[1]), number_of(row[2]));
    session_free(result);
    return 0;
}

/* The first or the last rows after a local time, by direction. */
static char *select_zones(const struct vicidial_inbound_table *table, int64_t from, int64_t to, bool latest, int rows)
{
    char first[STRETCH_DATETIME_SIZE], end[STRETCH_DATETIME_SIZE];
    return mem_format("SELECT " ZONE_COLUMNS " FROM %s FORCE INDEX (`%s`) WHERE call_date >= '%s' AND call_date < '%s' "
                      "ORDER BY call_date %s LIMIT %d", table->name, table->index, stretch_datetime(from, first),
                      stretch_datetime(to, end), latest ? "DESC" : "ASC", rows);
}

/* The latest rows, and some of two days ago, because the clocks may have changed in between (DST). Ordered by
 * closecallid, the latest rows come from all hosts. Ordered by call_date, they would come from the easternmost host. */
static char *select_latest(const struct vicidial_inbound_table *table, int64_t now)
{
    char *before = select_zones(table, 0, now - INBOUND_SAMPLE_HOLDS_SEC, true, LATEST_ROWS);
    char *sql = mem_format("SELECT * FROM (SELECT " ZONE_COLUMNS " FROM %s FORCE INDEX (`PRIMARY`) WHERE closecallid > "
                                                                 "0 ORDER BY closecallid DESC LIMIT %d) AS latest "
                           "UNION ALL SELECT * FROM (%s) AS earlier",
                           table->name, LATEST_ROWS, before);
    free(before);
    return sql;
}

int vicidial_inbound_table_latest(struct session *session, const struct vicidial_inbound_table *table, int64_t *ret_now,
                                  struct zone *zone, struct err *err)
{
    struct zone_sample sample = { .rows = 0 };
    if (session_now_and_offset(session, ret_now, &zone->server_sec, err) != 0 ||
        read_sample(session, table, select_latest(table, *ret_now), &sample, err) != 0)
        return -1;
    zone_take(zone, &sample, sample.rows < FEW_ROWS ? 1 : 2);
    if (zone->count == 0)
        zone_add(zone, zone->server_sec, 0);
    return 0;
}

int vicidial_inbound_table_zones(struct session *session, const struct vicidial_inbound_table *table, int64_t from,
                                 int64_t to, struct zone *zone, struct err *err)
{
    struct zone_sample sample = { .rows = 0 };
    if (read_sample(session, table, select_zones(table, from + ZONE_WEST_SEC, to + ZONE_EAST_SEC, false, FIRST_ROWS),
                    &sample, err) != 0)
        return -1;
    zone_take(zone, &sample, 1);
    return 0;
}
