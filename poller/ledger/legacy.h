/* legacy: the checkpoint of the script that did this job before, from root's crontab (AST_DID_optimizer_sync.pl).
 *
 * The script keeps a uniqueid or a time in a file in the temporary directory, where any user can create files. This
 * program only reads the file: the script may still run, or the operator may go back to the script. */
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

/* legacy_load: reads path. A position after now_epoch, or more than a week before it, is not used. If a file exists but
 * is not used, found is false and *err has the reason; otherwise err's message is "". */
struct legacy legacy_load(const char *path, int64_t now_epoch, struct err *err);

/* legacy_advice: if path was written after since_epoch (0: in the last 5 minutes), writes advice for the operator to
 * out. Either the script still runs, or a person wrote the file out of habit. False: the file is missing or older. */
#define LEGACY_ADVICE_SIZE 1600
bool legacy_advice(const char *path, int64_t since_epoch, char *out, size_t size);

#endif
