/* poll: one run, from the checkpoint to now.
 *
 * Invariant: the ledger has every call at or below the checkpoint, settled or pending, or the call is out of scope. A
 * crash may repeat a POST, with the same idempotency key. It never loses a call. So the order of durable steps is:
 *
 *   1. The ledger notes the run. If that fails, outcomes could not be written either, so nothing is sent.
 *   2. Calls that have not ended go on the watch list (watch.h), in one transaction with the progress of the scan.
 *      Each run reads the list, so a scan never has to go back for the end of a call.
 *   3. Calls below the checkpoint become pending before they are sent.
 *   4. Calls that ended more than an hour ago become pending, in one transaction with the ledger's copy of the
 *      checkpoint. So after an outage a run comes to the calls of the last hour at once, and sends those first. Calls
 *      that were archived meanwhile become pending too: the checkpoint does not pass them unread (archive.h).
 *   5. Outcomes are committed as they come (engine_commit_if_due).
 *   6. The ledger's copy of the checkpoint moves, only as far as outcomes are recorded. The checkpoint file follows
 *      (progress.c).
 *
 * The recordings of accepted calls come last; recording_step.h has their order of durable steps.
 *
 * Then the sweep reads a part of the last hours again (sweep.h). At the end the old calls go out, at backfill_rate
 * (backlog.c), in the rest of the run's time. So a new call waits until the next run at most. A steady stream of new
 * calls does not block old calls, because in each run the first batch contains some old calls. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/archive.h"
#include "engine/backlog.h"
#include "engine/engine.h"
#include "engine/forward.h"
#include "engine/journal.h"
#include "engine/jump.h"
#include "engine/late.h"
#include "engine/poll.h"
#include "engine/probe.h"
#include "engine/progress.h"
#include "engine/recording_step.h"
#include "engine/revisit.h"
#include "engine/sweep.h"
#include "engine/unsent.h"
#include "engine/walk.h"
#include "engine/watch.h"
#include "ledger/recordings.h"
#include "ledger/watched.h"

/* The checkpoint is saved at most this often while calls are sent. It may lie behind the recorded outcomes. */
#define SAVE_MS 1000

/* Cron starts a run each minute. Old calls must not delay the next run, even with a long time_budget. */
#define BACKLOG_MS 40000

/* On a slow server the calls that each run reads again can use up its time. A scan that stopped right after them would
 * fall behind more with each run. Cron starts a run each minute, so a scan that reads two minutes catches up. */
#define LEAST_SCAN_SEC 120

/* A run deletes at most this many old calls from the ledger, so that no write takes long. */
#define PRUNE_LIMIT 5000

