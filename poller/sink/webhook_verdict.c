/* webhook_verdict: judges a receiver's answer, or a missing answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sink/http_trouble.h"
#include "sink/webhook_verdict.h"

/* The most bytes of an answer in a reason. */
#define SHOWN_BYTES 120

#define BLANKS " \t\r\n"

static const struct http_names names = { .server = "the receiver",
                                         .url = "url under [sink]",
                                         .ca_file = "ca_file under [sink]",
                                         .timeouts = "timeout and connect_timeout under [sink]" };

/* Standard Webhooks: 2xx is a success with any body, a redirect is a failure, 410 asks to send no more messages. */
static enum outcome_kind kind_of_status(long status)
{
    if (status >= 200 && status <= 299)
        return OUTCOME_ACCEPTED;
    if (status >= 300 && status <= 399)
        return OUTCOME_MISCONFIGURED; /* never followed: a redirect could send the calls to another host */
    switch (status) {
    case 400:
    case 413:
    case 422:
        return OUTCOME_REJECTED;
    case 401:
    case 402:
    case 403:
    case 404:
    case 405:
    case 406:
    case 407:
    case 410:
    case 411:
    case 415:
    case 426:
        return OUTCOME_MISCONFIGURED;
    case 429:
        return OUTCOME_RATE_LIMITED;
    default:
        return OUTCOME_RETRY; /* 408, 409, 425, 5xx and unknown ones: a retry loses no call */
    }
}

/* Writes what an operator can do; "" if nothing helps. */
static void advise(long status, const struct webhook_places *places, char *out, size_t size)
{
    *out = '\0';
    if (status >= 300 && status <= 399)
        (void)snprintf(out, size, "; the receiver redirects: put its final address into url (%.200s)",
                       places->url_origin);
    else if (status == 401 || status == 403)
        (void)snprintf(out, size, "; check secret (%.150s), url, and this host's clock (timedatectl): a receiver "
                                  "refuses a signature that is 5 minutes off", places->secret_origin);
    else if (status == 410)
        (void)snprintf(out, size, "; the receiver has given up this address for good: put its new address into url "
                                  "(%.150s), or stop sending: did-optimizer-sync%s disable", places->url_origin,
                       str_or_empty(places->profile_option));
    else if (status == 429)
        (void)snprintf(out, size, "; ask the receiver's owner to allow more calls, or lower max_concurrency under "
                                  "[api]");
    else if (kind_of_status(status) == OUTCOME_MISCONFIGURED)
        (void)snprintf(out, size, "; check url (%.200s)", places->url_origin);
}

/* Replaces each secret by asterisks. */
static void hide_secrets(char *text, const char *secrets)
{
    for (secrets += strspn(secrets, BLANKS); *secrets != '\0'; secrets += strspn(secrets, BLANKS)) {
        size_t length = strcspn(secrets, BLANKS);
        char *one = mem_copy_bytes(secrets, length);
        str_hide(text, one);
        explicit_bzero(one, length);
        free(one);
        secrets += length;
    }
}

/* Quotes the first line of the answer for the reason; quotes nothing of an HTML page. */
static void quote(const struct http_answer *answer, const struct webhook_places *places, char *out, size_t size)
{
    const char *body = answer->body + strspn(answer->body, " \t\r\n");
    char *line = mem_format("%.*s", *body == '<' ? 0 : (int)strcspn(body, "\r\n"), body);
    hide_secrets(line, places->secret); /* before the line is cut: a cut secret would not be found */
    (void)str_printable(line, out, size);
    free(line);
}

static void judge_failure(const struct http_answer *answer, const struct webhook_places *places,
                          struct outcome *outcome)
{
    char remedy[sizeof outcome->advice - 2];
    const char *failure = answer->failure != NULL ? answer->failure : "no answer";
    outcome->unreachable = answer->unreachable;
    (void)str_printable(failure, outcome->reason, sizeof outcome->reason);
    if (http_trouble_remedy(failure, places->tls, &names, remedy, sizeof remedy))
        (void)snprintf(outcome->advice, sizeof outcome->advice, "; %s", remedy);
}

struct outcome webhook_verdict_of(const struct http_answer *answer, const struct webhook_places *places)
{
    struct outcome outcome = { .kind = OUTCOME_RETRY, .wait_sec = outcome_clamp_wait(answer->retry_after_sec),
                               .code = answer->status, .started_ms = answer->started_ms,
                               .took_ms = answer->took_ms };
    char said[SHOWN_BYTES];
    if (answer->failure != NULL || answer->status == 0) {
        judge_failure(answer, places, &outcome);
        return outcome;
    }
    outcome.kind = kind_of_status(answer->status);
    if (outcome.kind == OUTCOME_ACCEPTED)
        return outcome;
    quote(answer, places, said, sizeof said);
    (void)snprintf(outcome.reason, sizeof outcome.reason, "HTTP %ld%s%s", answer->status, *said != '\0' ? ": " : "",
                   said);
    advise(answer->status, places, outcome.advice, sizeof outcome.advice);
    return outcome;
}
