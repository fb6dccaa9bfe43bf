/* webhook: the sink `webhook`, which sends each call to an https address. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "sink/message_key.h"
#include "sink/sender.h"
#include "sink/webhook.h"
#include "sink/webhook_body.h"
#include "sink/webhook_signature.h"
#include "sink/webhook_verdict.h"

static const struct param_spec settings_known[] = {
    { "url", false, "the receiver's address" },
    { "secret", true, "the key that signs messages; each of several secrets signs" },
    { "source", false, "the name of the phone system in the body and the webhook-id" },
    { "name.*", false, "another name for a member of the body; empty: leave the member out" },
    { "timeout", false, "how many seconds a request may take" },
    { "connect_timeout", false, "how many seconds to wait for a connection" },
    { "verify", false, "whether to verify the receiver's certificate" },
    { "ca_file", false, "certificates to trust instead of the system's" },
    { "allow_insecure_http", false, "allow plain http to other hosts" },
    { NULL, false, NULL },
};

/* Standard Webhooks advises 15 to 30 seconds. */
#define TIMEOUT_SEC 20
#define CONNECT_TIMEOUT_SEC 5
#define TIMEOUT_MOST_SEC 300

struct webhook {
    struct webhook_template names;
    struct webhook_secrets secrets;
    struct webhook_places places;
    const char *url;
    char host[256]; /* the host of url; the rest of url may contain a token, so messages do not show it */
    struct http *http;
};

/* ---- opening ---- */

static int read_url(const struct params *params, struct webhook *state, struct err *err)
{
    const struct param *url = params_find(params, "url");
    struct http_url parts;
    bool insecure = false;
    if (url == NULL)
        return err_set(err, EX_CONFIG, "the sink webhook has no url: write `url = https://...` under [sink]");
    if (params_yes_no(params, "allow_insecure_http", false, &insecure, err) != 0)
        return -1;
    const struct url_rules rules = { .what = "url", .setting = "url", .exposed = "every customer's number",
                                     .place = "under [sink]", .allow_insecure_http = insecure, .allow_query = true,
                                     .is_secret = true };
    struct err why;
    if (url_check(url->value, &rules, &why) != 0)
        return err_set(err, why.code, "%s: %.900s", url->origin, why.message);
    if (http_read_url(url->value, &parts))
        (void)snprintf(state->host, sizeof state->host, "%s", parts.host);
    state->places.url_origin = url->origin;
    state->places.tls = strncasecmp(url->value, "https:", 6) == 0;
    return 0;
}

static int read_secrets(const struct params *params, struct webhook *state, struct err *err)
{
    const struct param *secret = params_find(params, "secret");
    if (secret == NULL)
        return err_set(err, EX_CONFIG, "the sink webhook has no secret: write `secret = whsec_...`, or "
                       "`secret_file = /...`, under [sink]");
    state->places.secret = secret->value;
    state->places.secret_origin = secret->origin;
    return webhook_secrets_read(secret->value, secret->origin, &state->secrets, err);
}

static int read_timeouts(const struct params *params, int64_t *ret_timeout, int64_t *ret_connect, struct err *err)
{
    if (params_integer(params, "timeout", TIMEOUT_SEC, 1, TIMEOUT_MOST_SEC, ret_timeout, err) != 0)
        return -1;
    return params_integer(params, "connect_timeout", CONNECT_TIMEOUT_SEC, 1, TIMEOUT_MOST_SEC, ret_connect, err);
}

static int open_requests(const struct sink_settings *settings, struct webhook *state, struct err *err)
{
    static const char *const headers[] = { "Content-Type: application/json", NULL };
    const struct params *params = settings->params;
    const struct param *ca_file = params_find(params, "ca_file");
    int64_t timeout = 0, connect_timeout = 0;
    bool verify = true;
    if (read_timeouts(params, &timeout, &connect_timeout, err) != 0 ||
        params_yes_no(params, "verify", true, &verify, err) != 0)
        return -1;
    if (ca_file != NULL && *ca_file->value != '\0' && access(ca_file->value, R_OK) != 0)
        return err_set(err, EX_CONFIG, "%s: could not read the certificates in %s; correct ca_file", ca_file->origin,
                       ca_file->value);
    if (!verify)
        log_warn("⚠ %s: verify = no: the receiver's certificate is not checked, so anyone on the network path can read "
                 "every customer's number; remove that line", params_find(params, "verify")->origin);
    state->url = params_text(params, "url", "");
    state->http = http_open(&(struct http_settings){
        .url = state->url,
        .headers = headers,
        .ca_file = ca_file != NULL ? ca_file->value : "",
        .verify = verify,
        .timeout = timeout,
        .connect_timeout = connect_timeout,
        .connections = (size_t)(settings->api->concurrency > 0 ? settings->api->concurrency
                                                               : settings->api->max_concurrency),
    });
    return 0;
}

static const char *address(const void *context)
{
    const struct webhook *state = context;
    return state->url;
}

static const char *memory(const void *context)
{
    const struct webhook *state = context;
    return sender_memory(state->http);
}

