/* sender: sends a sink's messages as POST requests; the sink judges each answer. */
#ifndef SENDER_H
#define SENDER_H

#include "base/http.h"
#include "sink/sink.h"

/* How a sink sends over HTTP; context is its own. Borrowed for the call. */
struct sender {
    struct http *http;
    /* Writes the header lines of one request, just before it starts. Returns their number. */
    size_t (*headers)(const void *context, const struct sink_message *message,
                      char lines[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE]);
    struct outcome (*judge)(const void *context, const struct http_answer *answer);
    const void *context;
};

/* sender_send: see sink_send. */
int sender_send(const struct sender *sender, const struct sink_message *const *messages, size_t count,
                const struct sink_observer *observer, struct err *err) MUST_CHECK;

/* sender_memory, sender_recall: see sink_memory. */
const char *sender_memory(const struct http *http);
void sender_recall(struct http *http, const char *earlier);

/* sender_describe: see sink_describe: "HTTP 500"; a status from 200 to 299 alone says that the call was accepted. */
bool sender_describe(int64_t code, char *out, size_t size);

#endif
