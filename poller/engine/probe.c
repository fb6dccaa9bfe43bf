/* probe: the call that shows after an outage whether the API works again. */
#include "engine/probe.h"

/* The first stretch in which the latest calls are looked for. */
#define LATEST_SEC 600

/* One call among those that are to be sent, each as likely as the other, however many there are. */
struct pick {
    struct engine *engine;
    const struct position *floor;
    struct work *work;
    uint64_t random; /* Knuth's MMIX generator: its high bits are good enough for this */
    int64_t seen;    /* the n-th call takes the place with a chance of 1 in n (reservoir sampling) */
};

static int consider(void *context, const struct call *call, struct err *err)
{
    struct pick *pick = context;
    struct call_record record;
    struct decision decision;
    struct position position = position_at(call->ended, call->id);
    if (position_compare(&position, pick->floor) <= 0)
        return 0;
    if (engine_judge(pick->engine, call, &record, &decision, err) != 0)
        return -1;
    if (record.state != CALL_UNKNOWN || decision.kind != DECISION_SEND)
        return 0;
    pick->random = pick->random * 6364136223846793005U + 1442695040888963407U;
    if ((pick->random >> 33) % (uint64_t)++pick->seen == 0) {
        work_clear(pick->work);
        work_add(pick->work, call, &record, false);
    }
    return 0;
}

int probe_pick(struct engine *engine, const struct source_range *range, const struct position *floor, struct work *work,
               struct err *err)
{
    /* Knuth's factor spreads the numbers of runs that follow each other: each picks another call. */
    struct pick pick = { .engine = engine, .floor = floor, .work = work,
                         .random = (uint64_t)engine->run * 2654435761U };
    int64_t to = range->end_to, start = range->end_from;
    for (int64_t span = LATEST_SEC; pick.seen == 0 && to >= start; span *= 4) {
        int64_t from = to - span > start ? to - span : start;
        struct source_range part = { .end_from = from,
                                     .end_to = to,
                                     .call_from = from - engine->route.settings->poll_window,
                                     .whole_rows = true };
        if (source_scan(engine->route.source, &part, consider, NULL, &pick, err) != 0)
            return -1;
        to = from - 1;
    }
    return 0;
}
