/* enabled: whether cron's line or a service may send the calls of a state directory.
 *
 * A new installation sends no calls until the operator enables it once: state_dir/enabled contains yes or no. A rebuilt
 * ledger does not change the file. A state directory that was in use before the file existed counts as enabled. */
#ifndef ENABLED_H
#define ENABLED_H

#include <stdbool.h>

#include "base/err.h"

/* enabled_read: reads the file. Without a file, a state directory in which a run has worked is enabled. Writes nothing.
 * Errors: EX_IOERR, EX_NOPERM. */
int enabled_read(const char *state_dir, bool *ret_enabled, struct err *err) MUST_CHECK;

/* enabled_read_or_create: the same, but creates a missing file; then *ret_is_new is true. Call it with the lock held
 * and before the run writes to the ledger: a run by hand must not make the directory count as enabled. Durable: on
 * return. Errors: EX_IOERR, EX_NOPERM. */
int enabled_read_or_create(const char *state_dir, bool *ret_enabled, bool *ret_is_new, struct err *err) MUST_CHECK;

/* enabled_set: writes the operator's decision. Call it with the lock held. Durable: on return. Errors: EX_IOERR,
 * EX_NOPERM. */
int enabled_set(const char *state_dir, bool enabled, struct err *err) MUST_CHECK;

/* enabled_is_off: whether sending is certainly not enabled: the file contains no, or there is neither file nor ledger.
 * Opens no ledger, so root may call it before it gives up its rights. False in doubt. */
bool enabled_is_off(const char *state_dir);

#endif
