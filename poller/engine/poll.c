/* poll: one run, from the checkpoint to now.
 *
 * Invariant: the ledger has every call at or below the checkpoint, settled or pending, or the call is out of scope. A
 * crash may repeat a POST, with the same idempotency key. It never loses a call. So the order of durable steps is:
 *
 *   1. The ledger notes the run. Where that fails, outcomes could not be written, and nothing is sent.
 *   2. The sweep notes the calls that it finds below the checkpoint as pending, in one transaction with its own place.
 *   3. The poll notes calls that ended more than an hour ago as pending, in one transaction with the ledger's copy of the
 *      checkpoint. So after an outage it comes to the calls of the last hour at once, and sends those first.
 *   4. Outcomes are committed as they come (engine_commit_if_due).
 *   5. The ledger's copy of the checkpoint moves, only as far as outcomes are recorded. The checkpoint file follows
 *      (progress.c).
 *
 * At the end the old calls go out, at backfill_rate (backlog.c), with the rest of the run's time. A new call waits for
 * them no longer than until the next run. A lasting stream of new calls does not hold them up either: in each run some of
 * them go with the first batch. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/backlog.h"
#include "engine/engine.h"
#include "engine/forward.h"
#include "engine/journal.h"
#include "engine/jump.h"
#include "engine/poll.h"
#include "engine/probe.h"
#include "engine/progress.h"
#include "engine/revisit.h"
#include "engine/unsent.h"
#include "engine/walk.h"

/* The checkpoint is saved at most this often while calls are sent. It may lie behind the recorded outcomes. */
#define SAVE_MS 1000

/* Cron starts a run each minute. Old calls must not keep the next one waiting, however long a run may last. */
#define BACKLOG_MS 40000

/* A run deletes at most this many old calls from the ledger, so that no write takes long. */
#define PRUNE_LIMIT 5000

struct run {
    const struct poll *poll;
    struct engine engine;
    struct summary *summary;
    struct progress progress;
    struct backlog backlog;
    struct position saved;      /* the checkpoint as it is on disk ... */
    int64_t saved_ms;           /* ... and since when, monotonic */
    int64_t looked_ms;          /* when the file was last looked at for a person's change, monotonic */
    bool swept;
    int64_t swept_to;           /* how far the sweep has come that is not done; 0: none is under way */
};

static bool may_go_on(const struct run *run)
{
    return run->summary->stop == STOP_NONE;
}

static int64_t end_of_poll(const struct run *run)
{
    return engine_now(&run->engine) - run->poll->route.settings->settle;
}

static int64_t start_of_poll(const struct run *run)
{
    int64_t from = run->progress.checkpoint.end_epoch - run->poll->route.settings->overlap;
    return from > run->progress.floor.end_epoch ? from : run->progress.floor.end_epoch;
}

/* ---- after an outage ---- */

/* Sends one of the latest calls, to see whether the API works again. The oldest calls may be just those that it cannot
 * digest, so only every other run begins with them. */
static int send_probe(struct run *run, struct err *err)
{
    struct engine *engine = &run->engine;
    struct work one = { .count = 0 };
    if (!engine->breaker.must_probe || engine->run % 2 != 0 || run->poll->dry_run)
        return 0;
    struct source_range range = { .end_from = start_of_poll(run), .end_to = end_of_poll(run) };
    int result = probe_pick(engine, &range, &run->progress.floor, &one, err);
    if (result == 0)
        result = forward_all(engine, &one, err);
    work_clear(&one);
    return result;
}

/* ---- the two walks ---- */

/* Whether the poll of this run finds the call anyway: it ended in the poll's range, it is not longer than poll_window, and
 * its date is where the poll looks. */
static bool poll_finds(void *context, const struct call *call)
{
    const struct run *run = context;
    int64_t ended = call->ended;
    /* Use the clock of the run's start: the age comes from an earlier statement. By the present clock the call would
     * seem shorter than it was, and neither poll nor sweep would take it. */
    int64_t lasted = call->age - (run->engine.clock.epoch - ended);
    return !call->is_oddly_dated && ended >= start_of_poll(run) && lasted <= run->poll->route.settings->poll_window;
}

