/* checkpoint_command: `did-optimizer-sync checkpoint show|set|reset`. */
#ifndef CHECKPOINT_COMMAND_H
#define CHECKPOINT_COMMAND_H

#include "config/options.h"

/* checkpoint_command: carries out one of the three. Before a change it says how many finished calls are skipped or sent
 * by it, as far as the database can be asked, asks on a terminal whether that is meant, and waits for a run in progress
 * to end. Prints what it did. Durable: on return. Returns the exit code: also EX_USAGE, EX_IOERR, EX_NOPERM,
 * EX_TEMPFAIL (a run does not end). */
int checkpoint_command(struct options *options);

#endif
