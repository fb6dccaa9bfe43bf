/* sender: sends a sink's messages as POST requests; the sink judges each answer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sink/sender.h"

/* The most accepted calls whose report waits. */
#define MOST_KEPT 64

/* Turns answers into outcomes as they arrive. Recording an outcome takes as long as libcurl needs for a request, so
 * accepted outcomes are reported while the server works on the next requests. Any other outcome may end the run, so it
 * is reported before another request starts. The order of outcomes does not change. */
struct sending {
    const struct sender *sender;
    const struct sink_message *const *messages;
    const struct sink_observer *observer;
    struct kept {
        size_t index;
        bool known;
        int64_t code;
        double started_ms, took_ms;
    } kept[MOST_KEPT];
    size_t kept_count;
};

/* Reports the kept outcomes. Returns whether there were any. */
static bool report_kept(void *context)
{
    struct sending *sending = context;
    bool any = sending->kept_count > 0;
    for (size_t i = 0; i < sending->kept_count; i++) {
        const struct kept *kept = &sending->kept[i];
        const struct outcome outcome = {
            .kind = OUTCOME_ACCEPTED, .known = kept->known, .code = kept->code, .started_ms = kept->started_ms,
            .took_ms = kept->took_ms
        };
        sending->observer->on_outcome(sending->observer->context, kept->index, &outcome);
    }
    sending->kept_count = 0;
    return any;
}

static size_t on_headers(void *context, size_t index, char lines[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE])
{
    const struct sending *sending = context;
    return sending->sender->headers(sending->sender->context, sending->messages[index], lines);
}

static void on_answer(void *context, size_t index, const struct http_answer *answer)
{
    struct sending *sending = context;
    struct outcome outcome = sending->sender->judge(sending->sender->context, answer);
    bool is_kept = outcome.kind == OUTCOME_ACCEPTED;
    if (!is_kept || sending->kept_count == MOST_KEPT)
        (void)report_kept(sending);
    if (is_kept)
        sending->kept[sending->kept_count++] = (struct kept){ .index = index,
                                                               .known = outcome.known,
                                                               .code = outcome.code,
                                                               .started_ms = outcome.started_ms,
                                                               .took_ms = outcome.took_ms };
    else
        sending->observer->on_outcome(sending->observer->context, index, &outcome);
}

static size_t on_turn(void *context)
{
    const struct sending *sending = context;
    return sending->observer->on_turn(sending->observer->context);
}

int sender_send(const struct sender *sender, const struct sink_message *const *messages, size_t count,
                const struct sink_observer *observer, struct err *err)
{
    struct sending sending = { .sender = sender, .messages = messages, .observer = observer };
    const struct http_observer on = { .on_headers = on_headers, .on_answer = on_answer, .on_turn = on_turn,
                                      .on_sent = report_kept, .context = &sending };
    struct http_request *requests = mem_zero(count, sizeof *requests);
    for (size_t i = 0; i < count; i++)
        requests[i] = (struct http_request){ .body = messages[i]->body };
    int result = http_run(sender->http, requests, count, &on, err);
    (void)report_kept(&sending); /* also after a failure of libcurl: the sink has these calls */
    free(requests);
    return result;
}

const char *sender_memory(const struct http *http)
{
    return http_speaks_http2(http) ? "h2" : "h1";
}

void sender_recall(struct http *http, const char *earlier)
{
    if (strcmp(earlier, "h2") == 0)
        http_expect_http2(http);
}

bool sender_describe(int64_t code, char *out, size_t size)
{
    (void)snprintf(out, size, "HTTP %" PRId64, code);
    return code >= 200 && code <= 299;
}
