/* did_optimizer: the DID Optimizer API as a sink. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/http.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/did_optimizer.h"
#include "sink/did_optimizer_payload.h"
#include "sink/did_optimizer_verdict.h"
#include "sink/sender.h"

struct did_optimizer {
    const struct settings_api *api;
    const struct disposition_map *dispositions;
    struct did_optimizer_reading reading;
    char *url;
    struct http *http;
};

static const struct param_spec params[] = {
    { "phone_number", false,
      "what phoneNumber holds: called, the number that was called, or did, the number that it saw" },
    { "dial_status", false, "send dialStatus, which some servers prefer to the disposition" },
    { NULL, false, NULL },
};

/* Whether the source's calls have a DID: one that was looked up, or one that the caller dialled (see called_did in
 * did_optimizer_payload.c). */
static bool knows_did(const struct call_shape *shape)
{
    for (int i = 0; shape != NULL && i < CALL_MAX_EXTRAS && shape->extras[i].name != NULL; i++)
        if ((shape->extras[i].is_looked_up && strcmp(shape->extras[i].name, "did") == 0) ||
            strcmp(shape->extras[i].name, "direction") == 0)
            return true;
    return false;
}

static int read_params(const struct sink_settings *settings, struct did_optimizer_reading *reading, struct err *err)
{
    const struct param *number = params_find(settings->params, "phone_number");
    const char *word = number != NULL ? number->value : "called";
    reading->number_is_did = strcasecmp(word, "did") == 0;
    if (!reading->number_is_did && strcasecmp(word, "called") != 0)
        return err_set(err, EX_CONFIG, "%s: phone_number: '%.40s' is neither called nor did", number->origin, word);
    if (reading->number_is_did && !knows_did(settings->shape))
        return err_set(err, EX_CONFIG, "%s: phone_number: a call from %s has no DID; remove that line", number->origin,
                       settings->source);
    return params_yes_no(settings->params, "dial_status", reading->number_is_did, &reading->takes_dial_status, err);
}

/* With phone_number = did the receiver is the published server. That server does not read the term reason, and stores
 * each POST as a new record: a call that is sent again for a changed extra would only be stored twice. */
static bool ignores_extras(const struct params *given)
{
    return strcasecmp(params_text(given, "phone_number", "called"), "did") == 0;
}

/* Without its own setting, dial_status follows phone_number; see read_params. */
static const struct param *asks_dial_status(const struct params *given)
{
    const struct param *own = params_find(given, "dial_status");
    if (own != NULL)
        return str_yes_no(own->value) == 1 ? own : NULL;
    return ignores_extras(given) ? params_find(given, "phone_number") : NULL;
}

static int open_api(const struct sink_settings *settings, void **ret_state, struct err *err)
{
    const struct settings_api *api = settings->api;
    if (*api->ca_file != '\0' && access(api->ca_file, R_OK) != 0)
        return err_set(err, EX_CONFIG, "could not read the certificates in %s; correct ca_file in [api]", api->ca_file);
    struct did_optimizer_reading reading;
    if (read_params(settings, &reading, err) != 0)
        return -1;
    struct did_optimizer *state = mem_zero(1, sizeof *state);
    state->reading = reading;
    char *key_line = mem_format("x-api-key: %s", api->key);
    const char *const headers[] = { key_line, "Content-Type: application/json", "Accept: application/json", NULL };
    state->api = api;
    state->dispositions = settings->dispositions;
    state->url = mem_format("%s/api/v1/call-results", api->base_url);
    state->http = http_open(&(struct http_settings){
        .url = state->url,
        .headers = headers,
        .ca_file = api->ca_file,
        .verify = api->verify_ssl,
        .timeout = api->timeout,
        .connect_timeout = api->connect_timeout,
        .connections = (size_t)(api->concurrency > 0 ? api->concurrency : api->max_concurrency),
    });
    explicit_bzero(key_line, strlen(key_line));
    free(key_line);
    *ret_state = state;
    return 0;
}

static int64_t longest_sec(const struct sink_settings *settings)
{
    return settings->api->connect_timeout + settings->api->timeout;
}

static void close_api(void *context)
{
    struct did_optimizer *state = context;
    http_close(state->http);
    free(state->url);
    free(state);
}

static const char *address(const void *context)
{
    const struct did_optimizer *state = context;
    return state->url;
}

static const char *memory(const void *context)
{
    const struct did_optimizer *state = context;
    return sender_memory(state->http);
}

static void recall(void *context, const char *earlier)
{
    struct did_optimizer *state = context;
    sender_recall(state->http, earlier);
}

static void make(void *context, const struct call *call, uint32_t change, struct sink_message *ret_message)
{
    const struct did_optimizer *state = context;
    size_t row_length = 0;
    ret_message->body = did_optimizer_payload_body(call, state->dispositions, &state->reading, &row_length);
    did_optimizer_payload_key(str_or_empty(call->id), ret_message->body, row_length, change, ret_message->key);
}

