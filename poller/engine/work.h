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
    struct call_record record; /* the ledger's record of the call */
    bool recorded;             /* the ledger has it, so the checkpoint may pass it */
    /* These members are set by its batch, see forward.c. */
    struct sink_message message;   /* without a body before and after its batch */
    bool answered;                 /* the sink has reported the outcome */
    struct ledger_attempt attempt; /* if answered: the record of this try */
    int64_t attempt_number;        /* if answered: the number of this try of the content, from 1 */
    struct outcome *suspicion; /* a failure for which the call or the API is to blame, see suspects.h; NULL: none ... */
    double suspected_ms;           /* ... and since when, clock_mono_exact_ms */
};

/* Start from zero, release with work_clear. */
struct work {
    struct work_item **items;
    size_t count, capacity;
    struct work_item **index; /* by id: a hash table with open addressing */
    size_t index_size;        /* a power of two; 0: there is none yet */
    struct work_block *blocks; /* the memory of items and calls: a batch takes few allocations */
};

/* work_add: adds a copy of call. If a call is added twice, for example because its end changed during a scan, the
 * version with the later end counts. recorded: the ledger has the call. */
void work_add(struct work *work, const struct call *call, const struct call_record *record, bool recorded);

/* work_has: whether a call of this id was added. */
bool work_has(const struct work *work, const char *id);

/* work_replace: gives item, which is in the work, a copy of call, which has the same id. */
void work_replace(struct work *work, struct work_item *item, const struct call *call);

/* work_sort: sorts the items by position. */
void work_sort(struct work *work);

/* work_first_open: the first item that the ledger does not have; NULL: the ledger has all. */
const struct work_item *work_first_open(const struct work *work);

/* work_clear: empties the work and frees its memory. */
void work_clear(struct work *work);

#endif
