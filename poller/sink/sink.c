/* sink: where calls go. The table of kinds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/did_optimizer.h"
#include "sink/recorder.h"
#include "sink/sink.h"
#include "sink/webhook.h"

/* A new kind is one row here. */
static const struct sink_ops *const kinds[] = {
    &did_optimizer_sink,
    &recorder_sink,
    &webhook_sink,
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

int sink_find(const char *type, const char *place, const struct sink_ops **ret_ops, struct err *err)
{
    char list[200] = "";
    for (size_t i = 0; i < KIND_COUNT; i++) {
        size_t used = strlen(list);
        if (strcmp(kinds[i]->type, type) == 0) {
            *ret_ops = kinds[i];
            return 0;
        }
        (void)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", kinds[i]->type);
    }
    return err_set(err, EX_CONFIG, "%s: there is no sink of the type '%.60s'; type in [sink] is one of: %s", place, type,
                   list);
}

int64_t sink_longest_sec(const struct sink_ops *ops, const struct sink_settings *settings)
{
    return ops != NULL && ops->longest_sec != NULL ? ops->longest_sec(settings) : 0;
}

int sink_open(const struct sink_ops *ops, const struct sink_settings *settings, struct sink *ret_sink, struct err *err)
{
    void *state = NULL;
    if (ops->open != NULL && ops->open(settings, &state, err) != 0)
        return -1;
    *ret_sink = (struct sink){ .ops = ops, .state = state };
    return 0;
}

const char *sink_title(const struct sink *sink)
{
    return sink != NULL && sink->ops != NULL && sink->ops->title != NULL ? sink->ops->title : "API";
}

void sink_begin(const struct sink *sink, const char *kind)
{
    if (sink != NULL && sink->ops != NULL && sink->ops->begin != NULL)
        sink->ops->begin(sink->state, kind);
}

void sink_end(const struct sink *sink, const struct sink_run *run)
{
    if (sink != NULL && sink->ops != NULL && sink->ops->end != NULL)
        sink->ops->end(sink->state, run);
}

void sink_make(const struct sink *sink, const struct call *call, uint32_t change, struct sink_message *ret_message)
{
    sink->ops->make(sink->state, call, change, ret_message);
}

void sink_message_free(struct sink_message *message)
{
    free(message->body);
    message->body = NULL;
}

int sink_send(const struct sink *sink, const struct sink_message *const *messages, size_t count,
              const struct sink_observer *observer, struct err *err)
{
    return sink->ops->send(sink->state, messages, count, observer, err);
}

int sink_check(const struct sink *sink, struct sink_health *ret_health, struct err *err)
{
    *ret_health = (struct sink_health){ .state = SINK_UNSURE, .remedy = "send a call" };
    if (sink->ops->check != NULL)
        return sink->ops->check(sink->state, ret_health, err);
    (void)snprintf(ret_health->text, sizeof ret_health->text, "a sink of the type %s cannot be asked without a call",
                   sink->ops->type);
    return 0;
}

bool sink_describe(const struct sink_ops *ops, int64_t code, char *out, size_t size)
{
    if (ops != NULL && ops->describe != NULL)
        return ops->describe(code, out, size);
    (void)snprintf(out, size, "code %" PRId64, code);
    return false;
}

void sink_close(struct sink *sink)
{
    if (sink->ops != NULL && sink->ops->close != NULL)
        sink->ops->close(sink->state);
    *sink = (struct sink){ .ops = NULL };
}
