/* resources: opens the parts that a command needs to read the dialer's calls. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mask.h"
#include "engine/recording_step.h"
#include "engine/resources.h"
#include "engine/route.h"
#include "ledger/step_failure.h"
#include "sink/print.h"

/* How often cron starts a run. */
#define CRON_SEC 60

int resources_load(const struct options *options, struct resources *resources, struct err *err)
{
    struct config *config = &resources->config;
    struct config_problems problems;
    struct route_kinds kinds;
    route_load(&options->config, config, &kinds, &problems);
    resources->source_kind = kinds.source;
    resources->sink_kind = kinds.sink;
    resources->place_kind = kinds.place;
    for (int i = 0; i < problems.count; i++)
        log_error("❌ %s", problems.texts[i]);
    int result = 0;
    if (problems.count == 1)
        result = err_set(err, problems.code, "the configuration has a problem: %s", problems.texts[0]);
    else if (problems.count != 0)
        result = err_set(err, problems.code, "the configuration has %d problems, the first: %s", problems.count,
                         problems.texts[0]);
    config_problems_free(&problems);
    if (result != 0)
        return -1;
    log_configure(config->log_format, config->log_level);
    mask_enable(config->mask_phone);
    route_hide(config, &kinds);
    if (!config->api.verify_ssl)
        log_warn("⚠ verify_ssl = 0 in %s: the API's certificate is not checked, so anyone on the network path can "
                 "read the key; remove that line", options->config.dids);
    return 0;
}

void resources_report_repair(const struct ledger_repair *repair)
{
    if (repair->rebuilt)
        log_error("❌ the ledger was damaged; it was rebuilt with %" PRId64 " calls that could be read; the old one is "
                  "kept as %s", repair->saved, repair->aside);
}

int resources_open_ledger(const struct options *options, struct resources *resources, struct err *err)
{
    enum ledger_mode mode = options->dry_run ? LEDGER_DRY_RUN : LEDGER_WRITE;
    if (ledger_open(options->state_dir, mode, &resources->ledger, &resources->repair, err) != 0)
        return -1;
    ledger_set_action(resources->ledger, options->action);
    resources_report_repair(&resources->repair);
    return 0;
}

static void add_flags(void *context, const struct status_flags *status)
{
    disposition_map_add_flags(context, status);
}

int resources_read_flags(struct resources *resources, struct err *err)
{
    return source_list_statuses(&resources->source, add_flags, resources->config.dispositions, err);
}

int resources_open_source(struct resources *resources, struct err *err)
{
    const struct source_settings settings = route_source_settings(&resources->config);
    if (source_open(resources->source_kind, &settings, &resources->source, err) != 0)
        return -1;
    log_info("✅ Connected to %s", resources->source.ops->title);
    if (source_inspect(&resources->source, err) != 0)
        return -1;
    return disposition_map_uses_flags(resources->config.dispositions) ? resources_read_flags(resources, err) : 0;
}

int resources_connect(const struct config *config, struct source *ret_source, struct err *err)
{
    const struct source_ops *kind = NULL;
    const struct source_settings settings = route_source_settings(config);
    return source_find(config->source_type, config->source_origin, &kind, err) == 0
               ? source_open(kind, &settings, ret_source, err) : -1;
}

struct leader *resources_leader(const struct options *options, struct resources *resources)
{
    struct leader *leader = &resources->leader;
    if (leader->source == NULL) {
        *leader = (struct leader){ .state_dir = options->state_dir,
                                   .sync = &resources->config.sync,
                                   .source = &resources->source,
                                   .opened_with = route_source_settings(&resources->config),
                                   .period = options->every > 0 ? options->every : CRON_SEC };
        leader_set_profile(leader, options->profile);
    }
    return leader;
}

void resources_close_state(struct resources *resources)
{
    sink_close(&resources->sink);
    ledger_close(resources->ledger);
    resources->ledger = NULL;
    leader_leave(&resources->leader); /* before the next run of this host may begin */
    lock_release(resources->lock);
    resources->lock = NULL;
}

int resources_open_sink(const struct options *options, struct resources *resources, struct err *err)
{
    struct config *config = &resources->config;
    if (resources->sink.ops != NULL)
        return 0;
    const struct sink_settings settings = route_sink_settings(config, options->state_dir, options->profile_option);
    int result = options->dry_run ? print_sink_open(resources->sink_kind, &settings, &resources->sink, err)
                                  : sink_open(resources->sink_kind, &settings, &resources->sink, err);
    if (result != 0)
        route_name_file(&options->config, err);
    if (result != 0 || options->dry_run)
        return result;
    if (sink_batch(&resources->sink) > 0) { /* they are far apart, so no rate has to protect the receiver */
        config->sync.batch_size = (int64_t)sink_batch(&resources->sink);
        config->sync.backfill_rate = 0;
    }
    return 0;
}

int resources_open_place(struct resources *resources, struct err *err)
{
    struct config *config = &resources->config;
    struct err why;
    if (resources->place_kind == NULL)
        return recording_step_forget_trouble(resources->ledger, err);
    if (resources->place.ops != NULL)
        return 0;
    recording_settings_clear(&resources->recordings);
    if (recording_settings_read(&config->recordings_params, &config->source_params, &resources->recordings, &why) ==
            0 &&
        place_open(resources->place_kind, &resources->recordings.place, &resources->place, &why) == 0)
        return 0;
    log_error("❌ recordings: %s; recordings wait, and calls are sent as usual", why.message);
    return step_failure_note(resources->ledger, STEP_RECORDINGS, &why, err) == 0
               ? ledger_commit(resources->ledger, err) : -1;
}

struct route resources_route(const struct resources *resources)
{
    return (struct route){ .source = &resources->source,
                           .ledger = resources->ledger,
                           .sink = &resources->sink,
                           .settings = &resources->config.sync,
                           .dispositions = resources->config.dispositions,
                           .stores_recordings = resources->place_kind != NULL };
}

struct engine resources_engine(const struct resources *resources, struct summary *summary)
{
    const struct settings_api *api = &resources->config.api;
    return (struct engine){ .route = resources_route(resources),
                            .terms = { .deadline_ms = INT64_MAX,
                                       .of_the_past = true,
                                       .lets_others_in = true }, /* of backfill and reconcile */
                            .summary = summary,
                            .pace = pace_start(api->concurrency, api->max_concurrency),
                            .started_ms = clock_mono_ms() };
}

void resources_close(struct resources *resources)
{
    place_close(&resources->place);
    recording_settings_clear(&resources->recordings);
    source_close(&resources->source);
    config_free(&resources->config);
}
