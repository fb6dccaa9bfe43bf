/* bigquery_api: requests to BigQuery with an access token, and jobs until their end. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/google_token.h"
#include "base/http.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "config/environment.h"
#include "sink/bigquery_api.h"
#include "sink/own_tables.h"

#define ENDPOINT "https://bigquery.googleapis.com"
#define SCOPE "https://www.googleapis.com/auth/bigquery"

/* How long one request may be silent. */
#define TIMEOUT_SEC 60

/* A turn of the loop, see struct sink_observer. */
#define TURN_MS 50

/* How often a request is sent, if its failure may pass. */
#define TRIES 3

/* How long a job may take, also after the run's time is over: with less, a large table's jobs would never end. */
#define JOB_MS ((int64_t)BIGQUERY_AFTER_END_SEC * 1000)

/* So long a job may be missing after it was started. */
#define NEW_JOB_MS 30000

/* The first and the longest pause before a job is looked at again. */
#define LOOK_FIRST_MS 250
#define LOOK_MOST_MS 15000

/* The longest address of an upload. */
#define SESSION_SIZE 2048

struct bigquery_api {
    char *endpoint;
    int64_t timeout;
    struct google_token *token;
    struct http_pool *pool; /* NULL: no request yet */
    struct bigquery_names names;
    const struct sink_observer *observer; /* NULL: none */
    int64_t ended_ms;                     /* monotonic: since when on_turn forbids requests; 0: it does not */
    int64_t until_ms;                     /* see bigquery_api_end_at */
    int64_t date;                         /* see bigquery_api_clock */
    bool lost_login;
};

/* One request in flight. */
struct exchange {
    struct bigquery_api *api;
    struct bigquery_failure *failure;
    const struct bigquery_request *request;
    char *body;
    bool is_over, is_refused;
};

/* ---- open and close ---- */

/* The token and every call go there, so it is Google's, or a stand-in on this host. */
static bool is_allowed(const char *url)
{
    static const char google[] = ".googleapis.com";
    struct http_url parts;
    if (!http_read_url(url, &parts))
        return false;
    size_t length = strlen(parts.host), least = sizeof google - 1;
    bool is_google = length > least && strcasecmp(parts.host + length - least, google) == 0 &&
                     strncasecmp(url, "https:", 6) == 0;
    return is_google || url_is_this_host(parts.host);
}

static int read_endpoint(const struct params *params, struct bigquery_api *api, struct err *err)
{
    const struct param *url = params_find(params, "bigquery_url");
    struct err why;
    const struct url_rules rules = { .what = "bigquery_url", .setting = "bigquery_url", .place = "under [sink]",
                                     .exposed = "the token and every customer's number" };
    if (url != NULL && url_check(url->value, &rules, &why) != 0)
        return err_set(err, why.code, "%s: %.900s", url->origin, why.message);
    if (url != NULL && !is_allowed(url->value))
        return err_set(err, EX_CONFIG, "%s: bigquery_url may only name this host (for tests) or a host of "
                       "googleapis.com over https; remove the line", url->origin);
    api->endpoint = mem_copy(url != NULL ? url->value : ENDPOINT);
    for (size_t length = strlen(api->endpoint); length > 0 && api->endpoint[length - 1] == '/'; length--)
        api->endpoint[length - 1] = '\0';
    return 0;
}

/* The names become a part of addresses and statements. */
static int read_name(const struct params *params, const char *key, const char *fallback, const char *also,
                     const char **ret_name, struct err *err)
{
    const struct param *param = params_find(params, key);
    const char *name = param != NULL ? param->value : fallback;
    if (name == NULL || *name == '\0')
        return err_set(err, EX_CONFIG, "the sink bigquery has no %s: write `%s = NAME` under [sink]", key, key);
    for (const char *c = name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr(also, *c) == NULL)
            return err_set(err, EX_CONFIG, "%s: %s may have only letters, digits and these: %s",
                           param != NULL ? param->origin : "[sink]", key, also);
    *ret_name = name;
    return 0;
}

