/* poll: one run, from the checkpoint to now.
 *
 * Invariant: every call at or below the checkpoint is out of scope or in the ledger, settled or owed. A crash anywhere
 * may repeat a POST, with the same idempotency key, but never lose a call. So the order of durable steps is:
 *
 *   1. the run is noted in the ledger: outcomes can be written, or nothing is sent;
 *   2. what the sweep finds below the checkpoint is noted as owed, before the sweep counts as done;
 *   3. outcomes are committed as they come (forward.c);
 *   4. the ledger's copy of the checkpoint, only as far as outcomes are recorded; then the checkpoint file (progress.c). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "candidates.h"
#include "clock.h"
#include "decision.h"
#include "forward.h"
#include "log.h"
#include "poll.h"
#include "progress.h"

/* The poll walks towards now in steps of end_epoch, longer ones where there is little to see. A step that finds more calls
 * than should be in memory at once is made again as a shorter one. */
#define STEP_FIRST_SEC 1800
#define STEP_SHORTEST_SEC 30
#define STEP_LONGEST_SEC 86400
#define STEP_FEW_ROWS 5000
#define STEP_MANY_CALLS 20000

/* A row may say that its call ended before it was made: machines' clocks differ (VICIdial warns beyond 8 s), and rows
 * that are written at hangup carry the time of dialling (FastAGI_log.pl). */
#define CALL_AFTER_END_SEC 600

/* A run forgets at most so many old calls: a small step each minute, no long write. */
#define PRUNE_LIMIT 5000

struct run {
    const struct poll *poll;
    struct forward forward;
    struct summary *summary;
    struct progress progress;
    struct candidates candidates;
    struct position furthest;   /* of the rows seen in this step */
    int64_t rows_seen, found;   /* in this step: rows, and those of them to be sent */
    int64_t step_sec;           /* how long the next step is */
    bool too_many;              /* this step finds too many calls */
};

/* ---- finding calls ---- */

/* Holds one scanned row against the ledger. *ret_decision is DECISION_SKIP for what needs nothing, or has its own turn. */
static int judge(struct run *run, const struct call *call, struct call_record *ret_record,
                 struct decision *ret_decision, struct err *err)
{
    struct position position = position_at(call_number(call, CALL_END_EPOCH, 0), call_text(call, CALL_UNIQUEID));
    *ret_decision = (struct decision){ .kind = DECISION_SKIP };
    run->rows_seen++;
    if (position_compare(&position, &run->furthest) > 0)
        run->furthest = position;
    if (position_compare(&position, &run->progress.floor) <= 0)
        return 0;
    if (ledger_find(run->poll->ledger, call_text(call, CALL_UNIQUEID), ret_record, err) != 0)
        return -1;
    if (ret_record->state != CALL_OWED && ret_record->state != CALL_HELD) /* those come with list_due */
        *ret_decision = decision_of(call, ret_record, run->poll->settings, forward_now(&run->forward));
    return 0;
}

/* Notes that a call waits: for its disposition, or to be sent. */
static int note_waiting(struct run *run, const struct call *call, struct call_record record, enum call_state state,
                        int64_t due, struct err *err)
{
    if (run->poll->dry_run)
        return 0;
    record.state = state;
    struct ledger_entry entry = { .uniqueid = call_text(call, CALL_UNIQUEID),
                                  .record = record,
                                  .end_epoch = call_number(call, CALL_END_EPOCH, 0),
                                  .due = due };
    return ledger_put(run->poll->ledger, &entry, err);
}

/* One row that the poll sees. */
static int consider(void *context, const struct call *call, struct err *err)
{
    struct run *run = context;
    struct call_record record;
    struct decision decision;
    if (judge(run, call, &record, &decision, err) != 0)
        return -1;
    if (decision.kind == DECISION_SEND) {
        run->too_many = ++run->found > STEP_MANY_CALLS && run->step_sec > STEP_SHORTEST_SEC;
        if (run->too_many)
            return err_set(err, EX_OK, "too many calls for one step");
        candidates_add(&run->candidates, call_text(call, CALL_UNIQUEID), call_number(call, CALL_END_EPOCH, 0), false);
    } else if (decision.kind == DECISION_HOLD) {
        run->summary->held++;
        return note_waiting(run, call, record, CALL_HELD, decision.hold_until, err);
    }
    return 0;
}

/* Whether the poll of this run comes past the call anyway: it ended in the poll's stretch, and was no longer than that
 * can see. */
