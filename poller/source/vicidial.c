/* vicidial: the kind of source that reads VICIdial's database, and never writes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "source/findings.h"
#include "source/vicidial.h"
#include "source/vicidial_locks.h"
#include "source/vicidial_sample.h"
#include "source/vicidial_scan.h"
#include "source/vicidial_table.h"

/* No agent's screen writes to a call that is older than this (vdc_db_query.php: call_date within 4 hours). */
#define LONGEST_CALL_SEC (4 * 3600)

#define LIVE "vicidial_log"
#define ARCHIVE "vicidial_log_archive"

static const char *const table_names[] = { [SOURCE_LIVE] = LIVE, [SOURCE_ARCHIVE] = ARCHIVE };

struct vicidial {
    const struct settings_database *database;
    const struct settings_sync *settings;
    struct session *session;
    struct vicidial_table tables[2]; /* by enum source_table; the archive only after inspect_archive */
    char archive_problem[1024];      /* see source_archive_problem */
    struct zone zone;                /* that of the latest rows; only after inspect */
    struct vicidial_scan scan;
};

static const struct session_words words = {
    .database = "VICIdial database",
    .credentials = "; check VARDB_user, VARDB_pass and VARDB_database in astguiclient.conf, or [database] in "
                   "/etc/did-optimizer-sync.conf",
    .name = "; check VARDB_database in astguiclient.conf, or name in [database] of /etc/did-optimizer-sync.conf",
    .server = "; is the server running? Check VARDB_server and VARDB_port in astguiclient.conf, or host, port and "
              "socket in [database] of /etc/did-optimizer-sync.conf",
    .no_table = "; is this VICIdial's database?",
    .damaged = "; the dialer's table is damaged: run REPAIR TABLE vicidial_log, or vicidial_log_archive where it is that",
};

static void close_vicidial(void *state)
{
    struct vicidial *vicidial = state;
    session_close(vicidial->session);
    free(vicidial);
}

static int open_vicidial(const struct source_settings *settings, void **ret_state, struct err *err)
{
    struct vicidial *vicidial = mem_zero(1, sizeof *vicidial);
    vicidial->database = settings->database;
    vicidial->settings = settings->sync;
    vicidial->tables[SOURCE_LIVE].name = table_names[SOURCE_LIVE];
    if (session_open(settings->database, &words, &vicidial->session, err) != 0) {
        close_vicidial(vicidial);
        return -1;
    }
    *ret_state = vicidial;
    return 0;
}

struct session *vicidial_session(void *state)
{
    struct vicidial *vicidial = state;
    return vicidial->session;
}

const struct settings_database *vicidial_database(const void *state)
{
    const struct vicidial *vicidial = state;
    return vicidial->database;
}

/* ---- what the table looks like ---- */

static int inspect(void *state, struct err *err)
{
    struct vicidial *vicidial = state;
    struct vicidial_table *table = &vicidial->tables[SOURCE_LIVE];
    int64_t now_epoch = 0;
    vicidial->zone = (struct zone){ .count = 0 };
    if (vicidial_table_inspect(vicidial->session, table_names[SOURCE_LIVE], table, err) != 0 ||
        vicidial_sample_latest(vicidial->session, table, &now_epoch, &vicidial->zone, err) != 0)
        return -1;
    vicidial->scan = (struct vicidial_scan){ .session = vicidial->session,
                                             .settings = vicidial->settings,
                                             .tables = vicidial->tables,
                                             .zone = &vicidial->zone,
                                             .zone_from = now_epoch - VICIDIAL_SAMPLE_HOLDS_SEC };
    return 0;
}

static int inspect_archive(void *state, bool *ret_usable, struct err *err)
{
    struct vicidial *vicidial = state;
    struct vicidial_table table;
    *ret_usable = vicidial_table_inspect(vicidial->session, table_names[SOURCE_ARCHIVE], &table, err) == 0;
    if (*ret_usable) {
        vicidial->tables[SOURCE_ARCHIVE] = table;
        return 0;
    }
    if (session_failure(vicidial->session) != SESSION_NO_TABLE)
        return -1;
    return 0;
}