/* SERVICE_ACCOUNT_KEY_JSON has the key, or the path of its file. */
void bigquery_api_environment(struct params *params)
{
    static const struct environment_variable names[] = { { "BQ_PROJECT_ID", "project" },
                                                         { "BQ_DATASET_ID", "dataset" },
                                                         { "BQ_LOCATION", "location" },
                                                         { NULL, NULL } };
    static const struct environment_variable key[] = { { "SERVICE_ACCOUNT_KEY_JSON", "credentials" }, { NULL, NULL } };
    static const struct environment_variable file[] = { { "SERVICE_ACCOUNT_KEY_FILE", "credentials_file" },
                                                        { "SERVICE_ACCOUNT_KEY_JSON", "credentials_file" },
                                                        { NULL, NULL } };
    const char *json = getenv("SERVICE_ACCOUNT_KEY_JSON");
    environment_read(names, params);
    environment_read(json != NULL && json[strspn(json, " \t\r\n")] == '{' ? key : file, params);
}

static int read_credentials(const struct params *params, struct bigquery_api *api, struct err *err)
{
    const struct param *credentials = params_find(params, "credentials");
    if (credentials == NULL)
        return err_set(err, EX_CONFIG, "the sink bigquery has no credentials: write `credentials_file = /FILE`, the "
                       "key file of a service account, under [sink]");
    const struct google_token_settings settings = {
        .credentials = credentials->value,
        .origin = credentials->file != NULL ? credentials->file : credentials->origin,
        .wish = { .scope = SCOPE, .subject = "" },
        .ca_file = "",
        .timeout = 20,
        .connect_timeout = 10,
    };
    api->names.origin = settings.origin;
    if (google_token_open(&settings, &api->token, err) != 0)
        return -1;
    api->names.account = google_token_name(api->token);
    return 0;
}

int bigquery_api_open(const struct params *params, struct bigquery_api **ret_api, struct err *err)
{
    struct bigquery_api *api = mem_zero(1, sizeof *api);
    if (read_name(params, "project", NULL, "-:.", &api->names.project, err) != 0 ||
        read_name(params, "dataset", NULL, "_", &api->names.dataset, err) != 0 ||
        read_name(params, "table", "calls", "_", &api->names.table, err) != 0 ||
        own_tables_check(params, "table", err) != 0 ||
        params_integer(params, "timeout", TIMEOUT_SEC, 1, 600, &api->timeout, err) != 0 ||
        read_endpoint(params, api, err) != 0 || read_credentials(params, api, err) != 0) {
        bigquery_api_close(api);
        return -1;
    }
    *ret_api = api;
    return 0;
}

void bigquery_api_close(struct bigquery_api *api)
{
    if (api == NULL)
        return;
    http_pool_close(api->pool);
    google_token_close(api->token);
    free(api->endpoint);
    free(api);
}

void bigquery_api_watch(struct bigquery_api *api, const struct sink_observer *observer)
{
    api->observer = observer;
    api->ended_ms = 0;
}

void bigquery_api_end_at(struct bigquery_api *api, int64_t until_ms)
{
    api->until_ms = until_ms;
}

const struct bigquery_names *bigquery_api_names(const struct bigquery_api *api)
{
    return &api->names;
}

const char *bigquery_api_address(const struct bigquery_api *api)
{
    return api->endpoint;
}

int64_t bigquery_api_clock(const struct bigquery_api *api)
{
    return api->date;
}

bool bigquery_api_lost_login(const struct bigquery_api *api)
{
    return api->lost_login;
}

/* ---- waiting ---- */

/* Whether to wait on. */
static bool take_turn(struct bigquery_api *api)
{
    int64_t now = clock_mono_ms();
    bool may_start = api->observer == NULL || api->observer->on_turn(api->observer->context) > 0;
    if (interrupt_requested() || (api->until_ms != 0 && now >= api->until_ms))
        return false;
    if (may_start)
        api->ended_ms = 0;
    else if (api->ended_ms == 0)
        api->ended_ms = now;
    return may_start || now - api->ended_ms < JOB_MS;
}

static enum bigquery_fault give_up(struct bigquery_failure *failure)
{
    return bigquery_verdict_set(failure, BIGQUERY_GIVEN_UP, "",
                                "BigQuery has not finished, and the run ends; the next run asks for the result");
}

bool bigquery_api_pause(struct bigquery_api *api, int64_t wait_ms)
{
    int64_t until_ms = clock_mono_ms() + wait_ms;
    for (int64_t now = clock_mono_ms(); now < until_ms; now = clock_mono_ms()) {
        if (!take_turn(api))
            return false;
        interrupt_sleep_until(now + TURN_MS < until_ms ? now + TURN_MS : until_ms);
    }
    return true;
}

/* ---- one request ---- */

