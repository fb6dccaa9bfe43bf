/* history: `did-optimizer-sync history`, what the last runs did. */
#ifndef HISTORY_H
#define HISTORY_H

#include "config/options.h"

/* history_command: prints a row a run, newest first, and under it why it stopped; or one JSON object a run. Reads the
 * state only. Errors: EX_USAGE, EX_IOERR, EX_NOPERM. */
int history_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
