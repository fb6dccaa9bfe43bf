/* walk: reads the source's calls of a time range, and sends them or notes them as pending, if the decision says so. The
 * poll, the sweep, a backfill and a reconciliation are walks. They differ in their range, and in their duty. */
#ifndef WALK_H
#define WALK_H

#include "domain/position.h"
#include "engine/engine.h"
#include "engine/work.h"
#include "source/source.h"

/* How far a walk has come: each call that ended up to position, or began before began_before, is settled. That is: the
 * ledger has it, or nothing is to be done. */
struct walk_reached {
    struct position position;
    int64_t began_before; /* epoch; INT64_MIN: unknown */
};

/* Called with how far the walk has come. Changes of the ledger may not be committed yet. -1 with *err ends the walk. */
typedef int walk_on_reached(void *context, const struct walk_reached *reached, struct err *err);

/* What a walk does with calls that must be sent. */
enum walk_duty {
    WALK_SEND, /* they are sent */
    WALK_NOTE, /* they become pending, and are due at once: this run still sends them */
    WALK_LOOK  /* nothing: the ledger does not change */
};

struct walk {
    struct engine *engine;      /* borrowed */
    struct source_range range;  /* whole_rows unless calls are only noted or looked at. with_open: the walk first reads
                                 * the watched calls, and watches the calls that have not ended, see watch.h */
    struct position floor;      /* calls up to here are out of scope */
    struct position checkpoint; /* WALK_SEND: calls up to here become pending before they are sent, for no later run
                                 * looks for them; end_epoch 0: none */
    bool leaves_watched;        /* with_open: the watched calls were read by another walk of this run */
    struct work *first;         /* calls to be sent first; emptied; NULL: none */
    int64_t must_pass; /* epoch: so far the walk goes also if the source's time is used up (source_may_read) ... */
    bool is_spare;              /* ... and then the walk ends without a stop of the run; a later run reads the rest */
    int64_t until_ms;           /* monotonic: the walk ends early then; 0: only with the run's own time */
    enum walk_duty duty;
    int64_t note_before; /* WALK_SEND: calls that ended before this epoch become pending, as with WALK_NOTE; 0: none */
    bool (*is_left_out)(void *context,
                        const struct call *call); /* calls that are not this walk's; NULL: there are none */
    /* Called for each call, also for calls out of scope, with which the walk does nothing else; NULL: not called. */
    void (*on_judged)(void *context, const struct call *call, const struct call_record *record,
                      const struct decision *decision, bool in_scope);
    walk_on_reached *on_reached; /* NULL: not called */
    void *context;              /* of all three */
};

/* walk_run: finds, decides, sends and records. The walk ends early at a stop (summary->stop) and at until_ms.
 * *ret_found counts the calls to be sent. Memory: a few batches, for a range of any length.
 * Durable: as forward_all says. Errors: those of the source, the ledger and the sink. */
int walk_run(const struct walk *walk, int64_t *ret_found, struct err *err) MUST_CHECK;

#endif
