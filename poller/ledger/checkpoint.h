/* checkpoint: the file with the checkpoint: every call up to this time has been handled.
 *
 * state_dir/checkpoint holds one line `END_EPOCH UNIQUEID`, then a comment line with the local time. Where calls before that
 * are not sent yet, a further comment line says when the oldest of them ended, in case the ledger is lost. By hand a user may
 * also write a local time `2024-10-24 12:00:00`, a bare epoch, or a bare uniqueid (an older tool's format, which means:
 * from the moment that call began). */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/position.h"

enum checkpoint_found {
    CHECKPOINT_READ,
    CHECKPOINT_MISSING, /* no file, or an empty one: a normal state */
    CHECKPOINT_DAMAGED  /* something is there, but no checkpoint: see err, then checkpoint_set_aside */
};

/* checkpoint_parse: reads text in any of the forms above. Errors: EX_IOERR when it is none of them. */
int checkpoint_parse(const char *text, struct position *ret_position, struct err *err) MUST_CHECK;

/* checkpoint_load: reads the file. *ret_position is set for CHECKPOINT_READ; *err says what is wrong for
 * CHECKPOINT_DAMAGED, which a directory in the file's place is too.
 * Errors: -1 for a symbolic link (somebody may be playing a trick) and for a file that may not be read. */
int checkpoint_load(const char *state_dir, enum checkpoint_found *ret_found, struct position *ret_position,
                    struct err *err) MUST_CHECK;

/* checkpoint_save: replaces the file. Durable: on return. Errors: EX_IOERR; the old file then stands. */
int checkpoint_save(const char *state_dir, const struct position *position, struct err *err) MUST_CHECK;

/* checkpoint_mark: what the file holds now, as a number for checkpoint_save_over. */
uint64_t checkpoint_mark(const char *state_dir);

/* checkpoint_save_over: checkpoint_save for a run, which must not overwrite what a person writes meanwhile. *mark is
 * what the run has last read or written; where the file still holds that, it is replaced, and *mark is the new one. */
enum checkpoint_saved {
    CHECKPOINT_SAVED,
    CHECKPOINT_BEING_CHANGED, /* the file is gone or empty, as it is for a moment while `date > checkpoint` runs */
    CHECKPOINT_CHANGED        /* somebody else has written it */
};
int checkpoint_save_over(const char *state_dir, const struct position *position, int64_t open_since, uint64_t *mark,
                         enum checkpoint_saved *ret_saved, struct err *err) MUST_CHECK;

/* checkpoint_open_since: when the oldest call ended that was not sent yet as a run wrote the file; 0: there was none, or the
 * file does not say. */
int64_t checkpoint_open_since(const char *state_dir);

/* checkpoint_set_aside: keeps a damaged file under another name, written to ret_aside. Durable: on return. */
int checkpoint_set_aside(const char *state_dir, char *ret_aside, size_t size, struct err *err) MUST_CHECK;

/* checkpoint_remove: deletes the file; none there is fine. Errors: EX_IOERR. */
int checkpoint_remove(const char *state_dir, struct err *err) MUST_CHECK;

#endif
