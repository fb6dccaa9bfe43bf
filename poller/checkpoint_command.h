/* checkpoint_command: `did-optimizer-sync checkpoint show|set|reset`. */
#ifndef CHECKPOINT_COMMAND_H
#define CHECKPOINT_COMMAND_H

#include "options.h"

/* checkpoint_command: carries out one of the three; waits for a run in progress to end before it changes anything.
 * Prints what it did. Durable: on return. Errors: EX_USAGE, EX_IOERR, EX_NOPERM, EX_TEMPFAIL (a run does not end). */
int checkpoint_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
