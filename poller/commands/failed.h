/* failed: `did-optimizer-sync failed list|retry|drop|restore`, the calls that are rejected. */
#ifndef FAILED_H
#define FAILED_H

#include "config/options.h"

/* failed_command: lists, retries, discards or restores calls. All but list need a selection and wait until a run in
 * progress has ended. If a uniqueid names no such call, that is an error and no call is changed. Durable: on return.
 * Errors: EX_USAGE, EX_IOERR, EX_NOPERM, EX_TEMPFAIL (a run does not end). */
int failed_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
