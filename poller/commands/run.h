/* run: `did-optimizer-sync run`, the command that cron starts. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>

#include "config/options.h"

/* run_command: one run from settings to summary; results and errors are in the log. Returns the exit code. */
int run_command(const struct options *options);

/* run_round: as run_command, for one of the runs of a loop, in a process of its own. */
int run_round(const struct options *options, bool is_first);

#endif
