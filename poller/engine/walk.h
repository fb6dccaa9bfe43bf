/* walk: goes through a stretch of the dialer's calls and sends what is to be sent, or notes it as pending. The poll, the
 * sweep and every other look at the table are such walks; they differ in the stretch, and in what becomes of what is
 * found. */
#ifndef WALK_H
#define WALK_H

#include "domain/candidates.h"
#include "domain/position.h"
#include "engine/forward.h"
#include "source/source.h"

/* Every call of the walk up to reached is settled: in the ledger, or in no need of anything. What the ledger was told
 * of them may not be committed yet. -1 with *err ends the walk. */
typedef int walk_on_reached(void *context, const struct position *reached, struct err *err);

/* What becomes of the calls that are to be sent. */
enum walk_duty {
    WALK_SEND, /* they are sent */
    WALK_NOTE, /* they become pending, and due at once, so that this run still sends them itself */
    WALK_LOOK  /* nothing: the ledger does not change */
};

struct walk {
    struct forward *forward;    /* borrowed */
    struct source_range range;
    struct position floor;      /* calls up to here are out of scope */
    struct candidates *first;   /* sent before all else, emptied; NULL: none */
    int64_t until_ms;           /* monotonic: it ends early then; 0: with the run's own time */
    enum walk_duty duty;
    int64_t note_before;        /* WALK_SEND: calls that ended before this epoch become pending, as with WALK_NOTE; 0: none */
    bool (*belongs_elsewhere)(void *context, const struct call *call); /* not this walk's to judge; NULL: all are */
    /* Told of each row, also of those that are out of scope, which the walk then leaves; NULL: nobody asks. */
    void (*judged)(void *context, const struct call *call, const struct call_record *record,
                   const struct decision *decision, bool in_scope);
    walk_on_reached *on_reached; /* NULL: nobody asks */
    void *context;              /* of all three */
};

/* walk_run: finds, decides, sends and records. A stop (forward->summary->stop) ends it before its end, as until_ms does.
 * *ret_found counts the calls to be sent. Memory: a few batches, however long the stretch is.
 * Durable: as forward_all says. Errors: those of the source, the ledger and the sink. */
int walk_run(const struct walk *walk, int64_t *ret_found, struct err *err) MUST_CHECK;

#endif