/* The address of an upload must not lead elsewhere: the calls go there. */
static bool is_safe(const struct bigquery_api *api, const char *address)
{
    size_t length = strlen(api->endpoint);
    bool is_google = strncmp(api->endpoint, "https:", 6) == 0 && strncmp(address, "https:", 6) == 0;
    return (strncmp(address, api->endpoint, length) == 0 && address[length] == '/') ||
           (is_google && is_allowed(address));
}

static void take_session(struct exchange *exchange, const struct http_answer *answer)
{
    char address[SESSION_SIZE];
    if (http_header(answer, "Location", address, sizeof address) && is_safe(exchange->api, address))
        *exchange->request->ret_session = mem_copy(address);
    else
        (void)bigquery_verdict_set(exchange->failure, BIGQUERY_RETRY, "", "BigQuery gives no address for an upload");
    explicit_bzero(address, sizeof address);
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct exchange *exchange = context;
    bool is_session = exchange->request->session != NULL;
    exchange->is_over = true;
    exchange->is_refused = answer->failure == NULL && answer->status == 401;
    enum bigquery_fault fault = bigquery_verdict_of(answer, &exchange->api->names, exchange->failure);
    if (is_session && answer->failure == NULL && (answer->status == 308 || fault == BIGQUERY_MISSING))
        (void)bigquery_verdict_set(exchange->failure, BIGQUERY_RETRY, "", "an upload to BigQuery was cut short");
    if (is_session)
        str_hide(exchange->failure->reason, exchange->request->session);
    if (exchange->failure->fault != BIGQUERY_FINE)
        return;
    if (answer->date > 0)
        exchange->api->date = answer->date;
    exchange->body = mem_copy(answer->body);
    if (exchange->request->ret_session != NULL)
        take_session(exchange, answer);
}

static char *url_of(const struct bigquery_api *api, const struct bigquery_request *request)
{
    if (request->session != NULL)
        return mem_copy(request->session);
    return mem_format("%s%s/bigquery/v2/projects/%s%s", api->endpoint, request->is_upload ? "/upload" : "",
                      api->names.project, request->path);
}

/* Sends the request with this token. */
static enum bigquery_fault exchange_once(struct bigquery_api *api, const struct bigquery_request *request,
                                         const char *token, struct exchange *exchange)
{
    char *url = url_of(api, request), *authorization = mem_format("Authorization: Bearer %s", token);
    char *type = mem_format("Content-Type: %s", request->length > 0 ? request->content_type
                                                                    : "application/json; charset=UTF-8");
    const char *const headers[] = { authorization, type, NULL };
    const struct http_transfer transfer = { .method = request->method,
                                            .url = url,
                                            .headers = headers,
                                            .body = request->body,
                                            .file = request->length > 0 ? request->file : -1,
                                            .from = request->from,
                                            .length = request->length,
                                            .ca_file = "",
                                            .timeout = api->timeout,
                                            .longest = request->length > 0 ? 0 : api->timeout, /* no file: short */
                                            .on_answer = on_answer,
                                            .context = exchange };
    struct err err;
    int result = api->pool != NULL ? 0 : http_pool_open(1, &api->pool, &err);
    if (result == 0)
        result = http_pool_start(api->pool, &transfer, &err);
    bool goes_on = true;
    while (result == 0 && !exchange->is_over && (goes_on = take_turn(api)))
        result = http_pool_turn(api->pool, TURN_MS, &err);
    if (result != 0)
        (void)bigquery_verdict_set(exchange->failure, BIGQUERY_RETRY, "", "%.300s", err.message);
    else if (!goes_on && !exchange->is_over)
        (void)give_up(exchange->failure);
    if (result != 0 || !exchange->is_over) { /* ends the request in flight, which has our texts */
        http_pool_close(api->pool);
        api->pool = NULL;
    }
    free(type);
    mem_free_secret(url);
    mem_free_secret(authorization);
    return exchange->failure->fault;
}

/* Sends the request with a token, and with another one if that is refused. */
static enum bigquery_fault ask_once(struct bigquery_api *api, const struct bigquery_request *request, char **ret_body,
                                    struct bigquery_failure *failure)
{
    struct exchange exchange = { .api = api, .failure = failure, .request = request };
    const char *token = NULL;
    struct err err;
    bool again = false;
    do {
        api->lost_login = google_token_get(api->token, &token, &err) != 0;
        if (api->lost_login)
            return bigquery_verdict_set(failure, err.code == EX_CONFIG ? BIGQUERY_WRONG : BIGQUERY_RETRY, "", "%.390s",
                                        err.message);
        exchange.is_over = exchange.is_refused = false;
        (void)exchange_once(api, request, token, &exchange);
        again = exchange.is_refused && google_token_refused(api->token, token);
    } while (again);
    *ret_body = exchange.body;
    return failure->fault;
}

