/* recordings_command: `did-optimizer-sync recordings list|retry|why`, the recordings that are not stored yet. */
#ifndef RECORDINGS_COMMAND_H
#define RECORDINGS_COMMAND_H

#include "config/options.h"

/* recordings_command: lists the recordings that are rejected or failed, tries rejected ones again in the next run, or
 * explains one. Durable: on return. Errors: EX_USAGE, EX_IOERR, EX_NOPERM, EX_TEMPFAIL (a run does not end). */
int recordings_command(const struct options *options, struct err *err) MUST_CHECK;

/* recordings_command_unknown: sets *err to EX_USAGE, because the ledger has no recording of the call. Returns -1. */
int recordings_command_unknown(const struct options *options, const char *call, struct err *err);

#endif
