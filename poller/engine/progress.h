/* progress: every call up to the checkpoint has been handled. Keeps the checkpoint file and the ledger's copy of it. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/position.h"
#include "domain/settings.h"
#include "ledger/ledger.h"

struct progress {
    const char *state_dir; /* borrowed */
    struct ledger *ledger; /* borrowed */
    const char *legacy;    /* an older script's checkpoint, for the very first run; borrowed */
    bool dry_run;          /* change nothing */
    struct position checkpoint; /* every call up to here is out of scope or in the ledger */
    struct position floor;      /* calls up to here are out of scope */
    bool moved;                 /* somebody has set the file since the last run, which had come as far as ... */
    struct position before;     /* ... this */
    int64_t skips_from;         /* epoch: what ended before it was sent, or out of scope, before that */
    uint64_t mark;              /* what the file held when it was last read or written here */
    int64_t open_since;         /* what the file says of the oldest call that is not sent yet, see checkpoint_replace */
    bool set_by_hand;           /* a person has changed the file since: it is left alone from then on */
};

/* progress_load: finds out where to go on: the file; where it is missing, empty or damaged the ledger's copy; else, on
 * the very first run, where an older script stopped; else first_run_lookback seconds ago. now_epoch is the database's
 * clock. A damaged file is kept under another name, and the log says so. After a ledger was rebuilt the calls of the
 * last sweep_window seconds before the checkpoint come into scope again: part of what it knew is lost. The caller
 * sets the first four members of *progress.
 * Durable on return: what was found, in the ledger and in the file. Errors: EX_IOERR, EX_NOPERM. */
int progress_load(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch, struct err *err)
    MUST_CHECK;

/* progress_skips_from: the epoch before which a checkpoint set forward skips nothing: late rows may have ended a while
 * (overlap) before the checkpoint, and calls that are pending back to the floor, which may be NULL: not known. */
int64_t progress_skips_from(struct ledger *ledger, const struct position *checkpoint, const struct position *floor,
                            int64_t overlap);

/* progress_stand_by: progress_load where this host sends no calls, so that it knows from where on it has to once it
 * does: what the other one still owes then is noted nowhere else. settled is how far the other one says that it is
 * (leader.h): checkpoint and floor go there, forward or back. 0: unknown; they stay where they are, retention_days back
 * at most. Durable and errors: as progress_load. */
int progress_stand_by(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch,
                      int64_t settled, struct err *err) MUST_CHECK;

/* progress_save: makes checkpoint and floor durable: the ledger's copy with everything else that is not committed yet,
 * then the file. So the file may lie behind the copy, never ahead: a file that is ahead was set by a person. A file
 * that a person changes while a run is at work is not overwritten: the log says so, and the next run goes on from
 * there. */
int progress_save(struct progress *progress, struct err *err) MUST_CHECK;

/* progress_save_open: the file alone, where the oldest call that is not sent yet is another one than when the file was written.
 * To be called at the end of a run. Errors: EX_IOERR. */
int progress_save_open(struct progress *progress, struct err *err) MUST_CHECK;

/* progress_look: whether a person has changed the file meanwhile, which the log says once. */
bool progress_look(struct progress *progress);

/* progress_log: writes "words: local time (END_EPOCH UNIQUEID)" of the checkpoint to the log. */
void progress_log(const struct progress *progress, const char *words);

#endif
