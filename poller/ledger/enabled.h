/* enabled: whether cron's line or a service may send the calls of a state directory.
 *
 * A new installation sends no calls until the operator enables it once: state_dir/enabled contains yes or no. A rebuilt
 * ledger does not change that. A state directory that was in use before this file existed counts as enabled. */
#ifndef ENABLED_H
#define ENABLED_H

#include <stdbool.h>

#include "base/err.h"

/* enabled_read: what the file says; without a file, what the state's past says. Writes nothing. Errors: EX_IOERR,
 * EX_NOPERM. */
int enabled_read(const char *state_dir, bool *ret_enabled, struct err *err) MUST_CHECK;

/* enabled_settle: the same, and writes the file where there is none, which *ret_is_new says. Call it with the lock
 * held, and before a run leaves anything in the ledger: what a run by hand leaves must not count as a past. Durable: on
 * return. Errors: EX_IOERR, EX_NOPERM. */
int enabled_settle(const char *state_dir, bool *ret_enabled, bool *ret_is_new, struct err *err) MUST_CHECK;

/* enabled_set: what the operator says. Call it with the lock held. Durable: on return. Errors: EX_IOERR, EX_NOPERM. */
int enabled_set(const char *state_dir, bool enabled, struct err *err) MUST_CHECK;

/* enabled_is_off: whether it is plain that nobody has enabled it: the file says no, or there is neither file nor
 * ledger. Looks at these names alone and opens no ledger, so root may ask it before giving up its rights. */
bool enabled_is_off(const char *state_dir);

#endif
