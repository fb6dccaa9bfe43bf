/* legacy: the checkpoint of the script that did this job before, from root's crontab (AST_DID_optimizer_sync.pl).
 *
 * The script keeps a bare uniqueid, or a time, in a file in the temporary directory, where anybody could have put one.
 * This program only reads the file: the script may still run, and the operator may want to go back to it. */
#ifndef LEGACY_H
#define LEGACY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/position.h"

struct legacy {
    bool found;               /* the file exists, belongs to root or to this user, and is plausible */
    struct position position; /* where to continue, a lower bound */
};

/* legacy_load: looks at path. now_epoch is the present; a place in the future, or more than a week ago, makes no sense.
 * Where the file is there but is not to be trusted, found is false and *err says why; it is "" otherwise. */
struct legacy legacy_load(const char *path, int64_t now_epoch, struct err *err);

/* legacy_advice: what to tell a person where path was written after since_epoch (0: in the last minutes), by the
 * script, which is then still at work, or by habit: what to use instead. False: there is nothing to tell. */
#define LEGACY_ADVICE_SIZE 1600
bool legacy_advice(const char *path, int64_t since_epoch, char *out, size_t size);

#endif
