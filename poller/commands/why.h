/* why: `did-optimizer-sync why UNIQUEID`, what became of one call. */
#ifndef WHY_H
#define WHY_H

#include "config/options.h"

/* why_command: prints what the ledger knows of the call, what the dialer's table says of it, and what follows, or one
 * JSON object. Without the database it prints what the ledger knows. Changes nothing. Returns the exit code. */
int why_command(struct options *options);

#endif
