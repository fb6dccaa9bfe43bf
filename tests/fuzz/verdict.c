/* Any status, failure and body as the API's answer. */
#include "fuzz.h"

#include "sink/verdict.h"

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
    struct answer answer = { .status = status % 1000,
                             .failure = (bits & 4) != 0 ? body : NULL,
                             .body = body,
                             .body_cut = (bits & 8) != 0,
                             .content_type = (bits & 16) != 0 ? body : NULL,
                             .secret = secrets[bits & 3],
                             .retry_after_sec = retry_after };
    struct judgement judgement = verdict_of(&answer);
    fuzz_printable(judgement.reason, sizeof judgement.reason);
    fuzz_printable(judgement.advice, sizeof judgement.advice);
    HOLDS(judgement.retry_after_sec >= 0 && judgement.retry_after_sec <= VERDICT_RETRY_AFTER_MAX_SEC);
    HOLDS((judgement.verdict == VERDICT_ACCEPTED) == (*judgement.reason == '\0') || answer.failure != NULL);
    HOLDS(judgement.verdict != VERDICT_ACCEPTED || (answer.status >= 200 && answer.status <= 299));
    HOLDS(judgement.verdict != VERDICT_RATE_LIMITED || answer.status == 429);
    if ((bits & 7) == 3) /* as the API's own words only: a failure comes from libcurl */
        HOLDS(strstr(judgement.reason, secrets[3]) == NULL);
    free(body);
    return 0;
}
