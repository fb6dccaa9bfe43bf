/* standing: how things stand, as ledger and checkpoint tell: what status, metrics, health and report say. */
#ifndef STANDING_H
#define STANDING_H

#include "records.h"

struct standing {
    struct records_overview overview;
    bool off;              /* not enabled: nothing is sent by itself (enabled.h) */
    int64_t now;
    int64_t checkpoint;    /* epoch; 0: none */
    int64_t oldest_unsent; /* end of the oldest call not accepted yet; 0: every call that ended is accepted */
    int64_t oldest_owed;   /* the same without the calls that wait for their disposition */
    int64_t outage_since;  /* epoch; 0: no outage */
    int64_t wait_until;    /* epoch; 0: the API asks for no silence */
};

/* standing_read: reads the state alone: no database, no network. Errors: EX_IOERR, EX_NOPERM. */
int standing_read(const char *state_dir, struct standing *ret_standing, struct err *err) MUST_CHECK;

/* standing_gather: the same with a ledger that is open already. */
int standing_gather(const char *state_dir, struct ledger *ledger, struct standing *ret_standing, struct err *err)
    MUST_CHECK;

/* standing_age: seconds since epoch; 0 for no epoch and for one in the future. */
int64_t standing_age(const struct standing *standing, int64_t epoch);

#endif