static bool poll_sees(const struct run *run, const struct call *call)
{
    const struct settings_sync *settings = run->poll->settings;
    int64_t ended = call_number(call, CALL_END_EPOCH, 0);
    int64_t lasted = call->age_sec - (run->forward.now_epoch - ended);
    return ended >= run->progress.checkpoint.end_epoch - settings->overlap && lasted <= settings->poll_window;
}

/* One row that the sweep sees. What it finds lies below the checkpoint, so it must be in the ledger before anything
 * else; it is sent with the other owed calls. */
static int consider_swept(void *context, const struct call *call, struct err *err)
{
    struct run *run = context;
    struct call_record record;
    struct decision decision;
    if (poll_sees(run, call))
        return 0;
    if (judge(run, call, &record, &decision, err) != 0)
        return -1;
    if (decision.kind == DECISION_SEND) {
        run->found++;
        if (run->poll->dry_run)
            candidates_add(&run->candidates, call_text(call, CALL_UNIQUEID), call_number(call, CALL_END_EPOCH, 0), true);
        return note_waiting(run, call, record, CALL_OWED, run->forward.now_epoch, err);
    }
    if (decision.kind == DECISION_HOLD) {
        run->summary->held++;
        return note_waiting(run, call, record, CALL_HELD, decision.hold_until, err);
    }
    return 0;
}

/* Looks for what the poll cannot see: calls longer than its window, rows that came very late, statuses that changed. */
static int sweep(struct run *run, struct err *err)
{
    const struct settings_sync *settings = run->poll->settings;
    struct ledger *ledger = run->poll->ledger;
    int64_t now = run->forward.now_epoch, last = 0;
    if (ledger_note(ledger, LEDGER_NOTE_LAST_SWEEP, 0, &last, err) != 0)
        return -1;
    if (settings->sweep_interval == 0 || (last <= now && now - last < settings->sweep_interval))
        return 0;
    struct source_range range = { .end_from = now - settings->sweep_window,
                                  .end_to = now - settings->settle,
                                  .call_from = now - settings->sweep_window };
    run->found = 0;
    if (source_scan(run->poll->source, &range, consider_swept, run, err) != 0)
        return -1;
    run->summary->found += run->found;
    if (run->found > 0)
        log_info("🧹 Sweep found %" PRId64 " calls that came late, lasted long or changed", run->found);
    if (run->poll->dry_run)
        return 0;
    return ledger_set_note(ledger, LEDGER_NOTE_LAST_SWEEP, now, err) == 0 ? ledger_commit(ledger, err) : -1;
}

static void add_due(void *context, const char *uniqueid, int64_t end_epoch)
{
    struct run *run = context;
    candidates_add(&run->candidates, uniqueid, end_epoch, true);
}

/* Owed calls whose time has come and held ones are read again by primary key, together with the first new calls. */
static int list_due(struct run *run, struct err *err)
{
    if (ledger_due(run->poll->ledger, run->forward.now_epoch, add_due, run, err) != 0)
        return -1;
    if (run->candidates.count > 0)
        log_info("🔁 Looking again at what is owed or held: %zu", run->candidates.count);
    return 0;
}

/* ---- sending what was found ---- */

/* Moves the checkpoint over the candidates from *passed on, up to one that is not recorded, and *passed with it. */
static void advance(struct run *run, size_t *passed)
{
    for (; *passed < run->candidates.count; (*passed)++) {
        const struct candidate *candidate = &run->candidates.items[*passed];
        if (!candidate->settled)
            return;
        struct position position = position_at(candidate->end_epoch, candidate->uniqueid);
        if (position_compare(&position, &run->progress.checkpoint) > 0)
            run->progress.checkpoint = position;
    }
}

/* Saves the checkpoint when it has moved on from before. */
static int save_if_moved(struct run *run, const struct position *before, struct err *err)
{
    return position_compare(before, &run->progress.checkpoint) == 0 ? 0 : progress_save(&run->progress, err);
}

static int send_candidates(struct run *run, struct err *err)
{
    size_t batch_size = (size_t)run->poll->settings->batch_size;
    struct candidates *candidates = &run->candidates;
    size_t passed = 0;
    candidates_sort(candidates);
    for (size_t done = 0; done < candidates->count && run->summary->stop == STOP_NONE;) {
        size_t left = candidates->count - done;
        size_t count = left < batch_size ? left : batch_size;
        struct position before = run->progress.checkpoint;
        if (forward_batch(&run->forward, candidates->items + done, count, err) != 0)
            return -1;
        done += count;
        advance(run, &passed);
        if (save_if_moved(run, &before, err) != 0)
            return -1;
    }
    /* Rows behind the last candidate needed nothing: they are in the ledger, or out of scope. */
    struct position before = run->progress.checkpoint;
    advance(run, &passed);
    if (passed == candidates->count && position_compare(&run->furthest, &run->progress.checkpoint) > 0)
        run->progress.checkpoint = run->furthest;
    return save_if_moved(run, &before, err);
}

