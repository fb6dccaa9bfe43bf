/* backlog: calls that ended more than an hour ago and are sent at backfill_rate.
 *
 * After an outage, or after the checkpoint was set back, thousands of old calls must be sent. At full speed they would
 * delay the results of current calls. So a walk records old calls as pending (see walk.h, note_before) and continues
 * to the present. A run sends the old calls at the rate, in the time that it has left. */
#ifndef BACKLOG_H
#define BACKLOG_H

#include "domain/bucket.h"
#include "engine/engine.h"
#include "engine/work.h"

struct backlog {
    struct engine *engine; /* borrowed */
    struct bucket bucket;    /* the calls that the rate allows */
    int64_t ended_before;    /* epoch: the backlog is the calls that ended before; INT64_MIN: none */
    struct position done;    /* this run has read the backlog up to here */
};

/* backlog_start: set engine->clock first. rate: calls a second; 0: no limit. */
struct backlog backlog_start(struct engine *engine, int64_t rate);

/* backlog_due: reads all due and waiting calls again (see revisit_all), but only as many calls of the backlog as may be
 * sent at once. Adds the calls to be sent to work; *ret_count: how many were read. Errors: those of revisit_all. */
int backlog_due(struct backlog *backlog, struct work *work, size_t *ret_count, struct err *err) MUST_CHECK;

/* backlog_send: sends the calls that backlog_due left out, at the rate. It returns if no call is left, if the run
 * stops, or at until_ms (monotonic). Durable before each pause: all outcomes. Errors: as forward_all. */
int backlog_send(struct backlog *backlog, int64_t until_ms, struct err *err) MUST_CHECK;

#endif
