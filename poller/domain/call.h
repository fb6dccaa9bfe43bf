/* call: a call from its source, and the ledger's record of it. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A number that the source does not know. */
#define CALL_NO_NUMBER INT64_MIN

enum call_direction { CALL_OUTBOUND, CALL_INBOUND, CALL_INTERNAL };

/* Whether a call may still change. */
enum call_finality {
    CALL_FINAL,
    CALL_NOT_FINAL, /* its status may change: read the call again; from wait_until on send it as it is */
    CALL_NOT_ENDED
};

/* The extras of one type of source: data that other sources do not have. Each extra has a name. */
#define CALL_MAX_EXTRAS 24
struct call_shape {
    struct {
        const char *name;
        bool in_fingerprint; /* part of the fingerprint: if it changes, the call is sent again */
        bool is_looked_up;   /* known only after source_enrich; never in_fingerprint */
        bool is_expected;    /* looked up, and nearly every call has it: runs count the calls without it */
    } extras[CALL_MAX_EXTRAS]; /* a name of NULL ends the list */
};

/* A call from its source. A text is NULL if the source has none; "" is a text. */
struct call {
    const char *id; /* unique within a source; NULL only in a call that is all zero */
    const char *campaign, *number, *agent, *status;
    const char *kin; /* the same for all rows of one party (lead), see source_find_kin; NULL: none */
    int64_t began;   /* epoch: the date by which a scan finds the call; 0: the source does not know */
    int64_t started; /* epoch, or CALL_NO_NUMBER */
    int64_t ended;   /* epoch; 0: not ended, or the source does not know when */
    int64_t length;  /* seconds, or CALL_NO_NUMBER; below 0 if the clocks of two machines differ */
    int64_t age;     /* seconds since the call began, by the source's clock; -1: the source does not know */
    int64_t wait_until; /* CALL_NOT_FINAL: epoch by the source's clock */
    enum call_direction direction;
    enum call_finality finality;
    bool is_oddly_dated; /* its times contradict each other, so a scan by time may miss it */
    const struct call_shape *shape; /* borrowed from the source; NULL: no extras */
    const char *extras[CALL_MAX_EXTRAS]; /* in the order of shape */
    uint32_t looked_up; /* bit i: extra i was looked up; if it is NULL, the source does not know it */
};

/* call_size: the bytes of a copy of call with its texts. */
size_t call_size(const struct call *call);

/* call_copy_to: copies call and its texts to memory, which has call_size bytes and is aligned for any type. Returns the
 * copy, in memory. */
struct call *call_copy_to(void *memory, const struct call *call);

/* call_copy: the same in new memory. Ownership: the caller frees the copy with free(). */
struct call *call_copy(const struct call *call) MUST_CHECK;

/* call_direction_name: "outbound", "inbound", "internal". */
const char *call_direction_name(enum call_direction direction);

/* call_number: returns number, or fallback if number is CALL_NO_NUMBER. */
int64_t call_number(int64_t number, int64_t fallback);

/* call_extra: the extra with this name; NULL: none. Ownership: borrowed from call. */
const char *call_extra(const struct call *call, const char *name);

/* call_was_looked_up: whether the extra with this name was looked up, with or without a result. */
bool call_was_looked_up(const struct call *call, const char *name);

/* call_shows: whether a sink may send extra number i. It may send each extra, except a look-up extra that was not
 * looked up for this call. */
bool call_shows(const struct call *call, int i);

/* call_fingerprint: a hash of status, length, agent and the extras that are in_fingerprint. If the hash changes, the
 * program sends the call again. The algorithm must never change, because the ledger stores fingerprints. */
uint64_t call_fingerprint(const struct call *call);

/* The state of a call in the ledger. The numbers are stored: never renumber. */
enum call_state {
    CALL_UNKNOWN = 0,  /* never seen */
    CALL_ACCEPTED = 1, /* the sink has accepted the version with this fingerprint */
    CALL_PENDING = 2,     /* to be sent (again) when due */
    CALL_WAITING = 3,     /* ended, but its disposition is not final yet */
    CALL_REJECTED = 4,   /* the sink rejected it, or its attempts are used up */
    CALL_DISCARDED = 5   /* rejected, and discarded by an operator: never to be sent */
};

struct call_record {
    enum call_state state;
    bool sent_before;     /* the sink has accepted a version of this call ... */
    uint64_t fingerprint; /* ... the last one has this fingerprint */
    /* Not 0 while we do not know which version of the call the sink holds: a version that differs from the ones before
     * was sent, and no answer came yet. It counts the tries before that one, from 1; the idempotency key contains
     * it. */
    int64_t version_unknown;
    int64_t attempts;     /* failed tries of the pending version that have used up a retry */
    int64_t tries;        /* all attempts to send the call; read-only */
    int64_t tried;        /* the time of the last attempt, by this host's clock; 0: none; read-only */
    bool is_new;          /* the ledger had no record when it was asked; read-only */
};

/* call_is_open: whether the call is pending or waiting, so that a later run processes it again. */
bool call_is_open(const struct call_record *record);

/* call_matches_accepted: whether we know that the sink holds the present version of the call. */
bool call_matches_accepted(const struct call *call, const struct call_record *record);

#endif
