/* vicidial_finality: whether the status in a row of VICIdial is final. */
#include <strings.h>

#include "base/str.h"
#include "source/vicidial_finality.h"

/* VICIdial's own "call finished" test excludes INCALL, QUEUE and DISPO (AST_VDauto_dial.pl); an empty status is one
 * that a non-strict server could not store. */
static bool is_not_final(const struct call *call, const struct settings_sync *settings)
{
    const char *status = str_or_empty(call->status);
    return *status == '\0' || str_in_list(settings->not_final, status);
}

/* After XFER the agent's disposition follows. But on a remote agent's call XFER is final: AST_VDremote_agents.pl writes
 * it together with the comments REMOTE. */
static bool is_unsettled(const struct call *call, const char *comments, const struct settings_sync *settings)
{
    const char *status = str_or_empty(call->status);
    if (!str_in_list(settings->unsettled, status))
        return false;
    return strcasecmp(status, "XFER") != 0 || strcasecmp(str_or_empty(comments), "REMOTE") != 0;
}

static void wait_until(struct call *call, int64_t epoch)
{
    if (call->finality == CALL_FINAL || epoch > call->wait_until)
        call->wait_until = epoch;
    call->finality = CALL_NOT_FINAL;
}

/* VICIdial leaves end_epoch NULL while a call runs, and 0 where it copied an unfinished row (AST_VDadapt.pl). */
void vicidial_finality_set(struct call *call, const char *comments, int64_t now, int64_t went_back,
                            const struct settings_sync *settings)
{
    call->finality = call->ended > 0 ? CALL_FINAL : CALL_NOT_ENDED;
    if (call->finality == CALL_NOT_ENDED)
        return;
    /* Without a call_date the end is the best guess of when the call was made. */
    int64_t made = call->age >= 0 ? now - call->age + went_back : call->ended;
    if (is_not_final(call, settings))
        wait_until(call, made + settings->not_final_horizon);
    if (is_unsettled(call, comments, settings))
        wait_until(call, call->ended + settings->unsettled_hold);
}
