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
    bool keeps_file;       /* do not change the checkpoint file: in a dry run, where the ledger ignores changes too */
    struct position checkpoint; /* every call up to here is out of scope or in the ledger */
    struct position floor;      /* calls up to here are out of scope */
    bool moved;                 /* a person has set the file since the last run */
    struct position before;     /* the last run's checkpoint, if moved */
    int64_t skips_from;         /* epoch: calls that ended before it were sent or out of scope even before that */
    uint64_t mark;              /* the file's content when this run last read or wrote it, see checkpoint_replace */
    int64_t oldest_unsent;      /* epoch: the end of the oldest unsent call, as in the file; 0: none */
    bool set_by_hand;           /* a person has changed the file during this run: the run leaves it alone */
};

/* progress_load: finds where to continue: from the file; else from the ledger's copy; else, on the very first run,
 * where the older script stopped; else first_run_lookback seconds ago. now_epoch is the database's clock. A damaged
 * file is renamed, and the log says so. After a rebuild of the ledger, calls that ended up to sweep_window seconds
 * before the checkpoint come into scope again, because their states may be lost. The caller sets the first four
 * members. Durable on return: the places, in the ledger and in the file. Errors: EX_IOERR, EX_NOPERM. */
int progress_load(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch, struct err *err)
    MUST_CHECK;

/* progress_find: finds the same places, and changes neither the ledger nor the file. Logs damage and changes by hand as
 * progress_load does. Errors: EX_IOERR, EX_NOPERM. */
int progress_find(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch, struct err *err)
    MUST_CHECK;

/* progress_skips_from: the epoch before which a checkpoint that is set forward skips no call. Late rows may have ended
 * overlap seconds before the checkpoint, and pending calls may go back to the floor (NULL: unknown). */
int64_t progress_skips_from(struct ledger *ledger, const struct position *checkpoint, const struct position *floor,
                            int64_t overlap);

/* progress_stand_by: progress_load for a standby, so that it knows where to start when it takes over. settled: the
 * epoch that the leader announces (leader.h); checkpoint and floor move there, forward or back. 0: unknown; both stay
 * where they are, but at most retention_days back. Durable and errors: as progress_load. */
int progress_stand_by(struct progress *progress, const struct settings_sync *settings, int64_t now_epoch,
                      int64_t settled, struct err *err) MUST_CHECK;

/* progress_save: makes checkpoint and floor durable: first the ledger's copy, with all uncommitted changes, then the
 * file. So the file may be behind the copy, but never ahead: a file that is ahead was set by a person. A file that a
 * person changes during a run is not overwritten: the log says so, and the next run continues from there. Errors:
 * EX_IOERR. */
int progress_save(struct progress *progress, struct err *err) MUST_CHECK;

/* progress_save_open: writes the file if the oldest unsent call has changed since the file was written. Call it at the
 * end of a run. Errors: EX_IOERR. */
int progress_save_open(struct progress *progress, struct err *err) MUST_CHECK;

/* progress_look: whether a person has changed the file during this run. Logs that once. */
bool progress_look(struct progress *progress);

/* progress_log: writes "words: local time (END_EPOCH UNIQUEID)" of the checkpoint to the log. */
void progress_log(const struct progress *progress, const char *words);

#endif
