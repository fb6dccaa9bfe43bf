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
    char *running;      /* the last running event's data without the counts ... */
    char *runs;         /* ... and without how far the runs have come */
    int64_t began_with; /* changes when the present runs began */
};

/* The runs of all profiles, "[...]"; *ret_any: there are some. Ownership: the caller frees it. */
static char *list_running(struct api *api, bool with_progress, bool *ret_any)
{
    struct api_list list = { .text = NULL };
    *ret_any = false;
    for (size_t i = 0; i < api->profiles->count; i++) {
        struct serve_profile *profile = &api->profiles->list[i];
        struct json_writer object = { .text = NULL };
        struct ledger *ledger = NULL;
        if (profiles_ledger(profile, &ledger, NULL) != 0)
            continue;
        char *running = api_runs_running(ledger, with_progress);
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
    char *runs = list_running(events->api, false, &any), *running = list_running(events->api, true, &any);
    bool runs_changed = strcmp(runs, events->runs) != 0;
    if (runs_changed)
        events->began_with = changes;
    bool progressed = strcmp(running, events->running) != 0;
    char *first = has_changed || runs_changed
                      ? mem_format("event: changed\ndata: {\"changes\":%" PRId64 "}\n\n", changes) : mem_copy("");
    char *second = runs_changed || progressed || (any && has_changed)
                       ? mem_format("event: running\ndata: {\"profiles\":%s,\"calls\":%" PRId64 "}\n\n", running,
                                    changes - events->began_with) : mem_copy("");
    if (*first != '\0' || *second != '\0')
        say(events, mem_format("%s%s", first, second));
    free(first);
    free(second);
    free(events->running);
    free(events->runs);
    events->running = running;
    events->runs = runs;
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
    free(events->runs);
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
    events->runs = mem_copy("");
    say(events, mem_copy("retry: 3000\n\n"));
    reply->type = "text/event-stream";
    reply->read = read_events;
    reply->end = end_events;
    reply->context = events;
    reply_header(reply, "X-Accel-Buffering", "no"); /* nginx would keep the events back */
}
