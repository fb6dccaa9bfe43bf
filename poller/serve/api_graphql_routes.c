/* api_graphql_routes: the profiles and their runs, for the queries getCallCenterConfig and getCallCenterSyncLogs. */
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "base/when.h"
#include "ledger/enabled.h"
#include "ledger/standing.h"
#include "serve/api_graphql.h"
#include "serve/api_graphql_records.h"
#include "serve/api_graphql_routes.h"
#include "serve/api_runs.h"
#include "serve/graphql_execute.h"

#define ACTION "action-"

enum { DAY = 86400, USUAL_RUNS = 25, MOST_RUNS = 500 };

/* name NULL: the first profile. Returns NULL: there is none, and *err says so. */
static struct serve_profile *profile_of(const struct graphql_call *call, const char *name, struct err *err)
{
    const struct api_graphql *context = call->context;
    const struct profiles *profiles = context->api->profiles;
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
    int64_t action; /* only the run of this action; 0: any */
    struct graphql_value *list;
};

/* What the journal says of an action that starts a run. began 0: it has no such action of this profile. */
struct started {
    const struct listing *listing;
    const char *kind, *message; /* of the run; the last line of the output */
    int64_t began, ended, exit_code, from, to;
};

static const char *last_line(struct arena *arena, const char *output)
{
    size_t length = strlen(output), start = 0;
    while (length > 0 && output[length - 1] == '\n')
        length--;
    for (start = length; start > 0 && output[start - 1] != '\n'; start--) {
    }
    return arena_format(arena, "%.*s", (int)(length - start), output + start);
}

static void keep_action(void *context, const struct action_journal_row *row)
{
    static const char *const kinds[][2] = { { "sync", "poll" }, { "backfill", "backfill" },
                                            { "reconcile", "reconcile" } };
    struct started *started = context;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(row->action, kinds[i][0]) == 0 && strcmp(row->profile, started->listing->profile) == 0)
            started->kind = kinds[i][1];
    if (started->kind == NULL)
        return;
    struct json *arguments = json_parse(row->arguments);
    const char *from = arguments != NULL ? json_text(arguments, "from") : NULL;
    const char *to = arguments != NULL ? json_text(arguments, "to") : NULL;
    if (from == NULL || to == NULL ||
        when_parse_range("", from, to, row->began, &started->from, &started->to, NULL) != 0)
        started->from = started->to = 0;
    json_free(arguments);
    started->message = last_line(started->listing->call->arena, row->output);
    started->began = row->began;
    started->ended = row->ended;
    started->exit_code = row->exit_code;
}

static struct started find_action(const struct listing *listing, int64_t action)
{
    const struct api_graphql *context = listing->call->context;
    struct started started = { .listing = listing };
    struct err err;
    if (action > 0 && context->serve != NULL && context->serve->journal != NULL &&
        action_journal_list(context->serve->journal, action, 0, 1, keep_action, &started, NULL, &err) != 0)
        started.began = 0;
    return started;
}

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

char *api_graphql_log_id(struct arena *arena, const char *profile, int64_t action)
{
    return arena_format(arena, "%s/" ACTION "%lld", profile, (long long)action);
}

/* An id is not the time: two runs can start within a second, and clients keep one object for each id. */
static void add_names(struct graphql_value *log, const struct listing *listing, const struct records_run *run,
                      const struct started *started)
{
    struct arena *arena = listing->call->arena;
    bool is_ours = started->began != 0;
    const char *id = is_ours ? api_graphql_log_id(arena, listing->profile, run->action)
                             : arena_format(arena, "%s/%lld", listing->profile, (long long)run->id);
    const char *type = is_ours || strcmp(run->kind, "poll") != 0 ? "MANUAL" : "SCHEDULED";
    (void)graphql_add(log, "id", graphql_new_text(arena, id));
    (void)graphql_add(log, "configId", graphql_new_text(arena, listing->profile));
    (void)graphql_add(log, "kind", graphql_new_text(arena, run->kind));
    (void)graphql_add(log, "syncType", graphql_new_text(arena, type));
    (void)graphql_add(log, "fromDate", graphql_new_known(arena, started->from, 0));
    (void)graphql_add(log, "toDate", graphql_new_known(arena, started->to, 0));
}