struct run {
    const struct poll *poll;
    struct engine engine;
    struct summary *summary;
    struct progress progress;
    struct backlog backlog;
    struct archive archive;
    struct position saved;      /* the checkpoint as it is on disk ... */
    int64_t saved_ms;           /* ... and since when, monotonic */
    int64_t looked_ms;          /* when the file was last looked at for a person's change, monotonic */
    struct late late;
    /* Where the source shows open calls: */
    int64_t scanned_to;         /* epoch: the calls that began before it were read; 0: by no scan yet */
    int64_t scanned_before;     /* the same when this run began */
    int64_t scan_from;          /* epoch: where the scan of this run begins */
    int64_t watched_from;       /* epoch: after an outage, the earliest begin of a watched call; INT64_MAX: none */
    int64_t read;               /* calls that the scan of this run has read */
    int64_t ended_by; /* epoch: it left those alone that ended later. Rows of calls that began later may be unread,
                       * however long this run takes */
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

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

static bool shows_open(const struct run *run)
{
    return source_shows_open(run->poll->route.source);
}

/* Where the scan begins: a little before the end of the last one. Without one, all calls have to be read that may have
 * ended since the checkpoint. */
static int find_scan_start(struct run *run, struct err *err)
{
    struct ledger *ledger = run->poll->route.ledger;
    int64_t now = engine_now(&run->engine);
    if (late_load(&run->late, ledger, now, err) != 0 ||
        ledger_read_note(ledger, LEDGER_NOTE_SCANNED_TO, 0, &run->scanned_to, err) != 0)
        return -1;
    int64_t first = run->progress.checkpoint.end_epoch - watch_horizon(&run->engine);
    int64_t next = run->scanned_to - late_overlap(&run->late, run->poll->route.settings->overlap);
    bool clock_was_set_back = run->scanned_to > now;
    run->scan_from = run->scanned_to != 0 && !clock_was_set_back && next > first ? next : first;
    return 0;
}

/* The calls that this run has to read. */
static struct source_range range_of_poll(const struct run *run)
{
    int64_t from = start_of_poll(run);
    return (struct source_range){ .end_from = from,
                                  .end_to = end_of_poll(run),
                                  .call_from = shows_open(run) ? run->scan_from
                                                               : from - run->poll->route.settings->poll_window,
                                  .whole_rows = true,
                                  .is_repeated = true };
}

/* ---- after an outage ---- */

/* Sends one of the latest calls, to see whether the API works again. The oldest calls may be just those that it cannot
 * digest, so only every other run begins with them. */
static int send_probe(struct run *run, struct err *err)
{
    struct engine *engine = &run->engine;
    struct work one = { .count = 0 };
    if (!engine->breaker.must_probe || engine->run % 2 != 0 || run->poll->dry_run ||
        sink_batch(engine->route.sink) > 0)
        return 0;
    struct source_range range = { .end_from = start_of_poll(run), .end_to = end_of_poll(run) };
    int result = probe_pick(engine, &range, &run->progress.floor, &one, err);
    if (result == 0)
        result = forward_all(engine, &one, err);
    work_clear(&one);
    return result;
}

/* ---- new calls ---- */

/* Saves the checkpoint if it has moved. */
static int save(struct run *run, struct err *err)
{
    if (position_compare(&run->saved, &run->progress.checkpoint) == 0)
        return 0;
    run->saved = run->progress.checkpoint;
    run->saved_ms = clock_mono_ms();
    return progress_save(&run->progress, err);
}

/* How far all calls have been read. */
static int advance(void *context, const struct walk_reached *reached, struct err *err)
{
    struct run *run = context;
    int64_t began_before = least(reached->began_before, run->ended_by);
    if (position_compare(&reached->position, &run->progress.checkpoint) > 0)
        run->progress.checkpoint = reached->position;
    /* After a clock that was set back the note may be ahead. */
    if (shows_open(run) && (began_before > run->scanned_to || run->scanned_to > engine_now(&run->engine))) {
        run->scanned_to = began_before;
        if (engine_note(&run->engine, LEDGER_NOTE_SCANNED_TO, began_before, err) != 0)
            return -1;
    }
    return clock_mono_ms() - run->saved_ms >= SAVE_MS ? save(run, err) : 0;
}

/* Where the calls begin that no scan has read, and the watched ones: such a call may have got another id, and then been
 * archived. */
static int64_t unread_from(const struct run *run)
{
    if (!shows_open(run))
        return start_of_poll(run);
    return least(run->scanned_to > run->scanned_before ? run->scanned_to : run->scan_from, run->watched_from);
}

static int follow_archive(struct run *run, struct err *err)
{
    run->archive.checkpoint = run->progress.checkpoint;
    return archive_follow(&run->archive, unread_from(run), err);
}

/* How far the live table has been read. */
static int advance_live(void *context, const struct walk_reached *reached, struct err *err)
{
    struct run *run = context;
    if (follow_archive(run, err) != 0)
        return -1;
    return run->archive.state == ARCHIVE_UNREAD ? 0 : advance(run, reached, err);
}

/* A source may read a long list before it hands out the first call. That must not leave every run without time to send:
 * the checkpoint would stay for ever. */
static void keep_time_to_send(struct run *run)
{
    int64_t half_ms = run->poll->route.settings->time_budget * 500, least_ms = clock_mono_ms() + half_ms;
    if (run->read == 0 && run->engine.terms.deadline_ms < least_ms)
        run->engine.terms.deadline_ms = least_ms;
}

/* Learns from each call that a scan finds late: an earlier scan had passed its date, and it was not on the watch
 * list. */
static void learn(void *context, const struct call *call, const struct call_record *record,
                  const struct decision *decision, bool in_scope)
{
    struct run *run = context;
    bool watched = true;
    keep_time_to_send(run);
    run->read++;
    if (run->scanned_before == 0 || !in_scope || decision->kind != DECISION_SEND || record->state != CALL_UNKNOWN ||
        call->began >= run->scanned_before || call->is_oddly_dated || call->began < run->scan_from)
        return;
    if (watched_has(run->poll->route.ledger, call->id, &watched, NULL) == 0 && !watched)
        late_saw(&run->late, run->scanned_before - call->began);
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

/* How far the scan goes also if the server's time is used up: LEAST_SCAN_SEC beyond the scans before it. After a clock
 * that was set back their place says nothing. */
static int64_t least_end_of_scan(const struct run *run)
{
    int64_t checkpoint = run->progress.checkpoint.end_epoch;
    bool is_known = shows_open(run) && run->scanned_before <= run->ended_by;
    return LEAST_SCAN_SEC + (is_known && run->scanned_before > checkpoint ? run->scanned_before : checkpoint);
}

/* Only after a long outage, or where a person set the checkpoint far back, does a run ask for the archive. */
static struct archive archive_of(struct run *run)
{
    bool is_long_ago = archive_may_have(&run->engine, start_of_poll(run));
    return (struct archive){ .engine = &run->engine,
                             .state = is_long_ago ? ARCHIVE_UNREAD : ARCHIVE_OFF,
                             .floor = run->progress.floor,
                             .note_before = run->backlog.ended_before,
                             .end_to = run->ended_by,
                             .must_pass = least_end_of_scan(run),
                             .profile_option = run->poll->profile_option,
                             .on_reached = advance,
                             .context = run };
}

static int scan_live(struct run *run, struct work *due, struct err *err)
{
    int64_t found = 0;
    struct walk walk = { .engine = &run->engine,
                         .range = range_of_poll(run),
                         .floor = run->progress.floor,
                         .checkpoint = run->progress.checkpoint,
                         .first = due,
                         .must_pass = run->archive.must_pass,
                         .note_before = run->backlog.ended_before,
                         .on_judged = learn,
                         .on_reached = advance_live,
                         .context = run };
    walk.range.with_open = shows_open(run);
    run->ended_by = walk.range.end_to;
    int result = walk_run(&walk, &found, err);
    run->summary->found += found;
    if (result == 0 && found == 0 && may_go_on(run))
        log_info("📞 Found 0 new call results");
    if (result != 0 || late_save(&run->late, run->poll->route.ledger, err) != 0)
        return -1;
    if (may_go_on(run) &&
        watch_tidy(&run->engine, err) != 0) /* otherwise an old call may have ended and not be sent yet */
        return -1;
    return 0;
}

/* Sends the watched calls that have ended, and those that the scan finds. Pending and waiting calls are read again by
 * their ids and go with the first new ones: a call that the API cannot digest must not be the only one in its batch. */
static int catch_up(struct run *run, struct err *err)
{
    struct work due = { .count = 0 };
    size_t due_count = 0;
    int result = backlog_due(&run->backlog, &due, &due_count, err);
    run->archive.first = &due;
    if (result == 0 && may_go_on(run) && due_count > 0)
        log_info("🔁 Trying pending and waiting calls again: %zu", due_count);
    if (result == 0 && may_go_on(run))
        result = follow_archive(run, err);
    if (result == 0 && may_go_on(run))
        result = scan_live(run, &due, err);
    if (result == 0 && may_go_on(run) && !run->poll->dry_run)
        result = journal_remember(&run->engine, err);
    run->archive.first = NULL;
    work_clear(&due);
    return result == 0 ? save(run, err) : -1;
}

/* Reads a part of what earlier runs have read. */
static int sweep(struct run *run, struct err *err)
{
    int64_t read_sec = run->ended_by - run->scan_from;
    struct sweep sweep = { .engine = &run->engine,
                           .floor = run->progress.floor,
                           .checkpoint = run->progress.checkpoint,
                           .before = shows_open(run) ? run->scan_from : start_of_poll(run),
                           .ended_by = run->ended_by,
                           .note_before = run->backlog.ended_before,
                           .density = shows_open(run) && read_sec > 0 ? run->read * 60 / read_sec : 0,
                           .late = &run->late };
    if (sweep_run(&sweep, err) != 0)
        return -1;
    return late_save(&run->late, run->poll->route.ledger, err);
}

/* Old calls and recordings have the rest of the run's time, except the last fifth, in which a slow API may still
 * answer. Where runs follow each other quickly, the next run does not wait for them. */
static int64_t end_of_share(const struct run *run)
{
    int64_t share_ms = run->poll->route.settings->time_budget * 800;
    if (share_ms > BACKLOG_MS)
        share_ms = BACKLOG_MS;
    if (run->poll->every > 0 && share_ms > run->poll->every * 1000)
        share_ms = run->poll->every * 1000;
    return run->engine.started_ms + share_ms;
}

static int send_backlog(struct run *run, struct err *err)
{
    return run->poll->dry_run ? 0 : backlog_send(&run->backlog, end_of_share(run), err);
}

/* Recordings disappear from a PBX, so they have a quarter of a share in each run, whatever the calls took. */
static int64_t end_of_recordings(const struct run *run)
{
    int64_t end_ms = end_of_share(run), least_ms = clock_mono_ms() + (end_ms - run->engine.started_ms) / 4;
    return end_ms > least_ms ? end_ms : least_ms;
}

/* Recordings come after all calls. An API that is down does not hold them up. */
static int transfer_recordings(struct run *run, struct err *err)
{
    const struct poll *poll = run->poll;
    if (poll->place == NULL || poll->place->ops == NULL || poll->dry_run || run->summary->stop == STOP_INTERRUPTED)
        return 0;
    const struct recording_step step = { .ledger = poll->route.ledger,
                                         .sink = poll->route.sink,
                                         .source = poll->route.source,
                                         .settings = poll->recordings,
                                         .place = poll->place,
                                         .state_dir = poll->state_dir,
                                         .profile_option = poll->profile_option,
                                         .deadline_ms = end_of_recordings(run) };
    return recording_step_run(&step, err);
}

/* Sends the call again that failed while no other call was there to test the API with. The API has accepted another
 * call by now, so this time it shows whether the call is to blame. */
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

static int prune(struct run *run, struct err *err)
{
    const struct settings_sync *settings = run->poll->route.settings;
    const struct source *source = run->poll->route.source;
    int64_t now = engine_now(&run->engine), swept_to = 0, last_sweep = 0;
    int64_t still_read = least(run->progress.checkpoint.end_epoch, now) - settings->overlap;
    if (ledger_read_note(run->poll->route.ledger, LEDGER_NOTE_SWEPT_TO, 0, &swept_to, err) != 0 ||
        ledger_read_note(run->poll->route.ledger, LEDGER_NOTE_LAST_SWEEP, 0, &last_sweep, err) != 0)
        return -1;
    if (swept_to != 0) /* after a pause of days the sweep goes on there ... */
        still_read = least(still_read, swept_to);
    if (last_sweep != 0) /* ... or begins again before it, if no run since has come to its sweep */
        still_read = least(still_read, last_sweep);
    still_read -= source_spread(source) + source->ops->after_end_sec;
    still_read -= watch_horizon(&run->engine); /* also after a clock that is ahead now has been set right */
    struct ledger_age age = { .before = least(now - settings->retention_days * 86400, still_read),
                              .limit = PRUNE_LIMIT };
    /* Not before accepted calls: a scan would find the deleted call as a new one, and send it again. */
    age.set_aside_before = least(now - settings->rejected_retention_days * 86400, age.before);
    if (recordings_prune(run->poll->route.ledger, age.set_aside_before, PRUNE_LIMIT, err) != 0)
        return -1;
    return ledger_prune(run->poll->route.ledger, &age, err);
}

/* Counts the calls that this run leaves unsent. A run that came to its end leaves none. A run that a signal stopped
 * ends at once, without counting. */
static void count_unsent(struct run *run)
{
    struct err ignored;
    struct source_range range = range_of_poll(run);
    range.whole_rows = false;
    if (run->summary->stop == STOP_NONE)
        run->summary->looked = run->archive.trouble.code == EX_OK;
    else if (run->summary->stop != STOP_INTERRUPTED && !(run->archive.is_open && run->archive.state == ARCHIVE_UNREAD))
        (void)!unsent_count(&run->engine, &range, &run->progress.floor, &ignored); /* then the number is not known */
}

static int work(struct run *run, struct err *err)
{
    const struct poll *poll = run->poll;
    if (journal_resume(&run->engine, err) != 0 ||
        progress_load(&run->progress, poll->route.settings, engine_now(&run->engine), err) != 0 ||
        find_scan_start(run, err) != 0)
        return -1;
    run->scanned_before = run->scanned_to;
    jump_report(&run->progress, poll->route.source, poll->route.settings, poll->profile_option);
    struct position before = run->progress.checkpoint;
    run->saved = before;
    run->saved_ms = run->looked_ms = clock_mono_ms();
    run->engine.terms.on_batch = stop_if_set_by_hand;
    run->engine.terms.batch_context = run;
    run->backlog = backlog_start(&run->engine, poll->route.settings->backfill_rate);
    run->ended_by = end_of_poll(run);
    run->archive = archive_of(run);
    run->watched_from = INT64_MAX;
    if (run->archive.state != ARCHIVE_OFF && watched_oldest(poll->route.ledger, &run->watched_from, err) != 0)
        return -1;
    if ((may_go_on(run) && send_probe(run, err) != 0) || (may_go_on(run) && catch_up(run, err) != 0) ||
        (may_go_on(run) && sweep(run, err) != 0) || (may_go_on(run) && retry_doubtful_call(run, err) != 0) ||
        (may_go_on(run) && send_backlog(run, err) != 0))
        return -1;
    if (engine_commit(&run->engine, err) != 0 || progress_save_open(&run->progress, err) != 0)
        return -1;
    count_unsent(run);
    if (position_compare(&before, &run->progress.checkpoint) != 0 && !poll->dry_run && !run->progress.set_by_hand)
        progress_log(&run->progress, "💾 Saved checkpoint");
    if (transfer_recordings(run, err) != 0 || prune(run, err) != 0)
        return -1;
    *err = run->archive.trouble;
    return err->code == EX_OK ? 0 : -1;
}

static struct progress progress_of(const struct poll *poll)
{
    return (struct progress){ .state_dir = poll->state_dir,
                              .ledger = poll->route.ledger,
                              .legacy = poll->legacy,
                              .keeps_file = poll->dry_run };
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
        if (poll->follow_up != NULL) /* before the run's end is recorded, which must not differ from its exit code */
            poll->follow_up(poll->follow_up_context, ret_summary);
        result = journal_close(&run.engine, &err); /* also after a failure elsewhere */
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
