/* rebuild: replaces a damaged ledger with a new one that has every readable call.
 *
 * The new file is first built beside the damaged one. Its name changes when the new file is complete. After a crash
 * before that, the next run finds the damaged file again and starts over. After a later crash, rebuild_finish completes
 * the move. */
#ifndef REBUILD_H
#define REBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* rebuild_ledger: rebuilds path, which is state_dir/ledger.db. ret_aside gets the new name of the damaged file,
 * *ret_saved the number of calls that were readable. Durable: on return. Errors: EX_IOERR. */
int rebuild_ledger(const char *state_dir, const char *path, char *ret_aside, size_t size, int64_t *ret_saved,
                   struct err *err) MUST_CHECK;

/* rebuild_finish: completes a rebuild that a crash interrupted. *ret_rebuilt: there was one. Durable: on return.
 * Errors: EX_IOERR. */
int rebuild_finish(const char *state_dir, const char *path, bool *ret_rebuilt, char *ret_aside, size_t size,
                   struct err *err) MUST_CHECK;

#endif
