/* print: the sink of a dry run. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mask.h"
#include "base/mem.h"
#include "sink/print.h"

/* The state is a sink of the configured type; it makes messages and never sends. */
static void make(void *context, const struct call *call, uint32_t change, struct sink_message *ret_message)
{
    struct call shown = *call;
    char *number = call->number != NULL ? mem_copy(call->number) : NULL;
    mask_if_enabled(number, call->number);
    shown.number = number;
    sink_make(context, &shown, change, ret_message);
    free(number);
}

static int print_messages(void *context, const struct sink_message *const *messages, size_t count,
                          const struct sink_observer *observer, struct err *err)
{
    static const struct outcome shown = { .kind = OUTCOME_SHOWN };
    (void)context;
    (void)err;
    for (size_t i = 0; i < count && observer->on_turn(observer->context) > 0; i++) {
        (void)printf("%s\n", messages[i]->body); /* main.c checks whether the whole output could be written */
        observer->on_outcome(observer->context, i, &shown);
    }
    (void)fflush(stdout); /* the log's next line may go to the same file */
    return 0;
}

static void close_print(void *context)
{
    sink_close(context);
    free(context);
}

static const struct sink_ops print_sink = {
    .type = "print",
    .title = "standard output",
    .make = make,
    .send = print_messages,
    .close = close_print,
};

int print_sink_open(const struct sink_ops *kind, const struct sink_settings *settings, struct sink *ret_sink,
                    struct err *err)
{
    struct sink maker = { .ops = NULL };
    if (sink_open(kind, settings, &maker, err) != 0)
        return -1;
    struct sink *state = mem_zero(1, sizeof *state);
    *state = maker;
    *ret_sink = (struct sink){ .ops = &print_sink, .state = state };
    return 0;
}
