/* failed: `did-optimizer-sync failed list|retry|drop|restore`, the calls that are rejected. */
#ifndef FAILED_H
#define FAILED_H

#include "config/options.h"

/* failed_command: carries out one of the four. All but list wait for a run in progress to end, and need to be told which
 * calls; a uniqueid that is not such a call is an error, and then nothing is changed. Durable: on return. Errors:
 * EX_USAGE, EX_IOERR, EX_NOPERM, EX_TEMPFAIL (a run does not end). */
int failed_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
