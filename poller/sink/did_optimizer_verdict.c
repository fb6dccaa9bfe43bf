/* did_optimizer_verdict: turns an answer of the API, or a missing answer, into an outcome. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/did_optimizer_reason.h"
#include "sink/did_optimizer_verdict.h"
#include "sink/http_trouble.h"

/* The most bytes of an unexpected answer in a reason. */
#define SHOWN_BYTES 60

static const struct http_names names = { .server = "the API",
                                         .url = "api_base_url",
                                         .ca_file = "ca_file under [api]",
                                         .timeouts = "api_timeout in dids.conf and connect_timeout under [api]" };

static enum outcome_kind kind_of_status(long status)
{
    if (status >= 300 && status <= 399)
        return OUTCOME_MISCONFIGURED; /* never followed: a redirect could send the key to another host */
    switch (status) {
    case 400:
    case 409:
    case 413:
    case 422:
        return OUTCOME_REJECTED;
    case 401:
    case 403:
    case 404:
    case 405:
        return OUTCOME_MISCONFIGURED;
    case 429:
        return OUTCOME_RATE_LIMITED;
    default:
        return OUTCOME_RETRY; /* 408, 425, 5xx and unknown ones: a retry loses no call */
    }
}

/* Writes "; check NAME (PLACE)" to out. */
static void advise_setting(const char *name, const char *origin, char *out, size_t size)
{
    (void)snprintf(out, size, "; check %s (%.250s)", name, origin != NULL ? origin : "dids.conf");
}

/* Writes what an operator can do; "" if nothing helps. */
static void advise(const struct answer *answer, enum outcome_kind kind, char *out, size_t size)
{
    long status = answer->http.status;
    *out = '\0';
    if (kind == OUTCOME_RATE_LIMITED)
        (void)snprintf(out, size, "; ask the API's owner to allow this host's address (it is known to allow "
                                  "addresses it does not know 100 requests in 15 minutes)");
    if (kind != OUTCOME_MISCONFIGURED)
        return;
    if (status == 404 || status == 405)
        advise_setting("api_base_url", answer->url_origin, out, size);
    else if (status >= 300 && status <= 399)
        (void)snprintf(out, size, "; the API redirects: put its final address into api_base_url (%.250s)",
                       answer->url_origin != NULL ? answer->url_origin : "dids.conf");
    else
        advise_setting(status == 403 ? "what guards the API, and api_key" : "api_key", answer->key_origin, out, size);
}

/* Writes text to out as one line without the key, because an API may repeat the key. */
static void show(const struct answer *answer, const char *text, char *out, size_t size)
{
    char *shown = mem_copy(text);
    str_hide(shown, answer->secret); /* before the text is cut: a cut key would not be found */
    (void)str_printable(shown, out, size);
    free(shown);
}

/* Describes a 2xx answer that is not in the API's form. If the path in the address is wrong, such an answer comes: the
 * published server answers a wrong path with its web page. */
static void describe_stranger(const struct answer *answer, char *out, size_t size)
{
    char begin[SHOWN_BYTES + 1], type[80], got[200] = "an empty body";
    const char *body = answer->http.body + strspn(answer->http.body, " \t\r\n");
    char *line = mem_format("%.*s", (int)strcspn(body, "\r\n"), body);
    show(answer, line, begin, sizeof begin);
    show(answer, answer->http.content_type != NULL ? answer->http.content_type : "a body without Content-Type", type,
         sizeof type);
    if (*begin != '\0')
        (void)snprintf(got, sizeof got, "%s: '%s'%s", type, begin,
                       answer->http.body_cut ? " (longer than 64 KiB)" : "");
    (void)snprintf(out, size, "HTTP %ld, but not the API's answer%s: expected a JSON object, got %s",
                   answer->http.status, *body == '<' ? " (a proxy's or portal's page?)" : "", got);
    free(line);
}

