/* callio_client: asks Callio's API, one request at a time, and judges its answers. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/str.h"
#include "source/api_tries.h"
#include "source/api_words.h"
#include "source/callio_client.h"
#include "source/callio_page.h"
#include "source/callio_session.h"

/* A page of 1000 documents has a few MB. */
#define MAX_BODY_BYTES ((size_t)16 << 20)

#define TURN_MS 50

/* So many requests in turn got no answer, each after its tries: the API is down, whoever asks. */
#define SILENT_MOST 2

/* What the API answers to a page that is too far back. */
#define TOO_MANY_WORDS "Result window is too large"

struct callio_client {
    struct callio_place place;
    int origin_length; /* of place.url, without a slash at its end */
    struct http_pool *pool;
    struct source_effort effort;
    int silent;         /* requests in turn without an answer */
    struct err failure; /* the API cannot be reached, whoever asks; EX_OK: it can */
};

/* One request, and the answer to it. */
struct exchange {
    struct callio_client *client;
    const struct callio_tenant *tenant;
    const char *method, *target;
    const char *token, *body; /* NULL: none */
    char *text;               /* the body of the answer */
    size_t length;
    bool is_over, is_cut, is_web_page, is_unreachable;
    long status;              /* 0: no answer */
    char trouble[300];        /* why there is none */
    int64_t retry_after_sec;
    enum verdict { READ, AGAIN, REFUSED, NOT_THERE, TOO_MANY, FAILED } verdict;
    struct err err;           /* AGAIN, REFUSED, FAILED */
};

struct callio_client *callio_client_open(const struct callio_place *place)
{
    struct callio_client *client = mem_zero(1, sizeof *client);
    size_t length = strlen(place->url);
    client->place = *place;
    while (length > 0 && place->url[length - 1] == '/')
        length--;
    client->origin_length = (int)length;
    client->failure.code = EX_OK;
    return client;
}

void callio_client_close(struct callio_client *client)
{
    if (client == NULL)
        return;
    http_pool_close(client->pool);
    free(client);
}

struct source_effort callio_client_effort(const struct callio_client *client)
{
    return client->effort;
}

const char *callio_client_address(const struct callio_client *client)
{
    return client->place.url;
}

void callio_client_secrets(const struct callio_tenant *tenant, const char *secrets[2])
{
    secrets[0] = *tenant->token != '\0' ? tenant->token : tenant->password;
    secrets[1] = tenant->session;
}

/* ---- one request ---- */

static bool on_body(void *context, const struct http_answer *so_far, const char *bytes, size_t length)
{
    struct exchange *exchange = context;
    (void)so_far;
    exchange->is_cut = length > MAX_BODY_BYTES - exchange->length;
    if (exchange->is_cut)
        return false;
    exchange->text = mem_resize(exchange->text, exchange->length + length + 1, 1);
    memcpy(exchange->text + exchange->length, bytes, length);
    exchange->length += length;
    exchange->text[exchange->length] = '\0';
    return true;
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct exchange *exchange = context;
    struct source_effort *effort = &exchange->client->effort;
    int64_t took_ms = (int64_t)answer->took_ms;
    effort->statements++;
    effort->took_ms += took_ms;
    if (took_ms > effort->longest_ms)
        effort->longest_ms = took_ms;
    exchange->is_over = true;
    exchange->status = answer->failure != NULL && !exchange->is_cut ? 0 : answer->status;
    exchange->is_unreachable = answer->unreachable;
    (void)snprintf(exchange->trouble, sizeof exchange->trouble, "%s", str_or_empty(answer->failure));
    exchange->retry_after_sec = answer->retry_after_sec;
    exchange->is_web_page = strncasecmp(str_or_empty(answer->content_type), "text/html", 9) == 0;
    if (exchange->text == NULL)
        exchange->text = mem_copy(answer->body);
}

/* Sends the request and waits for its end, or for a signal. */
static int send(struct exchange *exchange, struct err *err)
{
    struct callio_client *client = exchange->client;
    char *url = mem_format("%.*s%s", client->origin_length, client->place.url, exchange->target);
    char *token = exchange->token != NULL ? mem_format("token: %s", exchange->token) : NULL;
    const char *const headers[] = { "Accept: application/json", "Content-Type: application/json", token, NULL };
    const struct http_transfer transfer = { .method = exchange->method, .url = url, .headers = headers,
                                            .body = exchange->body, .file = -1, .ca_file = client->place.ca_file,
                                            .timeout = client->place.timeout,
                                            .longest = client->place.timeout, .on_body = on_body,
                                            .on_answer = on_answer, .context = exchange };
    int result = client->pool == NULL ? http_pool_open(1, &client->pool, err) : 0;
    if (result == 0)
        result = http_pool_start(client->pool, &transfer, err);
    while (result == 0 && !exchange->is_over && !interrupt_requested())
        result = http_pool_turn(client->pool, TURN_MS, err);
    if (!exchange->is_over) { /* it must not be reported later */
        http_pool_close(client->pool);
        client->pool = NULL;
    }
    if (result == 0 && !exchange->is_over)
        result = err_set(err, EX_TEMPFAIL, "stopped by a signal");
    mem_free_secret(token);
    free(url);
    return result;
}

