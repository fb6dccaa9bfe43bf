/* backlog: calls that ended more than an hour ago and are sent at backfill_rate. */
#include <inttypes.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/backlog.h"
#include "engine/forward.h"
#include "engine/revisit.h"

#define OLD_SEC 3600

struct backlog backlog_start(struct engine *engine, int64_t rate)
{
    return (struct backlog){ .engine = engine,
                             .bucket = bucket_start(rate, clock_mono_ms()),
                             .ended_before = rate > 0 ? engine_now(engine) - OLD_SEC : INT64_MIN,
                             .done = position_at(INT64_MIN, "") };
}

/* The size of a batch: at most the calls that the rate allows in a second, so that no batch takes long. */
static int64_t batch_of(const struct backlog *backlog)
{
    int64_t size = backlog->engine->route.settings->batch_size;
    int64_t most = (int64_t)backlog->engine->route.source->ops->fetch_most;
    size = most != 0 && most < size ? most : size;
    return size < backlog->bucket.rate ? size : backlog->bucket.rate;
}

/* Reads the next due calls of the backlog, and takes their tokens from the bucket. */
static int add_next(struct backlog *backlog, int64_t limit, struct work *work, size_t *ret_count, struct err *err)
{
    struct ledger_stretch stretch = { .after = backlog->done, .ended_from = INT64_MIN,
                                      .ended_before = backlog->ended_before, .limit = limit };
    if (revisit_due(backlog->engine, &stretch, work, ret_count, err) != 0)
        return -1;
    backlog->done = stretch.after;
    bucket_take(&backlog->bucket, (int64_t)*ret_count, clock_mono_ms());
    return 0;
}

/* Skips to a random place in the part that was not read; each run skips to another place. */
static void skip_ahead(struct backlog *backlog, int64_t from)
{
    uint64_t random = str_hash(STR_HASH_START, &backlog->engine->run, sizeof backlog->engine->run);
    if (from < backlog->ended_before)
        backlog->done = position_at(from + (int64_t)(random % (uint64_t)(backlog->ended_before - from)), "");
}

/* After an outage, a run tests the API with one call of its first batch. The oldest calls may be the ones that make the
 * API fail, even a whole batch of them. So half of the batch comes from another place, which differs in each run. */
static int add_mixed(struct backlog *backlog, int64_t limit, struct work *work, size_t *ret_count, struct err *err)
{
    size_t more = 0;
    if (add_next(backlog, (limit + 1) / 2, work, ret_count, err) != 0)
        return -1;
    if (backlog->done.end_epoch == INT64_MIN) /* no backlog */
        return 0;
    skip_ahead(backlog, backlog->done.end_epoch);
    int result = add_next(backlog, limit / 2, work, &more, err);
    *ret_count += more;
    return result;
}

int backlog_due(struct backlog *backlog, struct work *work, size_t *ret_count, struct err *err)
{
    struct ledger_stretch recent = { .after = position_at(INT64_MIN, ""), .ended_from = backlog->ended_before,
                                     .ended_before = INT64_MAX, .with_waiting = true };
    size_t old = 0;
    if (revisit_all(backlog->engine, &recent, work, ret_count, err) != 0)
        return -1;
    if (backlog->bucket.rate == 0 || backlog->engine->summary->stop != STOP_NONE)
        return 0;
    int result = backlog->engine->breaker.must_probe ? add_mixed(backlog, batch_of(backlog), work, &old, err)
                                                     : add_next(backlog, batch_of(backlog), work, &old, err);
    *ret_count += old;
    return result;
}

/* Waits until the rate allows the calls of the batch. False: until_ms came first. */
static bool wait_for_turn(struct backlog *backlog, int64_t until_ms, int *ret_result, struct err *err)
{
    int64_t now_ms = clock_mono_ms(), turn_ms = now_ms + bucket_wait_ms(&backlog->bucket, 0, now_ms);
    if (turn_ms >= until_ms)
        return false;
    if (turn_ms > now_ms) {
        *ret_result = engine_commit(backlog->engine, err);
        interrupt_sleep_until(turn_ms);
    }
    return true;
}

static int send_next(struct backlog *backlog, int64_t until_ms, bool *ret_done, struct err *err)
{
    struct work work = { .count = 0 };
    size_t count = 0;
    int result = add_next(backlog, batch_of(backlog), &work, &count, err);
    *ret_done = count == 0;
    if (result == 0 && !*ret_done && !wait_for_turn(backlog, until_ms, &result, err)) {
        log_info("⏳ More calls that ended over an hour ago are pending; the next runs send %" PRId64 " of them a "
                                                                                                     "second "
                 "(backfill_rate)",
                 backlog->bucket.rate);
        *ret_done = true;
    }
    if (result == 0 && !*ret_done)
        result = forward_all(backlog->engine, &work, err);
    work_clear(&work);
    return result;
}

int backlog_send(struct backlog *backlog, int64_t until_ms, struct err *err)
{
    bool done = backlog->bucket.rate == 0;
    int result = 0;
    while (result == 0 && !done && backlog->engine->summary->stop == STOP_NONE) {
        result = send_next(backlog, until_ms, &done, err);
        done = done || !engine_may_read(backlog->engine);
    }
    return result;
}
