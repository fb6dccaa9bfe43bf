/* decision: whether to send a call, wait or skip it. */
#ifndef DECISION_H
#define DECISION_H

#include "domain/call.h"
#include "domain/settings.h"

enum decision_kind {
    DECISION_SEND,
    DECISION_WAIT, /* wait for its disposition; the next runs read it again */
    DECISION_SKIP, /* the sink has this version already, or the call has not ended */
    DECISION_OUT_OF_SCOPE /* its campaign is not selected */
};

struct decision {
    enum decision_kind kind;
    int64_t wait_until; /* WAIT: the epoch after which the call is sent as it is */
};

/* decision_of: decides on call. record is the ledger's record, now_epoch the time by the source's clock. Pure. */
struct decision decision_of(const struct call *call, const struct call_record *record,
                            const struct settings_sync *settings, int64_t now_epoch);

/* The content of a call that the sink has accepted; NULL: unknown. */
struct decision_accepted {
    const char *status, *agent;
    int64_t length;
};

/* decision_change_counts: whether a call that differs from the accepted content must be sent again. With resend_changed
 * = final only the status counts. If the receiver ignores the extras, a changed extra does not count. */
bool decision_change_counts(const struct call *call, const struct decision_accepted *accepted,
                            const struct settings_sync *settings);

#endif
