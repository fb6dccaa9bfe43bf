/* why: `did-optimizer-sync why UNIQUEID`, shows the status of one call at the API. */
#ifndef WHY_H
#define WHY_H

#include "config/options.h"

/* why_command: prints the call's record in the ledger, its row in the dialer's table, and what happens next; or one
 * JSON object. If the database does not answer, prints the record alone. Changes nothing. Returns the exit code. */
int why_command(struct options *options);

#endif
