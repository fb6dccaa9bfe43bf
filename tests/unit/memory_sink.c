/* memory_sink: a sink that keeps all messages, and gives the answers that a test sets. */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "memory_sink.h"

static void make(void *state, const struct call *call, uint32_t change, struct sink_message *ret_message)
{
    (void)state;
    const char *uniqueid = str_or_empty(call->id);
    if (call->number == NULL)
        fail_msg("%s is sent without what a scan may leave out", uniqueid);
    ret_message->body = mem_format("%s %s", uniqueid, str_or_empty(call->status));
    const char *did = call->looked_up != 0 ? str_or_empty(call_extra(call, "did")) : "";
    (void)snprintf(ret_message->key, sizeof ret_message->key, "%.60s-%" PRIu32 "%s", uniqueid, change, did);
}

static int send_messages(void *state, const struct sink_message *const *messages, size_t count,
                         const struct sink_observer *observer, struct err *err)
{
    struct memory_sink *memory = state;
    for (size_t i = 0; i < count; i++) {
        struct outcome outcome = { .kind = OUTCOME_ACCEPTED, .code = 1 };
        memory->most_under_way = observer->on_turn(observer->context);
        if (memory->most_under_way == 0)
            break;
        if (memory->count == MEMORY_SINK_MOST)
            return err_set(err, EX_SOFTWARE, "the sink in memory is full");
        double started_ms = clock_mono_exact_ms();
        if (memory->answer != NULL)
            outcome = memory->answer(memory->context, memory->count, messages[i]);
        if (outcome.started_ms == 0)
            outcome.started_ms = started_ms;
        (void)snprintf(memory->keys[memory->count], SINK_KEY_SIZE, "%s", messages[i]->key);
        memory->bodies[memory->count++] = mem_copy(messages[i]->body);
        observer->on_outcome(observer->context, i, &outcome);
    }
    (void)observer->on_turn(observer->context);
    return 0;
}

static const struct sink_ops memory_ops = { .type = "memory", .make = make, .send = send_messages };

struct sink memory_sink_open(struct memory_sink *memory)
{
    return (struct sink){ .ops = &memory_ops, .state = memory };
}

void memory_sink_free(struct memory_sink *memory)
{
    for (size_t i = 0; i < memory->count; i++)
        free(memory->bodies[i]);
    memory->count = 0;
}
