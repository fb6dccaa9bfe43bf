/* reconcile: `did-optimizer-sync reconcile`, the proof that nothing is missing. */
#ifndef RECONCILE_H
#define RECONCILE_H

#include "config/options.h"

/* reconcile_command: compares every finished call of the last days, in the table and its archive, with the ledger.
 * Prints a row per day. Unless report_only is set, sends the calls that are missing or have changed. Calls that the
 * operator skipped by setting the checkpoint forward are counted apart, with the command that sends them. Returns the
 * exit code: EX_TEMPFAIL when something stays missing or is out of scope. */
int reconcile_command(const struct options *options);

#endif
