/* unsent: the finished calls after the checkpoint that a run did not send. */
#include "base/clock.h"
#include "engine/unsent.h"

/* In a long outage each run counts. The dialer comes first, and "at least 1000" is alarm enough. */
#define MOST_CALLS 1000
#define MOST_MS 1000

struct unsent {
    const struct engine *engine;
    const struct position *floor;
    int64_t until_ms;
    int64_t count, oldest;
    bool ended_early;
};

static int consider(void *context, const struct call *call, struct err *err)
{
    struct unsent *unsent = context;
    struct call_record record;
    struct decision decision;
    struct position position = position_at(call->ended, call->id);
    if (position_compare(&position, unsent->floor) <= 0)
        return 0;
    if (engine_judge(unsent->engine, call, &record, &decision, err) != 0)
        return -1;
    if (record.state != CALL_UNKNOWN || decision.kind != DECISION_SEND)
        return 0;
    unsent->count++;
    if (unsent->oldest == 0 || position.end_epoch < unsent->oldest)
        unsent->oldest = position.end_epoch;
    return 0;
}

static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    struct unsent *unsent = context;
    (void)ended_before;
    (void)err;
    unsent->ended_early = unsent->count >= MOST_CALLS || clock_mono_ms() >= unsent->until_ms;
    return unsent->ended_early ? 1 : 0;
}

int unsent_count(struct engine *engine, const struct source_range *range, const struct position *floor,
                 struct err *err)
{
    struct unsent unsent = { .engine = engine, .floor = floor, .until_ms = clock_mono_ms() + MOST_MS };
    if (source_scan(engine->route.source, range, consider, on_slice, &unsent, err) != 0)
        return -1;
    /* Where the time was over before the first such call was found, the number is not known. */
    engine->summary->looked = unsent.count > 0 || !unsent.ended_early;
    engine->summary->unsent = unsent.count;
    engine->summary->unsent_oldest = unsent.oldest;
    return 0;
}
