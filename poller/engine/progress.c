/* progress: every call up to the checkpoint has been handled. Keeps the checkpoint file and the ledger's copy of it. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/log.h"
#include "base/program.h"
#include "engine/progress.h"
#include "ledger/checkpoint.h"
#include "ledger/legacy.h"
#include "ledger/records.h"

/* A checkpoint further ahead of the database's clock than this was not written by a run. */
#define CLOCK_TOLERANCE_SEC 60

/* A position that may be unknown. */
struct optional_position {
    bool known;
    struct position position;
};

/* The other results of progress_find. */
struct found {
    struct optional_position file, copy, floor; /* the file, and the ledger's places */
    bool is_damaged;                            /* the file is */
    bool set_forward;                           /* by a person */
    bool is_lost;                               /* the ledger */
};

static void keep_damaged_file(struct progress *progress)
{
    struct err err;
    char aside[512];
    if (progress->keeps_file)
        return;
    if (checkpoint_set_aside(progress->state_dir, aside, sizeof aside, &err) != 0)
        log_error("❌ %s", err.message); /* if the directory cannot be written, saving the new one will fail too */
    else
        log_error("❌ the damaged checkpoint is kept as %s", aside);
    progress->mark = checkpoint_mark(progress->state_dir);
}

/* Reads the file. A damaged file counts as missing. */
static int read_file(struct progress *progress, struct found *found, int64_t now_epoch, struct err *err)
{
    enum checkpoint_found read = CHECKPOINT_MISSING;
    char local[CLOCK_TEXT_SIZE];
    struct position *position = &found->file.position;
    progress->mark = checkpoint_mark(progress->state_dir); /* first, so that a change during the read is noticed */
    if (checkpoint_load(progress->state_dir, &read, position, err) != 0)
        return -1;
    if (read == CHECKPOINT_READ && position->end_epoch > now_epoch + CLOCK_TOLERANCE_SEC) {
        if (found->copy.known && position_compare(position, &found->copy.position) == 0) {
            /* A run wrote it before the database's clock was set back: every call up to now has been handled. */
            *position = position_at(now_epoch, "");
        } else {
            read = CHECKPOINT_DAMAGED;
            (void)err_set(err, EX_IOERR, "the checkpoint lies in the future: %s",
                          clock_local(position->end_epoch, local, sizeof local));
        }
    }
    found->is_damaged = read == CHECKPOINT_DAMAGED;
    if (found->is_damaged)
        log_error("❌ %s", err->message);
    found->file.known = read == CHECKPOINT_READ;
    return 0;
}

/* Without a file: the ledger's copy, or else first_run_lookback ago. Never from the beginning of the table. */
static struct position choose_without_file(const struct progress *progress, const struct optional_position *copy,
                                           const struct settings_sync *settings, int64_t now_epoch)
{
    struct err why_not;
    bool started = false; /* after `checkpoint reset` this is not the first run */
    struct position start;
    if (copy->known)
        return copy->position.end_epoch <= now_epoch ? copy->position : position_at(now_epoch, "");
    if (ledger_read_place(progress->ledger, LEDGER_START, &start, &started, NULL) == 0 && started)
        return position_at(now_epoch - settings->first_run_lookback, "");
    struct legacy legacy = legacy_load(progress->legacy, now_epoch, &why_not);
    if (legacy.found)
        log_info("📅 First run: continuing from where the older script stopped (%s)", progress->legacy);
    else if (*why_not.message != '\0')
        log_warn("⚠ %s", why_not.message);
    return legacy.found ? legacy.position : position_at(now_epoch - settings->first_run_lookback, "");
}

int64_t progress_skips_from(struct ledger *ledger, const struct position *checkpoint, const struct position *floor,
                            int64_t overlap)
{
    struct ledger_counts counts;
    int64_t from = checkpoint->end_epoch - overlap;
    if (floor != NULL && (from < floor->end_epoch || (ledger_count(ledger, &counts, NULL) == 0 && counts.pending > 0)))
        from = floor->end_epoch;
    return from;
}

/* Calls that ended before the first checkpoint, or before one that a person set to a later time, are out of scope.
 * Setting the checkpoint back brings them into scope again. The file cannot hold every uniqueid exactly, so only a
 * later second counts as set forward. */
static void set_floor(struct progress *progress, struct found *found)
{
    const struct optional_position *copy = &found->copy, *floor = &found->floor;
    found->set_forward = found->file.known && copy->known && !found->is_lost &&
                         progress->checkpoint.end_epoch > copy->position.end_epoch;
    bool set_back = floor->known && position_compare(&progress->checkpoint, &floor->position) < 0;
    progress->floor = floor->known && !found->set_forward && !set_back ? floor->position : progress->checkpoint;
    if (found->set_forward)
        log_warn("⏩ The checkpoint was set forward: calls that ended before it are out of scope");
}

