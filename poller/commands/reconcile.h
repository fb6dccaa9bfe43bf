/* reconcile: `did-optimizer-sync reconcile`, the proof that nothing is missing. */
#ifndef RECONCILE_H
#define RECONCILE_H

#include "config/options.h"

/* reconcile_command: holds every finished call of the last days, in the table and its archive, against the ledger,
 * prints a row a day, and sends what is missing or has changed unless it is only to report. What the checkpoint was set
 * forward over is counted apart, and the command named that sends it. Returns the exit code: EX_TEMPFAIL when something
 * stays missing or is out of scope. */
int reconcile_command(const struct options *options);

#endif
