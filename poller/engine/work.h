/* work: the calls that a run is to send, each from the moment it is found until its outcome is in the ledger. */
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
    struct sink_message message;   /* without a body before and after its batch */
    bool answered;                 /* the sink has told the outcome */
    struct ledger_attempt attempt; /* answered: what is recorded of the try */
    int64_t attempt_number;        /* answered: which try of this content it was, from 1 */
    struct outcome *suspicion;     /* a failure for which the call or the API is to blame, see suspects.h; NULL: none */
};

/* Start from zero, release with work_clear. */
struct work {
    struct work_item **items;
    size_t count, capacity;
    struct work_item **index; /* by id: a hash table with open addressing */
    size_t index_size;        /* a power of two; 0: there is none yet */
    struct work_block *blocks; /* the memory of items and calls: a batch takes few allocations */
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