/* Where the sweep begins. Calls that were under way during the last sweep may have ended since, even if no run came for
 * hours. */
static int64_t start_of_sweep(const struct run *run, int64_t last)
{
    int64_t since = last != 0 ? last : run->progress.checkpoint.end_epoch, now = engine_now(&run->engine);
    if (since < run->progress.floor.end_epoch)
        since = run->progress.floor.end_epoch;
    if (since > now) /* the clock was set back */
        since = now;
    int64_t window = run->poll->route.settings->sweep_window, from = since - window;
    /* The first sweep began at the checkpoint of that time, which may have moved far ahead since. */
    int64_t earliest = last != 0 ? from : run->progress.floor.end_epoch - window;
    return run->swept_to >= earliest && run->swept_to <= now ? run->swept_to : from;
}

static int on_swept(void *context, const struct position *reached, struct err *err)
{
    struct run *run = context;
    (void)err;
    if (reached->end_epoch > run->swept_to)
        run->swept_to = reached->end_epoch;
    return 0;
}

/* Commits the sweep's place together with the calls that it noted. */
static int save_sweep(struct run *run, int64_t last, int64_t swept_to, struct err *err)
{
    struct ledger *ledger = run->poll->route.ledger;
    run->swept_to = swept_to;
    if (ledger_set_note(ledger, LEDGER_NOTE_SWEPT_TO, swept_to, err) != 0 ||
        ledger_set_note(ledger, LEDGER_NOTE_LAST_SWEEP, last, err) != 0)
        return -1;
    return ledger_commit(ledger, err);
}

/* Looks for the calls that the poll cannot find: those longer than poll_window, rows that were written very late, statuses
 * that changed. They become pending, and go out with the other pending calls. The sweep takes at most half of the run's
 * time, for the poll needs the rest; the next run continues the sweep. */
static int sweep(struct run *run, struct err *err)
{
    const struct settings_sync *settings = run->poll->route.settings;
    struct ledger *ledger = run->poll->route.ledger;
    int64_t now = engine_now(&run->engine), last = 0, found = 0;
    if (ledger_read_note(ledger, LEDGER_NOTE_LAST_SWEEP, 0, &last, err) != 0)
        return -1;
    if (settings->sweep_interval == 0) /* once it is turned on again, it does not make up for the time without it */
        return last == 0 && run->swept_to == 0 ? 0 : save_sweep(run, 0, 0, err);
    bool clock_was_set_back = last > now;
    if (!clock_was_set_back && now - last < settings->sweep_interval)
        return 0;
    int64_t from = start_of_sweep(run, last);
    struct walk walk = { .engine = &run->engine,
                         .range = { .end_from = from - source_spread(run->poll->route.source),
                                    .end_to = end_of_poll(run),
                                    .call_from = from,
                                    .whole_rows = run->engine.terms.sends_at_once },
                         .floor = run->progress.floor,
                         .until_ms = clock_mono_ms() + settings->time_budget * 1000 / 2,
                         .duty = WALK_NOTE,
                         .is_left_out = poll_finds,
                         .on_reached = on_swept,
                         .context = run };
    run->swept = true;
    run->swept_to = from;
    if (walk_run(&walk, &found, err) != 0)
        return -1;
    run->summary->found += found;
    if (found > 0)
        log_info("🧹 Sweep found %" PRId64 " calls that were written late, lasted long or changed", found);
    if (!may_go_on(run))
        return 0;
    return clock_mono_ms() < walk.until_ms ? save_sweep(run, now, 0, err) : save_sweep(run, last, run->swept_to, err);
}

/* Saves the checkpoint if it has moved. */
static int save(struct run *run, struct err *err)
{
    if (position_compare(&run->saved, &run->progress.checkpoint) == 0)
        return 0;
    run->saved = run->progress.checkpoint;
    run->saved_ms = clock_mono_ms();
    return progress_save(&run->progress, err);
}

static int advance(void *context, const struct position *reached, struct err *err)
{
    struct run *run = context;
    if (position_compare(reached, &run->progress.checkpoint) > 0)
        run->progress.checkpoint = *reached;
    return clock_mono_ms() - run->saved_ms >= SAVE_MS ? save(run, err) : 0;
}

