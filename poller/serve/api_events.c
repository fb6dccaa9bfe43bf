/* api_events: a stream of server-sent events. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/api_events.h"
#include "serve/api_runs.h"

enum { LOOK_MS = 1000, COMMENT_MS = 15000 };

struct events {
    struct api *api;
    char *text; /* made, not sent yet: from sent on */
    size_t sent;
    int64_t changes; /* at the last event; -1: there was none */
    int64_t began_ms, looked_ms, spoke_ms;
    char *running;      /* the last running event's data without the counts */
    int64_t began_with; /* changes when the present runs began */
};

/* The runs of all profiles, "[...]"; *ret_any: there are some. Ownership: the caller frees it. */
static char *list_running(struct api *api, bool *ret_any)
{
    struct api_list list = { .text = NULL };
    *ret_any = false;
    for (size_t i = 0; i < api->profiles->count; i++) {
        struct serve_profile *profile = &api->profiles->list[i];
        struct json_writer object = { .text = NULL };
        struct ledger *ledger = NULL;
        if (profiles_ledger(profile, &ledger, NULL) != 0)
            continue;
        char *running = api_runs_running(ledger);
        *ret_any = *ret_any || strcmp(running, "[]") != 0;
        json_writer_add_text(&object, "name", profile->name);
        json_writer_add_json(&object, "running", running);
        api_list_add(&list, &object);
        free(running);
    }
    return api_list_end(&list);
}

/* Replaces the text to send, which is all sent. */
static void say(struct events *events, char *text)
{
    free(events->text);
    events->text = text;
    events->sent = 0;
    events->spoke_ms = clock_mono_ms();
}

/* Both events at once, where both have news. */
static void look(struct events *events)
{
    int64_t changes = __atomic_load_n(events->api->changes, __ATOMIC_RELAXED);
    bool has_changed = changes != events->changes, any = false;
    char *running = list_running(events->api, &any);
    bool runs_changed = strcmp(running, events->running) != 0;
    if (runs_changed)
        events->began_with = changes;
    bool goes_on = any && has_changed;
    if (has_changed || runs_changed)
        say(events, mem_format("event: changed\ndata: {\"changes\":%" PRId64 "}\n\n", changes));
    if (runs_changed || goes_on) {
        char *first = events->text;
        events->text = NULL;
        say(events, mem_format("%sevent: running\ndata: {\"profiles\":%s,\"calls\":%" PRId64 "}\n\n", first, running,
                               changes - events->began_with));
        free(first);
    }
    free(events->running);
    events->running = running;
    events->changes = changes;
}

static ssize_t read_events(void *context, char *out, size_t size)
{
    struct events *events = context;
    int64_t now = clock_mono_ms();
    size_t left = strlen(events->text) - events->sent;
    if (left == 0 && now - events->began_ms >= events->api->stream_ms)
        return -1;
    if (left == 0 && now - events->looked_ms >= LOOK_MS) {
        events->looked_ms = now;
        look(events);
        if (events->text[events->sent] == '\0' && now - events->spoke_ms >= COMMENT_MS)
            say(events, mem_copy(": still here\n\n"));
        left = strlen(events->text) - events->sent;
    }
    size_t part = left < size ? left : size;
    memcpy(out, events->text + events->sent, part);
    events->sent += part;
    return (ssize_t)part;
}

static void end_events(void *context)
{
    struct events *events = context;
    free(events->running);
    free(events->text);
    free(events);
}

void api_events(struct api *api, const struct request *request, struct reply *reply)
{
    struct events *events = mem_zero(1, sizeof *events);
    (void)request;
    events->api = api;
    events->changes = -1;
    events->began_ms = clock_mono_ms();
    events->looked_ms = events->began_ms - LOOK_MS;
    events->running = mem_copy("");
    say(events, mem_copy("retry: 3000\n\n"));
    reply->type = "text/event-stream";
    reply->read = read_events;
    reply->end = end_events;
    reply->context = events;
    reply_header(reply, "X-Accel-Buffering", "no"); /* nginx would keep the events back */
}
