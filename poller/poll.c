/* poll: one run, from the checkpoint to now.
 *
 * Invariant: every call at or below the checkpoint is out of scope or in the ledger, settled or owed. A crash anywhere
 * may repeat a POST, with the same idempotency key, but never lose a call. So the order of durable steps is:
 *
 *   1. the run is noted in the ledger: outcomes can be written, or nothing is sent;
 *   2. outcomes are committed as they come (forward.c);
 *   3. the ledger's copy of the checkpoint, only as far as outcomes are recorded;
 *   4. the checkpoint file.
 *
 * Between 3 and 4 the file lies behind the copy, never ahead: a file that is ahead was set by a person. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "candidates.h"
#include "checkpoint.h"
#include "clock.h"
#include "decision.h"
#include "forward.h"
#include "log.h"
#include "poll.h"

/* The poll walks towards now in steps of end_epoch, longer ones where there is little to see. */
#define STEP_FIRST_SEC 900
#define STEP_LONGEST_SEC 86400
#define STEP_FEW_ROWS 2000
#define STEP_MANY_ROWS 20000

/* A row may say that its call ended a little before it was made: two machines' clocks (vicidial-facts: up to 8 s apart
 * before VICIdial warns) and dial times written at hangup. */
#define CALL_AFTER_END_SEC 600

/* A checkpoint further ahead of the database's clock than this was not written by a run. */
#define CLOCK_TOLERANCE_SEC 60

#define PRUNE_LIMIT 5000

struct run {
    const struct poll *poll;
    struct forward forward;
    struct summary *summary;
    int64_t number;
    struct position checkpoint; /* how far everything is recorded */
    struct position floor;      /* at and before it calls are out of scope */
    struct candidates candidates;
    struct position furthest;   /* of the rows seen in this step */
    int64_t rows_seen;          /* in this step */
};

/* ---- where to resume ---- */

/* What the file says, unless it cannot be right; then it is kept aside and *ret_known is false. */
static int read_checkpoint_file(const struct run *run, const struct position *copy, bool copy_known,
                                struct position *ret_position, bool *ret_known, struct err *err)
{
    const char *state_dir = run->poll->state_dir;
    enum checkpoint_found found = CHECKPOINT_MISSING;
    struct err damage = { .code = EX_OK };
    char local[CLOCK_TEXT_SIZE], aside[512] = "";
    if (checkpoint_load(state_dir, &found, ret_position, &damage) != 0)
        return err_set(err, damage.code, "%s", damage.message);
    int64_t now = run->forward.now_epoch;
    if (found == CHECKPOINT_READ && ret_position->end_epoch > now + CLOCK_TOLERANCE_SEC) {
        /* A run wrote it before the database's clock was set back: every call up to now is taken care of. */
        if (copy_known && position_compare(ret_position, copy) == 0)
            *ret_position = position_at(now, "");
        else {
            found = CHECKPOINT_DAMAGED;
            (void)err_set(&damage, EX_IOERR, "the checkpoint lies in the future: %s",
                          clock_local(ret_position->end_epoch, local, sizeof local));
        }
    }
    *ret_known = found == CHECKPOINT_READ;
    if (found != CHECKPOINT_DAMAGED)
        return 0;
    log_error("❌ %s", damage.message);
    if (run->poll->dry_run)
        return 0;
    if (checkpoint_set_aside(state_dir, aside, sizeof aside, err) != 0)
        return -1;
    log_error("❌ the damaged checkpoint is kept as %s", aside);
    return 0;
}

/* Where there is no file to go by: the ledger's copy, else some time ago. Never from zero. */
static struct position fallback_position(const struct run *run, const struct position *copy, bool copy_known)
{
    int64_t now = run->forward.now_epoch;
    if (copy_known && copy->end_epoch <= now)
        return *copy;
    return position_at(copy_known ? now : now - run->poll->settings->first_run_lookback, "");
}

/* Calls that ended before the first checkpoint, or before one that a person set forward, are out of scope; setting it
 * back brings them in again. */
static void set_floor(struct run *run, bool floor_known, const struct position *copy, bool copy_known, bool from_file)
{
    bool set_forward = from_file && copy_known && position_compare(&run->checkpoint, copy) > 0;
    bool set_back = floor_known && position_compare(&run->checkpoint, &run->floor) < 0;
    if (set_forward)
        log_warn("⏩ The checkpoint was set forward: calls that ended before it are out of scope");
    if (!floor_known || set_forward || set_back)
        run->floor = run->checkpoint;
}

/* What the lost ledger knew of recent calls is gone: look at all of them again. The API knows those it has. */
static void start_over(struct run *run)
{
    int64_t window = run->poll->settings->sweep_window;
    run->checkpoint = position_at(run->checkpoint.end_epoch - window, "");
    run->floor = run->checkpoint;
    log_warn("⚠ The ledger was rebuilt: all calls of the last %" PRId64 " hours before the checkpoint are sent again",
             window / 3600);
}

