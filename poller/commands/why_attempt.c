/* why_attempt: one attempt to send a call, in one line for people. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "commands/why_attempt.h"

/* If the call was waiting after a failed attempt, the ledger has no reason of the failure. */
static const char *end_of(const struct records_attempt *attempt, const struct sink_ops *sink, bool is_accepted)
{
    char ignored[40];
    if (is_accepted)
        return "accepted";
    if (attempt->reason != NULL)
        return attempt->reason;
    if (attempt->answer == RECORDS_UNKNOWN)
        return NULL;
    if (attempt->answer == 0)
        return "not accepted";
    if (sink == NULL || sink->describe == NULL)
        return NULL;
    return sink_describe(sink, attempt->answer, ignored, sizeof ignored) ? "accepted" : "not accepted";
}

const char *why_attempt(const struct records_attempt *attempt, const struct sink_ops *sink, bool is_accepted, char *out,
                        size_t size)
{
    char local[CLOCK_TEXT_SIZE], answer[40] = "no answer", took[32] = "";
    const char *end = end_of(attempt, sink, is_accepted);
    if (attempt->answer == RECORDS_UNKNOWN || (attempt->answer == 0 && is_accepted))
        (void)snprintf(answer, sizeof answer, "sent"); /* some types of sinks have no codes */
    else if (attempt->answer != 0)
        (void)sink_describe(sink, attempt->answer, answer, sizeof answer);
    if (attempt->took_ms != RECORDS_UNKNOWN)
        (void)snprintf(took, sizeof took, " after %" PRId64 " ms", attempt->took_ms);
    (void)snprintf(out, size, "%s, %s%s%s%s", clock_local(attempt->tried, local, sizeof local), answer, took,
                   end != NULL ? ": " : "", end != NULL ? end : "");
    return out;
}
