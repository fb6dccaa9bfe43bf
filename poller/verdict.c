/* verdict: what an answer of the API, or its absence, means for a call. */
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "mem.h"
#include "str.h"
#include "verdict.h"

static enum verdict verdict_of_status(long status)
{
    if (status >= 300 && status <= 399)
        return VERDICT_STOP; /* following a redirect would carry the key elsewhere */
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
        return VERDICT_STOP;
    case 429:
        return VERDICT_RATE_LIMITED;
    default:
        return VERDICT_RETRY; /* 408, 425, 5xx, and whatever nobody has seen yet: the call is not lost */
    }
}

/* What the API says of a failure, in its own words; "" when it says nothing. */
static const char *own_words(const struct json *body)
{
    if (body == NULL)
        return "";
    const char *words = json_text(body, "error");
    if (words == NULL)
        words = json_text(body, "message");
    return words != NULL ? words : "";
}

/* What an operator can do about it; "" where that is nothing. */
static const char *advice(long status)
{
    if (status == 401 || status == 403)
        return "; check api_key in dids.conf";
    if (status == 404 || status == 405)
        return "; check api_base_url in dids.conf";
    if (status >= 300 && status <= 399)
        return "; the API redirects: put its final address into api_base_url in dids.conf";
    if (status == 429)
        return "; ask the API's owner to allow this dialer's address (it is known to allow addresses it does not know "
               "100 requests in 15 minutes)";
    return "";
}

struct judgement verdict_of(const struct answer *answer)
{
    struct judgement judgement = { .verdict = VERDICT_RETRY, .retry_after_sec = answer->retry_after_sec };
    if (judgement.retry_after_sec > VERDICT_RETRY_AFTER_MAX_SEC)
        judgement.retry_after_sec = VERDICT_RETRY_AFTER_MAX_SEC;
    if (judgement.retry_after_sec < 0) /* a date that has passed */
        judgement.retry_after_sec = 0;
    if (answer->failure != NULL || answer->status == 0) {
        (void)str_printable(answer->failure != NULL ? answer->failure : "no answer", judgement.reason,
                            sizeof judgement.reason);
        return judgement;
    }

    struct json *body = json_parse(answer->body);
    char words[160], text[512];
    char *said = mem_copy(own_words(body));
    str_hide(said, answer->secret); /* before it is cut, or its beginning could stay */
    (void)str_printable(said, words, sizeof words);
    free(said);
    if (answer->status >= 200 && answer->status <= 299) {
        if (body == NULL)
            (void)snprintf(text, sizeof text, "HTTP %ld, but not the API's answer (a proxy's or portal's page?)",
                           answer->status);
        else if (json_is(body, "success", false)) {
            judgement.verdict = VERDICT_REJECTED;
            (void)snprintf(text, sizeof text, "HTTP %ld: %s", answer->status,
                           *words != '\0' ? words : "success: false");
        } else {
            judgement.verdict = VERDICT_ACCEPTED;
            judgement.duplicate = json_is(body, "duplicate", true);
            text[0] = '\0';
        }
    } else {
        judgement.verdict = verdict_of_status(answer->status);
        (void)snprintf(text, sizeof text, "HTTP %ld%s%s%s", answer->status, *words != '\0' ? ": " : "", words,
                       advice(answer->status));
    }
    (void)str_printable(text, judgement.reason, sizeof judgement.reason);
    json_free(body);
    return judgement;
}
