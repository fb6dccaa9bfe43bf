/* standing: the current state, read from ledger and checkpoint. diagnosis.h judges it. */
#ifndef STANDING_H
#define STANDING_H

#include "domain/zone.h"
#include "ledger/records.h"

struct standing {
    struct records_overview overview;
    bool off;              /* not enabled: nothing is sent by itself (enabled.h) */
    int64_t now;
    int64_t checkpoint;    /* epoch; 0: none */
    int64_t oldest_unsent; /* end of the oldest call known to have ended and not accepted yet; 0: none is known */
    int64_t oldest_pending;   /* the same without the calls that wait for their disposition */
    int64_t outage_since;  /* epoch; 0: no outage */
    bool in_doubt;         /* the API failed on the only call: it is unknown whether the API works (breaker.h) ... */
    int64_t doubtful;      /* ... and when it ended */
    int64_t wait_until;    /* epoch; 0: the API limits no rate */
    int64_t stood_by;      /* epoch: the last run here that sent nothing, for this host does not lead; 0: none */
    int64_t leader_seen;   /* epoch: the last one that found another host that leads; 0: none */
    struct zone zone;      /* in which rows are written, as the last run saw it */
};

/* standing_read: reads the state alone: no database, no network. Needs no right to write.
 * Errors: EX_IOERR, EX_NOPERM. */
int standing_read(const char *state_dir, struct standing *ret_standing, struct err *err) MUST_CHECK;

/* standing_gather: the same with a ledger that is open already. */
int standing_gather(const char *state_dir, struct ledger *ledger, struct standing *ret_standing, struct err *err)
    MUST_CHECK;

/* standing_age: seconds since epoch; 0 for no epoch and for one in the future. */
int64_t standing_age(const struct standing *standing, int64_t epoch);

/* standing_is_standby: whether this host of a cluster is standby: a standby run came after the last run that looked. */
bool standing_is_standby(const struct standing *standing);

/* standing_is_led: whether another host sends them, as the last run here that stood by found. */
bool standing_is_led(const struct standing *standing);

/* standing_last_sign: when a run last began here that came to its end, or stood by; 0: never. */
int64_t standing_last_sign(const struct standing *standing);

/* standing_not_known_since: no run has looked for calls that ended later than this: the start of the last run that
 * looked at the dialer's calls, or of the first one where none could, or the last time at which another host led. 0:
 * there was none of these. */
int64_t standing_not_known_since(const struct standing *standing);

/* standing_freshness: for how many seconds calls may have waited for the API: the age of the oldest one that is to be
 * sent or, if longer, the time since a run last looked. RECORDS_UNKNOWN: there was no run. */
int64_t standing_freshness(const struct standing *standing);

/* standing_unsent: finished calls beyond the checkpoint that were not sent, at least so many. RECORDS_UNKNOWN: the last
 * run could not look, or was too long ago. */
int64_t standing_unsent(const struct standing *standing);

#endif
