/* report: `did-optimizer-sync report --html FILE`, writes one page that shows the current state. */
#ifndef REPORT_H
#define REPORT_H

#include "config/options.h"

/* report_command: puts the ledger's data into the template and replaces FILE by one rename, or prints the page. Reads
 * the state only: no database, no network. Errors: EX_USAGE, EX_CONFIG (no template), EX_IOERR, EX_NOPERM. */
int report_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
