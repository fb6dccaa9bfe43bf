/* legacy: the checkpoint of the script that did this job before, from root's crontab (AST_DID_optimizer_sync.pl).
 *
 * The script keeps a bare uniqueid, or a time, in a file in the temporary directory, where anybody could have put one.
 * The file is only ever read: the script may still be at work, and a way back must stay open. */
#ifndef LEGACY_H
#define LEGACY_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "position.h"

struct legacy {
    bool found;               /* there is such a file, it is root's (or this user's) own, and it makes sense */
    bool still_written;       /* it changed within the last minutes: the script is still at work */
    struct position position; /* from where to go on, a lower bound */
};

/* What to tell a person when still_written; for a printf with the path. */
#define LEGACY_ADVICE "%s is still being written: an older script sends the same calls; take its line, the one with " \
                      "AST_DID_optimizer_sync.pl, out of root's crontab (crontab -e)"

/* legacy_load: looks at path. now_epoch is the present; a place in the future, or more than a week ago, makes no sense.
 * Where the file is there but is not to be trusted, found is false and *err says why; it is "" otherwise. */
struct legacy legacy_load(const char *path, int64_t now_epoch, struct err *err);

#endif
