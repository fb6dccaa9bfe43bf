/* mailed: what cron's mail has told, where the state cannot hold it: on a full or read-only disk, or without a ledger.
 *
 * It is remembered in memory, in a file below /run that root makes. Another user's run remembers nothing here. */
#ifndef MAILED_H
#define MAILED_H

#include <stdbool.h>

enum mailed { MAILED_HEALTH, MAILED_LOG, MAILED_COUNT };

/* mailed_open: for the run of this state. Call it as root, before giving up its rights. Never fails the caller: what
 * cannot be remembered is mailed again. */
void mailed_open(const char *state_dir);

/* mailed_is_told: whether that trouble was mailed, and its end was not. */
bool mailed_is_told(enum mailed what);

/* mailed_tell: remembers it, or forgets it. Into memory; gone with a reboot. */
void mailed_tell(enum mailed what, bool told);

/* mailed_close: the file goes when it holds nothing and this process may remove it. */
void mailed_close(void);

#endif
