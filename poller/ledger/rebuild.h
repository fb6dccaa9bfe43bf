/* rebuild: replaces a damaged ledger with a new one that has every readable call.
 *
 * The new file is made beside the damaged one, complete and closed, before anything is moved; its name then says that
 * it is complete. After a crash before that, the next run finds the damaged file again; after a later crash,
 * rebuild_finish completes the move. */
#ifndef REBUILD_H
#define REBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* rebuild_ledger: rebuilds state_dir/ledger.db, which is path. ret_aside says under which name the damaged file is
 * kept, *ret_saved how many calls could be read. Durable on return. Errors: EX_IOERR. */
int rebuild_ledger(const char *state_dir, const char *path, char *ret_aside, size_t size, int64_t *ret_saved,
                   struct err *err) MUST_CHECK;

/* rebuild_finish: completes a rebuild that a crash interrupted; *ret_rebuilt says whether there was one. */
int rebuild_finish(const char *state_dir, const char *path, bool *ret_rebuilt, char *ret_aside, size_t size,
                   struct err *err) MUST_CHECK;

#endif