static void recall(void *context, const char *earlier)
{
    struct webhook *state = context;
    sender_recall(state->http, earlier);
}

static void close_webhook(void *context)
{
    struct webhook *state = context;
    http_close(state->http);
    explicit_bzero(state, sizeof *state);
    free(state);
}

static int open_webhook(const struct sink_settings *settings, void **ret_state, struct err *err)
{
    struct webhook *state = mem_zero(1, sizeof *state);
    state->names = (struct webhook_template){ .source = params_text(settings->params, "source", settings->source),
                                              .shape = settings->shape,
                                              .dispositions = settings->dispositions, .params = settings->params };
    state->places.profile_option = settings->profile_option;
    if (read_url(settings->params, state, err) != 0 || read_secrets(settings->params, state, err) != 0 ||
        webhook_body_check(&state->names, err) != 0 || open_requests(settings, state, err) != 0) {
        close_webhook(state);
        return -1;
    }
    *ret_state = state;
    return 0;
}

static int64_t longest_sec(const struct sink_settings *settings)
{
    int64_t timeout = TIMEOUT_SEC, connect_timeout = CONNECT_TIMEOUT_SEC;
    (void)!read_timeouts(settings->params, &timeout, &connect_timeout, NULL);
    return timeout + connect_timeout;
}

/* ---- sending ---- */

/* The id names the source, because several sources may send to one receiver. The signed text separates id and time by a
 * dot, so the id must not contain one. */
static void make(void *context, const struct call *call, uint32_t change, struct sink_message *ret_message)
{
    const struct webhook *state = context;
    char *id = mem_format("%s-%s", state->names.source, str_or_empty(call->id));
    ret_message->body = webhook_body(&state->names, call);
    /* A key has only the beginning of a long id, and the body may lack the id. So the hash includes a long id. */
    char *content = strlen(id) > MESSAGE_KEY_ID_BYTES ? mem_format("%s %s", id, ret_message->body) : NULL;
    message_key(id, content != NULL ? content : ret_message->body, change, ret_message->key);
    free(content);
    for (char *dot = strchr(ret_message->key, '.'); dot != NULL; dot = strchr(dot, '.'))
        *dot = '_';
    free(id);
}

/* Signs a message when it leaves, because receivers refuse a signature that is more than 5 minutes old. */
static size_t write_headers(const void *context, const struct sink_message *message,
                            char lines[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE])
{
    const struct webhook *state = context;
    char signature[WEBHOOK_SIGNATURE_SIZE];
    int64_t now = clock_now_epoch();
    webhook_sign(&state->secrets, message->key, now, message->body, signature);
    (void)snprintf(lines[0], HTTP_OWN_HEADER_SIZE, "webhook-id: %s", message->key);
    (void)snprintf(lines[1], HTTP_OWN_HEADER_SIZE, "webhook-timestamp: %" PRId64, now);
    (void)snprintf(lines[2], HTTP_OWN_HEADER_SIZE, "webhook-signature: %s", signature);
    return 3;
}

static struct outcome judge(const void *context, const struct http_answer *answer)
{
    const struct webhook *state = context;
    return webhook_verdict_of(answer, &state->places);
}

static int send_messages(void *context, const struct sink_message *const *messages, size_t count,
                         const struct sink_observer *observer, struct err *err)
{
    struct webhook *state = context;
    const struct sender sender = { .http = state->http, .headers = write_headers, .judge = judge, .context = state };
    return sender_send(&sender, messages, count, observer, err);
}

/* ---- the check ---- */

/* Sends no request, because a receiver might take any request for a call. */
static int check(void *context, struct sink_health *ret_health, struct err *err)
{
    struct webhook *state = context;
    struct http_answer answer;
    if (http_connect(state->http, &answer, err) != 0)
        return -1;
    if (answer.failure == NULL) {
        ret_health->state = SINK_WORKS;
        (void)snprintf(ret_health->text, sizeof ret_health->text, "%s accepts %s, and %zu secret%s can sign; not "
                       "tested: only a call shows whether the receiver accepts signature and calls", state->host,
                       state->places.tls ? "TLS connections with a valid certificate" : "connections without TLS",
                       state->secrets.count, state->secrets.count == 1 ? "" : "s");
        return 0;
    }
    struct outcome outcome = judge(state, &answer);
    ret_health->state = SINK_FAILS;
    ret_health->exit_code = EX_UNAVAILABLE;
    (void)snprintf(ret_health->text, sizeof ret_health->text, "%s (%s) cannot be reached: %s", state->host,
                   state->places.url_origin, outcome.reason);
    (void)snprintf(ret_health->remedy, sizeof ret_health->remedy, "%s",
                   *outcome.advice != '\0' ? outcome.advice + 2 : "ask the receiver's owner");
    return 0;
}

const struct sink_ops webhook_sink = {
    .type = "webhook",
    .title = "webhook",
    .params = settings_known,
    .longest_sec = longest_sec,
    .open = open_webhook,
    .make = make,
    .send = send_messages,
    .check = check,
    .describe = sender_describe,
    .address = address,
    .recall = recall,
    .memory = memory,
    .close = close_webhook,
};
