/* memory_sink: a sink that keeps what it gets, and answers as a test says. */
#ifndef MEMORY_SINK_H
#define MEMORY_SINK_H

#include "sink/sink.h"

#define MEMORY_SINK_MOST 1000

struct memory_sink {
    /* What message number n of all (from 0) comes to; NULL: each one is accepted. */
    struct outcome (*answer)(void *context, size_t n, const struct sink_message *message);
    void *context;
    size_t count;                    /* messages that were sent */
    char *bodies[MEMORY_SINK_MOST];  /* of those, as "UNIQUEID STATUS" */
    char keys[MEMORY_SINK_MOST][SINK_KEY_SIZE];
    size_t most_under_way;           /* as on_turn last said */
};

/* memory_sink_open: *memory is borrowed until memory_sink_free. */
struct sink memory_sink_open(struct memory_sink *memory);
void memory_sink_free(struct memory_sink *memory);

#endif
