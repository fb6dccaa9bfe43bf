/* check: `did-optimizer-sync check`, what works and what to mend. */
#ifndef CHECK_H
#define CHECK_H

#include "config/options.h"

/* check_command: prints one line for each thing a run needs, with a remedy where it does not work, and a verdict, or all
 * of it as one JSON object. Changes nothing, sends no call. Returns the exit code: 0, or that of the first thing that
 * does not work. */
int check_command(const struct options *options);

#endif
