/* enriched: the looked-up extras of a call, kept until the call is settled. So a repeated message has the same content
 * and the same idempotency key. Looking up again could give another result: a nightly job of the dialer moves rows. */
#ifndef ENRICHED_H
#define ENRICHED_H

#include <stdint.h>

#include "base/err.h"
#include "ledger/ledger.h"

/* All functions return -1 and EX_IOERR if the ledger cannot be read or written. */

/* enriched_read: the extras of a call as a JSON object of names and texts; *ret_extras is NULL if none are kept.
 * Ownership: the caller frees *ret_extras. */
int enriched_read(struct ledger *ledger, const char *uniqueid, char **ret_extras, struct err *err) MUST_CHECK;

/* enriched_put: stores the extras of a call. enriched_forget: deletes the extras of a call. enriched_prune: deletes all
 * extras that were stored before an epoch. Durable: with the next ledger_commit. */
int enriched_put(struct ledger *ledger, const char *uniqueid, const char *extras, struct err *err) MUST_CHECK;
int enriched_forget(struct ledger *ledger, const char *uniqueid, struct err *err) MUST_CHECK;
int enriched_prune(struct ledger *ledger, int64_t before, struct err *err) MUST_CHECK;

#endif
