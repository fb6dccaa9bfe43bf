/* memory_sink: a sink that keeps all messages, and gives the answers that a test sets. */
#ifndef MEMORY_SINK_H
#define MEMORY_SINK_H

#include "sink/sink.h"

#define MEMORY_SINK_MOST 1000

struct memory_sink {
    /* Returns the outcome of message number n, counted from 0. NULL: all messages are accepted. */
    struct outcome (*answer)(void *context, size_t n, const struct sink_message *message);
    void *context;
    size_t count;                    /* how many messages were sent */
    char *bodies[MEMORY_SINK_MOST];  /* the bodies of the messages: "UNIQUEID STATUS" */
    char keys[MEMORY_SINK_MOST][SINK_KEY_SIZE];
    size_t most_under_way;           /* the last limit of requests in flight that on_turn set */
};

/* memory_sink_open: *memory is borrowed until memory_sink_free. */
struct sink memory_sink_open(struct memory_sink *memory);
void memory_sink_free(struct memory_sink *memory);

#endif
