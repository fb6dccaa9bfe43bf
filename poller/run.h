/* run: `did-optimizer-sync run`, the command that cron starts. */
#ifndef RUN_H
#define RUN_H

#include "options.h"

/* run_command: one run from settings to summary; what it did and what went wrong is in the log. Returns the exit code. */
int run_command(const struct options *options);

#endif
