/* walk: goes through the source's calls of a time range, and sends those that are to be sent. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/forward.h"
#include "engine/settle.h"
#include "engine/walk.h"

struct walker {
    const struct walk *walk;
    struct work work;         /* calls that were found and not sent yet */
    struct position furthest; /* of the calls that were read */
    int64_t noted;            /* calls that became pending since on_reached was last called */
    int64_t found;            /* calls to be sent */
    int64_t logged;           /* how many of them the log has counted */
    bool ended_early;
};

/* ---- finding ---- */

/* Keeps a call that is to be sent for the next batch, or does what the walk's duty is instead. */
static int take(struct walker *walker, const struct call *call, const struct call_record *record, struct err *err)
{
    const struct walk *walk = walker->walk;
    bool is_noted = walk->duty == WALK_NOTE || call->ended < walk->note_before;
    walker->found++;
    if (walk->duty == WALK_LOOK)
        return 0;
    if (is_noted && !walk->engine->terms.sends_at_once) {
        walker->noted++;
        return settle_noted(walk->engine, call, record, err);
    }
    work_add(&walker->work, call, record, false);
    return 0;
}

static int wait_for_status(struct walker *walker, const struct call *call, const struct call_record *record,
                           int64_t until, struct err *err)
{
    if (walker->walk->duty != WALK_LOOK)
        return settle_waiting(walker->walk->engine, call, record, until, err);
    walker->walk->engine->summary->waiting++;
    return 0;
}

/* Compares a call with the ledger, and acts on the decision. */
static int consider(void *context, const struct call *call, struct err *err)
{
    struct walker *walker = context;
    const struct walk *walk = walker->walk;
    struct call_record record;
    struct decision decision;
    struct position position = position_at(call->ended, call->id);
    if (position_compare(&position, &walker->furthest) > 0)
        walker->furthest = position;
    bool in_scope = position_compare(&position, &walk->floor) > 0;
    if ((!in_scope && walk->on_judged == NULL) || (walk->is_left_out != NULL && walk->is_left_out(walk->context, call)))
        return 0;
    if (engine_judge(walk->engine, call, &record, &decision, err) != 0)
        return -1;
    if (walk->on_judged != NULL)
        walk->on_judged(walk->context, call, &record, &decision, in_scope);
    if (!in_scope || call_is_open(&record)) /* open calls are read by their ids, see revisit.h */
        return 0;
    if (decision.kind == DECISION_WAIT)
        return wait_for_status(walker, call, &record, decision.wait_until, err);
    return decision.kind == DECISION_SEND ? take(walker, call, &record, err) : 0;
}

/* ---- sending ---- */

/* Sends the calls that were found, and tells up to where all calls are settled. The source has handed out every call that
 * ended before ended_before. */
static int send(struct walker *walker, int64_t ended_before, struct err *err)
{
    const struct walk *walk = walker->walk;
    struct work *work = &walker->work;
    struct position reached = position_at(ended_before, "");
    if (position_compare(&walker->furthest, &reached) < 0)
        reached = walker->furthest;
    if (walker->found > walker->logged)
        log_info("📞 Found %" PRId64 " new call results", walker->found - walker->logged);
    walker->logged = walker->found;
    if (forward_all(walk->engine, work, err) != 0)
        return -1;
    const struct work_item *open = work_first_open(work);
    /* Nothing was settled, as while the API is down: the walk has not come further. */
    bool nothing_settled = open != NULL && open == work->items[0] && walker->noted == 0;
    walker->noted = 0;
    if (open != NULL && open->call->ended <= reached.end_epoch)
        reached = position_at(open->call->ended, "");
    work_clear(work);
    return walk->on_reached != NULL && !nothing_settled ? walk->on_reached(walk->context, &reached, err) : 0;
}

static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    struct walker *walker = context;
    struct engine *engine = walker->walk->engine;
    bool enough = walker->work.count >= (size_t)engine->route.settings->batch_size;
    bool nothing_found = walker->work.count == 0; /* tell how far the walk has come */
    if ((enough || nothing_found) && send(walker, ended_before, err) != 0)
        return -1;
    int64_t until_ms = walker->walk->until_ms;
    walker->ended_early = !engine_may_go_on(engine) || (until_ms != 0 && clock_mono_ms() >= until_ms);
    return walker->ended_early ? 1 : 0;
}

int walk_run(const struct walk *walk, int64_t *ret_found, struct err *err)
{
    struct walker walker = { .walk = walk, .furthest = position_at(0, "") };
    if (walk->first != NULL) {
        walker.work = *walk->first;
        *walk->first = (struct work){ .count = 0 };
    }
    int result = source_scan(walk->engine->route.source, &walk->range, consider, on_slice, &walker, err);
    if (result == 0 && !walker.ended_early && walk->engine->summary->stop == STOP_NONE)
        result = send(&walker, INT64_MAX, err);
    *ret_found = walker.found;
    work_clear(&walker.work);
    return result;
}