/* ---- reading ---- */

static int now(void *state, int64_t *ret_epoch, struct err *err)
{
    const struct vicidial *vicidial = state;
    return session_numbers(vicidial->session, "SELECT UNIX_TIMESTAMP()", "read the database's clock", ret_epoch, 1,
                           err);
}

static int scan(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err)
{
    struct vicidial *vicidial = state;
    return vicidial_scan_run(&vicidial->scan, range, on_call, on_slice, context, err);
}

/* Who is told of the calls that are fetched. */
struct fetching {
    const struct zone *zone;
    const struct settings_sync *settings;
    source_on_call *on_call;
    void *context;
};

static int hand_out(void *context, const char *const *row, struct err *err)
{
    const struct fetching *fetching = context;
    struct call call = vicidial_table_call(row, fetching->zone, fetching->settings);
    return fetching->on_call(fetching->context, &call, err);
}

static int fetch(void *state, enum source_table table, const char *const *ids, size_t count,
                 source_on_call *on_call, void *context, struct err *err)
{
    struct vicidial *vicidial = state;
    char list[TABLE_SELECT_LIST_SIZE];
    struct err failure = { .code = EX_OK };
    struct fetching fetching = { .zone = &vicidial->zone, .settings = vicidial->settings, .on_call = on_call,
                                 .context = context };
    if (table == SOURCE_ARCHIVE)
        vicidial->archive_problem[0] = '\0';
    vicidial_table_select_list(&vicidial->tables[SOURCE_LIVE], false, list);
    if (vicidial_table_fetch(vicidial->session, table_names[table], list, ids, count, hand_out, &fetching,
                             &failure) == 0)
        return 0;
    enum session_failure why = session_failure(vicidial->session);
    if (table == SOURCE_ARCHIVE && why == SESSION_NO_TABLE)
        return 0; /* this dialer archives nothing */
    if (table == SOURCE_ARCHIVE && why == SESSION_TABLE_UNUSABLE) {
        (void)snprintf(vicidial->archive_problem, sizeof vicidial->archive_problem, "%s", failure.message);
        return 0;
    }
    return err_set(err, failure.code, "%s", failure.message);
}

static const char *archive_problem(const void *state)
{
    const struct vicidial *vicidial = state;
    return vicidial->archive_problem;
}

/* ---- what it tells beside calls ---- */

static struct source_effort effort(void *state)
{
    const struct vicidial *vicidial = state;
    int64_t examined = 0;
    struct session_facts facts = session_facts(vicidial->session);
    struct source_effort effort = { .statements = facts.statements, .took_ms = (int64_t)(facts.took_ms + 0.5) };
    if (session_numbers(vicidial->session,
                        "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM information_schema.SESSION_STATUS "
                        "WHERE VARIABLE_NAME LIKE 'Handler_read%'",
                        "read the session's figures", &examined, 1, NULL) == 0)
        effort.rows_examined = examined;
    return effort;
}

static int list_campaigns(void *state, source_on_campaign *on_campaign, void *context, struct err *err)
{
    const struct vicidial *vicidial = state;
    enum { MOST = 5000 }; /* a large dialer has some hundreds; the table is read by its primary key */
    char sql[100];
    struct session_result *result = NULL;
    (void)snprintf(sql, sizeof sql, "SELECT campaign_id FROM vicidial_campaigns ORDER BY campaign_id LIMIT %d", MOST);
    if (session_query(vicidial->session, sql, "read the dialer's campaigns", &result, err) != 0)
        return -1;
    bool all = session_rows(result) < MOST;
    const char *const *row = NULL;
    while (all && (row = session_next(result)) != NULL)
        on_campaign(context, row[0] != NULL ? row[0] : "");
    session_free(result);
    return all ? 0 : err_set(err, EX_UNAVAILABLE, "could not read the dialer's campaigns: there are too many");
}

static int64_t spread(const void *state)
{
    const struct vicidial *vicidial = state;
    return zone_spread(&vicidial->zone);
}