enum bigquery_fault bigquery_api_ask(struct bigquery_api *api, const struct bigquery_request *request,
                                     struct json **ret_json, struct bigquery_failure *failure)
{
    char *body = NULL;
    enum bigquery_fault fault = ask_once(api, request, &body, failure);
    int most = request->session != NULL ? 1 : TRIES;
    for (int tries = 1; fault == BIGQUERY_RETRY && tries < most && failure->wait_sec == 0; tries++) {
        if (!bigquery_api_pause(api, LOOK_FIRST_MS << tries))
            return give_up(failure);
        free(body); /* of an answer that does not name the address of an upload */
        body = NULL;
        fault = ask_once(api, request, &body, failure);
    }
    if (ret_json != NULL)
        *ret_json = body != NULL ? json_parse(body) : NULL;
    free(body);
    if (fault == BIGQUERY_FINE && ret_json != NULL && *ret_json == NULL)
        fault = bigquery_verdict_set(failure, BIGQUERY_RETRY, "; check the network: it may be a captive portal's page",
                                     "the answer of BigQuery is not JSON");
    return fault;
}

/* ---- jobs ---- */

static bool is_done(const struct json *job)
{
    const struct json *status = json_member(job, "status");
    const char *state = status != NULL ? json_text(status, "state") : NULL;
    return state != NULL && strcmp(state, "DONE") == 0;
}

/* Waits for the end of a job. It may be missing for new_ms after it was started. */
static enum bigquery_fault wait_for(struct bigquery_api *api, const char *id, const char *location, int64_t new_ms,
                                    struct json **ret_job, struct bigquery_failure *failure)
{
    char *path = mem_format("/jobs/%s?location=%s&" BIGQUERY_JOB_FIELDS, id, location);
    const struct bigquery_request request = { .method = "GET", .path = path };
    int64_t began_ms = clock_mono_ms(), wait_ms = LOOK_FIRST_MS;
    enum bigquery_fault fault = BIGQUERY_FINE;
    bool is_over = false;
    while (!is_over) {
        json_free(*ret_job);
        *ret_job = NULL;
        fault = bigquery_api_ask(api, &request, ret_job, failure);
        bool is_new = fault == BIGQUERY_MISSING && clock_mono_ms() - began_ms < new_ms;
        is_over = (fault != BIGQUERY_FINE && !is_new) || (fault == BIGQUERY_FINE && is_done(*ret_job));
        if (!is_over && (clock_mono_ms() - began_ms > JOB_MS || !bigquery_api_pause(api, wait_ms))) {
            fault = give_up(failure);
            break;
        }
        wait_ms = 2 * wait_ms < LOOK_MOST_MS ? 2 * wait_ms : LOOK_MOST_MS;
    }
    free(path);
    return fault;
}

enum bigquery_fault bigquery_api_run(struct bigquery_api *api, const struct bigquery_request *request, const char *id,
                                     const char *location, struct json **ret_job, struct bigquery_failure *failure)
{
    struct json *job = NULL;
    enum bigquery_fault fault = bigquery_api_ask(api, request, &job, failure);
    *ret_job = NULL;
    if (fault == BIGQUERY_EXISTS || (fault == BIGQUERY_FINE && !is_done(job))) {
        json_free(job);
        job = NULL;
        fault = wait_for(api, id, location, NEW_JOB_MS, &job, failure);
    }
    if (fault == BIGQUERY_FINE)
        fault = bigquery_verdict_of_job(job, &api->names, failure);
    if (fault == BIGQUERY_FINE)
        *ret_job = job;
    else
        json_free(job);
    return fault;
}

enum bigquery_fault bigquery_api_settle(struct bigquery_api *api, const char *id, const char *location,
                                        struct bigquery_failure *failure)
{
    struct json *job = NULL;
    enum bigquery_fault fault = wait_for(api, id, location, 0, &job, failure);
    json_free(job);
    return fault == BIGQUERY_MISSING ? BIGQUERY_FINE : fault;
}
