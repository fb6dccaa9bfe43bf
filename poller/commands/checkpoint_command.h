/* checkpoint_command: `did-optimizer-sync checkpoint show|set|reset`. */
#ifndef CHECKPOINT_COMMAND_H
#define CHECKPOINT_COMMAND_H

#include "config/options.h"

/* checkpoint_command: shows or changes the checkpoint. Before a change, it counts the finished calls that the change
 * skips or sends, if the database answers. It asks for confirmation on a terminal and waits until a run in progress has
 * ended. Durable: on return. Returns the exit code: EX_OK, EX_USAGE, EX_IOERR, EX_NOPERM, EX_TEMPFAIL (a run does not
 * end). */
int checkpoint_command(struct options *options);

#endif
