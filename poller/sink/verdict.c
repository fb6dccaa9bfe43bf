/* verdict: what an answer of the API, or its absence, means for a call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/reason.h"
#include "sink/trouble.h"
#include "sink/verdict.h"

/* How much of an answer that nobody expected is shown. */
#define SHOWN_BYTES 60

static enum verdict verdict_of_status(long status)
{
    if (status >= 300 && status <= 399)
        return VERDICT_REFUSED; /* following a redirect would carry the key elsewhere */
    switch (status) {
    case 400:
    case 409:
    case 413:
    case 422:
        return VERDICT_REJECTED;
    case 401:
    case 403:
    case 404:
    case 405:
        return VERDICT_REFUSED;
    case 429:
        return VERDICT_RATE_LIMITED;
    default:
        return VERDICT_RETRY; /* 408, 425, 5xx, and whatever nobody has seen yet: the call is not lost */
    }
}

/* Writes "; check NAME (PLACE)" to out. */
static void advise_setting(const char *name, const char *origin, char *out, size_t size)
{
    (void)snprintf(out, size, "; check %s (%.250s)", name, origin != NULL ? origin : "dids.conf");
}

/* What an operator can do about it; "" where that is nothing. */
static void advise(const struct answer *answer, enum verdict verdict, char *out, size_t size)
{
    long status = answer->status;
    *out = '\0';
    if (verdict == VERDICT_RATE_LIMITED)
        (void)snprintf(out, size, "; ask the API's owner to allow this dialer's address (it is known to allow addresses "
                                  "it does not know 100 requests in 15 minutes)");
    if (verdict != VERDICT_REFUSED)
        return;
    if (status == 404 || status == 405)
        advise_setting("api_base_url", answer->url_origin, out, size);
    else if (status >= 300 && status <= 399)
        (void)snprintf(out, size, "; the API redirects: put its final address into api_base_url (%.250s)",
                       answer->url_origin != NULL ? answer->url_origin : "dids.conf");
    else
        advise_setting(status == 403 ? "what guards the API, and api_key" : "api_key", answer->key_origin, out, size);
}

/* Writes text to out as one line without the key: an API may repeat that. */
static void show(const struct answer *answer, const char *text, char *out, size_t size)
{
    char *shown = mem_copy(text);
    str_hide(shown, answer->secret); /* before it is cut, or its beginning could stay */
    (void)str_printable(shown, out, size);
    free(shown);
}

/* A 2xx that is not the API's: what came, and what was expected. A wrong path in the address looks like this, as the
 * published server answers one with its web page. */
static void describe_stranger(const struct answer *answer, char *out, size_t size)
{
    char begin[SHOWN_BYTES + 1], type[80], got[200] = "an empty body";
    const char *body = answer->body + strspn(answer->body, " \t\r\n");
    char *line = mem_format("%.*s", (int)strcspn(body, "\r\n"), body);
    show(answer, line, begin, sizeof begin);
    show(answer, answer->content_type != NULL ? answer->content_type : "a body without Content-Type", type, sizeof type);
    if (*begin != '\0')
        (void)snprintf(got, sizeof got, "%s: '%s'%s", type, begin, answer->body_cut ? " (longer than 64 KiB)" : "");
    (void)snprintf(out, size, "HTTP %ld, but not the API's answer%s: expected a JSON object, got %s", answer->status,
                   *body == '<' ? " (a proxy's or portal's page?)" : "", got);
    free(line);
}

/* What libcurl or a web server before the API says of a connection that is not as it should be. */
static void advise_connection(const struct answer *answer, const char *said, struct judgement *judgement)
{
    const char *remedy = trouble_remedy(said, answer->tls);
    if (remedy != NULL)
        (void)snprintf(judgement->advice, sizeof judgement->advice, "; %s", remedy);
}

static struct judgement judge_failure(const struct answer *answer, struct judgement judgement)
{
    const char *failure = answer->failure != NULL ? answer->failure : "no answer";
    judgement.unreachable = answer->unreachable;
    (void)str_printable(failure, judgement.reason, sizeof judgement.reason);
    advise_connection(answer, failure, &judgement);
    return judgement;
}

/* A 2xx: what it means depends on its body. */
static void judge_success(const struct answer *answer, const struct json *body, const char *words,
                          struct judgement *judgement, char *text, size_t size)
{
    if (body == NULL || answer->body_cut) { /* also where the part that was read is an object by chance */
        describe_stranger(answer, text, size);
        advise_setting("api_base_url", answer->url_origin, judgement->advice, sizeof judgement->advice);
    } else if (json_is(body, "success", false)) {
        judgement->verdict = VERDICT_REJECTED;
        (void)snprintf(text, size, "HTTP %ld: %s", answer->status, *words != '\0' ? words : "success: false");
    } else {
        judgement->verdict = VERDICT_ACCEPTED;
        judgement->duplicate = json_is(body, "duplicate", true);
        *text = '\0';
    }
}

/* The API refuses a call in JSON. A web server or firewall before it has these statuses too, and may refuse every request
 * with them: nginx says 400 with a page to plain http on its TLS port. Its 413 is about the size of this one call. */
static bool is_strangers(const struct answer *answer, const struct json *body)
{
    const char *begin = answer->body + strspn(answer->body, " \t\r\n");
    return body == NULL && answer->status != 413 && (*begin == '<' || trouble_remedy(answer->body, answer->tls) != NULL);
}

static void judge_refusal(const struct answer *answer, const struct json *body, const char *words,
                          struct judgement *judgement, char *text, size_t size)
{
    judgement->verdict = verdict_of_status(answer->status);
    bool by_stranger = judgement->verdict == VERDICT_REJECTED && is_strangers(answer, body);
    if (by_stranger || (judgement->verdict == VERDICT_REJECTED && reason_blames_header(body)))
        judgement->verdict = VERDICT_REFUSED;
    judgement->blames_call = answer->status >= 500 && reason_blames_call(body, words);
    advise(answer, judgement->verdict, judgement->advice, sizeof judgement->advice);
    if (by_stranger) {
        advise_setting("what stands before the API, and api_base_url", answer->url_origin, judgement->advice,
                       sizeof judgement->advice);
        advise_connection(answer, answer->body, judgement);
    }
    (void)snprintf(text, size, "HTTP %ld%s%s", answer->status, *words != '\0' ? ": " : "", words);
}

struct judgement verdict_of(const struct answer *answer)
{
    struct judgement judgement = { .verdict = VERDICT_RETRY, .retry_after_sec = answer->retry_after_sec };
    if (judgement.retry_after_sec > VERDICT_RETRY_AFTER_MAX_SEC)
        judgement.retry_after_sec = VERDICT_RETRY_AFTER_MAX_SEC;
    if (judgement.retry_after_sec < 0) /* a date that has passed */
        judgement.retry_after_sec = 0;
    if (answer->failure != NULL || answer->status == 0)
        return judge_failure(answer, judgement);

    struct json *body = json_parse(answer->body);
    char words[240], text[sizeof judgement.reason];
    char *said = reason_of(body, answer->body);
    show(answer, said, words, sizeof words);
    free(said);
    if (answer->status >= 200 && answer->status <= 299)
        judge_success(answer, body, words, &judgement, text, sizeof text);
    else
        judge_refusal(answer, body, words, &judgement, text, sizeof text);
    (void)str_printable(text, judgement.reason, sizeof judgement.reason);
    json_free(body);
    return judgement;
}
