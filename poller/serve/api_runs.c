/* api_runs: what the runs did, by time and by reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "ledger/records.h"
#include "ledger/run_progress.h"
#include "serve/api_runs.h"

enum {
    USUAL_RUNS = 50,
    MOST_RUNS = 500,
    LAST_RUNS = 20,
    USUAL_REASONS = 100,
    HOUR = 3600,
    DAY = 86400,
    MOST_BARS = 4000
};

/* ---- runs ---- */

/* progress: of long work; run 0: there is none. */
static void add_progress(struct json_writer *object, const struct records_run *run,
                         const struct run_progress *progress)
{
    struct json_writer made = { .text = NULL };
    if (run->id != progress->run || run->finished != RECORDS_UNKNOWN) {
        json_writer_add_text(object, "progress", NULL);
        return;
    }
    json_writer_add_int(&made, "from", progress->from);
    json_writer_add_int(&made, "to", progress->to);
    json_writer_add_int(&made, "reached", progress->reached);
    json_writer_add_int(&made, "permille", progress->permille);
    json_writer_add_int(&made, "at", progress->at);
    char *text = json_writer_end(&made);
    json_writer_add_json(object, "progress", text);
    free(text);
}

static void add_run(struct json_writer *object, const struct records_run *run, const struct run_progress *progress,
                    bool masks)
{
    char outcome[RECORDS_OUTCOME_SIZE];
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = { { "finished", run->finished },     { "duration_ms", run->duration_ms },
                    { "found", run->found },           { "accepted", run->accepted },
                    { "repeated", run->repeated },     { "failed", run->failed },
                    { "waiting", run->waiting },       { "pending", run->pending },
                    { "rejected", run->rejected },     { "statements", run->statements },
                    { "database_ms", run->database_ms }, { "unsent", run->unsent },
                    { "exit_code", run->exit_code } };
    json_writer_add_text(object, "kind", run->kind);
    json_writer_add_int(object, "started", run->started);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_writer_add_known(object, numbers[i].name, numbers[i].number, RECORDS_UNKNOWN);
    json_writer_add_text(object, "outcome", records_outcome(run, outcome));
    api_add_masked(object, "message", *str_or_empty(run->message) != '\0' ? run->message : NULL, NULL, masks);
    add_progress(object, run, progress);
}

struct runs {
    struct api_list list;
    struct run_progress progress;
    bool masks;
};

static void list_run(void *context, const struct records_run *run)
{
    struct runs *runs = context;
    struct json_writer object = { .text = NULL };
    add_run(&object, run, &runs->progress, runs->masks);
    api_list_add(&runs->list, &object);
}

static void list_running(void *context, const struct records_run *run)
{
    if (run->finished == RECORDS_UNKNOWN && !run->superseded)
        list_run(context, run);
}

char *api_runs_running(struct ledger *ledger, bool with_progress)
{
    struct runs runs = { .masks = true }; /* a run at work has no message yet */
    if ((with_progress && run_progress_read(ledger, &runs.progress, NULL) != 0) ||
        records_list_runs(ledger, 0, LAST_RUNS, list_running, &runs, NULL) != 0) {
        free(api_list_end(&runs.list));
        runs.list = (struct api_list){ .text = NULL };
    }
    return api_list_end(&runs.list);
}

bool api_runs_is_kind(const char *word)
{
    static const char *const kinds[] = { "poll", "backfill", "reconcile", "retry" };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(word, kinds[i]) == 0)
            return true;
    return false;
}

/* The profile of the request; without one, the first. */
static struct serve_profile *profile_of(struct api *api, const struct request *request, struct reply *reply)
{
    const char *name = api_text(request, "profile");
    struct serve_profile *profile = name != NULL ? profiles_find(api->profiles, name) : &api->profiles->list[0];
    if (profile == NULL || api->profiles->count == 0) {
        reply_error(reply, REPLY_NOT_FOUND, "there is no such profile");
        return NULL;
    }
    return profile;
}

void api_runs(struct api *api, const struct request *request, struct reply *reply)
{
    struct serve_profile *profile = profile_of(api, request, reply);
    struct records_runs which = { .kind = api_text(request, "kind") };
    struct ledger *ledger = NULL;
    struct runs runs = { .masks = false };
    struct err err;
    int64_t size = 0, page = 0;
    if (profile == NULL || !api_number(request, "size", USUAL_RUNS, 1, MOST_RUNS, &size, reply) ||
        !api_number(request, "page", 1, 1, INT32_MAX, &page, reply))
        return;
    if (which.kind != NULL && !api_runs_is_kind(which.kind)) {
        reply_error(reply, REPLY_BAD_REQUEST, "kind must be " API_RUNS_KINDS);
        return;
    }
    which.limit = size;
    which.skip = (page - 1) * size;
    runs.masks = api_masks(api, request, profile->name);
    int result = profiles_ledger(profile, &ledger, &err);
    if (result == 0)
        result = run_progress_read(ledger, &runs.progress, &err);
    if (result == 0)
        result = records_page_runs(ledger, &which, list_run, &runs, &err);
    struct json_writer object;
    if (!api_begin_json(&object, "runs", &runs.list, result, &err, reply))
        return;
    json_writer_add_text(&object, "profile", profile->name);
    json_writer_add_int(&object, "page", page);
    json_writer_add_int(&object, "size", size);
    reply_json(reply, &object);
}

/* ---- charts ---- */

enum { STATES = CALL_DISCARDED + 1, DIRECTIONS = CALL_INTERNAL + 1, MOST_RESULTS = 32 };

/* One bar, added up. A host has some ten results; further ones count as "other". */
struct bar {
    int64_t at, calls;
    int64_t states[STATES], directions[DIRECTIONS];
    struct {
        char name[64];
        int64_t calls;
    } results[MOST_RESULTS];
    int result_count;
};

