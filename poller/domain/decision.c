/* decision: what to do with a call that the dialer says has ended. */
#include <strings.h>

#include "base/str.h"
#include "domain/decision.h"

/* VICIdial's own "call finished" test excludes INCALL, QUEUE and DISPO (AST_VDauto_dial.pl); an empty status is one
 * that a non-strict server could not store. */
static bool is_not_final(const struct call *call, const struct settings_sync *settings)
{
    const char *status = call_text(call, CALL_STATUS);
    return *status == '\0' || str_in_list(settings->not_final, status);
}

/* XFER is on its way to the agent's disposition, except on a remote agent's call, where it is the last word:
 * AST_VDremote_agents.pl writes it together with the comments REMOTE. */
static bool is_unsettled(const struct call *call, const struct settings_sync *settings)
{
    const char *status = call_text(call, CALL_STATUS);
    if (!str_in_list(settings->unsettled, status))
        return false;
    return strcasecmp(status, "XFER") != 0 || strcasecmp(call_text(call, CALL_COMMENTS), "REMOTE") != 0;
}

static bool is_selected(const struct call *call, const struct settings_sync *settings)
{
    const char *campaign = call_text(call, CALL_CAMPAIGN_ID);
    return (*settings->campaigns == '\0' || str_in_list(settings->campaigns, campaign)) &&
           !str_in_list(settings->exclude_campaigns, campaign);
}

static struct decision hold_until(int64_t epoch)
{
    return (struct decision){ .kind = DECISION_HOLD, .hold_until = epoch };
}

struct decision decision_of(const struct call *call, const struct call_record *record,
                            const struct settings_sync *settings, int64_t now_epoch)
{
    static const struct decision skip = { .kind = DECISION_SKIP }, send = { .kind = DECISION_SEND },
                                 leave = { .kind = DECISION_LEAVE };
    if (!call_ended(call) || record->state == CALL_REJECTED || record->state == CALL_DROPPED)
        return skip;
    if (!is_selected(call, settings))
        return leave;
    if (record->sent_before && (!settings->resend_changed || record->fingerprint == call_fingerprint(call)))
        return skip;

    int64_t ended = call_number(call, CALL_END_EPOCH, 0);
    /* Without a call_date the end is the best guess of when the call was made. */
    int64_t age = call->age_sec >= 0 ? call->age_sec - call->went_back_sec : now_epoch - ended;
    if (is_not_final(call, settings) && age < settings->not_final_horizon)
        return hold_until(now_epoch + settings->not_final_horizon - age);
    if (is_unsettled(call, settings) && now_epoch < ended + settings->unsettled_hold)
        return hold_until(ended + settings->unsettled_hold);
    return send;
}