/* ---- sending ---- */

static struct outcome judge(const void *context, const struct http_answer *answer)
{
    const struct did_optimizer *state = context;
    const struct settings_api *api = state->api;
    return did_optimizer_verdict_of(&(struct answer){ .http = *answer,
                                        .secret = api->key,
                                        .key_origin = api->key_origin,
                                        .url_origin = api->base_url_origin,
                                        .tls = strncasecmp(api->base_url, "https:", 6) == 0 });
}

static size_t write_headers(const void *context, const struct sink_message *message,
                            char lines[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE])
{
    (void)context;
    (void)snprintf(lines[0], HTTP_OWN_HEADER_SIZE, "Idempotency-Key: %s", message->key);
    return 1;
}

static int send_messages(void *context, const struct sink_message *const *messages, size_t count,
                         const struct sink_observer *observer, struct err *err)
{
    struct did_optimizer *state = context;
    const struct sender sender = { .http = state->http, .headers = write_headers, .judge = judge, .context = state };
    return sender_send(&sender, messages, count, observer, err);
}

/* ---- the check: an empty call ---- */

/* The answer to the empty call. */
struct probe {
    const struct did_optimizer *state;
    struct outcome outcome;
    char named[200]; /* the members of a call that the answer names */
    bool is_object; /* the body is a JSON object, as in all of the API's answers */
};

static void note_answer(void *context, size_t index, const struct http_answer *answer)
{
    (void)index;
    struct probe *probe = context;
    struct json *object = json_parse(answer->body);
    probe->outcome = judge(probe->state, answer);
    probe->is_object = object != NULL;
    (void)did_optimizer_payload_named(answer->body, probe->named, sizeof probe->named);
    json_free(object);
}

static size_t one_at_a_time(void *context)
{
    (void)context;
    return 1;
}

static void PRINTF_LIKE(3, 4) found(struct sink_health *health, const char *remedy, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(health->text, sizeof health->text, format, args);
    va_end(args);
    (void)snprintf(health->remedy, sizeof health->remedy, "%s", remedy);
}

/* The API checks the key before it finds that {} has no call. So a refusal of the content proves the key. A web server
 * may answer 400 by itself (nginx, to plain http on its TLS port), but only the API answers in JSON. */
static void judge_probe(const struct probe *probe, struct sink_health *health)
{
    const struct outcome *outcome = &probe->outcome;
    const char *url = probe->state->api->base_url, *origin = probe->state->api->base_url_origin;
    health->state = SINK_FAILS;
    health->exit_code = EX_CONFIG;
    if (outcome->kind == OUTCOME_REJECTED && probe->is_object) {
        health->state = SINK_WORKS;
        found(health, "", "%s answers and accepts the key; its answer names %s; phoneNumber is %s", url,
              *probe->named != '\0' ? probe->named : "no field",
              probe->state->reading.number_is_did ? "the DID (phone_number = did)" : "the called number");
    } else if (outcome->kind == OUTCOME_REJECTED) {
        found(health, "is api_base_url the API's address, or a web server's?", "%s (%s): HTTP %" PRId64
              ", but not in the API's words", url, origin, outcome->code);
    } else if (outcome->kind == OUTCOME_ACCEPTED) {
        health->state = SINK_UNSURE;
        found(health, "make sure that api_base_url is the DID Optimizer API's address",
              "%s (%s) accepted an empty call, so it says nothing of the key", url, origin);
    } else {
        bool refused = outcome->kind == OUTCOME_MISCONFIGURED;
        const char *advice = outcome->advice; /* "; check ..." */
        health->exit_code = refused ? EX_CONFIG : EX_UNAVAILABLE;
        found(health, *advice != '\0' ? advice + 2 : "ask the API's owner", "%s (%s)%s: %s", url, origin,
              refused ? "" : " is down", outcome->reason);
    }
}

static int check(void *context, struct sink_health *ret_health, struct err *err)
{
    struct did_optimizer *state = context;
    struct probe probe = { .state = state, .outcome = { .kind = OUTCOME_RETRY } };
    struct http_request empty = { .body = "{}" };
    struct http_observer observer = { .on_answer = note_answer, .on_turn = one_at_a_time, .context = &probe };
    if (http_run(state->http, &empty, 1, &observer, err) != 0)
        return -1;
    judge_probe(&probe, ret_health);
    return 0;
}

const struct sink_ops did_optimizer_sink = {
    .type = "did-optimizer",
    .title = "API",
    .uses_api = true,
    .params = params,
    .ignores_extras = ignores_extras,
    .asks_dial_status = asks_dial_status,
    .longest_sec = longest_sec,
    .open = open_api,
    .make = make,
    .send = send_messages,
    .check = check,
    .describe = sender_describe,
    .address = address,
    .recall = recall,
    .memory = memory,
    .close = close_api,
};
