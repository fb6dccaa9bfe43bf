/* why: `did-optimizer-sync why UNIQUEID`, shows what happened to one call. */
#ifndef WHY_H
#define WHY_H

#include "config/options.h"

/* why_command: prints the call's record in the ledger, its row in the source, and what happens next; or one JSON
 * object. If the source cannot be read, prints the record alone. Changes nothing. Returns the exit code. */
int why_command(struct options *options);

#endif
