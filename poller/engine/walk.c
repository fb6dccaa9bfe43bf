/* walk: goes through the source's calls of a time range, and sends those that are to be sent. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/forward.h"
#include "engine/settle.h"
#include "engine/walk.h"
#include "engine/watch.h"
#include "ledger/watched.h"

struct walker {
    const struct walk *walk;
    struct work work;         /* calls that were found and not sent yet */
    struct position furthest; /* of the calls that were read */
    bool has_noted;           /* a call became pending since on_reached was last called */
    int64_t found;            /* calls to be sent */
    int64_t logged;           /* how many of them the log has counted */
    bool reads_watched;       /* the calls are those of the watch list now */
    enum decision_kind decided; /* on the last call that was read */
    bool ended_early;
    bool is_full;             /* there is a new call more than the run may find (source_most_found) */
};

/* ---- finding ---- */

/* Whether the checkpoint has passed the call. */
static bool is_passed(const struct walk *walk, const struct call *call)
{
    struct position position = position_at(call->ended, call->id);
    return position_compare(&position, &walk->checkpoint) <= 0;
}

/* A dry run has printed the calls of the watch list before it scans. The ledger does not know this, because a dry run
 * does not change it. */
static int is_shown_already(const struct walker *walker, const struct call *call, bool *ret_is_shown, struct err *err)
{
    const struct walk *walk = walker->walk;
    if (!walk->engine->terms.sends_at_once || !walk->range.with_open || walker->reads_watched)
        return 0;
    return watched_has(walk->engine->route.ledger, call->id, ret_is_shown, err);
}

/* Whether this run has found as many new calls as it may. */
static bool has_enough(const struct walker *walker)
{
    const struct engine *engine = walker->walk->engine;
    return walker->walk->duty == WALK_SEND &&
           engine->summary->found + walker->found >= source_most_found(engine->route.source);
}

/* Keeps a call for the next batch, or does the walk's other duty with it. */
static int take(struct walker *walker, const struct call *call, const struct call_record *record, struct err *err)
{
    const struct walk *walk = walker->walk;
    bool is_noted = walk->duty == WALK_NOTE || call->ended < walk->note_before, is_shown = false;
    if (is_shown_already(walker, call, &is_shown, err) != 0 || is_shown)
        return is_shown ? 0 : -1;
    if (!work_has(&walker->work, call->id)) { /* a watched call may be in the scan's range too */
        walker->is_full = walker->is_full || has_enough(walker);
        if (walker->is_full)
            return 0;
        walker->found++;
    }
    if (walk->duty == WALK_LOOK)
        return 0;
    if (is_noted && !walk->engine->terms.sends_at_once) {
        walker->has_noted = true;
        return settle_noted(walk->engine, call, record, err);
    }
    if (!is_passed(walk, call)) {
        work_add(&walker->work, call, record, false);
        return 0;
    }
    struct call_record pending = *record;
    pending.state = CALL_PENDING;
    work_add(&walker->work, call, &pending, true);
    return settle_noted(walk->engine, call, record, err);
}

static int wait_for_status(struct walker *walker, const struct call *call, const struct call_record *record,
                           int64_t until, struct err *err)
{
    if (walker->walk->duty != WALK_LOOK)
        return settle_waiting(walker->walk->engine, call, record, until, err);
    walker->walk->engine->summary->waiting++;
    return 0;
}

/* Watches a call that has not ended, unless it is too old, the ledger has it or its campaign is not selected. */
static int watch(const struct walker *walker, const struct call *call, struct err *err)
{
    struct call_record record;
    struct decision decision;
    if (engine_judge(walker->walk->engine, call, &record, &decision, err) != 0)
        return -1;
    bool is_new = record.state == CALL_UNKNOWN && decision.kind != DECISION_OUT_OF_SCOPE;
    bool is_stuck = call->began < engine_now(walker->walk->engine) - watch_horizon(walker->walk->engine);
    return is_new && !is_stuck ? watch_add(walker->walk->engine, call, err) : 0;
}

/* Compares a call with the ledger, and acts on the decision. */
static int consider(void *context, const struct call *call, struct err *err)
{
    struct walker *walker = context;
    const struct walk *walk = walker->walk;
    struct call_record record;
    struct decision decision;
    walker->decided = DECISION_SKIP;
    if (walk->range.with_open && (call->ended == 0 || call->ended > walk->range.end_to))
        return watch(walker, call, err);
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
    walker->decided = decision.kind;
    if (decision.kind == DECISION_WAIT)
        return wait_for_status(walker, call, &record, decision.wait_until, err);
    if (decision.kind == DECISION_SEND)
        return take(walker, call, &record, err);
    return record.state == CALL_ACCEPTED && walk->duty != WALK_LOOK ? settle_known(walk->engine, call, &record, err)
                                                                    : 0;
}

/* ---- sending ---- */

static int send_found(struct walker *walker, struct err *err)
{
    if (walker->found > walker->logged)
        log_info("📞 Found %" PRId64 " new call results", walker->found - walker->logged);
    walker->logged = walker->found;
    return forward_all(walker->walk->engine, &walker->work, err);
}

/* How far the walk has come. The source has handed out every call that ended before ended_before, or began before
 * that. */
