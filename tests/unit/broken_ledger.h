/* broken_ledger: makes statements of the ledger fail, as on a disk with errors. */
#ifndef BROKEN_LEDGER_H
#define BROKEN_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* broken_ledger_at: of the statements from now on number nth, from 1, fails, and those behind it up to so many in all.
 * 0: none does. broken_ledger_has_failed: whether one has. */
void broken_ledger_at(size_t nth, size_t many);
bool broken_ledger_has_failed(void);

/* broken_ledger_sweep: act fails with EX_IOERR wherever one of its statements fails, and passes where none does. After
 * each time `again` puts things back; NULL: there is nothing to put back. Returns how many statements act takes. */
typedef int broken_ledger_act(void *context, struct err *err);
size_t broken_ledger_sweep(const char *row, broken_ledger_act *act, void (*again)(void *context), void *context);

#endif
