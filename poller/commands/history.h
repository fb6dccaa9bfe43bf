/* history: `did-optimizer-sync history`, lists the last runs. */
#ifndef HISTORY_H
#define HISTORY_H

#include "config/options.h"

/* history_command: prints a row per run, newest first, and below the row why the run stopped; or one JSON object per
 * run. Reads the state only. Errors: EX_USAGE, EX_IOERR, EX_NOPERM. */
int history_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
