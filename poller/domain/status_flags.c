/* status_flags: the result of a status by VICIdial's own flags. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "domain/status_flags.h"

/* No flag says drop, busy or no answer, so these lists have names. VICIdial too finds drops by name
 * (AST_VDhopper.pl). */
static const char DROPPED[] = "XDROP PDROP SRDROP TIMEOT AFTHRS NANQUE IQNANQ MAXCAL IVRXFR QVMAIL";
static const char DO_NOT_CALL[] = "DNCCAR";
static const char TECHNICAL[] = "NEW ERI LRERR MLINAT LSMERG"; /* some of them have the flag human_answered too */
static const char BUSY[] = "AB B CPDB";
static const char NO_ANSWER[] = "NA N CPDNA";
static const char NOT_CHOSEN[] = "DONEM DISPO DISMX DCMX"; /* the agent chose no disposition, so the length decides */

#define BY_HUMAN (STATUS_SALE | STATUS_CUSTOMER_CONTACT | STATUS_NOT_INTERESTED | STATUS_SCHEDULED_CALLBACK | \
                  STATUS_HUMAN_ANSWERED)

static bool has_agent(const struct call *call)
{
    const char *agent = str_or_empty(call->agent);
    return *agent != '\0' && !str_in_list("VDAD VDCL", agent);
}

static bool is_word(const struct call *call, const char *extra, const char *list)
{
    const char *text = call_extra(call, extra);
    return text != NULL && *text != '\0' && str_in_list(list, text);
}

/* By default VICIdial does not log the causes of hangups. Then it logs a dead route and a busy line as NA. */
static const char *by_carrier(const struct call *call)
{
    if (is_word(call, "dial_status", "CONGESTION CHANUNAVAIL") || is_word(call, "hangup_cause", "1 28") ||
        is_word(call, "sip_hangup_cause", "404"))
        return "failed";
    return is_word(call, "dial_status", "BUSY") ? "busy" : "no_answer";
}

const char *status_flags_result(const struct call *call, unsigned flags)
{
    const char *status = str_or_empty(call->status);
    if ((flags & STATUS_DNC) != 0 || str_in_list(DO_NOT_CALL, status))
        return "dnc";
    if (str_in_list(DROPPED, status) || strstr(status, "DROP") != NULL)
        return "dropped";
    if (str_in_list(TECHNICAL, status))
        return "completed";
    if ((flags & BY_HUMAN) != 0)
        return "answered";
    if (str_in_list(BUSY, status))
        return "busy";
    if (str_in_list(NO_ANSWER, status))
        return by_carrier(call);
    return str_in_list(NOT_CHOSEN, status) && has_agent(call) && call->length > 0 ? "answered" : "completed";
}

const char *status_flags_letters(unsigned flags, char out[STATUS_FLAGS_LETTERS_SIZE])
{
    static const char letters[] = "H$DCNK"; /* in the order of the bits */
    size_t used = 0;
    for (size_t i = 0; letters[i] != '\0'; i++)
        if ((flags >> i & 1) != 0)
            out[used++] = letters[i];
    out[used] = '\0';
    if (used == 0)
        (void)snprintf(out, STATUS_FLAGS_LETTERS_SIZE, "-");
    return out;
}
