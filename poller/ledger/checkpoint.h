/* checkpoint: the file with the checkpoint: every call up to this time has been handled.
 *
 * state_dir/checkpoint has one line `END_EPOCH UNIQUEID`, then a comment line with the local time. If earlier calls are
 * not sent yet, one more comment line has the end of the oldest of them, in case the ledger is lost. A person may also
 * write a local time `2024-10-24 12:00:00`, an epoch, or a uniqueid. A uniqueid is an older tool's format: it means the
 * moment at which that call began. */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/position.h"

enum checkpoint_found {
    CHECKPOINT_READ,
    CHECKPOINT_MISSING, /* no file, or an empty one: a normal state */
    CHECKPOINT_DAMAGED  /* the content is no checkpoint: err has the reason; call checkpoint_set_aside */
};

/* checkpoint_parse: reads text in any of the forms above. Errors: EX_IOERR when it is none of them. */
int checkpoint_parse(const char *text, struct position *ret_position, struct err *err) MUST_CHECK;

/* checkpoint_load: reads the file. *ret_position is set for CHECKPOINT_READ. *err is set for CHECKPOINT_DAMAGED; a
 * directory in the file's place counts as damaged. Errors: EX_IOERR for a symbolic link, which may be an attack;
 * EX_NOPERM for a file that this user may not read. */
int checkpoint_load(const char *state_dir, enum checkpoint_found *ret_found, struct position *ret_position,
                    struct err *err) MUST_CHECK;

/* checkpoint_save: replaces the file, as a person does. Durable: on return. Errors: EX_IOERR; then the old file is
 * unchanged. */
int checkpoint_save(const char *state_dir, const struct position *position, struct err *err) MUST_CHECK;

/* checkpoint_mark: the file's present content as a number, for checkpoint_replace. */
uint64_t checkpoint_mark(const char *state_dir);

/* checkpoint_replace: as checkpoint_save, but only if the file still has the content of *mark, because a run must not
 * overwrite a person's change. oldest_unsent: the end of the oldest unsent call before the checkpoint; 0: none. *mark
 * becomes the mark of the new content. Durable: on return. Errors: EX_IOERR. */
enum checkpoint_saved {
    CHECKPOINT_SAVED,
    CHECKPOINT_BEING_CHANGED, /* the file is missing or empty, as for a moment while `date > checkpoint` runs */
    CHECKPOINT_CHANGED        /* somebody else has written the file */
};
int checkpoint_replace(const char *state_dir, const struct position *position, int64_t oldest_unsent, uint64_t *mark,
                         enum checkpoint_saved *ret_saved, struct err *err) MUST_CHECK;

/* checkpoint_oldest_unsent: the end (epoch) of the oldest unsent call before the checkpoint, as the last run wrote it
 * into the file. 0: there was none, or the file does not say. */
int64_t checkpoint_oldest_unsent(const char *state_dir);

/* checkpoint_is_of_run: whether the file has exactly the text of a run (checkpoint_replace), with this position. Then
 * the ledger had that position before the file. */
bool checkpoint_is_of_run(const char *state_dir, const struct position *position);

/* checkpoint_set_aside: renames a damaged file; ret_aside gets the new name. Durable: on return. */
int checkpoint_set_aside(const char *state_dir, char *ret_aside, size_t size, struct err *err) MUST_CHECK;

/* checkpoint_remove: deletes the file. A missing file is no error. Errors: EX_IOERR. */
int checkpoint_remove(const char *state_dir, struct err *err) MUST_CHECK;

#endif
