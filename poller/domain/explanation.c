/* explanation: the status of a call, and the next step. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/decision.h"
#include "domain/explanation.h"

/* The sentence, while its parts are appended. */
struct text {
    char *out;
    size_t size, used;
};

static void PRINTF_LIKE(2, 3) append(struct text *text, const char *format, ...)
{
    va_list args;
    if (text->used >= text->size)
        return;
    va_start(args, format);
    text->used += (size_t)vsnprintf(text->out + text->used, text->size - text->used, format, args);
    va_end(args);
}

static void append_time(struct text *text, const char *before, int64_t epoch)
{
    char local[CLOCK_TEXT_SIZE];
    append(text, "%s%s", before, clock_local(epoch, local, sizeof local));
}

static const char *sink_of(const struct explanation_facts *facts)
{
    return facts->sink != NULL ? facts->sink : "API";
}

static struct decision decide(const struct explanation_facts *facts)
{
    return decision_of(facts->call, &facts->record, facts->settings, facts->now);
}

/* ---- calls in the ledger ---- */

static void explain_next_try(const struct explanation_facts *facts, struct text *text)
{
    if (facts->outage)
        append(text, "sent when the %s works again", sink_of(facts));
    else if (facts->due > facts->now)
        append_time(text, "sent with the first run after ", facts->due);
    else
        append(text, "sent with the next run");
}

static void explain_pending(const struct explanation_facts *facts, struct text *text)
{
    bool has_row = facts->row == EXPLANATION_LIVE || facts->row == EXPLANATION_ARCHIVED;
    struct decision decision = { .kind = DECISION_SEND };
    if (has_row)
        decision = decide(facts);
    if (facts->reason != NULL)
        append(text, "not accepted yet (%s): ", facts->reason);
    else
        append(text, facts->record.sent_before ? "accepted before, and changed since: " : "not sent yet: ");
    if (facts->row == EXPLANATION_NO_ROW) {
        append(text, "its row was deleted, so the call will be forgotten");
    } else if (decision.kind == DECISION_OUT_OF_SCOPE) {
        append(text, "its campaign is no longer selected, so the call will not be sent");
    } else if (has_row && decision.kind == DECISION_SKIP) {
        append(text, "the row is the same again as the %s has it, so nothing will be sent", sink_of(facts));
    } else if (has_row && decision.kind == DECISION_WAIT) {
        append(text, "the call waits for the agent's disposition");
        append_time(text, ", at most until ", decision.wait_until);
    } else {
        append(text, "the call will be ");
        explain_next_try(facts, text);
    }
}

static void explain_waiting(const struct explanation_facts *facts, struct text *text)
{
    bool has_row = facts->row == EXPLANATION_LIVE || facts->row == EXPLANATION_ARCHIVED;
    struct decision decision = { .kind = DECISION_WAIT, .wait_until = facts->due };
    if (has_row)
        decision = decide(facts);
    if (facts->row == EXPLANATION_NO_ROW)
        append(text, "waiting, but its row was deleted: the call will be forgotten");
    else if (decision.kind == DECISION_OUT_OF_SCOPE)
        append(text, "waiting, but its campaign is no longer selected: the call will be forgotten");
    else if (decision.kind == DECISION_WAIT)
        append_time(text, "waiting for the agent's disposition, at most until ", decision.wait_until);
    else
        append(text, "waiting is over: the call will be sent with the next run");
}

/* The call was accepted, and its row differs now. */
static void explain_change(const struct explanation_facts *facts, struct text *text)
{
    struct decision decision = decide(facts);
    append(text, "; the table has changed since");
    if (!facts->settings->resend_changed)
        append(text, ", but resend_changed is off: the call is not sent again");
    else if (facts->call->finality == CALL_NOT_ENDED)
        append(text, ", and says that the call has not ended");
    else if (facts->row == EXPLANATION_ARCHIVED || facts->settings->sweep_interval == 0 ||
             facts->call->age > facts->settings->sweep_window)
        append(text, ", but the sweep does not look back that far: the call is not sent again by itself");
    else if (decision.kind == DECISION_WAIT)
        append_time(text, ": the call will be sent again when its disposition is final, at the latest ",
                    decision.wait_until);
    else
        append(text, ": the sweep will send the call again");
}