static void add_run(void *context, const struct records_run *run)
{
    struct listing *listing = context;
    struct arena *arena = listing->call->arena;
    char outcome[RECORDS_OUTCOME_SIZE];
    struct started started = find_action(listing, run->action);
    if (started.began > run->started) /* a journal that began anew counts from 1 again */
        started = (struct started){ .listing = listing };
    if (listing->action != 0 && started.began == 0)
        return;
    struct graphql_value *log = graphql_add(listing->list, NULL, graphql_new(arena, GRAPHQL_OBJECT));
    add_names(log, listing, run, &started);
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

/* The log of an action without a run: it begins in a moment, or the command ended before. The output is for those who
 * may read the journal. */
static void add_action(struct listing *listing)
{
    const struct api_graphql *context = listing->call->context;
    const struct started started = find_action(listing, listing->action);
    bool is_lost = started.ended != 0 && started.exit_code < 0;
    const struct records_run run = {
        .kind = started.kind, .started = started.began, .superseded = is_lost,
        .finished = started.ended != 0 && !is_lost ? started.ended : RECORDS_UNKNOWN,
        .exit_code = started.ended != 0 && !is_lost ? started.exit_code : RECORDS_UNKNOWN,
        .message = context->request->role >= ROLE_ADMIN ? started.message : NULL, .action = listing->action,
        .duration_ms = RECORDS_UNKNOWN, .found = RECORDS_UNKNOWN, .accepted = RECORDS_UNKNOWN,
        .repeated = RECORDS_UNKNOWN, .failed = RECORDS_UNKNOWN, .waiting = RECORDS_UNKNOWN,
        .pending = RECORDS_UNKNOWN, .rejected = RECORDS_UNKNOWN };
    if (started.began != 0)
        add_run(listing, &run);
}

/* PROFILE/NUMBER is a run, PROFILE/action-NUMBER the run of an action. */
static int read_id(const struct graphql_call *call, const char **ret_profile, struct records_runs *which,
                   struct err *err)
{
    const char *id = graphql_text_of(call->arguments, "id"), *slash = id != NULL ? strrchr(id, '/') : NULL;
    if (id == NULL)
        return 0;
    bool is_action = slash != NULL && strncmp(slash + 1, ACTION, strlen(ACTION)) == 0;
    int64_t *number = is_action ? &which->action : &which->id;
    if (slash == NULL || !str_to_int(slash + 1 + (is_action ? strlen(ACTION) : 0), number) || *number < 1)
        return err_set(err, EX_USAGE, "id must be one that getCallCenterSyncLogs or syncCallCenterData has given");
    *ret_profile = arena_format(call->arena, "%.*s", (int)(slash - id), id);
    return 0;
}

int api_graphql_sync_logs(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    static const struct graphql_value none = { .kind = GRAPHQL_OBJECT };
    const struct graphql_value *pagination = graphql_member(call->arguments, "pagination");
    const char *name = graphql_text_of(call->arguments, "profile");
    struct listing listing = { .call = call, .list = graphql_new(call->arena, GRAPHQL_LIST) };
    struct records_runs which = { .kind = graphql_text_of(call->arguments, "kind") };
    struct ledger *ledger = NULL;
    pagination = pagination != NULL ? pagination : &none;
    int64_t page = graphql_integer_of(pagination, "page", 1);
    which.limit = graphql_integer_of(pagination, "pageSize", graphql_integer_of(pagination, "limit", USUAL_RUNS));
    struct serve_profile *profile = read_id(call, &name, &which, err) == 0 ? profile_of(call, name, err) : NULL;
    if (profile == NULL)
        return -1;
    if (which.kind != NULL && !api_runs_is_kind(which.kind))
        return err_set(err, EX_USAGE, "kind must be " API_RUNS_KINDS);
    if (page < 1 || which.limit < 1 || which.limit > MOST_RUNS)
        return err_set(err, EX_USAGE, "page must be 1 or more, and pageSize from 1 to %d", MOST_RUNS);
    which.skip = (page - 1) * which.limit;
    const struct api_graphql *context = call->context;
    listing.profile = profile->name;
    listing.action = which.action;
    listing.masks = api_masks(context->api, context->request, profile->name);
    if (profiles_ledger(profile, &ledger, err) != 0 ||
        records_page_runs(ledger, &which, add_run, &listing, err) != 0)
        return -1;
    if (which.action != 0 && listing.list->first == NULL)
        add_action(&listing);
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
    struct serve_profile *profile = profile_of(call, graphql_text_of(call->arguments, "profile"), err);
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
