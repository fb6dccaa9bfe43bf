/* broken_ledger: makes statements of the ledger fail, as on a disk with errors. */
#ifndef BROKEN_LEDGER_H
#define BROKEN_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* broken_ledger_at: from now on, statement number nth fails (counted from 1), and the statements after it, many in all.
 * nth 0: no statement fails. broken_ledger_has_failed: whether a statement has failed since then. */
void broken_ledger_at(size_t nth, size_t many);
bool broken_ledger_has_failed(void);

/* broken_ledger_sweep: calls act once for each of its statements, and lets that statement fail. Checks that act then
 * returns EX_IOERR, and that act succeeds without a failure. `again` restores the start after each call; NULL: nothing
 * to restore. Returns the number of statements in act. */
typedef int broken_ledger_act(void *context, struct err *err);
size_t broken_ledger_sweep(const char *row, broken_ledger_act *act, void (*again)(void *context), void *context);

#endif