/* Scans one stretch of end_epoch into the candidates; the last one has no upper bound by call_date. */
static int find(struct run *run, int64_t from, int64_t to, bool last, struct err *err)
{
    size_t before = run->candidates.count;
    struct source_range range = {
        .end_from = from,
        .end_to = to,
        .call_from = from - run->poll->settings->poll_window,
        .call_to = last ? 0 : to + CALL_AFTER_END_SEC,
    };
    run->rows_seen = 0;
    run->found = 0;
    run->too_many = false;
    run->furthest = position_at(0, "");
    int result = source_scan(run->poll->source, &range, consider, run, err);
    if (!run->too_many)
        return result;
    candidates_keep_first(&run->candidates, before);
    return 0;
}

static int send_step(struct run *run, bool last, struct err *err)
{
    run->summary->found += run->found;
    if (run->found > 0 || last)
        log_info("📞 Found %" PRId64 " new call results", run->found);
    int result = send_candidates(run, err);
    candidates_clear(&run->candidates);
    return result;
}

/* Finds the latest calls that wait to be sent, looking further and further back until there are some. */
static int find_latest(struct run *run, struct err *err)
{
    int64_t end = run->forward.now_epoch - run->poll->settings->settle, to = end;
    int64_t start = run->progress.checkpoint.end_epoch - run->poll->settings->overlap;
    run->step_sec = STEP_SHORTEST_SEC; /* as many as there are */
    for (int64_t span = STEP_FIRST_SEC; run->candidates.count == 0 && to >= start; span *= 4) {
        int64_t from = to - span > start ? to - span : start;
        if (find(run, from, to, to == end, err) != 0)
            return -1;
        to = from - 1;
    }
    return 0;
}

/* After an outage: sends one of the latest calls, picked at random. The oldest alone would not do to see whether the API
 * works again: they may be just those that it cannot digest. Every other run asks them, see walk. */
static int probe_latest(struct run *run, struct err *err)
{
    if (!run->forward.breaker.must_probe || run->forward.run % 2 != 0 || run->poll->dry_run)
        return 0;
    int result = find_latest(run, err);
    if (result == 0 && run->candidates.count > 0) {
        uint64_t random = (uint64_t)run->forward.run * 2654435761U;
        result = forward_batch(&run->forward, &run->candidates.items[random % run->candidates.count], 1, err);
    }
    candidates_clear(&run->candidates);
    return result;
}

/* Everything that ended from a little before the checkpoint up to now, oldest first. */
static int walk(struct run *run, struct err *err)
{
    const struct settings_sync *settings = run->poll->settings;
    int64_t end = run->forward.now_epoch - settings->settle;
    int64_t from = run->progress.checkpoint.end_epoch - settings->overlap;
    if (from < run->progress.floor.end_epoch)
        from = run->progress.floor.end_epoch;
    run->step_sec = STEP_FIRST_SEC;
    for (bool last = false; !last && run->summary->stop == STOP_NONE;) {
        int64_t to = from + run->step_sec - 1;
        bool reaches_now = to >= end;
        if (find(run, from, reaches_now ? end : to, reaches_now, err) != 0)
            return -1;
        if (run->too_many) {
            run->step_sec /= 4;
            continue;
        }
        if (send_step(run, reaches_now, err) != 0)
            return -1;
        from = to + 1;
        last = reaches_now;
        if (run->rows_seen < STEP_FEW_ROWS && run->step_sec < STEP_LONGEST_SEC)
            run->step_sec *= 2;
    }
    return 0;
}

/* ---- the run ---- */

/* A silence that the API asked for holds across runs. */
static int check_silence(struct run *run, struct err *err)
{
    int64_t until = 0, now = run->forward.now_epoch;
    char local[CLOCK_TEXT_SIZE];
    if (ledger_note(run->poll->ledger, LEDGER_NOTE_WAIT_UNTIL, 0, &until, err) != 0)
        return -1;
    if (until <= now || until > now + VERDICT_RETRY_AFTER_MAX_SEC) /* the latter: the clock was set back */
        return 0;
    run->summary->stop = STOP_RATE_LIMITED;
    (void)snprintf(run->summary->message, sizeof run->summary->message,
                   "the API asked for silence until %s; nothing is sent before that",
                   clock_local(until, local, sizeof local));
    return 0;
}

