/* pbx_client: asks the API of a hosted PBX for pages, one at a time, and judges its answers. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/str.h"
#include "source/api_tries.h"
#include "source/pbx_client.h"

/* The address of the list on the PBX's host. */
#define PATH "/api/v2/cdrs"

/* A page of 1000 calls has about 1 MB. */
#define MAX_PAGE_BYTES ((size_t)16 << 20)

struct pbx_client {
    struct pbx_account account;
    char *address;
    char *header; /* Authorization; NULL: none */
    const char *secrets[API_WORDS_SECRETS]; /* borrowed */
    struct http *http;
    struct source_effort effort;
    int64_t date, date_read; /* the Date header of the last answer, and this host's clock then */
};

/* One request and its outcome. */
struct attempt {
    struct pbx_client *client;
    struct pbx_page *page;
    struct err *err;
    enum attempt_kind { ATTEMPT_READ, ATTEMPT_AGAIN, ATTEMPT_FAILED } kind;
    int64_t retry_after_sec;
};

/* ---- opening ---- */

/* The setting may name the host alone. */
static char *address_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = strchr(host != NULL ? host + 3 : url, '/');
    if (path == NULL)
        return mem_format("%s%s", url, PATH);
    return path[1] == '\0' ? mem_format("%.*s%s", (int)(path - url), url, PATH) : mem_copy(url);
}

static char *authorization_of(const struct pbx_account *account)
{
    if (*account->key != '\0')
        return mem_format("Authorization: Bearer %s", account->key);
    if (*account->user == '\0')
        return NULL;
    char *pair = mem_format("%s:%s", account->user, account->password);
    char *coded = mem_zero(BASE64_SIZE(strlen(pair)), 1);
    base64_encode((const unsigned char *)pair, strlen(pair), coded);
    char *header = mem_format("Authorization: Basic %s", coded);
    mem_free_secret(coded);
    mem_free_secret(pair);
    return header;
}

struct pbx_client *pbx_client_open(const struct pbx_account *account)
{
    struct pbx_client *client = mem_zero(1, sizeof *client);
    client->account = *account;
    client->address = address_of(account->url);
    client->header = authorization_of(account);
    bool has_key = *account->key != '\0';
    client->secrets[0] = has_key ? account->key : account->password;
    client->secrets[1] = !has_key && client->header != NULL ? strrchr(client->header, ' ') + 1 : NULL; /* the pair */
    const char *const headers[] = { "Accept: application/json", client->header, NULL };
    client->http = http_open(&(struct http_settings){ .url = client->address,
                                                      .headers = headers,
                                                      .ca_file = account->ca_file,
                                                      .verify = true,
                                                      .timeout = account->timeout,
                                                      .connect_timeout = account->connect_timeout,
                                                      .connections = 1,
                                                      .max_body = MAX_PAGE_BYTES });
    return client;
}

void pbx_client_close(struct pbx_client *client)
{
    if (client == NULL)
        return;
    http_close(client->http);
    mem_free_secret(client->header);
    free(client->address);
    free(client);
}

const char *pbx_client_address(const struct pbx_client *client)
{
    return client->address;
}

struct source_effort pbx_client_effort(const struct pbx_client *client)
{
    return client->effort;
}

bool pbx_client_ahead(const struct pbx_client *client, int64_t *ret_sec)
{
    *ret_sec = client->date_read - client->date;
    return client->date != 0;
}

/* ---- judging ---- */

/* An outcome that is no page. The key may stand in the API's own words. */
static void PRINTF_LIKE(4, 5) end_attempt(struct attempt *attempt, enum attempt_kind kind, int code,
                                          const char *format, ...)
{
    const struct pbx_account *account = &attempt->client->account;
    char text[700];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    str_hide(text, account->key);
    str_hide(text, account->password);
    (void)err_set(attempt->err, code, "%s", text);
    attempt->kind = kind;
}

static const char *account_words(const struct pbx_account *account)
{
    if (*account->key != '\0')
        return "key";
    return *account->user != '\0' ? "user or the password" : "request without a key";
}

