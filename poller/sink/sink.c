/* sink: the table of all types of sinks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/params.h"
#include "sink/bigquery.h"
#include "sink/did_optimizer.h"
#include "sink/recorder.h"
#include "sink/sink.h"
#include "sink/webhook.h"

/* A new type is one row here. */
static const struct sink_ops *const kinds[] = {
    &did_optimizer_sink,
    &recorder_sink,
    &bigquery_sink,
    &webhook_sink,
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

int sink_find(const char *type, const char *place, const struct sink_ops **ret_ops, struct err *err)
{
    const char *types[KIND_COUNT];
    size_t which = 0;
    for (size_t i = 0; i < KIND_COUNT; i++)
        types[i] = kinds[i]->type;
    if (params_find_type("sink", types, KIND_COUNT, type, place, &which, err) != 0)
        return -1;
    *ret_ops = kinds[which];
    return 0;
}

bool sink_is_secret(const char *key)
{
    bool is_secret = false;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct param_spec *spec = params_spec_of(kinds[i]->params, key);
        is_secret = is_secret || (spec != NULL && spec->secret);
    }
    return is_secret;
}

int64_t sink_longest_sec(const struct sink_ops *ops, const struct sink_settings *settings)
{
    return ops != NULL && ops->longest_sec != NULL ? ops->longest_sec(settings) : 0;
}

bool sink_ignores_extras(const struct sink_ops *ops, const struct params *params)
{
    return ops != NULL && ops->ignores_extras != NULL && ops->ignores_extras(params);
}

const struct param *sink_asks_dial_status(const struct sink_ops *ops, const struct params *params)
{
    return ops != NULL && ops->asks_dial_status != NULL ? ops->asks_dial_status(params) : NULL;
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

size_t sink_batch(const struct sink *sink)
{
    return sink != NULL && sink->ops != NULL ? sink->ops->batch : 0;
}

int64_t sink_opens_at(const struct sink *sink)
{
    return sink != NULL && sink->ops != NULL && sink->ops->opens_at != NULL ? sink->ops->opens_at(sink->state) : 0;
}

int64_t sink_interval(const struct sink *sink)
{
    return sink != NULL && sink->ops != NULL && sink->ops->interval != NULL ? sink->ops->interval(sink->state) : 0;
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

int sink_note_recordings(const struct sink *sink, const struct sink_recording *recordings, size_t count,
                         struct err *err)
{
    if (sink->ops == NULL || sink->ops->note_recordings == NULL)
        return 0;
    return sink->ops->note_recordings(sink->state, recordings, count, err);
}

bool sink_describe(const struct sink_ops *ops, int64_t code, char *out, size_t size)
{
    if (ops != NULL && ops->describe != NULL)
        return ops->describe(code, out, size);
    (void)snprintf(out, size, "code %" PRId64, code);
    return false;
}

const char *sink_address(const struct sink *sink)
{
    return sink->ops != NULL && sink->ops->address != NULL ? sink->ops->address(sink->state) : "";
}

const char *sink_memory(const struct sink *sink)
{
    return sink->ops != NULL && sink->ops->memory != NULL ? sink->ops->memory(sink->state) : "";
}

void sink_recall(const struct sink *sink, const char *earlier)
{
    if (sink->ops != NULL && sink->ops->recall != NULL)
        sink->ops->recall(sink->state, earlier);
}

void sink_close(struct sink *sink)
{
    if (sink->ops != NULL && sink->ops->close != NULL)
        sink->ops->close(sink->state);
    *sink = (struct sink){ .ops = NULL };
}
