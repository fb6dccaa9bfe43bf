/* decision: whether to send a call, wait or skip it. */
#include <string.h>

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
    if (record->state == CALL_REJECTED || record->state == CALL_DISCARDED)
        return skip;
    if (!is_selected(call, settings))
        return out_of_scope;
    if (call->finality == CALL_NOT_ENDED)
        return skip;
    if (record->sent_before && (!settings->resend_changed || call_matches_accepted(call, record)))
        return skip;
    if (call->finality == CALL_NOT_FINAL && now_epoch < call->wait_until)
        return (struct decision){ .kind = DECISION_WAIT, .wait_until = call->wait_until };
    return send;
}

static bool is_same(const char *a, const char *b)
{
    return strcmp(str_or_empty(a), str_or_empty(b)) == 0;
}

bool decision_change_counts(const struct call *call, const struct decision_accepted *accepted,
                            const struct settings_sync *settings)
{
    if (accepted->status == NULL || !is_same(call->status, accepted->status))
        return true;
    if (settings->resend_changed == RESEND_FINAL)
        return false;
    return !settings->ignores_extras || call_number(call->length, 0) != accepted->length ||
           !is_same(call->agent, accepted->agent);
}