/* Pending calls of backlog.c are skipped too: a person who skips calls cannot know which of them a run has noted. */
static int forget_skipped(const struct progress *progress, struct err *err)
{
    int64_t noted = 0;
    if (ledger_forget_untried(progress->ledger, progress->checkpoint.end_epoch, &noted, err) != 0)
        return -1;
    if (noted > 0)
        log_warn("⏩ %" PRId64 " of these calls were pending and not tried yet", noted);
    return 0;
}

/* The states of recent calls are lost: all of these calls are read again, back to the oldest unsent one (0: unknown).
 * The API recognizes calls that it has. */
static void start_over(struct progress *progress, const struct settings_sync *settings, const struct found *found)
{
    char local[CLOCK_TEXT_SIZE];
    int64_t from = progress->checkpoint.end_epoch - settings->sweep_window;
    if (found->floor.known && found->floor.position.end_epoch > from) /* that of an older copy of the ledger */
        from = found->floor.position.end_epoch - 1;
    if (progress->oldest_unsent != 0 && progress->oldest_unsent <= from)
        from = progress->oldest_unsent - 1;
    progress->checkpoint = progress->floor = position_at(from, "");
    log_warn("⚠ The ledger was lost: the calls that ended after %s are sent again. To list older ones that may be "
             "missing: did-optimizer-sync%s reconcile --report-only",
             clock_local(from, local, sizeof local), program_option());
}

/* Runs write the ledger first. So a file of a run that is ahead of the ledger says that somebody has deleted the
 * ledger, or put an older copy in its place. A file that lists unsent calls says it too. */
static bool is_lost(const struct progress *progress, const struct found *found)
{
    const struct optional_position *file = &found->file, *copy = &found->copy;
    if (!file->known || (copy->known && position_compare(&file->position, &copy->position) <= 0))
        return false;
    return (!copy->known && progress->oldest_unsent != 0) || checkpoint_is_of_run(progress->state_dir, &file->position);
}

static int find(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch, struct found *found,
                struct err *err)
{
    int64_t rebuilt = 0;
    *found = (struct found){ .is_lost = false };
    progress->oldest_unsent = checkpoint_oldest_unsent(progress->state_dir);
    struct optional_position *copy = &found->copy, *floor = &found->floor;
    if (ledger_read_place(progress->ledger, LEDGER_CHECKPOINT, &copy->position, &copy->known, err) != 0 ||
        ledger_read_place(progress->ledger, LEDGER_FLOOR, &floor->position, &floor->known, err) != 0 ||
        ledger_read_note(progress->ledger, LEDGER_NOTE_START_OVER, 0, &rebuilt, err) != 0 ||
        read_file(progress, found, now_epoch, err) != 0)
        return -1;
    progress->checkpoint = found->file.known ? found->file.position
                                             : choose_without_file(progress, copy, settings, now_epoch);
    found->is_lost = rebuilt != 0 || is_lost(progress, found);
    progress->moved = found->file.known && copy->known && !found->is_lost &&
                      position_compare(&progress->checkpoint, &copy->position) != 0;
    if (progress->moved) {
        progress->before = copy->position;
        progress->skips_from = progress_skips_from(progress->ledger, &copy->position,
                                                   floor->known ? &floor->position : NULL, settings->overlap);
    }
    set_floor(progress, found);
    return 0;
}

int progress_find(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch, struct err *err)
{
    struct found found;
    if (find(progress, settings, now_epoch, &found, err) != 0)
        return -1;
    if (found.is_lost)
        start_over(progress, settings, &found);
    return 0;
}

/* Scan and sweep skipped calls that are now in scope again, so they must start over. */
static int forget_scans(struct progress *progress, struct err *err)
{
    if (ledger_delete_note(progress->ledger, LEDGER_NOTE_SCANNED_TO, err) != 0 ||
        ledger_delete_note(progress->ledger, LEDGER_NOTE_LAST_SWEEP, err) != 0)
        return -1;
    return ledger_delete_note(progress->ledger, LEDGER_NOTE_SWEPT_TO, err);
}

/* Notes where the very first run began, or an earlier time that a person has set later. A rebuilt ledger does not
 * know. */
static int note_start(const struct progress *progress, bool first_run, struct err *err)
{
    bool known = false;
    int64_t taken_over = 0;
    struct position start;
    if (ledger_read_place(progress->ledger, LEDGER_START, &start, &known, err) != 0 ||
        ledger_read_note(progress->ledger, LEDGER_NOTE_TAKEN_OVER, 0, &taken_over, err) != 0)
        return -1;
    if (taken_over == 0 && ledger_set_note(progress->ledger, LEDGER_NOTE_TAKEN_OVER, clock_now_epoch(), err) != 0)
        return -1;
    if (!(known ? position_compare(&progress->floor, &start) < 0 : first_run))
        return 0;
    return ledger_set_place(progress->ledger, LEDGER_START, &progress->floor, err);
}