struct chart {
    struct bar bar;
    struct api_list bars;
};

static void count_result(struct bar *bar, const char *result, int64_t calls)
{
    const char *name = result == NULL ? "none" : strlen(result) < sizeof bar->results[0].name ? result : "other";
    int i = 0;
    while (i < bar->result_count && strcmp(bar->results[i].name, name) != 0)
        i++;
    if (i == MOST_RESULTS)
        i--;
    else if (i == bar->result_count)
        (void)snprintf(bar->results[bar->result_count++].name, sizeof bar->results[0].name, "%s",
                       i == MOST_RESULTS - 1 ? "other" : name);
    bar->results[i].calls += calls;
}

static void write_bar(struct chart *chart)
{
    const struct bar *bar = &chart->bar;
    struct json_writer object = { .text = NULL }, states = { .text = NULL }, results = { .text = NULL },
                       directions = { .text = NULL };
    if (bar->calls == 0)
        return;
    for (int i = CALL_ACCEPTED; i < STATES; i++)
        json_writer_add_int(&states, view_state_name(i), bar->states[i]);
    for (int i = 0; i < DIRECTIONS; i++)
        json_writer_add_int(&directions, call_direction_name((enum call_direction)i), bar->directions[i]);
    struct api_list list = { .text = NULL };
    for (int i = 0; i < bar->result_count; i++) { /* a result may be any text, so it is no member's name */
        json_writer_add_text(&results, "result", bar->results[i].name);
        json_writer_add_int(&results, "calls", bar->results[i].calls);
        api_list_add(&list, &results);
    }
    char *texts[] = { json_writer_end(&states), json_writer_end(&directions), api_list_end(&list) };
    json_writer_add_int(&object, "at", bar->at);
    json_writer_add_int(&object, "calls", bar->calls);
    json_writer_add_json(&object, "states", texts[0]);
    json_writer_add_json(&object, "directions", texts[1]);
    json_writer_add_json(&object, "results", texts[2]);
    api_list_add(&chart->bars, &object);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
}

static void add_bar(void *context, const struct view_bar *part)
{
    struct chart *chart = context;
    if (part->at != chart->bar.at) {
        write_bar(chart);
        chart->bar = (struct bar){ .at = part->at };
    }
    struct bar *bar = &chart->bar;
    bar->calls += part->calls;
    if (part->state > 0 && part->state < STATES)
        bar->states[part->state] += part->calls;
    if (part->direction >= 0 && part->direction < DIRECTIONS)
        bar->directions[part->direction] += part->calls;
    count_result(bar, part->result, part->calls);
}

void api_charts(struct api *api, const struct request *request, struct reply *reply)
{
    const char *by = api_text(request, "by");
    bool by_day = by != NULL && strcmp(by, "day") == 0;
    int64_t now = clock_now_epoch(), seconds = by_day ? DAY : HOUR;
    struct view_chart which = { .profile = api_text(request, "profile"), .seconds = seconds };
    struct chart chart = { .bar = { .calls = 0 } };
    struct err err;
    if (by != NULL && !by_day && strcmp(by, "hour") != 0) {
        reply_error(reply, REPLY_BAD_REQUEST, "by must be hour or day");
        return;
    }
    if (!api_number(request, "to", now + 1, 0, (int64_t)1 << 40, &which.to, reply) ||
        !api_number(request, "from", which.to - (by_day ? 30 : 7) * DAY, 0, (int64_t)1 << 40, &which.from, reply) ||
        !api_number(request, "offset", clock_offset(now), -DAY, DAY, &which.offset, reply))
        return;
    if (which.from > which.to) {
        reply_error(reply, REPLY_BAD_REQUEST, "from must not be later than to: exchange them");
        return;
    }
    if ((which.to - which.from) / seconds > MOST_BARS) {
        reply_error(reply, REPLY_BAD_REQUEST,
                        "that is too long for bars of this width: ask for days, or for less");
        return;
    }
    int result = view_chart(api->view, &which, add_bar, &chart, &err);
    write_bar(&chart);
    struct json_writer object;
    if (!api_begin_json(&object, "bars", &chart.bars, result, &err, reply))
        return;
    json_writer_add_int(&object, "seconds", seconds);
    json_writer_add_int(&object, "from", which.from);
    json_writer_add_int(&object, "to", which.to);
    reply_json(reply, &object);
}

/* ---- reasons ---- */

struct reasons {
    const struct api *api;
    const struct request *request;
    struct api_list list;
};

static void add_reason(void *context, const struct view_reason *reason)
{
    struct reasons *reasons = context;
    struct json_writer object = { .text = NULL };
    json_writer_add_text(&object, "profile", reason->profile);
    api_add_masked(&object, "reason", reason->reason, reason->number,
                   api_masks(reasons->api, reasons->request, reason->profile));
    json_writer_add_int(&object, "calls", reason->calls);
    json_writer_add_int(&object, "first", reason->first);
    json_writer_add_int(&object, "last", reason->last);
    api_list_add(&reasons->list, &object);
}

void api_rejected(struct api *api, const struct request *request, struct reply *reply)
{
    struct reasons reasons = { .api = api, .request = request };
    struct err err;
    int64_t size = 0;
    if (!api_number(request, "size", USUAL_REASONS, 1, VIEW_MOST_ROWS, &size, reply))
        return;
    int result = view_reasons(api->view, api_text(request, "profile"), size, add_reason, &reasons, &err);
    struct json_writer object;
    if (api_begin_json(&object, "reasons", &reasons.list, result, &err, reply))
        reply_json(reply, &object);
}
