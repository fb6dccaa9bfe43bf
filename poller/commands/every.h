/* every: `did-optimizer-sync run --every SECONDS`, runs in a loop. */
#ifndef EVERY_H
#define EVERY_H

#include "config/options.h"

/* every_command: starts a run every options->every seconds, but never two at a time. SIGTERM or SIGINT ends the loop
 * after the run in progress has ended cleanly. Returns the exit code: 0. */
int every_command(const struct options *options);

#endif
