/* status: `did-optimizer-sync status`, shows the current state. */
#ifndef STATUS_H
#define STATUS_H

#include "config/options.h"

/* status_command: prints one row per value, or one JSON object. Reads the state only: no database, no network. Returns
 * the exit code: 0 OK, 75 WARNING, 69 CRITICAL, see diagnosis.h; 74, 77 or 78 if the state could not be read. */
int status_command(const struct options *options);

#endif
