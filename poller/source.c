/* source: VICIdial's database, read and never written. All knowledge of its tables is in source.c. */
#include <errmsg.h>
#include <inttypes.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
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

/* Errors of a MyISAM file that is damaged or gone (my_base.h: HA_ERR_CRASHED and kin; mysys_err.h: EE_FILENOTFOUND),
 * and the server's words for it. */
enum { FILE_GONE = 29, CRASHED = 126, CRASHED_RECORD = 127, NOT_A_TABLE = 130, CRASHED_ON_REPAIR = 144,
       CRASHED_ON_USAGE = 145, INDEX_GONE = 1017, NO_KEY_FILE = 1034, MARKED_CRASHED = 1194,
       MARKED_CRASHED_REPAIR = 1195 };

/* What MySQL says where MariaDB says ER_STATEMENT_TIMEOUT. */
enum { MYSQL_TIMEOUT = 3024 };

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
    MYSQL *mysql;
    const struct settings_database *settings;
    struct table tables[2]; /* by enum source_table; the archive only after source_inspect_archive */
    char archive_problem[1024]; /* see source_archive_problem */
    int64_t slice_sec;    /* how long the next slice of a scan is */
    bool is_mariadb;
    int64_t statements;   /* so far ... */
    double took_ms;       /* ... and how long the server was at them */
};

/* ---- errors ---- */

static bool is_damage(unsigned code)
{
    switch (code) {
    case FILE_GONE:
    case CRASHED:
    case CRASHED_RECORD:
    case NOT_A_TABLE:
    case CRASHED_ON_REPAIR:
    case CRASHED_ON_USAGE:
    case INDEX_GONE:
    case NO_KEY_FILE:
    case MARKED_CRASHED:
    case MARKED_CRASHED_REPAIR:
        return true;
    default:
        return false;
    }
}

static const char *remedy_for(unsigned code, int *ret_exit_code)
{
    *ret_exit_code = EX_CONFIG;
    switch (code) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
        return "; check VARDB_user, VARDB_pass and VARDB_database in astguiclient.conf, or [database] of our "
               "configuration";
    case ER_BAD_DB_ERROR:
        return "; check VARDB_database in astguiclient.conf";
    case ER_NO_SUCH_TABLE:
        return "; is this VICIdial's database?";
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
        return "; grant SELECT on it to this user";
    default:
        *ret_exit_code = EX_UNAVAILABLE;
    }
    if (is_damage(code))
        return "; the dialer's table is damaged: run REPAIR TABLE vicidial_log, or vicidial_log_archive where it is that";
    switch (code) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_UNKNOWN_HOST:
        return "; is the server running, and VARDB_server right in astguiclient.conf?";
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
        return "; the server is at its connection limit; the next run tries again";
    case ER_STATEMENT_TIMEOUT:
    case MYSQL_TIMEOUT:
    case ER_LOCK_WAIT_TIMEOUT:
        return "; the table is locked or very busy; the next run tries again";
    default:
        return "";
    }
}

static int fail(struct source *source, const char *action, struct err *err)
{
    int exit_code = EX_UNAVAILABLE;
    unsigned code = mysql_errno(source->mysql);
    const char *remedy = remedy_for(code, &exit_code);
    return err_set(err, exit_code, "could not %s: %s (%u)%s", action, mysql_error(source->mysql), code, remedy);
}

/* Runs sql and brings its whole result here; *ret_result is NULL for a statement that gives none. */
static int query(struct source *source, const char *sql, const char *action, MYSQL_RES **ret_result, struct err *err)
{
    double started_ms = clock_mono_exact_ms();
    bool good = mysql_real_query(source->mysql, sql, (unsigned long)strlen(sql)) == 0;
    *ret_result = good ? mysql_store_result(source->mysql) : NULL;
    source->statements++;
    source->took_ms += clock_mono_exact_ms() - started_ms;
    if (!good || (*ret_result == NULL && mysql_errno(source->mysql) != 0))
        return fail(source, action, err);
    return 0;
}

/* Runs a statement whose result is of no interest. */
static int command(struct source *source, const char *sql, const char *action, struct err *err)
{
    MYSQL_RES *result = NULL;
    int outcome = query(source, sql, action, &result, err);
    mysql_free_result(result);
    return outcome;
}

/* ---- connecting ---- */

