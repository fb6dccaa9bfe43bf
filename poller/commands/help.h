/* help: prints --help and `did-optimizer-sync help COMMAND`. */
#ifndef HELP_H
#define HELP_H

#include "config/options.h"

/* help_command: prints the help of the command that the arguments name, or the whole help. Returns the exit code:
 * EX_USAGE if there is no such command. */
int help_command(const struct options *options);

#endif
