/* every: `did-optimizer-sync run --every SECONDS`, runs in a loop. */
#ifndef EVERY_H
#define EVERY_H

#include "config/options.h"

/* every_command: begins a run every options->every seconds, or when the one before has ended, until SIGTERM or SIGINT
 * asks to stop; a run in progress then ends cleanly. Returns the exit code: 0. */
int every_command(const struct options *options);

#endif
