/* sweep: reads the last hours again, a part in each run. It finds statuses that changed after the call was accepted,
 * and rows that the poll missed. */
#ifndef SWEEP_H
#define SWEEP_H

#include "engine/engine.h"
#include "engine/late.h"

struct sweep {
    struct engine *engine;      /* borrowed */
    struct position floor, checkpoint; /* see struct walk */
    int64_t before;             /* epoch: the poll of this run has read calls that began later; if the source does not
                                 * show open calls, calls that ended later */
    int64_t ended_by;           /* epoch: poll and sweep skip calls that ended later */
    int64_t note_before;        /* see struct walk */
    int64_t density;            /* how many calls a minute the poll read; 0: unknown */
    struct late *late;          /* learns of each row that the poll missed */
};

/* sweep_run: reads the next part of sweep_window, and sends the calls that it finds. The parts are so long that a
 * round, which is all of sweep_window, takes sweep_interval. On a busy site a part has at most a few calls for each new
 * call, so a round takes longer. If the source shows open calls, sweep_run first reads the calls that began `overlap`
 * seconds ago, and watches those that have not ended. If the source has sweep_rest_sec, some runs read no part. Durable
 * on return: nothing; with the next commit: the place, and the calls found before it. Errors: as walk_run. */
int sweep_run(struct sweep *sweep, struct err *err) MUST_CHECK;

#endif
