/* turn: long work beside the minute's runs. It holds the lock and the ledger for a second at a time and lets runs that
 * wait come in between, so that none of them is late. */
#ifndef TURN_H
#define TURN_H

#include "domain/bucket.h"
#include "engine/forward.h"
#include "engine/resources.h"

struct turn {
    const struct options *options; /* borrowed, as are all of these */
    struct resources *resources;   /* lock and ledger are opened and closed here; the rest is open */
    struct forward *forward;       /* its ledger changes with each turn */
    int64_t rate;                  /* at most so many calls a second; 0: no limit */
    int64_t began_ms;              /* of this turn */
    struct bucket bucket;          /* what rate allows */
    int64_t taken;                 /* calls that were taken from it */
    int64_t passed_ms;             /* when turn_pass came to its end, and the next calls went out */
};

/* turn_batch: how many calls long work may send in one batch: so few that the lock can be given up often enough, and no
 * more than rate allows in a second. */
int64_t turn_batch(int64_t batch_size, int64_t rate);

/* turn_begin: takes the lock, opens the ledger, makes sure that this host is the one that sends, and notes in the
 * ledger that a run of that kind has started. A dry run only looks. Errors: EX_TEMPFAIL (another run does not end),
 * EX_UNAVAILABLE (another host sends), those of the ledger. */
int turn_begin(struct turn *turn, const char *kind, struct err *err) MUST_CHECK;

/* turn_pass: to be called often, between two batches or statements: when the turn has lasted long enough, or calls went
 * out quicker than the rate allows (then until the next batch may go), everything is committed, lock and ledger are
 * given up for a moment and taken again.
 * Durable on return, where the turn changed: all outcomes. Errors: as turn_begin. */
int turn_pass(struct turn *turn, struct err *err) MUST_CHECK;

/* turn_end: writes the counts of the whole work, see journal_close. */
int turn_end(struct turn *turn, struct err *err) MUST_CHECK;

#endif
