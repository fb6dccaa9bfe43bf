/* decision: what to do with a call that its source tells of. */
#ifndef DECISION_H
#define DECISION_H

#include "domain/call.h"
#include "domain/settings.h"

enum decision_kind {
    DECISION_SEND,
    DECISION_HOLD, /* look at it again in the next runs */
    DECISION_SKIP, /* the API knows this already, or there is nothing to tell */
    DECISION_LEAVE /* out of scope: its campaign is not selected */
};

struct decision {
    enum decision_kind kind;
    int64_t hold_until; /* HOLD: epoch after which it is sent as it stands */
};

/* decision_of: decides on call, given what is known of it and now_epoch by its source's clock. Pure. */
struct decision decision_of(const struct call *call, const struct call_record *record,
                            const struct settings_sync *settings, int64_t now_epoch);

#endif
