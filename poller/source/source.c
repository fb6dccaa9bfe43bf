/* source: VICIdial's database, read and never written. All knowledge of its tables is in source.c. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "source/sample.h"
#include "source/scan.h"
#include "source/session.h"
#include "source/source.h"
#include "source/table.h"

/* No agent's screen writes to a call that is older than this (vdc_db_query.php: call_date within 4 hours). */
#define LONGEST_CALL_SEC (4 * 3600)

static const char *const table_names[] = { [SOURCE_LIVE] = "vicidial_log", [SOURCE_ARCHIVE] = "vicidial_log_archive" };

struct source {
    struct session *session;
    const struct settings_sync *settings;
    struct table tables[2]; /* by enum source_table; the archive only after source_inspect_archive */
    char archive_problem[1024]; /* see source_archive_problem */
    struct zone zone;           /* that of the latest rows; only after source_inspect */
    struct scan scan;
};

int source_connect(const struct settings_database *database, const struct settings_sync *settings,
                   struct source **ret_source, struct err *err)
{
    struct source *source = mem_zero(1, sizeof *source);
    source->settings = settings;
    source->tables[SOURCE_LIVE].name = table_names[SOURCE_LIVE];
    if (session_open(database, &source->session, err) != 0) {
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

int source_inspect(struct source *source, struct err *err)
{
    struct table *table = &source->tables[SOURCE_LIVE];
    int64_t now = 0;
    source->zone = (struct zone){ .count = 0 };
    if (table_inspect(source->session, table_names[SOURCE_LIVE], table, err) != 0 ||
        sample_latest(source->session, table, &now, &source->zone, err) != 0)
        return -1;
    source->scan = (struct scan){ .session = source->session,
                                  .settings = source->settings,
                                  .tables = source->tables,
                                  .zone = &source->zone,
                                  .zone_from = now - SAMPLE_HOLDS_SEC };
    return 0;
}

int source_inspect_archive(struct source *source, bool *ret_usable, struct err *err)
{
    struct table table;
    *ret_usable = table_inspect(source->session, table_names[SOURCE_ARCHIVE], &table, err) == 0;
    if (*ret_usable) {
        source->tables[SOURCE_ARCHIVE] = table;
        return 0;
    }
    if (session_failure(source->session) != SESSION_NO_TABLE)
        return -1;
    return 0;
}

const struct zone *source_zone(const struct source *source)
{
    return &source->zone;
}

void source_recall_zone(struct source *source, const struct zone *earlier)
{
    zone_recall(&source->zone, earlier);
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

struct source_range source_range_ended(enum source_table table, int64_t end_from, int64_t end_to)
{
    return (struct source_range){ .table = table,
                                  .end_from = end_from,
                                  .end_to = end_to,
                                  .call_from = end_from - LONGEST_CALL_SEC,
                                  .call_to = end_to + SCAN_AFTER_END_SEC,
                                  .whole_rows = true };
}

int source_scan(struct source *source, const struct source_range *range, source_on_call *on_call,
                source_on_slice *on_slice, void *context, struct err *err)
{
    return scan_run(&source->scan, range, on_call, on_slice, context, err);
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
    struct call call = table_call(row, fetching->zone, fetching->settings);
    return fetching->on_call(fetching->context, &call, err);
}

int source_fetch(struct source *source, enum source_table table, const char *const *uniqueids, size_t count,
                 source_on_call *on_call, void *context, struct err *err)
{
    char list[TABLE_SELECT_LIST_SIZE];
    struct err failure = { .code = EX_OK };
    struct fetching fetching = { .zone = &source->zone, .settings = source->settings, .on_call = on_call, .context = context };
    if (table == SOURCE_ARCHIVE)
        source->archive_problem[0] = '\0';
    table_select_list(&source->tables[SOURCE_LIVE], false, list);
    if (table_fetch(source->session, table_names[table], list, uniqueids, count, hand_out, &fetching, &failure) == 0)
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

struct session *source_session(struct source *source)
{
    return source->session;
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