/* An outage is remembered until the API answers usefully again; the next run begins with a single call. */
static int note_outage(struct run *run, int64_t since, struct err *err)
{
    bool failed = run->summary->stop == STOP_OUTAGE || run->summary->stop == STOP_CONFIGURATION;
    if (failed && since == 0)
        return ledger_set_note(run->poll->ledger, LEDGER_NOTE_OUTAGE_SINCE, run->forward.now_epoch, err);
    if (!failed && since != 0 && run->forward.breaker.answered)
        return ledger_set_note(run->poll->ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, err);
    return 0;
}

static int prune(struct run *run, struct err *err)
{
    const struct settings_sync *settings = run->poll->settings;
    int64_t before = run->forward.now_epoch - settings->retention_days * 86400;
    int64_t still_read = run->progress.checkpoint.end_epoch - settings->overlap;
    return ledger_prune(run->poll->ledger, before < still_read ? before : still_read, PRUNE_LIMIT, err);
}

/* Writes the run's figures; also after a failure, when the ledger itself still works. */
static int finish(struct run *run, struct err *err)
{
    struct ledger *ledger = run->poll->ledger;
    struct ledger_counts counts;
    if (ledger_count(ledger, &counts, err) != 0)
        return -1;
    run->summary->owed_left = counts.owed;
    if (run->poll->dry_run)
        return 0;
    struct ledger_run figures = {
        .found = run->summary->found,
        .accepted = run->summary->accepted,
        .repeated = run->summary->repeated,
        .owed = counts.owed,
        .held = counts.held,
        .rejected = run->summary->rejected,
        .exit_code = summary_exit_code(run->summary),
        .message = run->summary->message,
    };
    if (ledger_run_finish(ledger, run->forward.run, &figures, err) != 0)
        return -1;
    return ledger_commit(ledger, err);
}

static int work(struct run *run, struct err *err)
{
    const struct poll *poll = run->poll;
    int64_t outage_since = 0;
    if (source_now_epoch(poll->source, &run->forward.now_epoch, err) != 0 ||
        ledger_note(poll->ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &outage_since, err) != 0 ||
        progress_load(&run->progress, poll->settings, run->forward.now_epoch, err) != 0 ||
        check_silence(run, err) != 0)
        return -1;
    run->forward.breaker = breaker_start(outage_since != 0);
    struct position before = run->progress.checkpoint;
    if (run->summary->stop == STOP_NONE && (sweep(run, err) != 0 || probe_latest(run, err) != 0 || list_due(run, err) != 0 || walk(run, err) != 0))
        return -1;
    if (position_compare(&before, &run->progress.checkpoint) != 0 && !poll->dry_run)
        progress_log(&run->progress, "💾 Saved checkpoint");
    return poll->dry_run || (note_outage(run, outage_since, err) == 0 && prune(run, err) == 0) ? 0 : -1;
}

void poll_run(const struct poll *poll, struct summary *ret_summary)
{
    struct err err = { .code = EX_OK };
    *ret_summary = (struct summary){ .stop = STOP_NONE };
    struct run run = {
        .poll = poll,
        .summary = ret_summary,
        .progress = { .state_dir = poll->state_dir,
                      .ledger = poll->ledger,
                      .legacy = poll->legacy,
                      .dry_run = poll->dry_run },
        .forward = { .source = poll->source,
                     .ledger = poll->ledger,
                     .delivery = poll->delivery,
                     .settings = poll->settings,
                     .dispositions = poll->dispositions,
                     .summary = ret_summary,
                     .pace = pace_start(poll->api->concurrency, poll->api->max_concurrency),
                     .started_ms = clock_mono_ms(),
                     .deadline_ms = clock_mono_ms() + poll->settings->time_budget * 1000,
                     .dry_run = poll->dry_run },
    };
    /* Once the run is noted, outcomes can be written; before that nothing may be sent. */
    int result = poll->dry_run ? 0 : ledger_run_start(poll->ledger, "poll", &run.forward.run, &err);
    if (result == 0) {
        if (work(&run, &err) != 0)
            summary_fail(ret_summary, &err);
        result = finish(&run, &err);
    }
    if (result != 0 && ret_summary->stop != STOP_FAILED)
        summary_fail(ret_summary, &err);
    candidates_clear(&run.candidates);
}
