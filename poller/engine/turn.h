/* turn: long work (backfill, reconcile) while cron's runs continue. The work has lock and ledger for one second at a
 * time. Runs that wait for the lock work between two such turns, so no run is late. */
#ifndef TURN_H
#define TURN_H

#include "domain/bucket.h"
#include "engine/engine.h"
#include "engine/resources.h"
#include "engine/summary.h"
#include "ledger/run_progress.h"

struct turn {
    const struct options *options; /* borrowed, as are the next three */
    struct resources *resources;   /* its settings are loaded; the rest is opened here */
    struct engine *engine;         /* filled by turn_begin; its ledger changes with each turn */
    struct summary *summary;       /* of the whole work */
    bool only_looks;               /* the work sends nothing: no sink is opened */
    int64_t began_ms;              /* start of this turn; monotonic clock, as passed_ms */
    struct bucket bucket;          /* the calls that backfill_rate allows now */
    int64_t taken;                 /* calls taken from bucket so far */
    int64_t passed_ms;             /* the last return of turn_pass; then the next calls are sent */
    struct run_progress progress;  /* what the work has told with turn_tell */
};

/* turn_batch: how many calls long work may send in one batch: so few that a turn ends in time, and at most rate (calls
 * a second). */
int64_t turn_batch(int64_t batch_size, int64_t rate);

/* turn_begin: opens source, sink, lock and ledger, checks that this host is the leader, records the start of a run of
 * that kind, and calls journal_resume. The caller sets the first five members. A dry run changes nothing. Errors:
 * EX_TEMPFAIL (another run does not end), EX_UNAVAILABLE (another host is the leader), those of the source, the sink
 * and the ledger. */
int turn_begin(struct turn *turn, const char *kind, struct err *err) MUST_CHECK;

/* turn_tell: how far the work has come, for `status` and the page: the range, and the share of it, 0 to 1. The end of
 * each turn writes it to the ledger. */
void turn_tell(struct turn *turn, int64_t from, int64_t to, int64_t reached, double share);

/* turn_pass: ends the turn after one second, or if calls were sent faster than the rate allows. Then it commits all
 * changes, releases lock and ledger for a moment, or until the rate allows the next batch, and takes both again. Call
 * it often, between two batches or statements. Durable: all outcomes, if the turn ended. Errors: as turn_begin. */
int turn_pass(struct turn *turn, struct err *err) MUST_CHECK;

/* turn_end: puts result and err, the end of the work, into the summary, and writes the counts (journal_close). Without
 * a successful turn_begin it writes nothing. Returns -1 if the work or the writing failed. */
int turn_end(struct turn *turn, int result, struct err *err) MUST_CHECK;

#endif
