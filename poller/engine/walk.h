/* walk: goes through the source's calls of a time range, and sends those that are to be sent, or notes them as pending. The
 * poll, the sweep, a backfill and a reconciliation are such walks: they differ in their range, and in what becomes of the
 * calls that they find. */
#ifndef WALK_H
#define WALK_H

#include "domain/position.h"
#include "engine/engine.h"
#include "engine/work.h"
#include "source/source.h"

/* Every call of the walk up to reached is settled: the ledger has it, or nothing is to be done. Changes of the ledger may
 * not be committed yet. -1 with *err ends the walk. */
typedef int walk_on_reached(void *context, const struct position *reached, struct err *err);

/* What becomes of the calls that are to be sent. */
enum walk_duty {
    WALK_SEND, /* they are sent */
    WALK_NOTE, /* they become pending, and are due at once: this run still sends them */
    WALK_LOOK  /* nothing: the ledger does not change */
};

struct walk {
    struct engine *engine;      /* borrowed */
    struct source_range range;  /* whole_rows unless calls are only noted or looked at */
    struct position floor;      /* calls up to here are out of scope */
    struct work *first;         /* calls to be sent first; emptied; NULL: none */
    int64_t until_ms;           /* monotonic: the walk ends early then; 0: only with the run's own time */
    enum walk_duty duty;
    int64_t note_before;        /* WALK_SEND: calls that ended before this epoch become pending, as with WALK_NOTE; 0: none */
    bool (*is_left_out)(void *context, const struct call *call); /* calls that are not this walk's; NULL: there are none */
    /* Called for each call, also for calls out of scope, with which the walk does nothing else; NULL: not called. */
    void (*on_judged)(void *context, const struct call *call, const struct call_record *record,
                      const struct decision *decision, bool in_scope);
    walk_on_reached *on_reached; /* NULL: not called */
    void *context;              /* of all three */
};

/* walk_run: finds, decides, sends and records. The walk ends early at a stop (summary->stop) and at until_ms.
 * *ret_found counts the calls to be sent. Memory: a few batches, however long the range is.
 * Durable: as forward_all says. Errors: those of the source, the ledger and the sink. */
int walk_run(const struct walk *walk, int64_t *ret_found, struct err *err) MUST_CHECK;

#endif
