/* vicidial: the kind of source that reads VICIdial's database, and never writes it. */
#include <stdlib.h>

#include "base/mem.h"
#include "source/findings.h"
#include "source/vicidial.h"
#include "source/vicidial_enrich.h"
#include "source/vicidial_link.h"
#include "source/vicidial_locks.h"
#include "source/vicidial_recordings.h"
#include "source/vicidial_sample.h"
#include "source/vicidial_scan.h"
#include "source/vicidial_statuses.h"
#include "source/vicidial_table.h"

/* No agent's screen writes to a call that is older than this (vdc_db_query.php: call_date within 4 hours). */
#define LONGEST_CALL_SEC (4 * 3600)

#define LIVE "vicidial_log"
#define ARCHIVE "vicidial_log_archive"

static const char *const table_names[] = { [SOURCE_LIVE] = LIVE, [SOURCE_ARCHIVE] = ARCHIVE };

struct vicidial {
    struct vicidial_link link; /* first: see vicidial_link.h */
    const struct settings_sync *settings;
    struct vicidial_table tables[2]; /* by enum source_table; the archive only after inspect_archive */
    struct vicidial_scan scan;
    struct vicidial_enrich *enrich;
    bool stores_recordings;
};

static void close_vicidial(void *state)
{
    struct vicidial *vicidial = state;
    vicidial_enrich_close(vicidial->enrich);
    vicidial_link_close(&vicidial->link);
    free(vicidial);
}

static int open_vicidial(const struct source_settings *settings, void **ret_state, struct err *err)
{
    struct vicidial *vicidial = mem_zero(1, sizeof *vicidial);
    vicidial->settings = settings->sync;
    vicidial->stores_recordings = settings->stores_recordings;
    vicidial->tables[SOURCE_LIVE].name = table_names[SOURCE_LIVE];
    if (vicidial_link_open(&vicidial->link, settings->database,
                           "; the dialer's table is damaged: run REPAIR TABLE " LIVE ", or " ARCHIVE " where it is "
                           "that", err) != 0) {
        close_vicidial(vicidial);
        return -1;
    }
    vicidial->enrich = vicidial_enrich_open(vicidial->link.session, settings->enrich);
    *ret_state = vicidial;
    return 0;
}

/* ---- what the table looks like ---- */

static int inspect(void *state, struct err *err)
{
    struct vicidial *vicidial = state;
    struct vicidial_table *table = &vicidial->tables[SOURCE_LIVE];
    int64_t now_epoch = 0;
    vicidial->link.zone = (struct zone){ .count = 0 };
    if (vicidial_table_inspect(vicidial->link.session, table_names[SOURCE_LIVE], table, err) != 0 ||
        vicidial_sample_latest(vicidial->link.session, table, &now_epoch, &vicidial->link.zone, err) != 0)
        return -1;
    vicidial->scan = (struct vicidial_scan){ .session = vicidial->link.session,
                                             .settings = vicidial->settings,
                                             .tables = vicidial->tables,
                                             .zone = &vicidial->link.zone,
                                             .zone_from = now_epoch - VICIDIAL_SAMPLE_HOLDS_SEC };
    return 0;
}

static int inspect_archive(void *state, bool *ret_usable, struct err *err)
{
    struct vicidial *vicidial = state;
    struct vicidial_table table;
    *ret_usable = vicidial_table_inspect(vicidial->link.session, table_names[SOURCE_ARCHIVE], &table, err) == 0;
    if (*ret_usable) {
        vicidial->tables[SOURCE_ARCHIVE] = table;
        return 0;
    }
    if (session_failure(vicidial->link.session) != SESSION_NO_TABLE)
        return -1;
    return 0;
}

/* ---- reading ---- */

static int scan(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err)
{
    struct vicidial *vicidial = state;
    return vicidial_scan_run(&vicidial->scan, range, on_call, on_slice, context, err);
}

static int find_reach(void *state, int64_t since, struct source_reach *ret_reach, struct err *err)
{
    const struct vicidial *vicidial = state;
    return vicidial_scan_reach(&vicidial->scan, since, ret_reach, err);
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
    struct fetching fetching = { .zone = &vicidial->link.zone, .settings = vicidial->settings, .on_call = on_call,
                                 .context = context };
    vicidial_table_select_list(&vicidial->tables[SOURCE_LIVE], false, list);
    int result = vicidial_table_fetch(vicidial->link.session, table_names[table], list, ids, count, hand_out, &fetching,
                                      &failure);
    return vicidial_link_fetched(&vicidial->link, table, result, &failure, err);
}

