/* vicidial_inbound: the source that reads inbound calls from VICIdial's database. */
#include <stdlib.h>

#include "base/mem.h"
#include "source/findings.h"
#include "source/vicidial_inbound.h"
#include "source/vicidial_inbound_did.h"
#include "source/vicidial_inbound_scan.h"
#include "source/vicidial_link.h"
#include "source/vicidial_locks.h"
#include "source/vicidial_recordings.h"

#define LIVE "vicidial_closer_log"
#define ARCHIVE "vicidial_closer_log_archive"

/* VICIdial sets the end of a row at most 6 hours after its begin; see vicidial_inbound_row.c. */
#define LONGEST_CALL_SEC (7 * 3600)

/* An agent may leave a disposition for the next morning. */
#define DISPOSITION_WAIT_SEC (12 * 3600)
#define DISPOSITION_WAIT_MOST_SEC (7 * 86400)

struct inbound {
    struct vicidial_link link;               /* first: see vicidial_link.h */
    struct vicidial_inbound_table tables[2]; /* by enum source_table; the archive only after inspect_archive */
    struct vicidial_inbound_scan scan;
    const struct settings_enrich *enrich;
    struct vicidial_inbound_did did;
    bool stores_recordings;
};

static const struct param_spec params[] = {
    { "disposition_wait", false, "for how many seconds after its end a call waits for the agent's disposition: 43200" },
    { "email_and_chat", false, "send e-mails and chats too" },
    { NULL, false, NULL },
};

static void close_inbound(void *state)
{
    struct inbound *inbound = state;
    vicidial_link_close(&inbound->link);
    free(inbound);
}

static int open_inbound(const struct source_settings *settings, void **ret_state, struct err *err)
{
    struct inbound *inbound = mem_zero(1, sizeof *inbound);
    struct vicidial_inbound_rules *rules = &inbound->scan.rules;
    rules->settings = settings->sync;
    inbound->tables[SOURCE_LIVE].name = vicidial_inbound_tables[SOURCE_LIVE];
    if (params_integer(settings->params, "disposition_wait", DISPOSITION_WAIT_SEC, 0, DISPOSITION_WAIT_MOST_SEC,
                       &rules->disposition_wait_sec, err) != 0 ||
        params_yes_no(settings->params, "email_and_chat", false, &rules->with_messages, err) != 0 ||
        vicidial_link_open(&inbound->link, settings->database, "; the dialer's table is damaged: run REPAIR TABLE " LIVE
                           ", or " ARCHIVE " if the message names it", err) != 0) {
        close_inbound(inbound);
        return -1;
    }
    inbound->enrich = settings->enrich;
    vicidial_inbound_did_init(&inbound->did, inbound->link.session);
    inbound->scan.session = inbound->link.session;
    inbound->scan.tables = inbound->tables;
    inbound->scan.zone = &inbound->link.zone;
    inbound->stores_recordings = settings->stores_recordings;
    *ret_state = inbound;
    return 0;
}

/* ---- inspecting the table ---- */

static int inspect(void *state, struct err *err)
{
    struct inbound *inbound = state;
    struct vicidial_inbound_table *table = &inbound->tables[SOURCE_LIVE];
    int64_t now_epoch = 0;
    inbound->link.zone = (struct zone){ .count = 0 };
    if (vicidial_inbound_table_inspect(inbound->link.session, SOURCE_LIVE, table, err) != 0 ||
        vicidial_inbound_table_latest(inbound->link.session, table, &now_epoch, &inbound->link.zone, err) != 0)
        return -1;
    inbound->scan.zone_from = now_epoch - INBOUND_SAMPLE_HOLDS_SEC;
    return 0;
}

static int inspect_archive(void *state, bool *ret_usable, struct err *err)
{
    struct inbound *inbound = state;
    struct vicidial_inbound_table table;
    *ret_usable = vicidial_inbound_table_inspect(inbound->link.session, SOURCE_ARCHIVE, &table, err) == 0;
    if (*ret_usable)
        inbound->tables[SOURCE_ARCHIVE] = table;
    return *ret_usable || session_failure(inbound->link.session) == SESSION_NO_TABLE ? 0 : -1;
}

/* ---- reading ---- */

static int scan(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err)
{
    struct inbound *inbound = state;
    return vicidial_inbound_scan_run(&inbound->scan, range, on_call, on_slice, context, err);
}

static int find_reach(void *state, int64_t since, struct source_reach *ret_reach, struct err *err)
{
    const struct inbound *inbound = state;
    return vicidial_inbound_scan_reach(&inbound->scan, since, ret_reach, err);
}

