/* api_graphql_routes: the profiles and their runs, for the queries getCallCenterConfig and getCallCenterSyncLogs. */
#include <string.h>

#include "base/str.h"
#include "ledger/enabled.h"
#include "ledger/standing.h"
#include "serve/api_graphql.h"
#include "serve/api_graphql_records.h"
#include "serve/api_graphql_routes.h"
#include "serve/api_runs.h"
#include "serve/graphql_execute.h"

enum { DAY = 86400, USUAL_RUNS = 25, MOST_RUNS = 500 };

/* The profile of the argument; without one, the first. NULL: there is none, and *err says so. */
static struct serve_profile *profile_of(const struct graphql_call *call, struct err *err)
{
    const struct api_graphql *context = call->context;
    const struct profiles *profiles = context->api->profiles;
    const char *name = graphql_text_of(call->arguments, "profile");
    struct serve_profile *profile = NULL;
    if (name != NULL)
        profile = profiles_find(profiles, name);
    else if (profiles->count > 0)
        profile = &profiles->list[0];
    if (profile == NULL)
        (void)err_set(err, EX_USAGE, "there is no such profile: getCallCenterConfigs lists them");
    return profile;
}

static struct graphql_value *not_empty(struct arena *arena, const char *text)
{
    return *str_or_empty(text) != '\0' ? graphql_new_text(arena, text) : NULL;
}

/* ---- runs ---- */

struct listing {
    const struct graphql_call *call;
    const char *profile;
    bool masks;
    struct graphql_value *list;
};

/* The four words that the clients know; outcome has more. */
static const char *status_of(const struct records_run *run)
{
    char outcome[RECORDS_OUTCOME_SIZE];
    const char *text = records_outcome(run, outcome);
    if (run->finished == RECORDS_UNKNOWN)
        return run->superseded ? "failed" : "running";
    return strcmp(text, "succeeded") == 0 ? "completed" : strcmp(text, "partly sent") == 0 ? "partial" : "failed";
}

static void add_counts(struct graphql_value *log, struct arena *arena, const struct records_run *run)
{
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = { { "recordsFetched", run->found },   { "totalRecords", run->found },
                    { "recordsCreated", run->accepted }, { "successCount", run->accepted },
                    { "recordsUpdated", run->repeated }, { "recordsFailed", run->failed },
                    { "failedCount", run->failed },      { "recordsPending", run->pending },
                    { "recordsWaiting", run->waiting },  { "recordsRejected", run->rejected },
                    { "duration", run->duration_ms },    { "exitCode", run->exit_code } };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)graphql_add(log, numbers[i].name, graphql_new_known(arena, numbers[i].number, RECORDS_UNKNOWN));
}

static void add_run(void *context, const struct records_run *run)
{
    struct listing *listing = context;
    struct arena *arena = listing->call->arena;
    char outcome[RECORDS_OUTCOME_SIZE];
    struct graphql_value *log = graphql_add(listing->list, NULL, graphql_new(arena, GRAPHQL_OBJECT));
    /* Not the time: two runs can start within a second, and clients keep one object for each id. */
    (void)graphql_add(log, "id", graphql_new_text(arena, arena_format(arena, "%s/%lld", listing->profile,
                                                                      (long long)run->id)));
    (void)graphql_add(log, "configId", graphql_new_text(arena, listing->profile));
    (void)graphql_add(log, "kind", graphql_new_text(arena, run->kind));
    (void)graphql_add(log, "syncType",
                      graphql_new_text(arena, strcmp(run->kind, "poll") == 0 ? "SCHEDULED" : "MANUAL"));
    (void)graphql_add(log, "status", graphql_new_text(arena, status_of(run)));
    (void)graphql_add(log, "outcome", graphql_new_text(arena, records_outcome(run, outcome)));
    (void)graphql_add(log, "errorMessage",
                      *str_or_empty(run->message) != '\0'
                          ? api_graphql_masked(arena, run->message, NULL, listing->masks) : NULL);
    (void)graphql_add(log, "startedAt", graphql_new_integer(arena, run->started));
    (void)graphql_add(log, "createdAt", graphql_new_integer(arena, run->started));
    (void)graphql_add(log, "completedAt", graphql_new_known(arena, run->finished, RECORDS_UNKNOWN));
    (void)graphql_add(log, "updatedAt", graphql_new_known(arena, run->finished, RECORDS_UNKNOWN));
    add_counts(log, arena, run);
}

