/* source: VICIdial's database, read and never written. All knowledge of its tables is in source.c. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "clock.h"
#include "mem.h"
#include "session.h"
#include "source.h"
#include "str.h"

/* A scan reads the table in slices, so that no statement holds it for long however busy the site is, and no result is
 * large. A slice grows while statements are quick and shrinks when one is not. */
#define SLICE_FIRST_SEC 300
#define SLICE_SHORTEST_SEC 10
#define SLICE_LONGEST_SEC 14400
#define SLICE_QUICK_MS 2
#define SLICE_SLOW_MS 6
#define SLICE_FEW_ROWS 500
#define SLICE_MANY_ROWS 1000     /* a slice with more rows is read again as shorter ones ... */
#define SLICE_MANY_EXAMINED 4000 /* ... as is one for which the server has to look at more than these (MariaDB) */

/* A row may say that its call ended before it was made: machines' clocks differ (VICIdial warns beyond 8 s:
 * conf_exten_check.php), and rows that are written at hangup carry the time of dialling (FastAGI_log.pl). */
#define CALL_AFTER_END_SEC 600

/* No agent's screen writes to a call that is older than this (vdc_db_query.php: call_date within 4 hours). */
#define LONGEST_CALL_SEC (4 * 3600)

/* A range of more than so many days may hold a summer time that neither of its ends shows, of at most so much. */
#define SUMMER_HIDDEN_SEC (30 * 86400)
#define SUMMER_MOST_SEC 7200

/* Reading by primary key visits the file at one place a row: so many in one statement. */
#define FETCH_MANY_KEYS 100

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
    [CALL_START_EPOCH] = { "start_epoch", false, false },
    [CALL_END_EPOCH] = { "end_epoch", false, true },
};

static const char *const table_names[] = { [SOURCE_LIVE] = "vicidial_log", [SOURCE_ARCHIVE] = "vicidial_log_archive" };

/* What a table looks like. */
struct table {
    const char *name;
    bool has_column[CALL_FIELD_COUNT];
    char missing[128];
    char index[80];       /* the name of the index that scans use */
    bool index_on_end;    /* it is on end_epoch, not on call_date */
    char index_facts[160];
};

struct source {
    struct session *session;
    struct table tables[2]; /* by enum source_table; the archive only after source_inspect_archive */
    char archive_problem[1024]; /* see source_archive_problem */
    int64_t slice_sec;    /* how long the next slice of a scan is */
};

int source_connect(const struct settings_database *settings, struct source **ret_source, struct err *err)
{
    struct source *source = mem_zero(1, sizeof *source);
    source->tables[SOURCE_LIVE].name = table_names[SOURCE_LIVE];
    source->slice_sec = SLICE_FIRST_SEC;
    if (session_open(settings, &source->session, err) != 0) {
        source_close(source);
        return -1;
    }
    *ret_source = source;
    return 0;
}

void source_close(struct source *source)
{
    if (source == NULL)
        return;
    session_close(source->session);
    free(source);
}

/* ---- what the table looks like ---- */

/* Runs `SHOW what FROM table`. */
static int show(struct source *source, const char *what, const struct table *table, struct session_result **ret_result,
                struct err *err)
{
    char sql[80], action[80];
    (void)snprintf(sql, sizeof sql, "SHOW %s FROM %s", what, table->name);
    (void)snprintf(action, sizeof action, "read the %s of %s", *what == 'C' ? "columns" : "indexes", table->name);
    return session_query(source->session, sql, action, ret_result, err);
}