/* Judges an answer with a status that is no success. */
static void judge_status(struct attempt *attempt, const struct http_answer *answer)
{
    const struct pbx_account *account = &attempt->client->account;
    const char *address = attempt->client->address;
    char reason[API_WORDS_REASON_SIZE];
    long status = answer->status;
    (void)api_words_reason(answer->body, attempt->client->secrets, reason);
    const char *colon = *reason != '\0' ? ": " : "";
    attempt->retry_after_sec = answer->retry_after_sec;
    if (status == 429)
        end_attempt(attempt, ATTEMPT_AGAIN, EX_UNAVAILABLE, "the PBX's API limits the rate of requests (HTTP 429)%s%s; "
                    "runs ask again, and no call is lost", colon, reason);
    else if (status >= 500 || status == 408 || status == 425)
        end_attempt(attempt, ATTEMPT_AGAIN, EX_UNAVAILABLE, "the PBX's API failed (HTTP %ld)%s%s; runs ask again, "
                    "and no call is lost", status, colon, reason);
    else if (status == 401 || status == 403)
        end_attempt(attempt, ATTEMPT_FAILED, EX_CONFIG, "the PBX's API refuses the %s (HTTP %ld)%s%s; %s%s",
                    account_words(account), status, colon, reason,
                    *account->secret_origin != '\0' ? "correct it in " : "set key, or user and password, under "
                                                                         "[source]",
                    account->secret_origin);
    else if (status >= 300 && status <= 399)
        end_attempt(attempt, ATTEMPT_FAILED, EX_CONFIG, "%s redirects to another address (HTTP %ld), where the key "
                    "must not go; correct url in %s", address, status, account->url_origin);
    else if (status == 404 || status == 405)
        end_attempt(attempt, ATTEMPT_FAILED, EX_CONFIG, "%s does not exist on the PBX (HTTP %ld)%s%s; correct url in "
                                                        "%s",
                    address, status, colon, reason, account->url_origin);
    else
        end_attempt(attempt, ATTEMPT_FAILED, EX_CONFIG, "the PBX's API refuses the request (HTTP %ld)%s%s; check "
                    "domain and dialect under [source]", status, colon, reason);
}

static bool is_web_page(const struct http_answer *answer)
{
    const char *type = str_or_empty(answer->content_type);
    return strncasecmp(type, "text/html", 9) == 0 || answer->body[strspn(answer->body, " \t\r\n")] == '<';
}

/* Judges an answer with the status 200. */
static void judge_page(struct attempt *attempt, const struct http_answer *answer)
{
    const struct pbx_account *account = &attempt->client->account;
    struct err err = { .code = EX_OK };
    if (answer->body_cut)
        end_attempt(attempt, ATTEMPT_FAILED, EX_CONFIG, "a page of the PBX's API is longer than %zu MiB; set a smaller "
                    "page_size under [source]", MAX_PAGE_BYTES >> 20);
    else if (is_web_page(answer))
        end_attempt(attempt, ATTEMPT_FAILED, EX_CONFIG, "%s answers with a web page, not with calls; correct url in %s",
                    attempt->client->address, account->url_origin);
    else if (pbx_page_read(answer->body, attempt->client->secrets, attempt->page, &err) != 0)
        end_attempt(attempt, ATTEMPT_FAILED, err.code, "%s; ask the PBX's provider", err.message);
    else
        attempt->kind = ATTEMPT_READ;
}

static void on_answer(void *context, size_t index, const struct http_answer *answer)
{
    struct attempt *attempt = context;
    struct pbx_client *client = attempt->client;
    int64_t took_ms = (int64_t)(clock_mono_exact_ms() - answer->started_ms);
    (void)index;
    client->effort.statements++;
    client->effort.took_ms += took_ms;
    if (took_ms > client->effort.longest_ms)
        client->effort.longest_ms = took_ms;
    client->date = answer->date;
    client->date_read = clock_now_epoch();
    if (answer->failure != NULL)
        end_attempt(attempt, ATTEMPT_AGAIN, EX_UNAVAILABLE, "could not read from the PBX's API at %s: %s%s",
                    client->address, answer->failure, strstr(answer->failure, "certificate") != NULL
                        ? "; name the file with the PBX's certificate in ca_file under [source]"
                        : "; check url under [source], and the network");
    else if (answer->status == 200)
        judge_page(attempt, answer);
    else
        judge_status(attempt, answer);
}

/* ---- asking ---- */

static size_t on_turn(void *context)
{
    (void)context;
    return 1;
}

/* Nothing is lost with the answer to a request that only reads. */
static bool is_given_up(void *context)
{
    (void)context;
    return interrupt_requested();
}

int pbx_client_get(struct pbx_client *client, const char *query, struct pbx_page *ret_page, struct err *err)
{
    struct err failure = { .code = EX_OK };
    struct attempt attempt = { .client = client, .page = ret_page, .err = &failure };
    const struct http_request request = { .query = query };
    const struct http_observer observer = { .on_answer = on_answer, .on_turn = on_turn,
                                             .is_given_up = is_given_up, .context = &attempt };
    int64_t began_ms = clock_mono_ms();
    int tries = 0;
    *ret_page = (struct pbx_page){ .json = NULL };
    do {
        pbx_page_clear(ret_page);
        attempt.retry_after_sec = 0;
        end_attempt(&attempt, ATTEMPT_FAILED, EX_TEMPFAIL, "stopped by a signal"); /* unless an answer comes */
        if (http_run(client->http, &request, 1, &observer, err) != 0)
            return -1;
        tries++;
    } while (attempt.kind == ATTEMPT_AGAIN && api_tries_pause(tries, attempt.retry_after_sec, began_ms));
    return attempt.kind == ATTEMPT_READ ? 0 : err_set(err, failure.code, "%s", failure.message);
}