/* With an index on end_epoch a scan finds each call by its end. */
static bool shows_open(const void *state)
{
    const struct vicidial *vicidial = state;
    return !vicidial->tables[SOURCE_LIVE].index_on_end;
}

static int find_kin(void *state, const char *const *kins, size_t count, int64_t began_from, source_on_call *on_call,
                    void *context, struct err *err)
{
    struct vicidial *vicidial = state;
    const struct vicidial_table *table = &vicidial->tables[SOURCE_LIVE];
    char list[TABLE_SELECT_LIST_SIZE];
    struct fetching fetching = { .zone = &vicidial->link.zone, .settings = vicidial->settings, .on_call = on_call,
                                 .context = context };
    vicidial_table_select_list(table, false, list);
    return vicidial_table_fetch_leads(vicidial->link.session, table, list, kins, count, began_from, hand_out, &fetching,
                                      err);
}

static bool enriches(const void *state)
{
    const struct vicidial *vicidial = state;
    return vicidial_enrich_is_on(vicidial->enrich);
}

static int enrich(void *state, const struct call *const *calls, size_t count, source_on_enriched *on_enriched,
                  void *context, struct err *err)
{
    const struct vicidial *vicidial = state;
    return vicidial_enrich_run(vicidial->enrich, calls, count, on_enriched, context, err);
}

static void enrich_problem(const void *state, enum source_gap gap, char problem[SOURCE_PROBLEM_SIZE])
{
    const struct vicidial *vicidial = state;
    vicidial_enrich_problem(vicidial->enrich, gap, problem);
}

/* ---- what it tells beside calls ---- */

static int list_campaigns(void *state, source_on_campaign *on_campaign, void *context, struct err *err)
{
    return vicidial_link_list(state, "campaign_id", "vicidial_campaigns", "campaigns", on_campaign, context, err);
}

static int list_statuses(void *state, source_on_status *on_status, void *context, struct err *err)
{
    const struct vicidial *vicidial = state;
    return vicidial_statuses_list(vicidial->link.session, on_status, context, err);
}

static int find_recordings(void *state, const struct source_recording_key *keys, size_t count,
                           source_on_recording *on_recording, void *context, struct err *err)
{
    const struct vicidial *vicidial = state;
    return vicidial_recordings_find(vicidial->link.session, keys, count, on_recording, context, err);
}

static void check(void *state, source_on_finding *on_finding, void *context)
{
    struct err err;
    struct vicidial *vicidial = state;
    const struct vicidial_table *table = &vicidial->tables[SOURCE_LIVE];
    const struct findings findings = { .on_finding = on_finding, .context = context };
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "table" };
    findings_tell_server(&findings, vicidial->link.session);
    if (inspect(vicidial, &err) != 0) {
        findings_tell_failure(&findings, &err);
        return;
    }
    findings_tell(&findings, good, LIVE " has every column that is needed; reads use the index %s", table->index_facts);
    vicidial_link_check(&vicidial_source, vicidial, table->missing, "", &findings);
    vicidial_enrich_check(vicidial->enrich, &findings);
    if (vicidial->stores_recordings)
        vicidial_recordings_check(vicidial->link.session, &findings);
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
    .now = vicidial_link_now,
    .scan = scan,
    .fetch = fetch,
    .close = close_vicidial,
    .enriches = enriches,
    .enrich = enrich,
    .enrich_problem = enrich_problem,
    .check = check,
    .effort = vicidial_link_effort,
    .may_read = vicidial_link_may_read,
    .spread = vicidial_link_spread,
    .recall = vicidial_link_recall,
    .explain_memory = zone_explain,
    .list_campaigns = list_campaigns,
    .shows_open = shows_open,
    .find_kin = find_kin,
    .list_statuses = list_statuses,
    .find_recordings = find_recordings,
    .inspect_archive = inspect_archive,
    .find_reach = find_reach,
    .archive_problem = vicidial_link_archive_problem,
    .locks = &vicidial_locks,
};