int api_graphql_sync_logs(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    static const struct graphql_value none = { .kind = GRAPHQL_OBJECT };
    const struct graphql_value *pagination = graphql_member(call->arguments, "pagination");
    struct serve_profile *profile = profile_of(call, err);
    struct listing listing = { .call = call, .list = graphql_new(call->arena, GRAPHQL_LIST) };
    struct records_runs which = { .kind = graphql_text_of(call->arguments, "kind") };
    struct ledger *ledger = NULL;
    pagination = pagination != NULL ? pagination : &none;
    int64_t page = graphql_integer_of(pagination, "page", 1);
    which.limit = graphql_integer_of(pagination, "pageSize", graphql_integer_of(pagination, "limit", USUAL_RUNS));
    if (profile == NULL)
        return -1;
    if (which.kind != NULL && !api_runs_is_kind(which.kind))
        return err_set(err, EX_USAGE, "kind must be " API_RUNS_KINDS);
    if (page < 1 || which.limit < 1 || which.limit > MOST_RUNS)
        return err_set(err, EX_USAGE, "page must be 1 or more, and pageSize from 1 to %d", MOST_RUNS);
    which.skip = (page - 1) * which.limit;
    const struct api_graphql *context = call->context;
    listing.profile = profile->name;
    listing.masks = api_masks(context->api, context->request, profile->name);
    if (profiles_ledger(profile, &ledger, err) != 0 ||
        records_page_runs(ledger, &which, add_run, &listing, err) != 0)
        return -1;
    *ret_value = listing.list;
    return 0;
}

/* ---- configurations ---- */

int64_t api_graphql_days_back(const struct serve_profile *profile)
{
    return (profile->config.sync.first_run_lookback + DAY - 1) / DAY;
}

static void add_changeable(struct graphql_value *config, struct arena *arena, const struct serve_profile *profile,
                           const struct api_graphql_change *change)
{
    int64_t batch_size = change != NULL ? change->batch_size : profile->config.sync.batch_size;
    int64_t days_back = change != NULL ? change->days_back : api_graphql_days_back(profile);
    (void)graphql_add(config, "batchSize", graphql_new_integer(arena, batch_size));
    (void)graphql_add(config, "defaultDaysBack", graphql_new_integer(arena, days_back));
}

/* Settings of the source that are no secrets. */
static void add_settings(struct graphql_value *config, struct arena *arena, const struct serve_profile *profile)
{
    const struct params *source = &profile->config.source_params;
    const struct settings_sync *sync = &profile->config.sync;
    (void)graphql_add(config, "id", graphql_new_text(arena, profile->name));
    (void)graphql_add(config, "profile", graphql_new_text(arena, profile->name));
    (void)graphql_add(config, "apiUrl", graphql_new_text(arena, params_text(source, "url", "")));
    (void)graphql_add(config, "domain", graphql_new_text(arena, params_text(source, "domain", "")));
    (void)graphql_add(config, "source", graphql_new_text(arena, profile->config.source_type));
    (void)graphql_add(config, "sink", graphql_new_text(arena, profile->config.sink_type));
    (void)graphql_add(config, "recordings", not_empty(arena, profile->config.recordings_type));
    (void)graphql_add(config, "masksNumbers", graphql_new_boolean(arena, profile->masks));
    (void)graphql_add(config, "retentionDays", graphql_new_integer(arena, sync->retention_days));
}