static void log_checkpoint(const char *words, const struct position *position)
{
    char local[CLOCK_TEXT_SIZE];
    log_info("%s: %s (%" PRId64 " %s)", words, clock_local(position->end_epoch, local, sizeof local), position->end_epoch,
             position->uniqueid);
}

/* Makes the checkpoint durable: the ledger's copy first, then the file. */
static int save_checkpoint(struct run *run, struct err *err)
{
    struct ledger *ledger = run->poll->ledger;
    if (run->poll->dry_run)
        return 0;
    if (ledger_set_place(ledger, LEDGER_CHECKPOINT, &run->checkpoint, err) != 0 ||
        ledger_set_place(ledger, LEDGER_FLOOR, &run->floor, err) != 0 || ledger_commit(ledger, err) != 0)
        return -1;
    return checkpoint_save(run->poll->state_dir, &run->checkpoint, err);
}

static int resume(struct run *run, struct err *err)
{
    struct ledger *ledger = run->poll->ledger;
    struct position copy, from_file;
    bool copy_known = false, floor_known = false, file_known = false;
    if (ledger_place(ledger, LEDGER_CHECKPOINT, &copy, &copy_known, err) != 0 ||
        ledger_place(ledger, LEDGER_FLOOR, &run->floor, &floor_known, err) != 0 ||
        read_checkpoint_file(run, &copy, copy_known, &from_file, &file_known, err) != 0)
        return -1;
    run->checkpoint = file_known ? from_file : fallback_position(run, &copy, copy_known);
    set_floor(run, floor_known, &copy, copy_known, file_known);
    if (run->poll->ledger_rebuilt)
        start_over(run);
    log_checkpoint(file_known || copy_known ? "📅 Last check" : "📅 Last check: none, starting from",
                   &run->checkpoint);
    bool unchanged = file_known && copy_known && floor_known && position_compare(&from_file, &copy) == 0;
    return unchanged ? 0 : save_checkpoint(run, err);
}

/* ---- finding calls ---- */

/* Holds one row of the scan against the ledger. */
static int consider(void *context, const struct call *call, struct err *err)
{
    struct run *run = context;
    const char *uniqueid = call_text(call, CALL_UNIQUEID);
    int64_t ended = call_number(call, CALL_END_EPOCH, 0);
    struct position position = position_at(ended, uniqueid);
    run->rows_seen++;
    if (position_compare(&position, &run->furthest) > 0)
        run->furthest = position;
    if (position_compare(&position, &run->floor) <= 0)
        return 0;

    struct call_record record;
    if (ledger_find(run->poll->ledger, uniqueid, &record, err) != 0)
        return -1;
    if (record.state == CALL_OWED || record.state == CALL_HELD)
        return 0; /* has its own turn, see list_due */
    struct decision decision = decision_of(call, &record, run->poll->settings, forward_now(&run->forward));
    if (decision.kind == DECISION_SEND)
        candidates_add(&run->candidates, uniqueid, ended, false);
    if (decision.kind != DECISION_HOLD)
        return 0;
    run->summary->held++;
    if (run->poll->dry_run)
        return 0;
    record.state = CALL_HELD;
    struct ledger_entry entry = { .uniqueid = uniqueid, .record = record, .end_epoch = ended,
                                  .due = decision.hold_until };
    return ledger_put(run->poll->ledger, &entry, err);
}

static void add_due(void *context, const char *uniqueid, int64_t end_epoch)
{
    struct run *run = context;
    candidates_add(&run->candidates, uniqueid, end_epoch, true);
}

/* Owed calls whose time has come and held ones are read again by primary key, together with the first new calls. */
static int list_due(struct run *run, struct err *err)
{
    return ledger_due(run->poll->ledger, run->forward.now_epoch, add_due, run, err);
}

/* ---- sending what was found ---- */

/* Moves the checkpoint over the candidates up to the first that is not recorded. True: none of them was in the way. */
static bool advance(struct run *run, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct candidate *candidate = &run->candidates.items[i];
        if (!candidate->settled)
            return false;
        struct position position = position_at(candidate->end_epoch, candidate->uniqueid);
        if (position_compare(&position, &run->checkpoint) > 0)
            run->checkpoint = position;
    }
    return true;
}

/* Saves the checkpoint when it has moved on from before. */
static int save_if_moved(struct run *run, const struct position *before, struct err *err)
{
    return position_compare(before, &run->checkpoint) == 0 ? 0 : save_checkpoint(run, err);
}

static int send_candidates(struct run *run, struct err *err)
{
    size_t batch_size = (size_t)run->poll->settings->batch_size;
    struct candidates *candidates = &run->candidates;
    candidates_sort(candidates);
    for (size_t done = 0; done < candidates->count && run->summary->stop == STOP_NONE;) {
        size_t left = candidates->count - done;
        size_t count = left < batch_size ? left : batch_size;
        struct position before = run->checkpoint;
        if (forward_batch(&run->forward, candidates->items + done, count, err) != 0)
            return -1;
        done += count;
        (void)advance(run, done);
        if (save_if_moved(run, &before, err) != 0)
            return -1;
    }
    /* Rows behind the last candidate needed nothing: they are in the ledger, or out of scope. */
    struct position before = run->checkpoint;
    if (advance(run, candidates->count) && position_compare(&run->furthest, &run->checkpoint) > 0)
        run->checkpoint = run->furthest;
    return save_if_moved(run, &before, err);
}

