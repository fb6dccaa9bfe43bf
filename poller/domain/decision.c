/* decision: whether to send a call, wait or skip it. */
#include "base/str.h"
#include "domain/decision.h"

static bool is_selected(const struct call *call, const struct settings_sync *settings)
{
    const char *campaign = str_or_empty(call->campaign);
    return (*settings->campaigns == '\0' || str_in_list(settings->campaigns, campaign)) &&
           !str_in_list(settings->exclude_campaigns, campaign);
}

struct decision decision_of(const struct call *call, const struct call_record *record,
                            const struct settings_sync *settings, int64_t now_epoch)
{
    static const struct decision skip = { .kind = DECISION_SKIP }, send = { .kind = DECISION_SEND },
                                 out_of_scope = { .kind = DECISION_OUT_OF_SCOPE };
    if (call->finality == CALL_NOT_ENDED || record->state == CALL_REJECTED || record->state == CALL_DISCARDED)
        return skip;
    if (!is_selected(call, settings))
        return out_of_scope;
    if (record->sent_before && (!settings->resend_changed || call_matches_accepted(call, record)))
        return skip;
    if (call->finality == CALL_NOT_FINAL && now_epoch < call->wait_until)
        return (struct decision){ .kind = DECISION_WAIT, .wait_until = call->wait_until };
    return send;
}
