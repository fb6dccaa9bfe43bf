/* asterisk: the source that reads the cdr table of FreePBX, Issabel or plain Asterisk, and never writes it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "source/asterisk.h"
#include "source/asterisk_account.h"
#include "source/asterisk_group.h"
#include "source/asterisk_sample.h"
#include "source/asterisk_scan.h"
#include "source/findings.h"

/* Asterisk writes the rows of a call within moments of each other, and the clocks of two machines differ. */
#define SETTLE_SEC 60

/* cdr.conf: a generous limit for the time of Asterisk's batch mode; its default is 300. */
#define BATCH_MOST_SEC 3600

struct asterisk {
    struct session *session;
    const char *table_name;
    struct asterisk_table table;
    struct zone zone; /* the zones of the latest rows; set by inspect */
    struct asterisk_scan scan;
    bool has_cut_ids;
};

static const struct session_words words = {
    .database = "database of Asterisk's calls",
    .credentials = "; check user, password and name in [database], or the file with FreePBX's account",
    .name = "; check name in [database]",
    .server = "; check that the server runs, and host in [database]",
    .no_table = "; check name in [database] and table in [source]",
    .damaged = "; the table of calls is damaged: run REPAIR TABLE cdr",
};

static const struct param_spec params[] = {
    { "table", false, "the table of calls: cdr" },
    { "campaign", false, "the campaign of calls without an accountcode" },
    { "trunks", false, "the names of the trunks; empty: all channels but short numbers" },
    { "batch_time", false, "how many seconds Asterisk may delay rows (cdr.conf: batch, time)" },
    { "internal_calls", false, "send calls between extensions too" },
    { "freepbx_conf", false, "the file with FreePBX's database account" },
    { NULL, false, NULL },
};

static const struct disposition_default dispositions[] = {
    { "ANSWERED", "answered" }, { "NO ANSWER", "no_answer" },  { "BUSY", "busy" },
    { "FAILED", "failed" },     { "CONGESTION", "failed" },    { NULL, NULL },
};

static void close_asterisk(void *state)
{
    struct asterisk *asterisk = state;
    session_close(asterisk->session);
    free(asterisk);
}

static int read_params(struct asterisk *asterisk, const struct params *given, struct err *err)
{
    int64_t batch_sec = 0;
    const struct param *table = params_find(given, "table"), *campaign = params_find(given, "campaign");
    asterisk->table_name = table != NULL ? table->value : "cdr";
    if (table != NULL && !asterisk_table_is_name(asterisk->table_name))
        return err_set(err, EX_CONFIG, "%s: table: '%.70s' is not a valid table name", table->origin, table->value);
    if (campaign != NULL && *campaign->value == '\0')
        return err_set(err, EX_CONFIG, "%s: campaign is empty, and the API accepts no call without a campaign; write a "
                       "name", campaign->origin);
    if (params_integer(given, "batch_time", 0, 0, BATCH_MOST_SEC, &batch_sec, err) != 0 ||
        params_yes_no(given, "internal_calls", false, &asterisk->scan.with_internal, err) != 0)
        return -1;
    asterisk->scan.rules = (struct asterisk_rules){ .campaign = campaign != NULL ? campaign->value : "DEFAULT",
                                                    .trunks = params_text(given, "trunks", ""),
                                                    .settle_sec = SETTLE_SEC + batch_sec,
                                                    .zone = &asterisk->zone };
    return 0;
}

static int open_asterisk(const struct source_settings *settings, void **ret_state, struct err *err)
{
    struct asterisk *asterisk = mem_zero(1, sizeof *asterisk);
    if (read_params(asterisk, settings->params, err) != 0 ||
        session_open(settings->database, &words, &asterisk->session, err) != 0) {
        close_asterisk(asterisk);
        return -1;
    }
    asterisk->scan.session = asterisk->session;
    asterisk->scan.table = &asterisk->table;
    *ret_state = asterisk;
    return 0;
}

static int inspect(void *state, struct err *err)
{
    struct asterisk *asterisk = state;
    int64_t latest = 0;
    asterisk->zone = (struct zone){ .count = 0 };
    if (asterisk_table_inspect(asterisk->session, asterisk->table_name, &asterisk->table, err) != 0 ||
        asterisk_sample_latest(asterisk->session, &asterisk->table, &latest, &asterisk->has_cut_ids, &asterisk->zone,
                               err) != 0)
        return -1;
    asterisk->scan.zone_from = latest - ASTERISK_SAMPLE_HOLDS_SEC;
    asterisk->scan.rules.now = latest;
    return 0;
}

