/* recordings_fetch: `did-optimizer-sync recordings fetch`, one recording from the PBX, to be played. */
#ifndef RECORDINGS_FETCH_H
#define RECORDINGS_FETCH_H

#include "config/options.h"

/* recordings_fetch_command: downloads the recording of one call into the directory of `played`. It takes no lock of
 * runs, and changes nothing in the ledger: the transfer of this recording goes on by itself. Prints what it did.
 * Durable: the recording. Returns the exit code: EX_USAGE: the ledger has no such recording; EX_TEMPFAIL: another one
 * is being fetched; EX_UNAVAILABLE: the PBX does not give it; EX_CONFIG, EX_IOERR, EX_NOPERM, EX_SOFTWARE. */
int recordings_fetch_command(struct options *options);

#endif
