/* Any status, failure and body as the API's answer. */
#include "fuzz.h"

#include "sink/did_optimizer_verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const secrets[] = { NULL, "", "k", "key-that-nobody-may-see" };
    uint16_t status = 0;
    int32_t retry_after = 0;
    if (size < 1 + sizeof status + sizeof retry_after)
        return 0;
    uint8_t bits = *data++;
    memcpy(&status, data, sizeof status);
    memcpy(&retry_after, data + sizeof status, sizeof retry_after);
    data += sizeof status + sizeof retry_after;
    size -= 1 + sizeof status + sizeof retry_after;
    char *body = fuzz_text(data, size);
    struct answer answer = { .http.status = status % 1000,
                             .http.failure = (bits & 4) != 0 ? body : NULL,
                             .http.body = body,
                             .http.body_cut = (bits & 8) != 0,
                             .http.content_type = (bits & 16) != 0 ? body : NULL,
                             .secret = secrets[bits & 3],
                             .http.retry_after_sec = retry_after };
    struct outcome outcome = did_optimizer_verdict_of(&answer);
    fuzz_printable(outcome.reason, sizeof outcome.reason);
    fuzz_printable(outcome.advice, sizeof outcome.advice);
    HOLDS(outcome.wait_sec >= 0 && outcome.wait_sec <= OUTCOME_WAIT_MAX_SEC);
    HOLDS((outcome.kind == OUTCOME_ACCEPTED) == (*outcome.reason == '\0') || answer.http.failure != NULL);
    HOLDS(outcome.kind != OUTCOME_ACCEPTED || (answer.http.status >= 200 && answer.http.status <= 299));
    HOLDS(outcome.kind != OUTCOME_RATE_LIMITED || answer.http.status == 429);
    if ((bits & 7) == 3) /* as the API's own words only: a failure comes from libcurl */
        HOLDS(strstr(outcome.reason, secrets[3]) == NULL);
    free(body);
    return 0;
}
