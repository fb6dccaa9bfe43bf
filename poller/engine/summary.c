/* summary: the counts of one run, and its end. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "engine/summary.h"

void summary_fail(struct summary *summary, const struct err *err)
{
    summary->stop = STOP_FAILED;
    summary->failure_code = err->code;
    (void)snprintf(summary->message, sizeof summary->message, "%s", err->message);
}

int summary_exit_code(const struct summary *summary)
{
    switch (summary->stop) {
    case STOP_OUTAGE:
        return EX_UNAVAILABLE;
    case STOP_CONFIGURATION:
        return EX_CONFIG;
    case STOP_FAILED:
        return summary->failure_code;
    case STOP_RATE_LIMITED:
        return summary->limited_runs > SUMMARY_LIMITED_RUNS ? EX_UNAVAILABLE : EX_TEMPFAIL;
    case STOP_OUT_OF_TIME:
    case STOP_INTERRUPTED:
        return EX_TEMPFAIL;
    case STOP_NONE:
        break;
    }
    return summary->pending_left > 0 && !summary->is_between_loads ? EX_TEMPFAIL : EX_OK;
}

/* Appends ", COUNT WORDS", unless count is 0. */
static void add(char *text, size_t size, size_t *used, int64_t count, const char *words)
{
    if (count > 0 && *used < size)
        *used += (size_t)snprintf(text + *used, size - *used, ", %" PRId64 " %s", count, words);
}

void summary_report(const struct summary *summary, int64_t duration_ms)
{
    char more[256] = "";
    size_t used = 0;
    char known[64], gone[64];
    const char *sink = summary->sink != NULL ? summary->sink : "API";
    (void)snprintf(known, sizeof known, "of them already known to the %.30s", sink);
    (void)snprintf(gone, sizeof gone, "gone from the %.40s", summary->source != NULL ? summary->source : "source");
    add(more, sizeof more, &used, summary->repeated, known);
    add(more, sizeof more, &used, summary->waiting, "waiting until their disposition is final");
    add(more, sizeof more, &used, summary->rejected, "rejected");
    add(more, sizeof more, &used, summary->forgotten, gone);
    add(more, sizeof more, &used, summary->incomplete, "without a DID or dial status");
    add(more, sizeof more, &used, summary->pending_left, "pending");
    log_info("📊 Summary: %" PRId64 " processed, %" PRId64 " failed in %.2fs%s", summary->accepted, summary->failed,
             (double)duration_ms / 1000.0, more);

    int code = summary_exit_code(summary);
    if (summary->stop == STOP_OUTAGE || summary->stop == STOP_CONFIGURATION || summary->stop == STOP_FAILED ||
        (summary->stop == STOP_RATE_LIMITED && code != EX_TEMPFAIL))
        log_error("❌ %s", summary->message);
    else if (summary->stop != STOP_NONE)
        log_warn("⏸ %s", summary->message);
    else if (summary->in_doubt > 0)
        log_warn("⚠ The %s accepted no call in this run. The next call shows whether it works", sink);
    else if (code != EX_OK)
        log_warn("⏳ Sync completed; pending calls are tried again in a later run");
    else
        log_info("✅ Sync completed successfully");
}
