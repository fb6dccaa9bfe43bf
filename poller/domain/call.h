/* call: one call as its source tells it, and what this program knows of it. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A number that the source does not know. */
#define CALL_NO_NUMBER INT64_MIN

enum call_direction { CALL_OUTBOUND, CALL_INBOUND, CALL_INTERNAL };

/* Whether what the source says of a call is its last word. */
enum call_finality {
    CALL_FINAL,
    CALL_NOT_FINAL, /* it may still change: to be looked at again, and taken as it stands from wait_until on */
    CALL_NOT_ENDED
};

/* What the calls of one kind of source have beside what all calls have: a name each, in their order. */
#define CALL_EXTRAS_MOST 12
struct call_shape {
    struct {
        const char *name;
        bool is_news; /* a change of it is a change of the call: part of the fingerprint */
    } extras[CALL_EXTRAS_MOST]; /* behind the last one: NULL */
};

/* A call, as its source tells it. A text is NULL where the source has none; "" is a text. */
struct call {
    const char *id; /* never the same for two calls of a source; NULL only in a call that is all zero */
    const char *campaign, *number, *agent, *status;
    int64_t started; /* epoch, or CALL_NO_NUMBER */
    int64_t ended;   /* epoch; 0: it has not, or the source does not say when */
    int64_t length;  /* seconds, or CALL_NO_NUMBER; below 0 where two machines' clocks differ */
    int64_t age;     /* seconds since it was made, by the source's clock; -1: the source does not know */
    int64_t wait_until; /* CALL_NOT_FINAL: epoch by the source's clock */
    enum call_direction direction;
    enum call_finality finality;
    bool is_oddly_dated; /* a scan by time may pass it by */
    const struct call_shape *shape; /* lives as long as the source; NULL: no extras */
    const char *extras[CALL_EXTRAS_MOST]; /* in the order of shape */
};

/* call_size: the bytes that a copy of call takes, with its text. */
size_t call_size(const struct call *call);

/* call_copy_to: makes a copy that owns its text in memory of call_size bytes, which are aligned for any type. */
struct call *call_copy_to(void *memory, const struct call *call);

/* call_copy: the same in memory of its own. Ownership: the caller frees it with free(). */
struct call *call_copy(const struct call *call) MUST_CHECK;

/* call_number: number, or fallback for CALL_NO_NUMBER. */
int64_t call_number(int64_t number, int64_t fallback);

/* call_extra: the extra of that name; NULL: none. Borrowed from call. */
const char *call_extra(const struct call *call, const char *name);

/* call_fingerprint: a number that changes when the call has changed for whoever is told of it: its status, length, agent
 * and the extras that are news. It is stored on disk: the way it is made must never change. */
uint64_t call_fingerprint(const struct call *call);

/* What is known of a call. The numbers are stored on disk: never renumber. */
enum call_state {
    CALL_UNKNOWN = 0,  /* never seen */
    CALL_ACCEPTED = 1, /* the API has it, as fingerprint says */
    CALL_PENDING = 2,     /* to be sent (again) when due */
    CALL_WAITING = 3,     /* ended, but its disposition is not final yet */
    CALL_REJECTED = 4,   /* the API refused it, or its attempts are used up */
    CALL_DISCARDED = 5   /* rejected, and discarded by a person: never to be sent */
};

struct call_record {
    enum call_state state;
    bool sent_before;     /* the API has accepted some content of this call ... */
    uint64_t fingerprint; /* ... the last of them is this */
    /* Not 0 while we do not know which version of the call the API holds: content that differs from what was sent before is
     * on its way, or was and no answer came. It is the number of tries before that, from 1; the idempotency key has it too. */
    int64_t version_unknown;
    int64_t attempts;     /* failed tries charged to the content that is pending */
    int64_t tries;        /* all attempts to send it so far; only read */
    int64_t tried;        /* when the last one was, by this host's clock; 0: none; only read */
};

/* call_is_open: whether it is pending or waiting: a later run looks at it again. */
bool call_is_open(const struct call_record *record);

/* call_is_as_accepted: whether we know that the API holds the call as it is now. */
bool call_is_as_accepted(const struct call *call, const struct call_record *record);

#endif
