/* turn: long work beside the minute's runs. It holds the lock and the ledger for a second at a time and lets runs that
 * wait come in between, so that none of them is late. */
#ifndef TURN_H
#define TURN_H

#include "domain/bucket.h"
#include "engine/engine.h"
#include "engine/resources.h"
#include "engine/summary.h"

struct turn {
    const struct options *options; /* borrowed, as are the next three */
    struct resources *resources;   /* its settings are loaded; the rest is opened here */
    struct engine *engine;         /* made here; its ledger changes with each turn */
    struct summary *summary;       /* of the whole work */
    bool only_looks;               /* the work sends nothing: no sink is opened */
    int64_t began_ms;              /* of this turn */
    struct bucket bucket;          /* what backfill_rate allows */
    int64_t taken;                 /* calls that were taken from it */
    int64_t passed_ms;             /* when turn_pass came to its end, and the next calls went out */
};

/* turn_batch: how many calls long work may send in one batch: so few that the lock can be given up often enough, and no
 * more than rate allows in a second. */
int64_t turn_batch(int64_t batch_size, int64_t rate);

/* turn_begin: opens source, sink, lock and ledger, makes sure that this host is the one that sends, notes in the ledger
 * that a run of that kind has started, and takes up what earlier runs left (journal_resume). The caller sets the first
 * five members. A dry run only looks. Errors: EX_TEMPFAIL (another run does not end), EX_UNAVAILABLE (another host
 * sends), those of the source, the sink and the ledger. */
int turn_begin(struct turn *turn, const char *kind, struct err *err) MUST_CHECK;

/* turn_pass: to be called often, between two batches or statements: when the turn has lasted long enough, or calls went
 * out quicker than the rate allows (then until the next batch may go), everything is committed, lock and ledger are
 * given up for a moment and taken again.
 * Durable on return, where the turn changed: all outcomes. Errors: as turn_begin. */
int turn_pass(struct turn *turn, struct err *err) MUST_CHECK;

/* turn_end: writes the counts of the whole work, see journal_close; nothing where it never began. result, err: how the
 * work itself ended, which is in the summary from then on. Returns -1 where it or the writing failed. */
int turn_end(struct turn *turn, int result, struct err *err) MUST_CHECK;

#endif