static int fetch(void *state, enum source_table table, const char *const *ids, size_t count, source_on_call *on_call,
                 void *context, struct err *err)
{
    struct inbound *inbound = state;
    struct err failure = { .code = EX_OK };
    int result = vicidial_inbound_scan_fetch(&inbound->scan, table, ids, count, on_call, context, &failure);
    return vicidial_link_fetched(&inbound->link, table, result, &failure, err);
}

static bool shows_open(const void *state)
{
    (void)state;
    return true;
}

/* There are no kin: the id of a row never changes. VICIdial deletes rows only when it empties the whole table. */
static int find_kin(void *state, const char *const *kins, size_t count, int64_t began_from, source_on_call *on_call,
                    void *context, struct err *err)
{
    (void)state;
    (void)kins;
    (void)count;
    (void)began_from;
    (void)on_call;
    (void)context;
    (void)err;
    return 0;
}

/* ---- the DID ---- */

static bool enriches(const void *state)
{
    const struct inbound *inbound = state;
    return inbound->enrich != NULL && inbound->enrich->did;
}

static int enrich(void *state, const struct call *const *calls, size_t count, source_on_enriched *on_enriched,
                  void *context, struct err *err)
{
    struct inbound *inbound = state;
    return vicidial_inbound_did_run(&inbound->did, calls, count, on_enriched, context, err);
}

static void enrich_problem(const void *state, enum source_gap gap, char problem[SOURCE_PROBLEM_SIZE])
{
    const struct inbound *inbound = state;
    vicidial_inbound_did_problem(&inbound->did, gap, problem);
}

/* ---- other data ---- */

/* The campaign of these calls is the in-group. */
static int list_campaigns(void *state, source_on_campaign *on_campaign, void *context, struct err *err)
{
    return vicidial_link_list(state, "group_id", "vicidial_inbound_groups", "in-groups", on_campaign, context, err);
}

/* ---- what `check` finds ---- */

static int find_recordings(void *state, const struct source_recording_key *keys, size_t count,
                           source_on_recording *on_recording, void *context, struct err *err)
{
    const struct inbound *inbound = state;
    return vicidial_recordings_find(inbound->link.session, keys, count, on_recording, context, err);
}

static void check(void *state, source_on_finding *on_finding, void *context)
{
    struct err err;
    struct inbound *inbound = state;
    const struct vicidial_inbound_table *table = &inbound->tables[SOURCE_LIVE];
    const struct findings findings = { .on_finding = on_finding, .context = context };
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "table" };
    findings_tell_server(&findings, inbound->link.session);
    if (inspect(inbound, &err) != 0) {
        findings_tell_failure(&findings, &err);
        return;
    }
    findings_tell(&findings, good, LIVE " has every column that is needed; reads use the index %s on call_date",
                  table->index);
    vicidial_link_check(&vicidial_inbound_source, inbound, table->missing, "0/c0", &findings);
    if (enriches(inbound))
        vicidial_inbound_did_check(&inbound->did, &findings);
    if (inbound->stores_recordings)
        vicidial_recordings_check(inbound->link.session, &findings);
}

const struct source_ops vicidial_inbound_source = {
    .type = "vicidial-inbound",
    .shape = &vicidial_inbound_shape,
    .uses_dialer = true,
    .params = params,
    .title = "VICIdial database",
    .places = { LIVE, ARCHIVE },
    .campaigns_remedy = "let this user read them, as the example grant.sql does: GRANT SELECT (group_id) ON "
                        "vicidial_inbound_groups",
    .longest_sec = LONGEST_CALL_SEC,
    .after_end_sec = INBOUND_AFTER_END_SEC,
    .open = open_inbound,
    .inspect = inspect,
    .now = vicidial_link_now,
    .scan = scan,
    .fetch = fetch,
    .close = close_inbound,
    .enriches = enriches,
    .enrich = enrich,
    .enrich_problem = enrich_problem,
    .find_recordings = find_recordings,
    .check = check,
    .effort = vicidial_link_effort,
    .may_read = vicidial_link_may_read,
    .spread = vicidial_link_spread,
    .recall = vicidial_link_recall,
    .explain_memory = zone_explain,
    .list_campaigns = list_campaigns,
    .shows_open = shows_open,
    .find_kin = find_kin,
    .inspect_archive = inspect_archive,
    .find_reach = find_reach,
    .archive_problem = vicidial_link_archive_problem,
    .locks = &vicidial_locks,
};