/* Somebody who sets the checkpoint forward wants calls to be skipped, so this run stops sending them. */
static int stop_if_set_by_hand(void *context, int64_t end_epoch, struct err *err)
{
    struct run *run = context;
    (void)end_epoch;
    (void)err;
    if (clock_mono_ms() - run->looked_ms < SAVE_MS)
        return 0;
    run->looked_ms = clock_mono_ms();
    if (progress_look(&run->progress) && may_go_on(run)) {
        run->summary->stop = STOP_INTERRUPTED;
        (void)snprintf(run->summary->message, sizeof run->summary->message, "the checkpoint was changed by hand");
    }
    return 0;
}

/* Sends the calls that ended since a little before the checkpoint. Pending and waiting calls are read again by their ids and
 * go with the first new ones: a call that the API cannot digest must not be the only one in its batch. */
static int catch_up(struct run *run, struct err *err)
{
    struct work due = { .count = 0 };
    size_t due_count = 0;
    int64_t from = start_of_poll(run), found = 0;
    int result = backlog_due(&run->backlog, &due, &due_count, err);
    if (result != 0 || !may_go_on(run)) {
        work_clear(&due);
        return result;
    }
    if (due_count > 0)
        log_info("🔁 Trying pending and waiting calls again: %zu", due_count);
    struct walk walk = { .engine = &run->engine,
                         .range = { .end_from = from,
                                    .end_to = end_of_poll(run),
                                    .call_from = from - run->poll->route.settings->poll_window,
                                    .whole_rows = true },
                         .floor = run->progress.floor,
                         .first = &due,
                         .note_before = run->backlog.ended_before,
                         .on_reached = advance,
                         .context = run };
    result = walk_run(&walk, &found, err);
    run->summary->found += found;
    if (result == 0 && found == 0 && may_go_on(run))
        log_info("📞 Found 0 new call results");
    return result == 0 ? save(run, err) : -1;
}

/* Sends old calls in the rest of the run's time, except the last fifth, in which a slow API may still answer. Where runs
 * follow each other quickly, the next run does not wait for them. */
static int send_backlog(struct run *run, struct err *err)
{
    int64_t share_ms = run->poll->route.settings->time_budget * 800;
    if (share_ms > BACKLOG_MS)
        share_ms = BACKLOG_MS;
    if (run->poll->every > 0 && share_ms > run->poll->every * 1000)
        share_ms = run->poll->every * 1000;
    return run->poll->dry_run ? 0 : backlog_send(&run->backlog, run->engine.started_ms + share_ms, err);
}

/* Sends the call again that failed while no other call was there to test the API with. The API has accepted another call by
 * now, so this time it shows whether the call is to blame. */
static int retry_doubtful_call(struct run *run, struct err *err)
{
    struct engine *engine = &run->engine;
    struct work one = { .count = 0 };
    if (!engine->breaker.answered || *engine->doubt.uniqueid == '\0')
        return 0;
    int result = revisit_call(engine, &engine->doubt, &one, err);
    if (result == 0)
        result = forward_all(engine, &one, err);
    work_clear(&one);
    return result;
}

/* ---- the run ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int prune(struct run *run, struct err *err)
{
    const struct settings_sync *settings = run->poll->route.settings;
    if (run->swept_to != 0)
        return 0; /* an unfinished sweep may read calls that were accepted long ago */
    int64_t now = engine_now(&run->engine), last = 0;
    int64_t still_read = run->progress.checkpoint.end_epoch - settings->overlap;
    if (ledger_read_note(run->poll->route.ledger, LEDGER_NOTE_LAST_SWEEP, 0, &last, err) != 0)
        return -1;
    if (last != 0 && last < still_read)
        still_read = last;
    still_read -= source_spread(run->poll->route.source);
    still_read -= settings->sweep_window; /* also after a clock that is ahead now has been set right */
    struct ledger_age age = { .before = least(now - settings->retention_days * 86400, still_read),
                              .limit = PRUNE_LIMIT };
    /* Not before accepted calls: a scan would find the deleted call as a new one, and send it again. */
    age.set_aside_before = least(now - settings->rejected_retention_days * 86400, age.before);
    return ledger_prune(run->poll->route.ledger, &age, err);
}

