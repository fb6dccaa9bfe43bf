/* suspects: calls that failed while nobody knows yet whether they or the API are to blame. breaker.h has the rule. */
#ifndef SUSPECTS_H
#define SUSPECTS_H

#include "engine/engine.h"
#include "engine/work.h"

/* Of one batch, in the order in which they failed. Start with the engine and room for as many items as the batch has. */
struct suspects {
    struct engine *engine;    /* borrowed */
    struct work_item **items; /* borrowed, as their array is */
    size_t count;
};

/* suspects_add: item has failed in that way. outcome is copied. */
void suspects_add(struct suspects *suspects, struct work_item *item, const struct outcome *outcome);

/* suspects_charge: the API has taken or rejected another call, so that each failure is its own call's: the call is
 * pending, or rejected when its retries are used up. Errors: those of settle.h; durable as there. */
int suspects_charge(struct suspects *suspects, struct err *err) MUST_CHECK;

/* suspects_judge: all calls at hand were tried, and what is still open is decided: the calls are charged, left in doubt, or
 * the run stops because the API is down or the configuration is wrong. Errors: those of settle.h. */
int suspects_judge(struct suspects *suspects, struct err *err) MUST_CHECK;

/* suspects_judge_probe: the same where the one call failed that was to show whether the API works: the run stops. */
int suspects_judge_probe(struct suspects *suspects, struct err *err) MUST_CHECK;

/* suspects_clear: forgets them. */
void suspects_clear(struct suspects *suspects);

#endif