/* What earlier runs knew of the zones in which rows are written is used and kept. */
static void recall(void *state, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE])
{
    struct vicidial *vicidial = state;
    char told[ZONE_PROBLEM_SIZE], found[ZONE_PROBLEM_SIZE];
    struct zone before;
    zone_read(earlier, &before);
    zone_recall(&vicidial->zone, &before);
    if (*zone_problem(&vicidial->zone, found) != '\0' && strcmp(found, zone_problem(&before, told)) != 0)
        (void)snprintf(problem, SOURCE_PROBLEM_SIZE, "Time zones: %s", found);
    zone_write(&vicidial->zone, memory);
}

/* ---- what `check` finds ---- */

static const char *const no_call[] = { "" }; /* reading it costs nothing, and shows whether calls may be read */

static void check_table(struct vicidial *vicidial, const struct findings *findings)
{
    struct err err;
    const struct vicidial_table *table = &vicidial->tables[SOURCE_LIVE];
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "table" },
                                old = { .kind = SOURCE_WARNS, .about = "table", .remedy = "" };
    findings_tell(findings, good, LIVE " has every column that is needed; reads use the index %s", table->index_facts);
    if (*table->missing != '\0')
        findings_tell(findings, old, "this VICIdial is too old for %s; null is sent instead", table->missing);
    if (fetch(vicidial, SOURCE_LIVE, no_call, 1, NULL, NULL, &err) != 0)
        findings_tell_failure(findings, &err);
    else
        findings_tell(findings, good, "SELECT is granted");
}

static void check_zone(const struct zone *zone, const struct findings *findings)
{
    char names[ZONE_NAMES_SIZE], problem[ZONE_PROBLEM_SIZE];
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "time zone" },
                                bad = { .kind = SOURCE_WARNS, .about = "time zone" };
    if (*zone_problem(zone, problem) != '\0')
        findings_tell(findings, bad, "%s", problem);
    else
        findings_tell(findings, good, "call_date is written in %s", zone_names(zone, names));
}

static void check_archive(struct vicidial *vicidial, const struct findings *findings)
{
    struct err err;
    const struct source_finding unread = {
        .kind = SOURCE_WARNS,
        .about = "table",
        .remedy = "until then, pending calls whose rows move to the archive cannot be sent",
    };
    if (fetch(vicidial, SOURCE_ARCHIVE, no_call, 1, NULL, NULL, &err) == 0 && *vicidial->archive_problem != '\0')
        findings_tell(findings, unread, "%s", vicidial->archive_problem);
}

static void check(void *state, source_on_finding *on_finding, void *context)
{
    struct err err;
    struct vicidial *vicidial = state;
    const struct findings findings = { .on_finding = on_finding, .context = context };
    findings_tell_server(&findings, vicidial->session);
    if (inspect(vicidial, &err) != 0) {
        findings_tell_failure(&findings, &err);
        return;
    }
    check_table(vicidial, &findings);
    check_zone(&vicidial->zone, &findings);
    check_archive(vicidial, &findings);
}

const struct source_ops vicidial_source = {
    .type = "vicidial",
    .shape = &vicidial_table_shape,
    .uses_dialer = true,
    .title = "VICIdial database",
    .places = { LIVE, ARCHIVE },
    .campaigns_remedy = "let this user read them, as the example grant.sql does: GRANT SELECT (campaign_id) ON "
                        "vicidial_campaigns",
    .longest_sec = LONGEST_CALL_SEC,
    .after_end_sec = VICIDIAL_AFTER_END_SEC,
    .open = open_vicidial,
    .inspect = inspect,
    .now = now,
    .scan = scan,
    .fetch = fetch,
    .close = close_vicidial,
    .check = check,
    .effort = effort,
    .spread = spread,
    .recall = recall,
    .explain_memory = zone_explain,
    .list_campaigns = list_campaigns,
    .inspect_archive = inspect_archive,
    .archive_problem = archive_problem,
    .locks = &vicidial_locks,
};