/* Counts the calls that this run leaves unsent. A run that came to its end leaves none. A run that a signal stopped ends at
 * once, without counting. */
static void count_unsent(struct run *run)
{
    struct err ignored;
    int64_t from = start_of_poll(run);
    struct source_range range = { .end_from = from, .end_to = end_of_poll(run),
                                  .call_from = from - run->poll->route.settings->poll_window };
    if (run->summary->stop == STOP_NONE)
        run->summary->looked = true;
    else if (run->summary->stop != STOP_INTERRUPTED)
        (void)!unsent_count(&run->engine, &range, &run->progress.floor, &ignored); /* then the number is not known */
}

static int work(struct run *run, struct err *err)
{
    const struct poll *poll = run->poll;
    if (journal_resume(&run->engine, err) != 0 ||
        progress_load(&run->progress, poll->route.settings, engine_now(&run->engine), err) != 0 ||
        ledger_read_note(poll->route.ledger, LEDGER_NOTE_SWEPT_TO, 0, &run->swept_to, err) != 0)
        return -1;
    jump_report(&run->progress, poll->route.source, poll->route.settings, poll->profile_option);
    struct position before = run->progress.checkpoint;
    run->saved = before;
    run->saved_ms = run->looked_ms = clock_mono_ms();
    run->engine.terms.on_batch = stop_if_set_by_hand;
    run->engine.terms.batch_context = run;
    run->backlog = backlog_start(&run->engine, poll->route.settings->backfill_rate);
    if ((may_go_on(run) && sweep(run, err) != 0) || (may_go_on(run) && send_probe(run, err) != 0) ||
        (may_go_on(run) && catch_up(run, err) != 0) || (may_go_on(run) && retry_doubtful_call(run, err) != 0) ||
        (may_go_on(run) && send_backlog(run, err) != 0))
        return -1;
    if (engine_commit(&run->engine, err) != 0 || progress_save_open(&run->progress, err) != 0)
        return -1;
    count_unsent(run);
    if (position_compare(&before, &run->progress.checkpoint) != 0 && !poll->dry_run && !run->progress.set_by_hand)
        progress_log(&run->progress, "💾 Saved checkpoint");
    return prune(run, err);
}

static struct progress progress_of(const struct poll *poll)
{
    return (struct progress){ .state_dir = poll->state_dir,
                              .ledger = poll->route.ledger,
                              .legacy = poll->legacy,
                              .dry_run = poll->dry_run };
}

void poll_run(const struct poll *poll, struct summary *ret_summary)
{
    struct err err = { .code = EX_OK };
    *ret_summary = (struct summary){ .stop = STOP_NONE };
    struct run run = {
        .poll = poll,
        .summary = ret_summary,
        .progress = progress_of(poll),
        .engine = { .route = poll->route,
                    .terms = { .deadline_ms = clock_mono_ms() + poll->route.settings->time_budget * 1000,
                               .sends_at_once = poll->dry_run },
                    .summary = ret_summary,
                    .pace = pace_start(poll->api->concurrency, poll->api->max_concurrency),
                    .started_ms = clock_mono_ms() },
    };
    int result = journal_open(&run.engine, "poll", &err);
    if (result == 0) {
        if (work(&run, &err) != 0)
            summary_fail(ret_summary, &err);
        result = journal_close(&run.engine, run.swept ? "sweep" : NULL, &err); /* also after a failure elsewhere */
    }
    if (result != 0 && ret_summary->stop != STOP_FAILED)
        summary_fail(ret_summary, &err);
}

int poll_stand_by(const struct poll *poll, bool another_leads, int64_t settled, struct err *err)
{
    struct progress progress = progress_of(poll);
    int64_t now = 0;
    if (source_now(poll->route.source, &now, err) != 0 ||
        progress_stand_by(&progress, poll->route.settings, now, settled, err) != 0 ||
        ledger_set_note(poll->route.ledger, LEDGER_NOTE_LAST_STANDBY, clock_now_epoch(), err) != 0)
        return -1;
    if (another_leads && ledger_set_note(poll->route.ledger, LEDGER_NOTE_LEADER_SEEN, clock_now_epoch(), err) != 0)
        return -1;
    return ledger_commit(poll->route.ledger, err);
}