/* "localhost" means a Unix socket, as for every MySQL client. Where it lies differs by distribution. NULL: none found. */
static const char *find_socket(const struct settings_database *settings)
{
    static const char *const places[] = { "/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock",
                                          "/run/mysql/mysql.sock", "/tmp/mysql.sock" };
    if (*settings->socket != '\0')
        return settings->socket;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}

/* Each of these decides about safety or harmlessness: one that cannot be set stops the run. */
static int set_options(struct source *source, struct err *err)
{
    const struct settings_database *settings = source->settings;
    unsigned connect = (unsigned)settings->connect_timeout, transfer = (unsigned)settings->read_timeout, off = 0;
    my_bool no = 0, yes = 1;
    MYSQL *mysql = source->mysql;
    bool failed = mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect) != 0 ||
                  mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &transfer) != 0 ||
                  mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &transfer) != 0 ||
                  mysql_options(mysql, MYSQL_OPT_RECONNECT, &no) != 0 ||
                  mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off) != 0 ||
                  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") != 0;
    bool tls = *settings->ssl_ca != '\0';
    if (tls && access(settings->ssl_ca, R_OK) != 0) /* the library's own words would name the server instead */
        return err_set(err, EX_CONFIG, "could not read the certificates in %s; correct ssl_ca in [database]",
                       settings->ssl_ca);
    failed = failed || mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, tls ? &yes : &no) != 0 ||
             (tls && (mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes) != 0 ||
                      mysql_options(mysql, MYSQL_OPT_SSL_CA, settings->ssl_ca) != 0));
    if (failed)
        return err_set(err, EX_SOFTWARE,
                       "could not prepare the database connection: the client library refuses an option");
    return 0;
}

/* The session can write nothing, waits for nothing long, and understands text and times as this file does. */
static int prepare_session(struct source *source, struct err *err)
{
    static const char action[] = "prepare the database session";
    char sql[256];
    (void)snprintf(sql, sizeof sql, "SET SESSION sql_mode = '', time_zone = 'SYSTEM', lock_wait_timeout = %" PRId64,
                   source->settings->max_statement_time);
    if (command(source, sql, action, err) != 0 ||
        command(source, "SET SESSION TRANSACTION READ ONLY", action, err) != 0)
        return -1;
    (void)snprintf(sql, sizeof sql, "SET SESSION max_statement_time = %" PRId64, source->settings->max_statement_time);
    if (command(source, sql, action, err) == 0)
        return 0;
    if (mysql_errno(source->mysql) != ER_UNKNOWN_SYSTEM_VARIABLE)
        return -1;
    (void)snprintf(sql, sizeof sql, "SET SESSION max_execution_time = %" PRId64, /* MySQL's name, in milliseconds */
                   source->settings->max_statement_time * 1000);
    return command(source, sql, action, err);
}