static void add_last_run(struct graphql_value *config, struct arena *arena, const struct records_overview *overview)
{
    const struct records_run run = { .exit_code = overview->last_run_exit_code,
                                     .message = overview->last_run_message };
    char outcome[RECORDS_OUTCOME_SIZE];
    const char *text = overview->last_run != 0 ? records_outcome(&run, outcome) : NULL;
    (void)graphql_add(config, "lastSyncAt", graphql_new_known(arena, overview->last_run, 0));
    (void)graphql_add(config, "lastSyncStatus", graphql_new_text(arena, text));
    (void)graphql_add(config, "lastSyncError", not_empty(arena, overview->last_run_message));
    (void)graphql_add(config, "createdAt", graphql_new_known(arena, overview->first_run, 0));
    (void)graphql_add(config, "updatedAt", graphql_new_known(arena, overview->last_run, 0));
}

/* Cron starts a run each minute while sending is enabled. */
static void add_standing(struct graphql_value *config, struct arena *arena, const struct standing *standing)
{
    (void)graphql_add(config, "isActive", graphql_new_boolean(arena, !standing->off));
    (void)graphql_add(config, "syncMode", graphql_new_text(arena, standing->off ? "MANUAL" : "SCHEDULED"));
    (void)graphql_add(config, "cronExpression", graphql_new_text(arena, standing->off ? NULL : "* * * * *"));
    (void)graphql_add(config, "pending", graphql_new_integer(arena, standing->overview.counts.pending));
    (void)graphql_add(config, "waiting", graphql_new_integer(arena, standing->overview.counts.waiting));
    (void)graphql_add(config, "rejected", graphql_new_integer(arena, standing->overview.counts.rejected));
    add_last_run(config, arena, &standing->overview);
}

/* A profile without a ledger has had no run. */
static void add_state(struct graphql_value *config, const struct graphql_call *call, struct serve_profile *profile,
                      const struct api_graphql_change *change)
{
    const struct api_graphql *context = call->context;
    struct arena *arena = call->arena;
    struct standing standing;
    struct ledger *ledger = NULL;
    struct err err;
    if (profiles_ledger(profile, &ledger, &err) != 0 ||
        standing_gather(profile->options.state_dir, ledger, &standing, &err) != 0) {
        standing = (struct standing){ .off = enabled_is_off(profile->options.state_dir) };
        (void)graphql_add(config, "problem", graphql_new_text(arena, err.message));
    } else {
        (void)graphql_add(config, "problem", graphql_new_text(arena, profile->problem));
    }
    if (api_masks(context->api, context->request, profile->name)) /* as in api_summary.c */
        api_hide(standing.overview.last_run_message, NULL);
    if (change != NULL)
        standing.off = change->is_off;
    add_standing(config, arena, &standing);
}

struct graphql_value *api_graphql_config_of(const struct graphql_call *call, struct serve_profile *profile,
                                            const struct api_graphql_change *change, struct err *err)
{
    const struct api_graphql *context = call->context;
    struct graphql_value *config = graphql_new(call->arena, GRAPHQL_OBJECT);
    const struct view_filter sent = { .profile = profile->name, .state = "accepted" };
    int64_t count = 0;
    add_settings(config, call->arena, profile);
    add_changeable(config, call->arena, profile, change);
    add_state(config, call, profile, change);
    if (graphql_asks(call, "totalRecordsSynced")) {
        if (view_count(context->api->view, &sent, &count, err) != 0)
            return NULL;
        (void)graphql_add(config, "totalRecordsSynced", graphql_new_integer(call->arena, count));
    }
    return config;
}

int api_graphql_config(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    struct serve_profile *profile = profile_of(call, err);
    if (profile == NULL)
        return -1;
    *ret_value = api_graphql_config_of(call, profile, NULL, err);
    return *ret_value != NULL ? 0 : -1;
}

int api_graphql_configs(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct api_graphql *context = call->context;
    struct graphql_value *list = graphql_new(call->arena, GRAPHQL_LIST);
    for (size_t i = 0; i < context->api->profiles->count; i++)
        if (graphql_add(list, NULL, api_graphql_config_of(call, &context->api->profiles->list[i], NULL, err)) == NULL)
            return -1;
    *ret_value = list;
    return 0;
}