static int inspect_columns(struct source *source, struct table *table, struct err *err)
{
    struct session_result *result = NULL;
    if (show(source, "COLUMNS", table, &result, err) != 0)
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
static int inspect_indexes(struct source *source, struct table *table, struct err *err)
{
    enum { KEY_NAME = 2, POSITION_IN_INDEX = 3, COLUMN_NAME = 4, COMMENT = 11 };
    struct session_result *result = NULL;
    if (show(source, "INDEX", table, &result, err) != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
        bool first = strcmp(row[POSITION_IN_INDEX], "1") == 0;
        bool disabled = row[COMMENT] != NULL && strstr(row[COMMENT], "disabled") != NULL;
        const char *column = row[COLUMN_NAME] != NULL ? row[COLUMN_NAME] : ""; /* MySQL 8: an index on an expression */
        bool on_end = strcasecmp(column, "end_epoch") == 0;
        if (!first || disabled || table->index_on_end || (!on_end && strcasecmp(column, "call_date") != 0) ||
            strlen(row[KEY_NAME]) >= sizeof table->index || strchr(row[KEY_NAME], '`') != NULL)
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

int source_inspect(struct source *source, struct err *err)
{
    struct table *table = &source->tables[SOURCE_LIVE];
    return inspect_columns(source, table, err) == 0 ? inspect_indexes(source, table, err) : -1;
}

int source_inspect_archive(struct source *source, bool *ret_usable, struct err *err)
{
    struct table table = { .name = table_names[SOURCE_ARCHIVE] };
    *ret_usable = inspect_columns(source, &table, err) == 0 && inspect_indexes(source, &table, err) == 0;
    if (*ret_usable) {
        source->tables[SOURCE_ARCHIVE] = table;
        return 0;
    }
    if (session_failure(source->session) != SESSION_NO_TABLE)
        return -1;
    return 0;
}

struct source_facts source_facts(const struct source *source)
{
    return (struct source_facts){ .server = session_facts(source->session).server,
                                  .missing_protections = session_facts(source->session).missing,
                                  .index = source->tables[SOURCE_LIVE].index_facts,
                                  .missing_columns = source->tables[SOURCE_LIVE].missing };
}

/* ---- reading ---- */

int source_now_epoch(struct source *source, int64_t *ret_epoch, struct err *err)
{
    return session_numbers(source->session, "SELECT UNIX_TIMESTAMP()", "read the database's clock", ret_epoch, 1, err);
}

/* The SELECT list: the wanted columns in the order of enum call_field, NULL for the others, and the call's age. */
static void write_select_list(const struct table *table, bool scanned_only, char *out, size_t size)
{
    size_t used = 0;
    for (int field = 0; field < CALL_FIELD_COUNT; field++) {
        bool wanted = table->has_column[field] && (columns[field].scanned || !scanned_only);
        used += (size_t)snprintf(out + used, size - used, "%s, ", wanted ? columns[field].name : "NULL");
    }
    /* Both times are the dialer's local time, as in VICIdial's own `call_date > 4 hours ago` (vdc_db_query.php). */
    (void)snprintf(out + used, size - used, "TIMESTAMPDIFF(SECOND, call_date, NOW())");
}
#define SELECT_LIST_SIZE 512

static int hand_out(struct session_result *result, source_on_call *on_call, void *context, struct err *err)
{
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
        struct call call = { .age_sec = -1 };
        for (int field = 0; field < CALL_FIELD_COUNT; field++)
            call.value[field] = row[field];
        if (row[CALL_FIELD_COUNT] != NULL && !str_to_int(row[CALL_FIELD_COUNT], &call.age_sec))
            call.age_sec = -1;
        if (on_call(context, &call, err) != 0)
            return -1;
    }
    return 0;
}

static const char *action_on(enum source_table table)
{
    return table == SOURCE_LIVE ? "read vicidial_log" : "read vicidial_log_archive";
}

static int read_calls(struct source *source, enum source_table table, const char *sql, source_on_call *on_call,
                      void *context, struct err *err)
{
    struct session_result *result = NULL;
    int outcome = session_query(source->session, sql, action_on(table), &result, err);
    if (outcome == 0)
        outcome = hand_out(result, on_call, context, err);
    session_free(result);
    return outcome;
}

/* Fits the length of the next slice to what the last one took. */
static void adapt_slice(struct source *source, int64_t took_ms, uint64_t rows, bool too_many)
{
    if (too_many)
        source->slice_sec /= 4;
    else if (took_ms >= SLICE_SLOW_MS)
        source->slice_sec /= 2;
    else if (took_ms < SLICE_QUICK_MS && rows < SLICE_FEW_ROWS)
        source->slice_sec *= 2;
    if (source->slice_sec < SLICE_SHORTEST_SEC)
        source->slice_sec = SLICE_SHORTEST_SEC;
    if (source->slice_sec > SLICE_LONGEST_SEC)
        source->slice_sec = SLICE_LONGEST_SEC;
}

/* Writes local seconds, counted from 1970 as if there were no time zones, as a DATETIME. */
static void write_datetime(int64_t local_sec, char out[32])
{
    time_t seconds = (time_t)local_sec;
    struct tm fields;
    if (gmtime_r(&seconds, &fields) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &fields) == 0)
        (void)snprintf(out, 32, "1970-01-01 00:00:00");
}

/* A stretch of local time, in local seconds. */
struct local_range {
    int64_t from, to;
    int64_t offset; /* local seconds less epochs, at least the largest that occurs in it */
};

/* Turns a range of epochs into one of local time that covers every call_date in it. Where the clocks go back inside the
 * range, local time is not in order: both ends are moved out by what they went back. */
static int to_local(struct source *source, int64_t from, int64_t to, struct local_range *ret_range, struct err *err)
{
    char sql[256];
    int64_t local[2] = { 0, 0 };
    (void)snprintf(sql, sizeof sql, "SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', FROM_UNIXTIME(%" PRId64 ")), "
                   "TIMESTAMPDIFF(SECOND, '1970-01-01', FROM_UNIXTIME(%" PRId64 "))", from, to);
    if (session_numbers(source->session, sql, "read the database's time zone", local, 2, err) != 0)
        return -1;
    int64_t went_back = (to - from) - (local[1] - local[0]), more = went_back > 0 ? went_back : 0;
    ret_range->from = local[0] - more;
    ret_range->to = local[1] + more;
    ret_range->offset = local[0] - from > local[1] - to ? local[0] - from : local[1] - to;
    if (to - from > SUMMER_HIDDEN_SEC)
        ret_range->offset += SUMMER_MOST_SEC;
    return 0;
}

/* Reads one slice. *ret_too_many: it holds more rows than one result should, nothing was handed out, and the next slice
 * will be shorter. */
static int scan_slice(struct source *source, const struct source_range *range, const char *bound,
                      source_on_call *on_call, void *context, bool *ret_too_many, struct err *err)
{
    /* What was archived while it stands in the live table still is looked at there: the copy may be frozen in mid-call. */
    static const char not_live[] = "AND NOT EXISTS (SELECT 1 FROM vicidial_log "
                                   "WHERE vicidial_log.uniqueid = vicidial_log_archive.uniqueid) ";
    const struct table *table = &source->tables[range->table];
    char list[SELECT_LIST_SIZE], limit[64] = "";
    struct session_result *result = NULL;
    bool may_shrink = source->slice_sec > SLICE_SHORTEST_SEC;
    if (may_shrink && session_facts(source->session).is_mariadb)
        (void)snprintf(limit, sizeof limit, " LIMIT %d ROWS EXAMINED %d", SLICE_MANY_ROWS + 1, SLICE_MANY_EXAMINED);
    else if (may_shrink)
        (void)snprintf(limit, sizeof limit, " LIMIT %d", SLICE_MANY_ROWS + 1);
    write_select_list(table, !range->whole_rows, list, sizeof list);
    char *sql = mem_format("SELECT %s FROM %s FORCE INDEX (`%s`) WHERE %s "
                           "AND end_epoch >= %" PRId64 " AND end_epoch <= %" PRId64 " %s%s", list, table->name,
                           table->index, bound, range->end_from, range->end_to,
                           range->table == SOURCE_ARCHIVE ? not_live : "", limit);
    int64_t started_ms = clock_mono_ms();
    int outcome = session_query(source->session, sql, action_on(range->table), &result, err);
    if (outcome == 0) {
        uint64_t rows = session_rows(result);
        /* The server warns when it has stopped for the number of rows examined; the result is then not whole. */
        *ret_too_many = may_shrink && (rows > SLICE_MANY_ROWS || session_is_cut(result));
        adapt_slice(source, clock_mono_ms() - started_ms, rows, *ret_too_many);
        if (!*ret_too_many)
            outcome = hand_out(result, on_call, context, err);
    }
    session_free(result);
    free(sql);
    return outcome;
}

static int scan_by_end(struct source *source, const struct source_range *range, source_on_call *on_call,
                       source_on_slice *on_slice, void *context, struct err *err)
{
    struct source_range slice = *range;
    bool too_many = false;
    int result = 0;
    while (result == 0 && slice.end_from <= range->end_to) {
        slice.end_to = slice.end_from + source->slice_sec - 1;
        if (slice.end_to > range->end_to)
            slice.end_to = range->end_to;
        if (scan_slice(source, &slice, "TRUE", on_call, context, &too_many, err) != 0)
            return -1;
        if (too_many)
            continue;
        slice.end_from = slice.end_to + 1;
        if (on_slice != NULL)
            result = on_slice(context, slice.end_from, err);
    }
    return result < 0 ? -1 : 0;
}

static int scan_by_call_date(struct source *source, const struct source_range *range, source_on_call *on_call,
                             source_on_slice *on_slice, void *context, struct err *err)
{
    struct local_range local;
    int64_t call_to = range->call_to;
    if (call_to == 0 && source_now_epoch(source, &call_to, err) != 0)
        return -1;
    if (call_to < range->call_from)
        call_to = range->call_from;
    if (to_local(source, range->call_from, call_to, &local, err) != 0)
        return -1;
    bool last = false, too_many = false;
    int result = 0;
    while (result == 0 && (!last || too_many)) {
        char first_date[32], end_date[32], bound[160];
        int64_t end = local.from + source->slice_sec;
        last = end > local.to;
        write_datetime(local.from, first_date);
        write_datetime(last ? local.to + 1 : end, end_date);
        if (last && range->call_to == 0)
            (void)snprintf(bound, sizeof bound, "call_date >= '%s'", first_date);
        else
            (void)snprintf(bound, sizeof bound, "call_date >= '%s' AND call_date < '%s'", first_date, end_date);
        if (scan_slice(source, range, bound, on_call, context, &too_many, err) != 0)
            return -1;
        if (too_many)
            continue;
        local.from = end;
        if (on_slice != NULL)
            result = on_slice(context, last ? range->end_to + 1 : end - local.offset - CALL_AFTER_END_SEC, err);
    }
    return result < 0 ? -1 : 0;
}

struct source_range source_range_ended(enum source_table table, int64_t end_from, int64_t end_to)
{
    return (struct source_range){ .table = table,
                                  .end_from = end_from,
                                  .end_to = end_to,
                                  .call_from = end_from - LONGEST_CALL_SEC,
                                  .call_to = end_to + CALL_AFTER_END_SEC,
                                  .whole_rows = true };
}

int source_scan(struct source *source, const struct source_range *range, source_on_call *on_call,
                source_on_slice *on_slice, void *context, struct err *err)
{
    return source->tables[range->table].index_on_end
               ? scan_by_end(source, range, on_call, on_slice, context, err)
               : scan_by_call_date(source, range, on_call, on_slice, context, err);
}

static int fetch_some(struct source *source, enum source_table table, const char *const *uniqueids, size_t count,
                      source_on_call *on_call, void *context, struct err *err)
{
    char list[SELECT_LIST_SIZE];
    write_select_list(&source->tables[SOURCE_LIVE], false, list, sizeof list);
    char *keys = session_quote_all(source->session, uniqueids, count);
    char *sql = mem_format("SELECT %s FROM %s WHERE uniqueid IN (%s)", list, table_names[table], keys);
    struct err failure = { .code = EX_OK };
    int result = read_calls(source, table, sql, on_call, context, &failure);
    free(sql);
    free(keys);
    if (result == 0)
        return 0;
    enum session_failure why = session_failure(source->session);
    if (table == SOURCE_ARCHIVE && why == SESSION_NO_TABLE)
        return 0; /* this dialer archives nothing */
    if (table == SOURCE_ARCHIVE && why == SESSION_TABLE_UNUSABLE) {
        (void)snprintf(source->archive_problem, sizeof source->archive_problem, "%s", failure.message);
        return 0;
    }
    return err_set(err, failure.code, "%s", failure.message);
}

int source_fetch(struct source *source, enum source_table table, const char *const *uniqueids, size_t count,
                 source_on_call *on_call, void *context, struct err *err)
{
    int result = 0;
    if (table == SOURCE_ARCHIVE)
        source->archive_problem[0] = '\0';
    for (size_t done = 0, part = 0; result == 0 && done < count; done += part) {
        part = count - done < FETCH_MANY_KEYS ? count - done : FETCH_MANY_KEYS;
        result = fetch_some(source, table, uniqueids + done, part, on_call, context, err);
        if (table == SOURCE_ARCHIVE && source->archive_problem[0] != '\0')
            break; /* it would be the same once more, perhaps after as long a wait */
    }
    return result;
}

const char *source_archive_problem(const struct source *source)
{
    return source->archive_problem;
}

struct source_effort source_effort(struct source *source)
{
    int64_t examined = 0;
    struct session_facts facts = session_facts(source->session);
    struct source_effort effort = { .statements = facts.statements, .took_ms = (int64_t)(facts.took_ms + 0.5) };
    if (session_numbers(source->session,
                        "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS "
                        "WHERE VARIABLE_NAME LIKE 'Handler_read%'",
                        "read the session's figures", &examined, 1, NULL) == 0)
        effort.rows_examined = examined;
    return effort;
}

/* ---- several hosts ---- */

int source_elect(struct source *source, const char *profile, struct source_election *ret_election, struct err *err)
{
    /* The name of a lock has room for 64 characters, as that of a database has. */
    char name[160], sql[512];
    int64_t numbers[3] = { 0, 0, 0 };
    (void)snprintf(name, sizeof name, "CONCAT('did-optimizer-sync.', LEFT(MD5(CONCAT(DATABASE(), '%s%s')), 16))",
                   profile != NULL ? "/" : "", profile != NULL ? profile : "");
    (void)snprintf(sql, sizeof sql, "SELECT GET_LOCK(%s, 0), IFNULL(IS_USED_LOCK(%s), 0), UNIX_TIMESTAMP()", name,
                   name);
    if (session_numbers(source->session, sql, "elect a poller", numbers, 3, err) != 0)
        return -1;
    *ret_election = (struct source_election){ .elected = numbers[0] == 1,
                                              .holder = numbers[1],
                                              .server_started = (int64_t)((uint64_t)numbers[2] - session_uptime(source->session)) };
    return 0;
}

bool source_is_cluster(struct source *source)
{
    int64_t servers = 0;
    return session_numbers(source->session, "SELECT COUNT(*) FROM servers WHERE active = 'Y'", "count the dialer's servers",
                         &servers, 1, NULL) == 0 && servers > 1;
}

int source_list_campaigns(struct source *source, source_on_campaign *on_campaign, void *context, struct err *err)
{
    enum { MOST = 5000 }; /* a large dialer has some hundreds; the table is read by its primary key */
    char sql[100];
    struct session_result *result = NULL;
    (void)snprintf(sql, sizeof sql, "SELECT campaign_id FROM vicidial_campaigns ORDER BY campaign_id LIMIT %d", MOST);
    if (session_query(source->session, sql, "read the dialer's campaigns", &result, err) != 0)
        return -1;
    bool all = session_rows(result) < MOST;
    const char *const *row = NULL;
    while (all && (row = session_next(result)) != NULL)
        on_campaign(context, row[0] != NULL ? row[0] : "");
    session_free(result);
    return all ? 0 : err_set(err, EX_UNAVAILABLE, "could not read the dialer's campaigns: there are too many");
}
