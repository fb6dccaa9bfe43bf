/* played: recordings that were fetched from the PBX to be played on the live page. They are a spool of their own. Each
 * stays for an hour after it was last asked for. */
#ifndef PLAYED_H
#define PLAYED_H

#include <stdint.h>

#include "recording/spool.h"

/* played_open: spool_open for these recordings; deletes the old ones. limit: bytes. */
int played_open(const char *state_dir, int64_t limit, struct spool *ret_spool, struct err *err) MUST_CHECK;

/* played_prune: deletes the old ones, if there are any. What prevents it is no error: the next call does it. */
void played_prune(const char *state_dir);

/* played_path: where the recording of a call is once it is complete; NULL: the id is too long for a file's name.
 * Ownership: the caller frees it. */
char *played_path(const char *state_dir, const char *call) MUST_CHECK;

/* played_keep: the recording at path was asked for again. False: it is not there. */
bool played_keep(const char *path);

#endif
