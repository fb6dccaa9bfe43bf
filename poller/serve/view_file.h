/* view_file: the file view.db: a copy of what the page shows of each ledger's calls, with an index for each filter.
 *
 * Whoever doubts the copy deletes it: the feed makes it again. view_file.c explains the tables. */
#ifndef VIEW_FILE_H
#define VIEW_FILE_H

#include <stdbool.h>

#include "base/store.h"

/* view_file_open: opens the file for the one process that feeds it. Creates a missing file; replaces one of another
 * version, and a damaged one. Ownership: store_close. Errors: EX_IOERR, EX_NOPERM. */
int view_file_open(const char *path, struct store **ret_store, struct err *err) MUST_CHECK;

/* view_file_open_to_read: opens it for queries. *ret_store is NULL if there is none yet. Ownership and errors: as
 * above. A damaged file is deleted, and is an error. */
int view_file_open_to_read(const char *path, struct store **ret_store, struct err *err) MUST_CHECK;

/* view_file_delete: deletes the file; a missing one is no error. For whoever has found it damaged: the feed notices
 * that it is gone. Errors: EX_IOERR. */
int view_file_delete(const char *path, struct err *err) MUST_CHECK;

/* view_file_is_ready: whether the file has its indexes, so that queries are fast. view_file_finish: makes the indexes,
 * in one transaction, after the first copy of all calls. Errors: EX_IOERR. */
int view_file_is_ready(struct store *store, bool *ret_ready, struct err *err) MUST_CHECK;
int view_file_finish(struct store *store, struct err *err) MUST_CHECK;

#endif