/* Adds advice for a failed connection, by the words of libcurl or of a web server before the API. */
static void advise_connection(const struct answer *answer, const char *said, struct outcome *outcome)
{
    char remedy[300];
    if (http_trouble_remedy(said, answer->tls, &names, remedy, sizeof remedy))
        (void)snprintf(outcome->advice, sizeof outcome->advice, "; %s", remedy);
}

static struct outcome judge_failure(const struct answer *answer, struct outcome outcome)
{
    const char *failure = answer->http.failure != NULL ? answer->http.failure : "no answer";
    outcome.unreachable = answer->http.unreachable;
    (void)str_printable(failure, outcome.reason, sizeof outcome.reason);
    advise_connection(answer, failure, &outcome);
    return outcome;
}

/* Judges a 2xx by its body. */
static void judge_success(const struct answer *answer, const struct json *body, const char *words,
                          struct outcome *outcome, char *text, size_t size)
{
    if (body == NULL || answer->http.body_cut) { /* a cut body may be an object by chance */
        describe_stranger(answer, text, size);
        advise_setting("api_base_url", answer->url_origin, outcome->advice, sizeof outcome->advice);
    } else if (json_is(body, "success", false)) {
        outcome->kind = OUTCOME_REJECTED;
        (void)snprintf(text, size, "HTTP %ld: %s", answer->http.status, *words != '\0' ? words : "success: false");
    } else {
        outcome->kind = OUTCOME_ACCEPTED;
        outcome->known = json_is(body, "duplicate", true);
        *text = '\0';
    }
}

/* The API refuses a call in JSON. A web server or firewall before the API uses the same statuses, and may refuse every
 * request: nginx answers 400 with a page to plain http on its TLS port. But nginx's 413 concerns this one call. */
static bool is_strangers(const struct answer *answer, const struct json *body)
{
    char remedy[8];
    const char *begin = answer->http.body + strspn(answer->http.body, " \t\r\n");
    return body == NULL && answer->http.status != 413 &&
           (*begin == '<' || http_trouble_remedy(answer->http.body, answer->tls, &names, remedy, sizeof remedy));
}

static void judge_refusal(const struct answer *answer, const struct json *body, const char *words,
                          struct outcome *outcome, char *text, size_t size)
{
    outcome->kind = kind_of_status(answer->http.status);
    bool by_stranger = outcome->kind == OUTCOME_REJECTED && is_strangers(answer, body);
    if (by_stranger || (outcome->kind == OUTCOME_REJECTED && did_optimizer_reason_blames_header(body)))
        outcome->kind = OUTCOME_MISCONFIGURED;
    outcome->blames_call = answer->http.status >= 500 && did_optimizer_reason_blames_call(body, words);
    advise(answer, outcome->kind, outcome->advice, sizeof outcome->advice);
    if (by_stranger) {
        advise_setting("what stands before the API, and api_base_url", answer->url_origin, outcome->advice,
                       sizeof outcome->advice);
        advise_connection(answer, answer->http.body, outcome);
    }
    (void)snprintf(text, size, "HTTP %ld%s%s", answer->http.status, *words != '\0' ? ": " : "", words);
}

struct outcome did_optimizer_verdict_of(const struct answer *answer)
{
    struct outcome outcome = { .kind = OUTCOME_RETRY, .wait_sec = outcome_clamp_wait(answer->http.retry_after_sec),
                               .code = answer->http.status, .started_ms = answer->http.started_ms,
                               .took_ms = answer->http.took_ms };
    if (answer->http.failure != NULL || answer->http.status == 0)
        return judge_failure(answer, outcome);

    struct json *body = json_parse(answer->http.body);
    char words[240], text[sizeof outcome.reason];
    char *said = did_optimizer_reason_of(body, answer->http.body);
    show(answer, said, words, sizeof words);
    free(said);
    if (answer->http.status >= 200 && answer->http.status <= 299)
        judge_success(answer, body, words, &outcome, text, sizeof text);
    else
        judge_refusal(answer, body, words, &outcome, text, sizeof text);
    (void)str_printable(text, outcome.reason, sizeof outcome.reason);
    json_free(body);
    return outcome;
}
