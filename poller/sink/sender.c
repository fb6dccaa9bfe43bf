/* sender: the messages of a sink as POST requests, each answer judged by the sink. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sink/sender.h"

/* What turns answers into outcomes while they come. */
struct sending {
    const struct sender *sender;
    const struct sink_message *const *messages;
    const struct sink_observer *observer;
};

static size_t on_headers(void *context, size_t index, char lines[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE])
{
    const struct sending *sending = context;
    return sending->sender->headers(sending->sender->context, sending->messages[index], lines);
}

static void on_answer(void *context, size_t index, const struct http_answer *answer)
{
    const struct sending *sending = context;
    struct outcome outcome = sending->sender->judge(sending->sender->context, answer);
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
                                      .context = &sending };
    struct http_request *requests = mem_zero(count, sizeof *requests);
    for (size_t i = 0; i < count; i++)
        requests[i] = (struct http_request){ .body = messages[i]->body };
    int result = http_run(sender->http, requests, count, &on, err);
    free(requests);
    return result;
}

bool sender_describe(int64_t code, char *out, size_t size)
{
    (void)snprintf(out, size, "HTTP %" PRId64, code);
    return code >= 200 && code <= 299;
}