/* ---- judging ---- */

/* The API's words are hidden already; the other words have no secret. */
static void PRINTF_LIKE(4, 5) judge(struct exchange *exchange, enum verdict verdict, int code, const char *format, ...)
{
    char text[900];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    exchange->verdict = verdict;
    (void)err_set(&exchange->err, code, "%s", text);
}

static void judge_refusal(struct exchange *exchange, const char *reason)
{
    const struct callio_tenant *tenant = exchange->tenant;
    const char *place = exchange->client->place.url_origin;
    long status = exchange->status;
    int length = (int)strcspn(exchange->target, "?"); /* a query that is cut says something else */
    if (status == 401)
        judge(exchange, REFUSED, EX_CONFIG, "Callio's API refuses the token of the tenant %s (HTTP 401)%s; correct it "
              "in %s", tenant->name, reason, tenant->place);
    else if (status == 403)
        judge(exchange, FAILED, EX_CONFIG, "the account of the tenant %s has no right to read %.*s (HTTP 403)%s; ask "
              "Callio, or name another account in %s", tenant->name, length, exchange->target, reason, tenant->place);
    else if (status >= 300 && status <= 399 && status != 304) /* 304 leads nowhere */
        judge(exchange, FAILED, EX_CONFIG, "Callio's API redirects to another address (HTTP %ld), where the token must "
              "not go; correct url in %s", status, place);
    else if (status == 404)
        judge(exchange, NOT_THERE, EX_CONFIG, "%.*s does not exist at %s (HTTP 404)%s; correct url in %s", length,
              exchange->target, exchange->client->place.url, reason, place);
    else if (strstr(exchange->text, TOO_MANY_WORDS) != NULL)
        judge(exchange, TOO_MANY, EX_UNAVAILABLE, "Callio's API cannot page so far back");
    else
        judge(exchange, FAILED, EX_UNAVAILABLE, "Callio's API refuses the request %.*s of the tenant %s (HTTP %ld)%s",
              length, exchange->target, tenant->name, status, reason);
}

static void judge_success(struct exchange *exchange)
{
    const char *start = exchange->text + strspn(exchange->text, " \t\r\n");
    if (exchange->is_cut && strcmp(exchange->method, "GET") != 0)
        judge(exchange, FAILED, EX_UNAVAILABLE, "the answer of Callio's API to the login of the tenant %s is longer "
              "than %zu MiB; runs ask again", exchange->tenant->name, MAX_BODY_BYTES >> 20);
    else if (exchange->is_cut)
        judge(exchange, FAILED, EX_CONFIG, "a page of Callio's API is longer than %zu MiB; set a smaller page_size "
              "under [source]", MAX_BODY_BYTES >> 20);
    else if (exchange->is_web_page || *start == '<')
        judge(exchange, FAILED, EX_CONFIG, "%s answers with a web page; correct url in %s", exchange->client->place.url,
              exchange->client->place.url_origin);
    else
        exchange->verdict = READ;
}

static void judge_answer(struct exchange *exchange)
{
    char words[API_WORDS_REASON_SIZE], reason[API_WORDS_REASON_SIZE + 2];
    const char *secrets[API_WORDS_SECRETS];
    long status = exchange->status;
    callio_client_secrets(exchange->tenant, secrets);
    (void)api_words_reason(exchange->text, secrets, words);
    (void)snprintf(reason, sizeof reason, "%s%s", *words != '\0' ? ": " : "", words);
    if (status == 0)
        judge(exchange, AGAIN, EX_UNAVAILABLE, "could not read from Callio's API at %s: %s; check url under [source], "
              "and the network", exchange->client->place.url, exchange->trouble);
    else if (status >= 200 && status <= 299)
        judge_success(exchange);
    else if (status == 429)
        judge(exchange, AGAIN, EX_UNAVAILABLE, "Callio's API limits the rate of requests (HTTP 429)%s; runs ask again, "
              "and no call is lost", reason);
    else if (status >= 500 || status == 408 || status == 425)
        judge(exchange, AGAIN, EX_UNAVAILABLE, "Callio's API failed (HTTP %ld)%s; runs ask again, and no call is lost",
              status, reason);
    else
        judge_refusal(exchange, reason);
}

/* ---- tries ---- */

static void clear(struct exchange *exchange)
{
    mem_free_secret(exchange->text); /* a login's answer has a token */
    exchange->text = NULL;
    exchange->length = 0;
    exchange->is_over = exchange->is_cut = false;
    exchange->retry_after_sec = 0;
}

