/* webhook_body: a call as a JSON object for the receiver. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/json.h"
#include "sink/webhook_body.h"

#define SETTING "name."

/* The members that every call has, in their order; the source's extras follow. An unknown number is null. */
enum member {
    SOURCE, ID, DIRECTION, CAMPAIGN, NUMBER, AGENT, STATUS, RESULT, STARTED, STARTED_AT, ENDED, ENDED_AT, LENGTH,
    MEMBERS
};
static const char *const members[MEMBERS] = {
    "source", "id", "direction", "campaign", "number", "agent", "status", "result", "started", "started_at", "ended",
    "ended_at", "length",
};

static bool is_member(const char *name)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (strcasecmp(members[i], name) == 0)
            return true;
    return false;
}

/* The name of extra number i; NULL after the last. An extra with the name of a common member is left out. */
static const char *extra_name(const struct webhook_template *names, size_t i)
{
    return names->shape != NULL && i < CALL_MAX_EXTRAS ? names->shape->extras[i].name : NULL;
}

/* The member's name in the body; "": the member is left out. */
static const char *name_for(const struct webhook_template *names, const char *member)
{
    char key[80];
    (void)snprintf(key, sizeof key, SETTING "%s", member);
    return params_text(names->params, key, member);
}

/* ---- the settings ---- */

static bool is_known(const struct webhook_template *names, const char *member)
{
    for (size_t i = 0; extra_name(names, i) != NULL; i++)
        if (strcasecmp(extra_name(names, i), member) == 0)
            return true;
    return is_member(member);
}

/* Lists the members of a call from this source, for messages. */
static void list_members(const struct webhook_template *names, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", members[i]);
    for (size_t i = 0; extra_name(names, i) != NULL && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, ", %s", extra_name(names, i));
}

/* How many members of the body have this name. */
static size_t count_named(const struct webhook_template *names, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < MEMBERS; i++)
        count += strcmp(name_for(names, members[i]), name) == 0;
    for (size_t i = 0; extra_name(names, i) != NULL; i++)
        count += !is_member(extra_name(names, i)) && strcmp(name_for(names, extra_name(names, i)), name) == 0;
    return count;
}

int webhook_body_check(const struct webhook_template *names, struct err *err)
{
    for (size_t i = 0; names->params != NULL && i < names->params->count; i++) {
        const struct param *param = &names->params->items[i];
        char known[500];
        if (strncasecmp(param->key, SETTING, strlen(SETTING)) != 0)
            continue;
        if (!is_known(names, param->key + strlen(SETTING))) {
            list_members(names, known, sizeof known);
            return err_set(err, EX_CONFIG, "%s: %.60s: a call from %s has no member '%.40s'; its members are: %s",
                           param->origin, param->key, names->source, param->key + strlen(SETTING), known);
        }
        if (*param->value != '\0' && count_named(names, param->value) > 1)
            return err_set(err, EX_CONFIG, "%s: %.60s: another member also has the name '%.40s'; choose another name",
                           param->origin, param->key, param->value);
    }
    return 0;
}

/* ---- the body ---- */

#define TIME_SIZE 40

/* Writes epoch to out as "2026-01-31T12:00:00Z". Returns out, or NULL if epoch is no time. */
static const char *utc(int64_t epoch, char out[TIME_SIZE])
{
    time_t seconds = (time_t)epoch;
    struct tm parts;
    if (epoch <= 0 || gmtime_r(&seconds, &parts) == NULL || strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return NULL;
    return out;
}

static const char *text_of(const struct webhook_template *names, const struct call *call, enum member member,
                           char buffer[TIME_SIZE])
{
    switch (member) {
    case SOURCE:
        return names->source;
    case ID:
        return call->id;
    case DIRECTION:
        return call_direction_name(call->direction);
    case CAMPAIGN:
        return call->campaign;
    case NUMBER:
        return call->number;
    case AGENT:
        return call->agent;
    case STATUS:
        return call->status;
    case RESULT:
        return disposition_of(names->dispositions, call);
    case STARTED_AT:
        return utc(call->started, buffer);
    default:
        return utc(call->ended, buffer); /* ENDED_AT */
    }
}

/* If the clocks of two machines differ, a call's length may be negative. */
static int64_t number_of(const struct call *call, enum member member)
{
    if (member == STARTED)
        return call->started;
    if (member == ENDED)
        return call->ended > 0 ? call->ended : CALL_NO_NUMBER;
    return call->length < 0 && call->length != CALL_NO_NUMBER ? 0 : call->length;
}

char *webhook_body(const struct webhook_template *names, const struct call *call)
{
    char times[2][TIME_SIZE]; /* the object borrows its texts */
    struct json *object = json_object();
    for (enum member i = SOURCE; i < MEMBERS; i++) {
        const char *name = name_for(names, members[i]);
        if (*name == '\0')
            continue;
        if (i == STARTED || i == ENDED || i == LENGTH)
            json_add_known(object, name, number_of(call, i), CALL_NO_NUMBER);
        else
            json_add_text(object, name, text_of(names, call, i, times[i == ENDED_AT]));
    }
    for (size_t i = 0; extra_name(names, i) != NULL; i++) {
        const char *extra = extra_name(names, i), *name = name_for(names, extra);
        if (*name != '\0' && !is_member(extra) && call_shows(call, (int)i))
            json_add_text(object, name, call->extras[i]);
    }
    char *body = json_print(object);
    json_free(object);
    return body;
}
