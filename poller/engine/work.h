/* work: the calls that a run has in hand, each from the moment it is found until its outcome is in the ledger. */
#ifndef WORK_H
#define WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/call.h"
#include "domain/outcome.h"
#include "domain/position.h"
#include "ledger/ledger.h"
#include "sink/sink.h"

/* A call that is to be sent. */
struct work_item {
    const struct call *call;   /* belongs to the work */
    struct call_record record; /* what the ledger says of it */
    bool recorded;             /* the ledger has it, so the checkpoint may pass it */
    /* Of its batch, see forward.c. */
    struct sink_message message;   /* without a body: its batch has not begun, or is over */
    bool answered;                 /* the sink has said what became of it */
    struct ledger_attempt attempt; /* answered: what that was */
    int64_t attempt_number;        /* of this content, from 1; 0: it was not tried */
    struct outcome *suspicion;     /* the failure that either the call or the API is to blame for, see suspects.h */
};

/* Start from zero, release with work_clear. */
struct work {
    struct work_item **items;
    size_t count, capacity;
    struct work_item **index; /* by id: a hash table with open addressing */
    size_t index_size;        /* a power of two; 0: there is none yet */
    struct work_block *blocks; /* items and calls lie close together: thousands are added in a moment */
};

/* work_add: adds a copy of call. A call can be listed twice, as when its end changes during a scan: then the version
 * that ended later counts. recorded: the ledger has it. */
void work_add(struct work *work, const struct call *call, const struct call_record *record, bool recorded);

/* work_sort: into the order of position. */
void work_sort(struct work *work);

/* work_first_open: the first item that the ledger does not have; NULL: it has all. */
const struct work_item *work_first_open(const struct work *work);

/* work_clear: empties it and frees its memory. */
void work_clear(struct work *work);

#endif
