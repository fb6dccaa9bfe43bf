/* backlog: calls that ended more than an hour ago and are sent at backfill_rate. */
#include <inttypes.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/backlog.h"

#define OLD_SEC 3600

struct backlog backlog_start(struct forward *forward, int64_t rate)
{
    return (struct backlog){ .forward = forward,
                             .bucket = bucket_start(rate, clock_mono_ms()),
                             .ended_before = rate > 0 ? forward_now(forward) - OLD_SEC : INT64_MIN,
                             .done = position_at(INT64_MIN, "") };
}

/* How many calls a batch has: what the rate brings in a second at most, so that a batch is never long in coming. */
static int64_t batch_of(const struct backlog *backlog)
{
    int64_t size = backlog->forward->settings->batch_size;
    return size < backlog->bucket.rate ? size : backlog->bucket.rate;
}

/* Adds the next calls of the backlog that are due, and takes them from what may be sent. */
static int add_next(struct backlog *backlog, int64_t limit, struct candidates *candidates, struct err *err)
{
    size_t before = candidates->count;
    const struct ledger_stretch stretch = { .after = backlog->done, .ended_before = backlog->ended_before,
                                            .limit = limit };
    if (forward_due_old(backlog->forward, &stretch, candidates, err) != 0)
        return -1;
    if (candidates->count > before) {
        const struct candidate *last = &candidates->items[candidates->count - 1];
        backlog->done = position_at(last->end_epoch, last->uniqueid);
        bucket_take(&backlog->bucket, (int64_t)(candidates->count - before), clock_mono_ms());
    }
    return 0;
}

/* Goes on at a place of this run's own, anywhere between the calls that had their turn and the end. */
static void jump(struct backlog *backlog, int64_t from)
{
    uint64_t random = str_hash(STR_HASH_START, &backlog->forward->run, sizeof backlog->forward->run);
    if (from < backlog->ended_before)
        backlog->done = position_at(from + (int64_t)(random % (uint64_t)(backlog->ended_before - from)), "");
}

/* After an outage one call of the first batch is all that the API is asked. The oldest may be those that it cannot
 * digest, more of them than go at once: so half of the batch is of another place, each run of another one. */
static int add_mixed(struct backlog *backlog, int64_t limit, struct candidates *candidates, struct err *err)
{
    if (add_next(backlog, (limit + 1) / 2, candidates, err) != 0)
        return -1;
    if (backlog->done.end_epoch == INT64_MIN) /* there is none */
        return 0;
    jump(backlog, backlog->done.end_epoch);
    return add_next(backlog, limit / 2, candidates, err);
}

int backlog_due(struct backlog *backlog, struct candidates *candidates, struct err *err)
{
    if (forward_due(backlog->forward, backlog->ended_before, candidates, err) != 0)
        return -1;
    if (backlog->bucket.rate == 0)
        return 0;
    return backlog->forward->breaker.must_probe ? add_mixed(backlog, batch_of(backlog), candidates, err)
                                                : add_next(backlog, batch_of(backlog), candidates, err);
}

/* Waits until the rate allows what was taken from it. False: until_ms comes first. */
static bool wait_for_turn(struct backlog *backlog, int64_t until_ms, int *ret_result, struct err *err)
{
    int64_t now_ms = clock_mono_ms(), turn_ms = now_ms + bucket_wait_ms(&backlog->bucket, 0, now_ms);
    if (turn_ms >= until_ms)
        return false;
    if (turn_ms > now_ms) {
        *ret_result = forward_commit(backlog->forward, err);
        interrupt_sleep_until(turn_ms);
    }
    return true;
}

static int send_next(struct backlog *backlog, int64_t until_ms, bool *ret_done, struct err *err)
{
    struct candidates next = { .count = 0 };
    int result = add_next(backlog, batch_of(backlog), &next, err);
    *ret_done = next.count == 0;
    if (result == 0 && !*ret_done && !wait_for_turn(backlog, until_ms, &result, err)) {
        log_info("⏳ More calls that ended over an hour ago are pending; the next runs send %" PRId64 " of them a second "
                 "(backfill_rate)", backlog->bucket.rate);
        *ret_done = true;
    }
    if (result == 0 && !*ret_done)
        result = forward_all(backlog->forward, &next, err);
    candidates_clear(&next);
    return result;
}

int backlog_send(struct backlog *backlog, int64_t until_ms, struct err *err)
{
    bool done = backlog->bucket.rate == 0;
    int result = 0;
    while (result == 0 && !done && backlog->forward->summary->stop == STOP_NONE)
        result = send_next(backlog, until_ms, &done, err);
    return result;
}
