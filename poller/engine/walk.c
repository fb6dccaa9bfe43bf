/* walk: goes through a stretch of the dialer's calls and sends what is to be sent. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/candidates.h"
#include "engine/walk.h"

struct walker {
    const struct walk *walk;
    struct candidates candidates; /* found and not sent yet */
    struct position furthest;     /* of the rows seen */
    int64_t noted;                /* calls that became pending since on_reached was told last */
    int64_t found;                /* calls to be sent, so far ... */
    int64_t logged;               /* ... of which the log has told */
    bool ended_early;
};

/* ---- finding ---- */

/* Notes that a call waits: for its disposition, or to be sent. */
static int note(const struct walker *walker, const struct call *call, struct call_record record, enum call_state state,
                int64_t due, struct err *err)
{
    if (walker->walk->duty == WALK_LOOK)
        return 0;
    record.state = state;
    struct ledger_entry entry = { .uniqueid = call->id,
                                  .record = record,
                                  .end_epoch = call->ended,
                                  .due = due,
                                  .call = record.sent_before ? NULL : call }; /* what was sent stays noted */
    return ledger_put(walker->walk->forward->ledger, &entry, err);
}

static int hold(struct walker *walker, const struct call *call, struct call_record record, int64_t until,
                struct err *err)
{
    walker->walk->forward->summary->waiting++;
    return note(walker, call, record, CALL_WAITING, until, err);
}

/* Keeps a call that is to be sent for the next batch, or does what else the walk is for. */
static int keep(struct walker *walker, const struct call *call, struct call_record record, struct err *err)
{
    const struct walk *walk = walker->walk;
    walker->found++;
    if (walk->duty == WALK_LOOK)
        return 0;
    bool is_noted = walk->duty == WALK_NOTE || call->ended < walk->note_before;
    if (is_noted && !walk->forward->sends_at_once) {
        walker->noted++;
        return note(walker, call, record, CALL_PENDING, forward_now(walk->forward), err);
    }
    if (walk->range.whole_rows)
        candidates_add_row(&walker->candidates, call);
    else
        candidates_add(&walker->candidates, call->id, call->ended);
    return 0;
}

/* Holds one row against the ledger. */
static int consider(void *context, const struct call *call, struct err *err)
{
    struct walker *walker = context;
    const struct walk *walk = walker->walk;
    struct call_record record;
    struct position position = position_at(call->ended, call->id);
    if (position_compare(&position, &walker->furthest) > 0)
        walker->furthest = position;
    bool in_scope = position_compare(&position, &walk->floor) > 0;
    if ((!in_scope && walk->judged == NULL) ||
        (walk->belongs_elsewhere != NULL && walk->belongs_elsewhere(walk->context, call)))
        return 0;
    if (ledger_find(walk->forward->ledger, call->id, &record, err) != 0)
        return -1;
    struct decision decision = forward_decide(walk->forward, call, &record);
    if (walk->judged != NULL)
        walk->judged(walk->context, call, &record, &decision, in_scope);
    if (!in_scope || record.state == CALL_PENDING || record.state == CALL_WAITING) /* the latter have a turn of their own, see ledger_due */
        return 0;
    if (decision.kind == DECISION_HOLD)
        return hold(walker, call, record, decision.hold_until, err);
    if (decision.kind == DECISION_SEND)
        return keep(walker, call, record, err);
    return 0;
}

/* ---- sending ---- */

/* The first candidate that is not settled, in the order of position; NULL: all are. */
static const struct candidate *first_open(const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        if (!candidates->items[i].settled)
            return &candidates->items[i];
    return NULL;
}

/* Sends what was found, and says how far everything is settled: every call that ended before ended_before was seen. */
static int send(struct walker *walker, int64_t ended_before, struct err *err)
{
    const struct walk *walk = walker->walk;
    struct candidates *candidates = &walker->candidates;
    struct position reached = position_at(ended_before, "");
    if (position_compare(&walker->furthest, &reached) < 0)
        reached = walker->furthest;
    if (walker->found > walker->logged)
        log_info("📞 Found %" PRId64 " new call results", walker->found - walker->logged);
    walker->logged = walker->found;
    if (forward_all(walk->forward, candidates, err) != 0)
        return -1;
    const struct candidate *open = first_open(candidates);
    /* Not even the first one was settled, as while the API is down: nobody is told of a place a moment before it. */
    bool nothing_settled = open != NULL && open == candidates->items && walker->noted == 0;
    walker->noted = 0;
    if (open != NULL && open->end_epoch <= reached.end_epoch)
        reached = position_at(open->end_epoch, "");
    candidates_clear(candidates);
    return walk->on_reached != NULL && !nothing_settled ? walk->on_reached(walk->context, &reached, err) : 0;
}

static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    struct walker *walker = context;
    struct forward *forward = walker->walk->forward;
    bool enough = walker->candidates.count >= (size_t)forward->settings->batch_size;
    bool nothing_found = walker->candidates.count == 0; /* then only how far the walk has come is to be told */
    if ((enough || nothing_found) && send(walker, ended_before, err) != 0)
        return -1;
    int64_t until_ms = walker->walk->until_ms;
    walker->ended_early = !forward_may_go_on(forward) || (until_ms != 0 && clock_mono_ms() >= until_ms);
    return walker->ended_early ? 1 : 0;
}

int walk_run(const struct walk *walk, int64_t *ret_found, struct err *err)
{
    struct walker walker = { .walk = walk, .furthest = position_at(0, "") };
    if (walk->first != NULL) {
        walker.candidates = *walk->first;
        *walk->first = (struct candidates){ .count = 0 };
    }
    int result = source_scan(walk->forward->source, &walk->range, consider, on_slice, &walker, err);
    if (result == 0 && !walker.ended_early && walk->forward->summary->stop == STOP_NONE)
        result = send(&walker, INT64_MAX, err);
    *ret_found = walker.found;
    candidates_clear(&walker.candidates);
    return result;
}