/* ---- reading ---- */

static int now(void *state, int64_t *ret_epoch, struct err *err)
{
    const struct asterisk *asterisk = state;
    return session_now(asterisk->session, ret_epoch, err);
}

static int scan(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err)
{
    struct asterisk *asterisk = state;
    return asterisk_scan_run(&asterisk->scan, range, on_call, on_slice, context, err);
}

static int fetch(void *state, enum source_table table, const char *const *ids, size_t count, source_on_call *on_call,
                 void *context, struct err *err)
{
    struct asterisk *asterisk = state;
    (void)table; /* Asterisk has no archive table */
    return asterisk_scan_fetch(&asterisk->scan, ids, count, on_call, context, err);
}

/* ---- other data ---- */

static struct source_effort effort(void *state)
{
    const struct asterisk *asterisk = state;
    return session_effort(asterisk->session);
}

static bool may_read(const void *state)
{
    const struct asterisk *asterisk = state;
    return session_may_read(asterisk->session);
}

static int64_t spread(const void *state)
{
    const struct asterisk *asterisk = state;
    return zone_spread(&asterisk->zone);
}

/* Keeps the zones that earlier runs found: in autumn, rows of one hour are written in both offsets. */
static void recall(void *state, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE])
{
    struct asterisk *asterisk = state;
    struct zone before;
    (void)problem; /* several zones are no fault here: PBXes in several places may share a table */
    zone_read(earlier, &before);
    zone_recall(&asterisk->zone, &before);
    zone_write(&asterisk->zone, memory);
}

/* ---- `check` ---- */

static void check_table(const struct asterisk *asterisk, const struct findings *findings)
{
    const struct asterisk_table *table = &asterisk->table;
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "table" };
    struct source_finding slow = { .kind = SOURCE_WARNS, .about = "table" };
    char *remedy = asterisk_table_remedy(table);
    slow.remedy = remedy;
    if (*table->date_key != '\0')
        findings_tell(findings, good, "%s has every column that is needed; reads use the index %s on %s", table->name,
                      table->date_key, table->date);
    else
        findings_tell(findings, slow, "%s has no usable index on %s, so each read scans the whole table; runs read it "
                      "only up to %d rows", table->name, table->date, ASTERISK_SMALL_ROWS);
    free(remedy);
    if (*table->missing != '\0')
        findings_tell(findings, good, "%s lacks %s; null is sent instead%s", table->name, table->missing,
                      table->has_column[ASTERISK_LINKEDID] ? "" : ", and rows are grouped by uniqueid");
}

static void check_ids(const struct asterisk *asterisk, const struct findings *findings)
{
    const struct source_finding cut = {
        .kind = SOURCE_WARNS,
        .about = "table",
        .remedy = "shorten systemname in asterisk.conf, or widen the columns uniqueid and linkedid to VARCHAR(150)",
    };
    if (asterisk->has_cut_ids)
        findings_tell(findings, cut, "%s cuts the ids of channels, so the rows of one call cannot be grouped, and each "
                      "row is sent as a call", asterisk->table.name);
}

static void check(void *state, source_on_finding *on_finding, void *context)
{
    struct err err;
    char names[ZONE_NAMES_SIZE];
    struct asterisk *asterisk = state;
    const struct findings findings = { .on_finding = on_finding, .context = context };
    const struct source_finding dated = { .kind = SOURCE_GOOD, .about = "time zone" };
    findings_tell_server(&findings, asterisk->session);
    if (inspect(asterisk, &err) != 0) {
        findings_tell_failure(&findings, &err);
        return;
    }
    check_table(asterisk, &findings);
    check_ids(asterisk, &findings);
    findings_tell(&findings, dated, "%s is written in %s", asterisk->table.date, zone_names(&asterisk->zone, names));
}

const struct source_ops asterisk_source = {
    .type = "asterisk-cdr",
    .shape = &asterisk_group_shape,
    .title = "database of Asterisk's calls",
    .places = { "the table of calls", "" },
    .params = params,
    .dispositions = dispositions,
    .longest_sec = ASTERISK_LONGEST_SEC,
    .after_end_sec = ASTERISK_GAP_SEC,
    .find_database = asterisk_account_find,
    .open = open_asterisk,
    .inspect = inspect,
    .now = now,
    .scan = scan,
    .fetch = fetch,
    .close = close_asterisk,
    .check = check,
    .effort = effort,
    .may_read = may_read,
    .spread = spread,
    .recall = recall,
    .explain_memory = zone_explain,
};