/* Sends the request until its answer is a verdict. */
static int ask(struct exchange *exchange, struct err *err)
{
    int64_t began_ms = clock_mono_ms();
    int tries = 0;
    do {
        clear(exchange);
        if (send(exchange, err) != 0)
            return -1;
        judge_answer(exchange);
        tries++;
    } while (exchange->verdict == AGAIN && api_tries_pause(tries, exchange->retry_after_sec, began_ms));
    struct callio_client *client = exchange->client;
    client->silent = exchange->status == 0 ? client->silent + 1 : 0;
    if (exchange->status == 0 && (exchange->is_unreachable || client->silent >= SILENT_MOST))
        client->failure = exchange->err;
    return 0;
}

/* ---- logging in ---- */

static char *login_body(const struct callio_tenant *tenant)
{
    struct json *json = json_object();
    json_add_text(json, "email", tenant->email);
    json_add_text(json, "password", tenant->password);
    char *body = json_print(json);
    json_free(json);
    return body;
}

/* Too many failed logins may lock an account, so a refused one is not repeated. */
static int log_in(struct callio_client *client, struct callio_tenant *tenant, struct err *err)
{
    char *body = login_body(tenant);
    struct exchange exchange = { .client = client, .tenant = tenant, .method = "POST", .target = "/auth/login",
                                 .body = body };
    int result = ask(&exchange, err);
    bool is_refused = exchange.status >= 400 && exchange.status <= 499 && exchange.verdict != AGAIN &&
                      exchange.verdict != NOT_THERE;
    if (result == 0 && exchange.verdict == READ)
        result = callio_session_keep(tenant, exchange.text, err);
    else if (result == 0 && is_refused)
        result = err_set(err, EX_CONFIG, "Callio's API refuses the login of the tenant %s as %.100s (HTTP %ld); "
                         "correct email and password in %s", tenant->name, tenant->email, exchange.status,
                         tenant->place);
    else if (result == 0)
        result = err_set(err, exchange.err.code, "%s", exchange.err.message);
    clear(&exchange);
    mem_free_secret(body);
    return result;
}

static int find_token(struct callio_client *client, struct callio_tenant *tenant, const char **ret_token,
                      struct err *err)
{
    *ret_token = tenant->token;
    if (*tenant->token != '\0')
        return 0;
    if (callio_session_token(tenant) == NULL && log_in(client, tenant, err) != 0)
        return -1;
    *ret_token = tenant->session;
    return 0;
}

/* ---- asking ---- */

/* A token may end at any time. One login more shows whether it was the token. */
static int ask_as(struct exchange *exchange, struct callio_tenant *tenant, struct err *err)
{
    for (int logins = 0;; logins++) {
        if (find_token(exchange->client, tenant, &exchange->token, err) != 0 || ask(exchange, err) != 0)
            return -1;
        if (exchange->verdict != REFUSED || *tenant->token != '\0' || logins > 0)
            return 0;
        callio_session_forget(tenant);
    }
}

static int conclude(const struct exchange *exchange, enum callio_answer *ret_answer, struct json **ret_json,
                    struct err *err)
{
    *ret_answer = CALLIO_READ;
    if (exchange->verdict == NOT_THERE)
        *ret_answer = CALLIO_NOT_THERE;
    else if (exchange->verdict == TOO_MANY)
        *ret_answer = CALLIO_TOO_MANY;
    else if (exchange->verdict != READ)
        return err_set(err, exchange->err.code, "%s", exchange->err.message);
    else if ((*ret_json = callio_page_parse(exchange->text)) == NULL)
        return err_set(err, EX_UNAVAILABLE, "the answer of Callio's API is no JSON, or was cut; runs ask again");
    return 0;
}

/* The list of calls, or one call. */
static bool is_of_calls(const char *target)
{
    return strncmp(target, "/call", 5) == 0;
}

/* Why this is not asked for in this run; NULL: it may be. */
static const struct err *known_failure(const struct callio_client *client, const struct callio_tenant *tenant,
                                       const char *target)
{
    if (client->failure.code != EX_OK)
        return &client->failure;
    if (tenant->failure.code != EX_OK)
        return &tenant->failure;
    return is_of_calls(target) && tenant->calls_failure.code != EX_OK ? &tenant->calls_failure : NULL;
}

/* Calls without an answer say nothing about the tenant's tables. */
int callio_client_get(struct callio_client *client, struct callio_tenant *tenant, const char *target,
                      enum callio_answer *ret_answer, struct json **ret_json, struct err *err)
{
    struct exchange exchange = { .client = client, .tenant = tenant, .method = "GET", .target = target };
    const struct err *known = known_failure(client, tenant, target);
    *ret_json = NULL;
    if (known != NULL)
        return err_set(err, known->code, "%s", known->message);
    int result = ask_as(&exchange, tenant, err);
    bool is_tenants = result != 0 || exchange.verdict == REFUSED || (exchange.status == 0 && !is_of_calls(target));
    if (result == 0)
        result = conclude(&exchange, ret_answer, ret_json, err);
    if (result != 0 && is_tenants && err->code != EX_TEMPFAIL)
        tenant->failure = *err;
    clear(&exchange);
    return result;
}
