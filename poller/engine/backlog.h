/* backlog: calls that ended more than an hour ago and are sent at backfill_rate.
 *
 * After an outage, or where the checkpoint was set back, thousands of old calls are to be sent. At full speed they
 * would take the API from the calls of the moment, whose results are wanted now. So a walk notes them as pending (see
 * walk.h, note_before) and goes on to the present, and they are sent at the rate with the time that a run has left. */
#ifndef BACKLOG_H
#define BACKLOG_H

#include "domain/bucket.h"
#include "engine/engine.h"
#include "engine/work.h"

struct backlog {
    struct engine *engine; /* borrowed */
    struct bucket bucket;    /* the calls that the rate allows */
    int64_t ended_before;    /* epoch: the backlog has the calls that ended before it; INT64_MIN: none, for there is no rate */
    struct position done;    /* up to here this run has read them */
};

/* backlog_start: engine->clock is set. rate: calls a second; 0: no limit. */
struct backlog backlog_start(struct engine *engine, int64_t rate);

/* backlog_due: reads again all calls that need another look (see revisit_all), but of the backlog only as many as may be
 * sent at once. Those to be sent are added to work; *ret_count: how many were read. Errors: those of revisit_all. */
int backlog_due(struct backlog *backlog, struct work *work, size_t *ret_count, struct err *err) MUST_CHECK;

/* backlog_send: sends what backlog_due has left out, at the rate, until none is left, the run stops or until_ms, a
 * monotonic time. Durable before each pause: all outcomes. Errors: as forward_all. */
int backlog_send(struct backlog *backlog, int64_t until_ms, struct err *err) MUST_CHECK;

#endif
