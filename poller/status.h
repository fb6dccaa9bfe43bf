/* status: `did-optimizer-sync status`, how things stand. */
#ifndef STATUS_H
#define STATUS_H

#include "options.h"

/* status_command: prints one row a thing, or one JSON object. Reads the state only: no database, no network.
 * Errors: EX_IOERR, EX_NOPERM. */
int status_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