/* One stretch of end_epoch, from from to to. */
static int step(struct run *run, int64_t from, int64_t to, bool last, struct err *err)
{
    const struct settings_sync *settings = run->poll->settings;
    struct source_range range = {
        .end_from = from,
        .end_to = to,
        .call_from = from - settings->poll_window,
        .call_to = last ? 0 : to + CALL_AFTER_END_SEC,
    };
    run->rows_seen = 0;
    run->furthest = position_at(0, "");
    if (source_scan(run->poll->source, &range, consider, run, err) != 0)
        return -1;
    int64_t found = (int64_t)run->candidates.count;
    run->summary->found += found;
    if (found > 0 || last)
        log_info("📞 Found %" PRId64 " new call results", found);
    int result = send_candidates(run, err);
    candidates_clear(&run->candidates);
    return result;
}

static int walk(struct run *run, struct err *err)
{
    const struct settings_sync *settings = run->poll->settings;
    int64_t end = run->forward.now_epoch - settings->settle;
    int64_t from = run->checkpoint.end_epoch - settings->overlap;
    int64_t length = STEP_FIRST_SEC;
    if (from < run->floor.end_epoch)
        from = run->floor.end_epoch;
    if (list_due(run, err) != 0)
        return -1;
    for (bool last = false; !last && run->summary->stop == STOP_NONE; from += length) {
        if (run->rows_seen < STEP_FEW_ROWS && length < STEP_LONGEST_SEC)
            length *= 2;
        else if (run->rows_seen > STEP_MANY_ROWS && length > 1)
            length /= 2;
        last = from + length > end;
        if (step(run, from, last ? end : from + length - 1, last, err) != 0)
            return -1;
    }
    return 0;
}

/* ---- the run ---- */

/* Says whether the API may be talked to at all; a pause it asked for holds across runs. */
static int check_pause(struct run *run, struct err *err)
{
    int64_t until = 0;
    char local[CLOCK_TEXT_SIZE];
    if (ledger_note(run->poll->ledger, LEDGER_NOTE_WAIT_UNTIL, 0, &until, err) != 0)
        return -1;
    if (until <= run->forward.now_epoch || until > run->forward.now_epoch + VERDICT_RETRY_AFTER_MAX_SEC)
        return 0;
    run->summary->stop = STOP_RATE_LIMITED;
    (void)snprintf(run->summary->message, sizeof run->summary->message,
                   "the API asked for silence until %s; nothing is sent before that",
                   clock_local(until, local, sizeof local));
    return 0;
}

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
    /* What the poll still looks at must stay known. */
    if (before > run->checkpoint.end_epoch - settings->overlap)
        before = run->checkpoint.end_epoch - settings->overlap;
    return ledger_prune(run->poll->ledger, before, PRUNE_LIMIT, err);
}

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
    if (prune(run, err) != 0 || ledger_run_finish(ledger, run->number, &figures, err) != 0)
        return -1;
    return ledger_commit(ledger, err);
}

static int work(struct run *run, struct err *err)
{
    int64_t outage_since = 0;
    struct ledger *ledger = run->poll->ledger;
    if (!run->poll->dry_run && ledger_run_start(ledger, "poll", &run->number, err) != 0)
        return -1; /* from here on outcomes can be written */
    run->forward.run = run->number;
    if (ledger_note(ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &outage_since, err) != 0 || resume(run, err) != 0 ||
        check_pause(run, err) != 0)
        return -1;
    run->forward.breaker = breaker_start(outage_since != 0);
    if (run->summary->stop == STOP_NONE && walk(run, err) != 0)
        return -1;
    if (run->checkpoint.end_epoch > 0 && run->summary->accepted > 0)
        log_checkpoint("💾 Saved checkpoint", &run->checkpoint);
    if (!run->poll->dry_run && note_outage(run, outage_since, err) != 0)
        return -1;
    return finish(run, err);
}

int poll_run(const struct poll *poll, struct summary *ret_summary, struct err *err)
{
    *ret_summary = (struct summary){ .stop = STOP_NONE };
    struct run run = { .poll = poll, .summary = ret_summary };
    run.forward = (struct forward){
        .source = poll->source,
        .ledger = poll->ledger,
        .delivery = poll->delivery,
        .settings = poll->settings,
        .dispositions = poll->dispositions,
        .summary = ret_summary,
        .started_ms = clock_mono_ms(),
        .deadline_ms = clock_mono_ms() + poll->settings->time_budget * 1000,
        .dry_run = poll->dry_run,
    };
    int result = source_now_epoch(poll->source, &run.forward.now_epoch, err);
    if (result == 0)
        result = work(&run, err);
    candidates_clear(&run.candidates);
    return result;
}