static struct walk_reached reached_by(const struct walker *walker, int64_t ended_before)
{
    const struct work *work = &walker->work;
    struct walk_reached reached = { .position = position_at(ended_before, ""), .began_before = ended_before };
    if (position_compare(&walker->furthest, &reached.position) < 0)
        reached.position = walker->furthest;
    const struct work_item *open = work_first_open(work);
    if (open != NULL && open->call->ended <= reached.position.end_epoch)
        reached.position = position_at(open->call->ended, "");
    for (size_t i = 0; i < work->count; i++)
        if (!work->items[i]->recorded && work->items[i]->call->began < reached.began_before)
            reached.began_before = work->items[i]->call->began != 0 ? work->items[i]->call->began : INT64_MIN;
    return reached;
}

/* Sends the found calls, and reports up to where all calls are settled. */
static int send(struct walker *walker, int64_t ended_before, struct err *err)
{
    const struct walk *walk = walker->walk;
    struct work *work = &walker->work;
    if (send_found(walker, err) != 0)
        return -1;
    const struct work_item *open = work_first_open(work);
    /* Nothing was settled, as while the API is down: the walk has not come further. */
    bool nothing_settled = open != NULL && open == work->items[0] && !walker->has_noted;
    struct walk_reached reached = reached_by(walker, ended_before);
    walker->has_noted = false;
    work_clear(work);
    return walk->on_reached != NULL && !nothing_settled ? walk->on_reached(walk->context, &reached, err) : 0;
}

static bool goes_on(struct walker *walker)
{
    int64_t until_ms = walker->walk->until_ms;
    walker->ended_early =
        !engine_may_go_on(walker->walk->engine) || (until_ms != 0 && clock_mono_ms() >= until_ms);
    return !walker->ended_early;
}

static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    struct walker *walker = context;
    const struct walk *walk = walker->walk;
    if (walker->is_full) /* the walk has not come to the end of this slice: a later run takes its other calls */
        return 1;
    bool enough = walker->work.count >= (size_t)walk->engine->route.settings->batch_size ||
                  engine_must_send_now(walk->engine);
    bool nothing_found = walker->work.count == 0; /* report the progress of the walk */
    /* The calls that were read are still sent, and each run gets beyond its start. */
    bool is_used_up = ended_before > walk->must_pass && !source_may_read(walk->engine->route.source);
    if ((enough || nothing_found || is_used_up) && send(walker, ended_before, err) != 0)
        return -1;
    if (is_used_up && (walk->is_spare || !engine_may_read(walk->engine)))
        walker->ended_early = true;
    return !walker->ended_early && goes_on(walker) ? 0 : 1;
}

/* ---- watched calls ---- */

static int on_ended(void *context, const struct call *call, bool *ret_over, struct err *err)
{
    struct walker *walker = context;
    int result = consider(walker, call, err);
    *ret_over = walker->decided != DECISION_SEND && walker->decided != DECISION_WAIT;
    return result;
}

/* A call that is not settled stays on the list, so how far the walk has come is told by the scan alone. */
static int on_page(void *context, struct err *err)
{
    struct walker *walker = context;
    if (walker->work.count >= (size_t)walker->walk->engine->route.settings->batch_size) {
        if (send_found(walker, err) != 0)
            return -1;
        work_clear(&walker->work);
    }
    return goes_on(walker) ? 0 : 1;
}

static int read_watched(struct walker *walker, struct err *err)
{
    const struct watch_reader reader = { .ended_by = walker->walk->range.end_to, .on_ended = on_ended,
                                         .on_page = on_page, .context = walker };
    const struct walk *walk = walker->walk;
    if (!walk->range.with_open || walk->leaves_watched)
        return 0;
    walker->reads_watched = true;
    int result = watch_read(walk->engine, &reader, err);
    walker->reads_watched = false;
    return result;
}

/* The calls that were found are sent. How far the walk has come is not reported: the next run reads these calls again,
 * knows them, and takes the next ones. */
static int stop_full(struct walker *walker, struct err *err)
{
    struct engine *engine = walker->walk->engine;
    if (send_found(walker, err) != 0)
        return -1;
    engine_stop(engine, STOP_OUT_OF_TIME, NULL,
                "this run has found as many new calls as %s allows; the next run continues from here",
                engine->route.source->ops->most_found_setting);
    return 0;
}

/* The source failed, but it has handed out calls before: they need not wait until it works again. How far the walk has
 * come is unknown, so it is not reported. */
static void send_what_was_read(struct walker *walker, const struct err *failure)
{
    struct err err;
    bool is_of_source = failure->code == EX_UNAVAILABLE || failure->code == EX_CONFIG;
    if (is_of_source && walker->work.count > 0 && walker->walk->engine->summary->stop == STOP_NONE &&
        send_found(walker, &err) != 0)
        log_error("❌ %s", err.message);
}

int walk_run(const struct walk *walk, int64_t *ret_found, struct err *err)
{
    struct walker walker = { .walk = walk, .furthest = position_at(0, "") };
    if (walk->first != NULL) {
        walker.work = *walk->first;
        *walk->first = (struct work){ .count = 0 };
    }
    int result = read_watched(&walker, err);
    struct source_range range = walk->range;
    int64_t again_from = walk->engine->scan_again_from;
    if (range.with_open && !walk->leaves_watched && again_from != 0 && again_from < range.call_from)
        range.call_from = again_from;
    if (result == 0 && !walker.ended_early)
        result = source_scan(walk->engine->route.source, &range, consider, on_slice, &walker, err);
    if (result < 0)
        send_what_was_read(&walker, err);
    if (result == 0 && walker.is_full)
        result = stop_full(&walker, err);
    else if (result == 0 && !walker.ended_early && walk->engine->summary->stop == STOP_NONE)
        result = send(&walker, INT64_MAX, err);
    *ret_found = walker.found;
    work_clear(&walker.work);
    return result;
}