/* Updates the ledger by the results. The changes become durable in one transaction with the new places. */
static int heed(struct progress *progress, const struct settings_sync *settings, const struct found *found,
                struct err *err)
{
    if (found->is_damaged)
        keep_damaged_file(progress);
    if (found->set_forward && forget_skipped(progress, err) != 0)
        return -1;
    if (found->is_lost) {
        start_over(progress, settings, found);
        if (ledger_set_note(progress->ledger, LEDGER_NOTE_START_OVER, 0, err) != 0)
            return -1;
    }
    if (note_start(progress, !found->copy.known && !found->is_lost, err) != 0)
        return -1;
    const struct optional_position *copy = &found->copy;
    bool goes_on = copy->known && !found->is_lost && position_compare(&progress->checkpoint, &copy->position) >= 0;
    return goes_on ? 0 : forget_scans(progress, err);
}

int progress_load(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch, struct err *err)
{
    struct found found;
    if (find(progress, settings, now_epoch, &found, err) != 0 || heed(progress, settings, &found, err) != 0)
        return -1;
    const struct optional_position *file = &found.file, *copy = &found.copy;
    progress_log(progress, file->known || copy->known ? "📅 Last check" : "📅 Last check: none yet, starting from");
    bool unchanged = file->known && copy->known && found.floor.known &&
                     position_compare(&file->position, &copy->position) == 0;
    return unchanged ? 0 : progress_save(progress, err);
}

int progress_stand_by(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch,
                      int64_t settled, struct err *err)
{
    int64_t furthest_back = now_epoch - settings->retention_days * 86400;
    if (progress_load(progress, settings, now_epoch, err) != 0)
        return -1;
    int64_t wanted = settled != 0 ? settled : progress->checkpoint.end_epoch;
    if (settled == 0 && wanted >= furthest_back)
        return 0;
    progress->checkpoint = progress->floor = position_at(wanted > furthest_back ? wanted : furthest_back, "");
    /* The other host has handled earlier calls, so `reconcile` must not count them as skipped. No run of this host has
     * swept later calls, even if this host was the leader recently. */
    if (ledger_set_place(progress->ledger, LEDGER_START, &progress->floor, err) != 0 ||
        forget_scans(progress, err) != 0)
        return -1;
    return progress_save(progress, err);
}

static void keep_manual_checkpoint(struct progress *progress)
{
    progress->set_by_hand = true;
    log_warn("⏩ The checkpoint was changed by hand during this run: this run keeps the file as it is, and the next run "
             "continues from there");
}

/* The end of the oldest unsent call before the checkpoint; 0: there is none. */
static int find_oldest_unsent(const struct progress *progress, int64_t *ret_ended, struct err *err)
{
    if (records_oldest_open(progress->ledger, ret_ended, err) != 0)
        return -1;
    if (*ret_ended > progress->checkpoint.end_epoch)
        *ret_ended = 0;
    return 0;
}

/* A person's change only keeps the file from being replaced. The ledger's copy must still be right about the calls. */
static int save_file(struct progress *progress, struct err *err)
{
    enum checkpoint_saved saved = CHECKPOINT_SAVED;
    if (progress->set_by_hand || progress->keeps_file)
        return 0;
    if (find_oldest_unsent(progress, &progress->oldest_unsent, err) != 0 ||
        checkpoint_replace(progress->state_dir, &progress->checkpoint, progress->oldest_unsent, &progress->mark, &saved,
                           err) != 0)
        return -1;
    if (saved == CHECKPOINT_CHANGED)
        keep_manual_checkpoint(progress);
    return 0;
}

bool progress_look(struct progress *progress)
{
    uint64_t mark =
        progress->set_by_hand || progress->keeps_file ? progress->mark : checkpoint_mark(progress->state_dir);
    if (mark != progress->mark && mark != FILEUTIL_NO_FILE && mark != FILEUTIL_NO_TEXT)
        keep_manual_checkpoint(progress);
    return progress->set_by_hand;
}

int progress_save_open(struct progress *progress, struct err *err)
{
    int64_t oldest_unsent = 0;
    if (find_oldest_unsent(progress, &oldest_unsent, err) != 0)
        return -1;
    return oldest_unsent != progress->oldest_unsent ? save_file(progress, err) : 0;
}

int progress_save(struct progress *progress, struct err *err)
{
    if (ledger_set_place(progress->ledger, LEDGER_CHECKPOINT, &progress->checkpoint, err) != 0 ||
        ledger_set_place(progress->ledger, LEDGER_FLOOR, &progress->floor, err) != 0 ||
        ledger_commit(progress->ledger, err) != 0)
        return -1;
    return save_file(progress, err);
}

void progress_log(const struct progress *progress, const char *words)
{
    char local[CLOCK_TEXT_SIZE];
    const struct position *position = &progress->checkpoint;
    log_info("%s: %s (%" PRId64 "%s%s)", words, clock_local(position->end_epoch, local, sizeof local),
             position->end_epoch, *position->uniqueid != '\0' ? " " : "", position->uniqueid);
}