int source_connect(const struct settings_database *settings, struct source **ret_source, struct err *err)
{
    struct source *source = mem_zero(1, sizeof *source);
    source->settings = settings;
    source->tables[SOURCE_LIVE].name = table_names[SOURCE_LIVE];
    source->slice_sec = SLICE_FIRST_SEC;
    source->mysql = mysql_init(NULL);
    if (source->mysql == NULL)
        mem_out();

    bool local = strcasecmp(settings->host, "localhost") == 0;
    const char *socket = local ? find_socket(settings) : NULL;
    const char *host = local && socket == NULL ? "127.0.0.1" : settings->host;
    int result = set_options(source, err);
    if (result == 0 && mysql_real_connect(source->mysql, host, settings->user, settings->password, settings->name,
                                          (unsigned)settings->port, socket, 0) == NULL)
        result = fail(source, "connect to the VICIdial database", err);
    if (result == 0)
        result = prepare_session(source, err);
    if (result == 0)
        source->is_mariadb = mariadb_connection(source->mysql) != 0;
    if (result != 0) {
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
    mysql_close(source->mysql);
    free(source);
}

/* ---- what the table looks like ---- */

/* Runs `SHOW what FROM table`. */
static int show(struct source *source, const char *what, const struct table *table, MYSQL_RES **ret_result,
                struct err *err)
{
    char sql[80], action[80];
    (void)snprintf(sql, sizeof sql, "SHOW %s FROM %s", what, table->name);
    (void)snprintf(action, sizeof action, "read the %s of %s", *what == 'C' ? "columns" : "indexes", table->name);
    return query(source, sql, action, ret_result, err);
}

static int inspect_columns(struct source *source, struct table *table, struct err *err)
{
    MYSQL_RES *result = NULL;
    if (show(source, "COLUMNS", table, &result, err) != 0)
        return -1;
    for (MYSQL_ROW row = mysql_fetch_row(result); row != NULL; row = mysql_fetch_row(result))
        for (int field = 0; field < CALL_FIELD_COUNT; field++)
            if (strcasecmp(row[0], columns[field].name) == 0)
                table->has_column[field] = true;
    mysql_free_result(result);

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
    MYSQL_RES *result = NULL;
    if (show(source, "INDEX", table, &result, err) != 0)
        return -1;
    for (MYSQL_ROW row = mysql_fetch_row(result); row != NULL; row = mysql_fetch_row(result)) {
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
    mysql_free_result(result);
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
    if (mysql_errno(source->mysql) != ER_NO_SUCH_TABLE)
        return -1;
    return 0;
}

struct source_facts source_facts(const struct source *source)
{
    return (struct source_facts){ .server = mysql_get_server_info(source->mysql),
                                  .index = source->tables[SOURCE_LIVE].index_facts,
                                  .missing_columns = source->tables[SOURCE_LIVE].missing };
}

/* ---- reading ---- */

/* Reads one row of whole numbers. */
static int query_numbers(struct source *source, const char *sql, const char *action, int64_t *ret_numbers,
                         unsigned count, struct err *err)
{
    MYSQL_RES *result = NULL;
    if (query(source, sql, action, &result, err) != 0)
        return -1;
    MYSQL_ROW row = result != NULL ? mysql_fetch_row(result) : NULL;
    bool good = row != NULL && mysql_num_fields(result) == count;
    for (unsigned i = 0; good && i < count; i++)
        good = row[i] != NULL && str_to_int(row[i], &ret_numbers[i]);
    mysql_free_result(result);
    return good ? 0 : err_set(err, EX_UNAVAILABLE, "could not %s: the server gave no number", action);
}

int source_now_epoch(struct source *source, int64_t *ret_epoch, struct err *err)
{
    return query_numbers(source, "SELECT UNIX_TIMESTAMP()", "read the database's clock", ret_epoch, 1, err);
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

static int hand_out(MYSQL_RES *result, source_on_call *on_call, void *context, struct err *err)
{
    for (MYSQL_ROW row = mysql_fetch_row(result); row != NULL; row = mysql_fetch_row(result)) {
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
    MYSQL_RES *result = NULL;
    int outcome = query(source, sql, action_on(table), &result, err);
    if (outcome == 0)
        outcome = hand_out(result, on_call, context, err);
    mysql_free_result(result);
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
    if (query_numbers(source, sql, "read the database's time zone", local, 2, err) != 0)
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
    MYSQL_RES *result = NULL;
    bool may_shrink = source->slice_sec > SLICE_SHORTEST_SEC;
    if (may_shrink && source->is_mariadb)
        (void)snprintf(limit, sizeof limit, " LIMIT %d ROWS EXAMINED %d", SLICE_MANY_ROWS + 1, SLICE_MANY_EXAMINED);
    else if (may_shrink)
        (void)snprintf(limit, sizeof limit, " LIMIT %d", SLICE_MANY_ROWS + 1);
    write_select_list(table, !range->whole_rows, list, sizeof list);
    char *sql = mem_format("SELECT %s FROM %s FORCE INDEX (`%s`) WHERE %s "
                           "AND end_epoch >= %" PRId64 " AND end_epoch <= %" PRId64 " %s%s", list, table->name,
                           table->index, bound, range->end_from, range->end_to,
                           range->table == SOURCE_ARCHIVE ? not_live : "", limit);
    int64_t started_ms = clock_mono_ms();
    int outcome = query(source, sql, action_on(range->table), &result, err);
    if (outcome == 0) {
        uint64_t rows = mysql_num_rows(result);
        /* The server warns when it has stopped for the number of rows examined; the result is then not whole. */
        *ret_too_many = may_shrink && (rows > SLICE_MANY_ROWS || mysql_warning_count(source->mysql) > 0);
        adapt_slice(source, clock_mono_ms() - started_ms, rows, *ret_too_many);
        if (!*ret_too_many)
            outcome = hand_out(result, on_call, context, err);
    }
    mysql_free_result(result);
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

/* The list of literals for IN (...). Ownership: the caller frees it. */
static char *quote_all(struct source *source, const char *const *uniqueids, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += 2 * strlen(uniqueids[i]) + 3; /* each byte escaped, two quotes, a comma */
    char *list = mem_zero(size, 1);
    char *at = list;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *at++ = ',';
        *at++ = '\'';
        at += mysql_real_escape_string(source->mysql, at, uniqueids[i], (unsigned long)strlen(uniqueids[i]));
        *at++ = '\'';
    }
    return list;
}

/* Whether a table that is there cannot be read, until somebody sees to it or for the minutes that the archiver is at
 * it, while the server itself goes on working. */
static bool is_about_table(unsigned code)
{
    return code == ER_TABLEACCESS_DENIED_ERROR || code == ER_COLUMNACCESS_DENIED_ERROR ||
           code == ER_BAD_FIELD_ERROR || code == ER_STATEMENT_TIMEOUT || code == ER_LOCK_WAIT_TIMEOUT ||
           code == MYSQL_TIMEOUT || is_damage(code);
}

static int fetch_some(struct source *source, enum source_table table, const char *const *uniqueids, size_t count,
                      source_on_call *on_call, void *context, struct err *err)
{
    char list[SELECT_LIST_SIZE];
    write_select_list(&source->tables[SOURCE_LIVE], false, list, sizeof list);
    char *keys = quote_all(source, uniqueids, count);
    char *sql = mem_format("SELECT %s FROM %s WHERE uniqueid IN (%s)", list, table_names[table], keys);
    struct err failure = { .code = EX_OK };
    int result = read_calls(source, table, sql, on_call, context, &failure);
    free(sql);
    free(keys);
    if (result == 0)
        return 0;
    unsigned code = mysql_errno(source->mysql);
    if (table == SOURCE_ARCHIVE && code == ER_NO_SUCH_TABLE)
        return 0; /* this dialer archives nothing */
    if (table == SOURCE_ARCHIVE && is_about_table(code)) {
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
    struct source_effort effort = { .statements = source->statements, .took_ms = (int64_t)(source->took_ms + 0.5) };
    if (query_numbers(source,
                      "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS "
                      "WHERE VARIABLE_NAME LIKE 'Handler_read%'",
                      "read the session's figures", &examined, 1, NULL) == 0)
        effort.rows_examined = examined;
    return effort;
}

/* ---- several hosts ---- */

/* For how long the server runs, by its own clock; a clock that was set back makes it wrap. 0: it does not say. */
static uint64_t uptime(struct source *source)
{
    static const char word[] = "Uptime: ";
    const char *status = mysql_stat(source->mysql), *at = status != NULL ? strstr(status, word) : NULL;
    return at != NULL ? strtoull(at + sizeof word - 1, NULL, 10) : 0;
}

int source_elect(struct source *source, const char *profile, struct source_election *ret_election, struct err *err)
{
    /* The name of a lock has room for 64 characters, as that of a database has. */
    char name[160], sql[512];
    int64_t numbers[3] = { 0, 0, 0 };
    (void)snprintf(name, sizeof name, "CONCAT('did-optimizer-sync.', LEFT(MD5(CONCAT(DATABASE(), '%s%s')), 16))",
                   profile != NULL ? "/" : "", profile != NULL ? profile : "");
    (void)snprintf(sql, sizeof sql, "SELECT GET_LOCK(%s, 0), IFNULL(IS_USED_LOCK(%s), 0), UNIX_TIMESTAMP()", name,
                   name);
    if (query_numbers(source, sql, "elect a poller", numbers, 3, err) != 0)
        return -1;
    *ret_election = (struct source_election){ .elected = numbers[0] == 1,
                                              .holder = numbers[1],
                                              .server_started = (int64_t)((uint64_t)numbers[2] - uptime(source)) };
    return 0;
}

bool source_is_cluster(struct source *source)
{
    int64_t servers = 0;
    return query_numbers(source, "SELECT COUNT(*) FROM servers WHERE active = 'Y'", "count the dialer's servers",
                         &servers, 1, NULL) == 0 && servers > 1;
}
