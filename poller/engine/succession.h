/* succession: which host may lead, decided from one look at the leader's lock and from what this host noted at earlier
 * looks. Pure; leader.c explains the protocol. All times are epochs of the database's clock. */
#ifndef SUCCESSION_H
#define SUCCESSION_H

#include <stdbool.h>
#include <stdint.h>

/* What this host remembers between two looks. 0: never. */
struct succession_notes {
    int64_t led;          /* when it last led; 0 as well once another host was seen leading */
    int64_t vacant_since; /* the first of the looks in a row that found no leader */
    int64_t looked;       /* the last look of all */
};

/* One look. */
struct succession_look {
    int64_t now;
    bool is_held;        /* somebody holds the lock ... */
    bool is_held_by_us;  /* ... and it is this host */
    int64_t takeover_after; /* seconds without a leader until another host takes over */
    int64_t patience;       /* two looks further apart than this many seconds prove nothing about the time between */
};

enum succession_step {
    SUCCESSION_LEAD,   /* this host leads already */
    SUCCESSION_TAKE,   /* it may take the lock */
    SUCCESSION_FOLLOW, /* another host leads */
    SUCCESSION_WAIT    /* there is no leader, and it is too early to take over */
};

/* succession_step: what to do; notes becomes what to remember. */
enum succession_step succession_step(const struct succession_look *look, struct succession_notes *notes);

/* succession_is_ours: this host led, and so recently that no other can have taken over since: each needs takeover_after
 * seconds without a leader. */
bool succession_is_ours(const struct succession_notes *notes, int64_t now, int64_t takeover_after);

/* succession_due: when a host that waits takes over, if there is no leader until then. */
int64_t succession_due(const struct succession_notes *notes, int64_t takeover_after);

#endif
