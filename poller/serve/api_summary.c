/* api_summary: how each profile is. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/version.h"
#include "commands/state_view.h"
#include "ledger/diagnosis.h"
#include "ledger/enabled.h"
#include "serve/api_runs.h"
#include "serve/api_summary.h"

/* ---- profiles ---- */

static void add_profile(struct json_writer *object, const struct serve_profile *profile)
{
    const struct config *config = &profile->config;
    json_writer_add_text(object, "name", profile->name);
    json_writer_add_text(object, "source", config->source_type);
    json_writer_add_text(object, "sink", config->sink_type);
    json_writer_add_text(object, "recordings", *str_or_empty(config->recordings_type) != '\0' ? config->recordings_type
                                                                                             : NULL);
    json_writer_add_bool(object, "masks", profile->masks);
    json_writer_add_int(object, "batch_size", config->sync.batch_size);
    json_writer_add_int(object, "retention_days", config->sync.retention_days);
    json_writer_add_text(object, "settings_problem", profile->problem);
}

void api_profiles(struct api *api, const struct request *request, struct reply *reply)
{
    struct api_list list = { .text = NULL };
    struct json_writer object = { .text = NULL };
    (void)request;
    for (size_t i = 0; i < api->profiles->count; i++) {
        struct json_writer profile = { .text = NULL };
        add_profile(&profile, &api->profiles->list[i]);
        api_list_add(&list, &profile);
    }
    char *text = api_list_end(&list);
    json_writer_add_json(&object, "profiles", text);
    reply_json(reply, &object);
    free(text);
}

/* ---- the state ---- */

static void add_verdict(struct json_writer *object, const struct standing *standing,
                        const struct serve_profile *profile)
{
    const struct diagnosis_limits limits = diagnosis_usual_limits(standing);
    struct diagnosis diagnosis = diagnosis_of(standing, &limits, profile->options.profile);
    json_writer_add_text(object, "verdict", diagnosis_name(diagnosis.level));
    json_writer_add_text(object, "verdict_text", diagnosis.text);
    json_writer_add_text(object, "verdict_action", diagnosis.action);
}

static void add_last_run(struct json_writer *object, const struct records_overview *overview)
{
    const struct records_run run = { .exit_code = overview->last_run_exit_code, .message = overview->last_run_message };
    char outcome[RECORDS_OUTCOME_SIZE];
    json_writer_add_known(object, "last_run", overview->last_run, 0);
    json_writer_add_text(object, "last_run_outcome", overview->last_run != 0 ? records_outcome(&run, outcome) : NULL);
    json_writer_add_text(object, "last_run_message",
                         *overview->last_run_message != '\0' ? overview->last_run_message : NULL);
    json_writer_add_int(object, "last_run_accepted", overview->last_run_accepted);
    json_writer_add_known(object, "last_run_ms", overview->last_run_duration_ms, RECORDS_UNKNOWN);
    json_writer_add_known(object, "last_success", overview->last_success, 0);
}

static void add_standing(struct json_writer *object, const struct standing *standing,
                         const struct serve_profile *profile)
{
    const struct records_overview *overview = &standing->overview;
    add_verdict(object, standing, profile);
    json_writer_add_bool(object, "standby", standing_is_standby(standing));
    json_writer_add_int(object, "pending", overview->counts.pending);
    json_writer_add_int(object, "waiting", overview->counts.waiting);
    json_writer_add_int(object, "rejected", overview->counts.rejected);
    json_writer_add_known(object, "next_try", overview->next_due, 0);
    json_writer_add_known(object, "checkpoint", standing->checkpoint, 0);
    json_writer_add_known(object, "oldest_unsent", standing->oldest_unsent, 0);
    json_writer_add_known(object, "freshness", standing_freshness(standing), RECORDS_UNKNOWN);
    json_writer_add_known(object, "unsent", standing_unsent(standing), RECORDS_UNKNOWN);
    json_writer_add_known(object, "api_down_since", standing->outage_since, 0);
    json_writer_add_known(object, "rate_limited_until", standing->wait_until, 0);
    json_writer_add_int(object, "recordings_stored", standing->recordings.stored);
    json_writer_add_int(object, "recordings_pending", standing->recordings.pending);
    json_writer_add_int(object, "recordings_rejected", standing->recordings.rejected);
    add_last_run(object, overview);
}

/* Calls of a profile that ended at from or later, of one state or of all; VIEW_UNKNOWN: the list of calls may still be
 * made. */
static int64_t count(struct api *api, const char *profile, const char *state, int64_t from)
{
    const struct view_filter filter = { .profile = profile, .state = state, .from = from };
    struct err err;
    int64_t calls = 0;
    return view_count(api->view, &filter, &calls, &err) == 0 ? calls : VIEW_UNKNOWN;
}

