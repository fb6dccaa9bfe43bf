/* reconcile: `did-optimizer-sync reconcile`, proves that no call is missing. */
#ifndef RECONCILE_H
#define RECONCILE_H

#include "config/options.h"

/* reconcile_command: compares every finished call of the last days, in the table and its archive, with the ledger.
 * Prints a row per day. Unless report_only is set, sends the calls that are missing or have changed. Calls are out of
 * scope if the operator set the checkpoint to a later time: the command counts them and prints how to send them.
 * Returns the exit code: EX_TEMPFAIL if calls stay missing or are out of scope. */
int reconcile_command(const struct options *options);

#endif
