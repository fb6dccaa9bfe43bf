/* unsent: the finished calls after the checkpoint that a run did not send. */
#include "base/clock.h"
#include "engine/unsent.h"
#include "engine/watch.h"
#include "ledger/watched.h"

/* In a long outage each run counts. The dialer comes first, and "at least 1000" is alarm enough. */
#define MOST_CALLS 1000
#define MOST_MS 1000

struct unsent {
    struct engine *engine;
    const struct position *floor;
    int64_t until_ms;
    int64_t count, oldest;
    bool ended_early;
};

static int consider(struct unsent *unsent, const struct call *call, struct err *err)
{
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

/* The scan may come to a call of the watch list too. */
static int on_call(void *context, const struct call *call, struct err *err)
{
    bool is_watched = false;
    struct unsent *unsent = context;
    if (watched_has(unsent->engine->route.ledger, call->id, &is_watched, err) != 0)
        return -1;
    return is_watched ? 0 : consider(unsent, call, err);
}

static int on_ended(void *context, const struct call *call, bool *ret_over, struct err *err)
{
    (void)ret_over;
    return consider(context, call, err);
}

static int on_page(void *context, struct err *err)
{
    struct unsent *unsent = context;
    (void)err;
    unsent->ended_early = unsent->count >= MOST_CALLS || clock_mono_ms() >= unsent->until_ms ||
                          !source_may_read(unsent->engine->route.source);
    return unsent->ended_early ? 1 : 0;
}

static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    (void)ended_before;
    return on_page(context, err);
}

int unsent_count(struct engine *engine, const struct source_range *range, const struct position *floor,
                 struct err *err)
{
    struct unsent unsent = { .engine = engine, .floor = floor, .until_ms = clock_mono_ms() + MOST_MS };
    const struct watch_reader reader = { .ended_by = range->end_to, .only_looks = true, .on_ended = on_ended,
                                         .on_page = on_page, .context = &unsent };
    if (source_shows_open(engine->route.source) && watch_read(engine, &reader, err) != 0)
        return -1;
    if (!unsent.ended_early && source_scan(engine->route.source, range, on_call, on_slice, &unsent, err) != 0)
        return -1;
    /* If the time ran out before the first such call was found, the number is unknown. */
    engine->summary->looked = unsent.count > 0 || !unsent.ended_early;
    engine->summary->unsent = unsent.count;
    engine->summary->unsent_oldest = unsent.oldest;
    return 0;
}