static void explain_accepted(const struct explanation_facts *facts, struct text *text)
{
    append_time(text, "accepted at ", facts->accepted);
    if (facts->row == EXPLANATION_ROW_UNKNOWN)
        return;
    if (facts->row == EXPLANATION_NO_ROW)
        append(text, "; its row was deleted, and nothing is left to do");
    else if (!call_matches_accepted(facts->call, &facts->record))
        explain_change(facts, text);
    else
        append(text, "; nothing is left to do");
}

/* ---- calls that are not in the ledger ---- */

static void explain_missed(const struct explanation_facts *facts, struct text *text)
{
    int64_t ended = facts->call->ended;
    append(text, "not in the ledger, though the call ended before the checkpoint: ");
    if (ended < facts->now - facts->settings->retention_days * 86400)
        append(text, "the ledger keeps accepted calls for %" PRId64 " days only, so the %s may have accepted this call",
               facts->settings->retention_days, sink_of(facts));
    else
        append(text, "the row was written after our scan had passed its time. Run `did-optimizer-sync%s reconcile`",
               str_or_empty(facts->profile_option));
}

static void explain_new(const struct explanation_facts *facts, struct text *text)
{
    const struct settings_sync *settings = facts->settings;
    struct position position = position_at(facts->call->ended,
                                           facts->call->id);
    struct decision decision = decide(facts);
    if (facts->call->finality == CALL_NOT_ENDED) {
        append(text, "not ended yet");
    } else if (decision.kind == DECISION_OUT_OF_SCOPE) {
        append(text, "its campaign is not selected: out of scope");
    } else if (!facts->started) {
        append(text, "not sent: no run is recorded yet");
    } else if (position_compare(&position, &facts->floor) <= 0) {
        append_time(text, "ended before the floor, ", facts->floor.end_epoch);
        append(text, ": out of scope, no run sends this call. To send it: did-optimizer-sync%s backfill",
               str_or_empty(facts->profile_option));
        append_time(text, " --from '", position.end_epoch);
        append_time(text, "' --to '", position.end_epoch + 1);
        append(text, "'");
    } else if (facts->row == EXPLANATION_ARCHIVED) {
        append(text, "not in the ledger, and its row is in the archive, which no run reads. Run "
               "`did-optimizer-sync%s reconcile`", str_or_empty(facts->profile_option));
    } else if (position.end_epoch < facts->checkpoint.end_epoch - settings->overlap &&
               facts->call->age > settings->sweep_window) {
        explain_missed(facts, text);
    } else if (decision.kind == DECISION_WAIT) {
        append_time(text, "not seen yet: the call will wait for the agent's disposition, at most until ",
                    decision.wait_until);
    } else if (facts->outage) {
        append(text, "not sent yet: the call will be sent with the others, when the %s works again", sink_of(facts));
    } else {
        append(text, "not sent yet: the call will be sent with one of the next runs");
    }
}

static void explain_unknown(const struct explanation_facts *facts, struct text *text)
{
    if (facts->row == EXPLANATION_ROW_UNKNOWN)
        append(text, "the call is not in the ledger");
    else if (facts->row == EXPLANATION_NO_ROW)
        append(text, "this call is neither in the ledger nor in the %s",
               facts->source != NULL ? facts->source : "source");
    else
        explain_new(facts, text);
}

const char *explanation_of(const struct explanation_facts *facts, char *out, size_t size)
{
    struct text text = { .out = out, .size = size };
    *out = '\0';
    switch (facts->record.state) {
    case CALL_UNKNOWN:
        explain_unknown(facts, &text);
        break;
    case CALL_ACCEPTED:
        explain_accepted(facts, &text);
        break;
    case CALL_PENDING:
        explain_pending(facts, &text);
        break;
    case CALL_WAITING:
        explain_waiting(facts, &text);
        break;
    case CALL_REJECTED:
        append(&text, "rejected (%s): the call will not be retried by itself; to send it: "
               "did-optimizer-sync%s failed retry",
               facts->reason != NULL ? facts->reason : "the reason is not known", str_or_empty(facts->profile_option));
        break;
    case CALL_DISCARDED:
        append(&text, "discarded by an operator: the call is never sent");
        break;
    }
    return out;
}
