/* stream_guard: who has a stream open, how many, and whether the user may still read it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/identity.h"
#include "serve/stream_guard.h"

struct stream_guard {
    struct serve *serve;
    struct identity_proof proof;
    int64_t looked_ms;
    reply_read *read; /* the stream's own */
    void (*end)(void *context);
    void *context;
    struct stream_guard *next; /* of serve->streams */
};

static size_t count_of(const struct serve *serve, const char *user)
{
    size_t count = 0;
    for (const struct stream_guard *at = serve->streams; at != NULL; at = at->next)
        count += strcmp(at->proof.user, user) == 0;
    return count;
}

/* What is cut off must not look complete: it ends as a failure. */
static ssize_t read_guarded(void *context, char *out, size_t size)
{
    struct stream_guard *guard = context;
    int64_t now = clock_mono_ms();
    if (now - guard->looked_ms >= STREAM_GUARD_LOOK_MS) {
        guard->looked_ms = now;
        if (!identity_holds(guard->serve, &guard->proof))
            return -2;
    }
    return guard->read(guard->context, out, size);
}

static void end_guarded(void *context)
{
    struct stream_guard *guard = context;
    for (struct stream_guard **at = &guard->serve->streams; *at != NULL; at = &(*at)->next)
        if (*at == guard) {
            *at = guard->next;
            break;
        }
    if (guard->end != NULL)
        guard->end(guard->context);
    identity_forget(&guard->proof);
    free(guard);
}

void stream_guard_add(struct serve *serve, const struct request *request, struct reply *reply)
{
    if (reply->read == NULL || request->user == NULL)
        return;
    if (count_of(serve, request->user) >= STREAM_GUARD_MOST) {
        reply_error(reply, REPLY_TOO_MANY_STREAMS, "your user has 20 streams open: close some windows of the page, or "
                    "wait until downloads have ended");
        return;
    }
    struct stream_guard *guard = mem_zero(1, sizeof *guard);
    guard->serve = serve;
    identity_keep(request, &guard->proof);
    guard->looked_ms = clock_mono_ms();
    guard->read = reply->read;
    guard->end = reply->end;
    guard->context = reply->context;
    guard->next = serve->streams;
    serve->streams = guard;
    reply->read = read_guarded;
    reply->end = end_guarded;
    reply->context = guard;
}
