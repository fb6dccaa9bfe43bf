/* succession: decides whether this host may become the leader, from one look at the leader's lock and the notes of
 * earlier looks. Pure; leader.h explains the protocol. All times are epochs of the database's clock. */
#ifndef SUCCESSION_H
#define SUCCESSION_H

#include <stdbool.h>
#include <stdint.h>

/* This host's notes from one look to the next. 0: never. */
struct succession_notes {
    int64_t led;          /* when this host was last the leader; 0 again after another host was */
    int64_t vacant_since; /* the first of the last looks in a row that found no leader */
    int64_t looked;       /* the last look */
};

/* One look. */
struct succession_look {
    int64_t now;
    bool is_held;           /* some host has the lock ... */
    bool is_held_by_us;     /* ... and it is this host */
    int64_t takeover_after; /* seconds without a leader until another host takes over */
    int64_t longest_gap;    /* seconds: between two looks further apart there may have been a leader */
};

enum succession_step {
    SUCCESSION_LEAD,   /* this host is the leader already */
    SUCCESSION_TAKE,   /* this host may take the lock */
    SUCCESSION_FOLLOW, /* another host is the leader */
    SUCCESSION_WAIT    /* there is no leader, and it is too early to take over */
};

/* succession_step: returns the next action, and updates notes. */
enum succession_step succession_step(const struct succession_look *look, struct succession_notes *notes);

/* succession_is_ours: whether this host was the leader in the last takeover_after seconds. Then no other host can have
 * taken over: each waits that long. */
bool succession_is_ours(const struct succession_notes *notes, int64_t now, int64_t takeover_after);

/* succession_due: the epoch at which a waiting host takes over, if there is no leader until then. */
int64_t succession_due(const struct succession_notes *notes, int64_t takeover_after);

#endif
