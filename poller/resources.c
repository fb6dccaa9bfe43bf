/* resources: what a command that looks at the dialer's calls holds open. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fileutil.h"
#include "log.h"
#include "mem.h"
#include "resources.h"
#include "str.h"

/* The file that says with which connection this host was last elected: its number, and since when the server counts. It
 * is no note of the ledger, which may be made anew while that connection stays. */
#define LEADER "leader"

int resources_load(const struct options *options, struct resources *resources, struct err *err)
{
    struct config *config = &resources->config;
    struct config_problems problems;
    config_load(&options->config, config, &problems);
    for (int i = 0; i < problems.count; i++)
        log_error("❌ %s", problems.texts[i]);
    int result = 0;
    if (problems.count == 1)
        result = err_set(err, problems.code, "the configuration has a problem: %s", problems.texts[0]);
    else if (problems.count > 1)
        result = err_set(err, problems.code, "the configuration has %d problems, the first: %s", problems.count,
                         problems.texts[0]);
    config_problems_free(&problems);
    if (result != 0)
        return -1;
    log_set(config->log_format, config->log_level);
    log_mask_phones(config->mask_phone);
    log_hide(config->api.key);
    if (!config->api.verify_ssl)
        log_warn("⚠ verify_ssl = 0 in %s: the API's certificate is not checked, so whoever stands between can read the "
                 "key; remove that line", options->config.dids);
    return 0;
}

void resources_report_repair(const struct ledger_repair *repair)
{
    if (repair->rebuilt)
        log_error("❌ the ledger was damaged and is made anew with %" PRId64 " calls that could be read; the old one is "
                  "kept as %s", repair->saved, repair->aside);
}

int resources_open_ledger(const struct options *options, struct resources *resources, struct err *err)
{
    enum ledger_mode mode = options->dry_run ? LEDGER_LOOK : LEDGER_WRITE;
    if (ledger_open(options->state_dir, mode, &resources->ledger, &resources->repair, err) != 0)
        return -1;
    resources_report_repair(&resources->repair);
    return 0;
}

int resources_open_source(struct resources *resources, struct err *err)
{
    if (source_connect(&resources->config.database, &resources->source, err) != 0)
        return -1;
    log_info("✅ Connected to VICIdial database");
    return source_inspect(resources->source, err);
}

/* Whether it was this host that the server elected. Connections are numbered anew when it starts again. */
static bool is_own(const char *state_dir, const struct source_election *election)
{
    char *path = mem_format("%s/" LEADER, state_dir), *text = NULL;
    bool missing = false;
    int64_t number = 0, started = 0;
    bool known = fileutil_read(path, 64, FILEUTIL_REFUSE_LINK, &text, &missing, NULL) == 0 && !missing;
    char *blank = known ? strchr(text, ' ') : NULL;
    if (blank != NULL)
        *blank = '\0';
    known = blank != NULL && str_to_int(text, &number) && str_to_int(str_trim(blank + 1), &started);
    free(text);
    free(path);
    return known && number != 0 && number == election->holder && started >= election->server_started - 2 &&
           started <= election->server_started + 2;
}

static int note_leader(const char *state_dir, const struct source_election *election, struct err *err)
{
    char *text = mem_format("%" PRId64 " %" PRId64 "\n", election->holder, election->server_started);
    int result = fileutil_replace(state_dir, LEADER, text, err);
    free(text);
    return result;
}

/* Where this connection has not the lock, another process of this host may have it: one that stays behind after its run
 * for that very purpose (run.c: linger, stay_elected), which is so on a cluster only, or one at long work (turn.c). */
int resources_elect(const struct options *options, struct resources *resources, struct err *err)
{
    struct source_election election;
    if (source_elect(resources->source, options->profile, &election, err) != 0)
        return -1;
    resources->elected_by_this = election.elected;
    resources->elected = election.elected || is_own(options->state_dir, &election);
    bool may_stay = election.elected && (options->command != COMMAND_RUN || source_is_cluster(resources->source));
    return may_stay ? note_leader(options->state_dir, &election, err) : 0;
}

void resources_close_state(struct resources *resources)
{
    delivery_close(resources->delivery);
    resources->delivery = NULL;
    ledger_close(resources->ledger);
    resources->ledger = NULL;
    lock_release(resources->lock);
    resources->lock = NULL;
}

int resources_open_delivery(struct resources *resources, struct err *err)
{
    return resources->delivery != NULL ? 0 : delivery_open(&resources->config.api, &resources->delivery, err);
}

struct forward resources_forward(const struct resources *resources, struct summary *summary)
{
    const struct settings_api *api = &resources->config.api;
    return (struct forward){ .source = resources->source,
                             .delivery = resources->delivery,
                             .settings = &resources->config.sync,
                             .dispositions = resources->config.dispositions,
                             .summary = summary,
                             .mask_phone = resources->config.mask_phone,
                             .pace = pace_start(api->concurrency, api->max_concurrency),
                             .started_ms = clock_mono_ms(),
                             .of_the_past = true, /* of backfill and reconcile */
                             .deadline_ms = INT64_MAX };
}

void resources_close(struct resources *resources)
{
    source_close(resources->source);
    resources->source = NULL;
    config_free(&resources->config);
}
