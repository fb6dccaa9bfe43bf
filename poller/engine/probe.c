/* probe: the call that shows after an outage whether the API works again. */
#include "engine/probe.h"

/* The first search for the latest calls reads this many seconds. */
#define LATEST_SEC 600

/* An outage may leave a hundred thousand calls, and the source is read in each other run. */
#define ENOUGH_CALLS 500

/* Most calls are shorter. A longer one is found with the last search, if there is no other. */
#define SHORT_CALL_SEC 120

/* Picks one of the calls to be sent; each of them is equally likely. */
struct pick {
    struct engine *engine;
    const struct position *floor;
    struct work *work;
    uint64_t random; /* Knuth's MMIX generator; its high bits are random enough here */
    int64_t seen;    /* the n-th call replaces the picked one with a chance of 1 in n (reservoir sampling) */
    bool is_over;
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

static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    struct pick *pick = context;
    (void)ended_before;
    (void)err;
    pick->is_over = pick->seen >= ENOUGH_CALLS || !source_may_read(pick->engine->route.source);
    return pick->is_over ? 1 : 0;
}

int probe_pick(struct engine *engine, const struct source_range *range, const struct position *floor, struct work *work,
               struct err *err)
{
    /* Knuth's factor spreads the numbers of consecutive runs, so that each run picks another call. */
    struct pick pick = { .engine = engine, .floor = floor, .work = work,
                         .random = (uint64_t)engine->run * 2654435761U };
    int64_t start = range->end_from, from = range->end_to + 1;
    for (int64_t span = LATEST_SEC; pick.seen == 0 && !pick.is_over && from > start; span *= 4) {
        from = range->end_to - span > start ? range->end_to - span : start;
        int64_t longest = from > start ? SHORT_CALL_SEC : engine->route.settings->poll_window;
        struct source_range part = { .end_from = from,
                                     .end_to = range->end_to,
                                     .call_from = from - longest,
                                     .whole_rows = true };
        if (source_scan(engine->route.source, &part, consider, on_slice, &pick, err) != 0)
            return -1;
    }
    return 0;
}
