/* run: `did-optimizer-sync run`, the command that cron starts. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>

#include "config/options.h"

/* run_command: does one run, from settings to summary. Results and errors go to the log. Returns the exit code. */
int run_command(const struct options *options);

/* run_round: as run_command, for one round of `run --every` in a process of its own. is_first: the loop's first
 * round. */
int run_round(const struct options *options, bool is_first);

#endif