static void add_counts(struct json_writer *object, struct api *api, const char *profile)
{
    int64_t hour_ago = clock_now_epoch() - 3600, day_ago = clock_now_epoch() - 86400;
    struct json_writer day = { .text = NULL };
    json_writer_add_known(object, "calls", count(api, profile, NULL, 0), VIEW_UNKNOWN);
    json_writer_add_known(object, "accepted", count(api, profile, "accepted", 0), VIEW_UNKNOWN);
    json_writer_add_known(object, "calls_last_hour", count(api, profile, NULL, hour_ago), VIEW_UNKNOWN);
    json_writer_add_known(&day, "accepted", count(api, profile, "accepted", day_ago), VIEW_UNKNOWN);
    json_writer_add_known(&day, "rejected", count(api, profile, "rejected", day_ago), VIEW_UNKNOWN);
    char *text = json_writer_end(&day);
    json_writer_add_json(object, "last_day", text);
    free(text);
}

/* The counts are those of the first copy. Later the list follows the ledger, and `calls` has its number. */
static void add_copy(void *context, const struct view_profile *profile)
{
    struct json_writer state = { .text = NULL };
    bool is_complete = profile->is_complete;
    json_writer_add_bool(&state, "complete", is_complete);
    json_writer_add_known(&state, "copied", is_complete ? VIEW_UNKNOWN : profile->copied, VIEW_UNKNOWN);
    json_writer_add_known(&state, "total", is_complete ? VIEW_UNKNOWN : profile->total, VIEW_UNKNOWN);
    json_writer_add_text(&state, "problem", profile->problem);
    char *text = json_writer_end(&state);
    json_writer_add_json(context, "list", text);
    free(text);
}

/* A new profile has no state directory yet, and sends nothing. */
static bool is_enabled(const struct serve_profile *profile)
{
    struct err err;
    bool enabled = false;
    return enabled_read(profile->options.state_dir, &enabled, &err) == 0 && enabled;
}

/* Runs may have written them before masking was switched on. */
static void hide_messages(struct standing *standing)
{
    api_hide(standing->overview.last_run_message, NULL);
    for (int i = 0; i < STEPS; i++)
        api_hide(standing->steps[i].message, NULL);
}

/* A profile without a ledger has had no run. */
static void add_state(struct json_writer *object, struct api *api, const struct request *request,
                      struct serve_profile *profile)
{
    struct standing standing;
    struct ledger *ledger = NULL;
    struct err err;
    add_profile(object, profile);
    int result = profiles_ledger(profile, &ledger, &err);
    if (result == 0)
        result = state_view_gather(&profile->options, ledger, &standing, &err);
    json_writer_add_text(object, "problem", result != 0 ? err.message : NULL);
    json_writer_add_bool(object, "enabled", is_enabled(profile));
    if (result == 0) {
        if (api_masks(api, request, profile->name))
            hide_messages(&standing);
        add_standing(object, &standing, profile);
        char *running = api_runs_running(ledger, true);
        json_writer_add_json(object, "running", running);
        free(running);
    }
    add_counts(object, api, profile->name);
    if (view_list_profiles(api->view, profile->name, add_copy, object, &err) != 0) /* the list is not there yet */
        json_writer_add_text(object, "list", NULL);
}

/* view.db belongs to all profiles. Without it, each profile's "list" is null. */
static void add_list_problem(struct json_writer *object, const struct api *api)
{
    char problem[VIEW_THREAD_PROBLEM_SIZE];
    (void)view_thread_problem(api->feed, problem);
    json_writer_add_text(object, "list_problem", *problem != '\0' ? problem : NULL);
}

void api_summary(struct api *api, const struct request *request, struct reply *reply)
{
    const char *wanted = api_text(request, "profile");
    struct api_list list = { .text = NULL };
    struct json_writer object = { .text = NULL };
    char host[256] = "";
    if (wanted != NULL && profiles_find(api->profiles, wanted) == NULL) {
        reply_error(reply, REPLY_NOT_FOUND, "there is no such profile");
        return;
    }
    (void)gethostname(host, sizeof host - 1);
    for (size_t i = 0; i < api->profiles->count; i++) {
        struct json_writer profile = { .text = NULL };
        if (wanted != NULL && strcmp(api->profiles->list[i].name, wanted) != 0)
            continue;
        add_state(&profile, api, request, &api->profiles->list[i]);
        api_list_add(&list, &profile);
    }
    char *text = api_list_end(&list);
    json_writer_add_json(&object, "profiles", text);
    json_writer_add_text(&object, "host", host);
    json_writer_add_text(&object, "version", VERSION);
    add_list_problem(&object, api);
    json_writer_add_int(&object, "now", clock_now_epoch());
    json_writer_add_int(&object, "utc_offset", clock_offset(clock_now_epoch()));
    json_writer_add_int(&object, "changes", __atomic_load_n(api->changes, __ATOMIC_RELAXED));
    reply_json(reply, &object);
    free(text);
}
