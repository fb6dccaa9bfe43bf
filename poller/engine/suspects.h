/* suspects: calls that failed while it is unknown whether the calls or the API are at fault. breaker.h has the rule. */
#ifndef SUSPECTS_H
#define SUSPECTS_H

#include "engine/engine.h"
#include "engine/work.h"

/* The failed calls of one batch, in the order of their failures. Set engine, and items with room for the whole
 * batch. */
struct suspects {
    struct engine *engine;    /* borrowed */
    struct work_item **items; /* borrowed, both the array and the items */
    size_t count;
};

/* suspects_add: records that item has failed. Ownership: outcome is copied. */
void suspects_add(struct suspects *suspects, struct work_item *item, const struct outcome *outcome);

/* suspects_charge: the API has accepted or rejected another call. Its request started at started_ms
 * (clock_mono_exact_ms). So each call that had failed before is at fault and uses up a retry: it becomes pending, or
 * rejected after its last retry. A request that started before a failure proves nothing, because the API may have begun
 * to refuse all calls since then. Errors: those of settle.h; durable as there. */
int suspects_charge(struct suspects *suspects, double started_ms, struct err *err) MUST_CHECK;

/* suspects_judge: decides after all calls of the batch were tried. The failed calls use up a retry, or stay in doubt,
 * or the run stops because the API is down or the configuration is wrong. Errors: those of settle.h. */
int suspects_judge(struct suspects *suspects, struct err *err) MUST_CHECK;

/* suspects_judge_probe: the probe has failed too, so the run stops. Errors: those of settle.h. */
int suspects_judge_probe(struct suspects *suspects, struct err *err) MUST_CHECK;

/* suspects_clear: empties the list. */
void suspects_clear(struct suspects *suspects);

#endif
