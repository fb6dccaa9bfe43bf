/* report_data: what the report's page shows, as JSON. */
#ifndef REPORT_DATA_H
#define REPORT_DATA_H

#include <stdio.h>

#include "config/options.h"
#include "ledger/standing.h"

/* report_data_write: writes one JSON object to out; options say whether numbers are masked, and the profile. It may
 * stand inside of an HTML element as it is: no '<' is in it. It stays below 4.5 MB: of what is many, the latest are named and
 * all are counted. The page's script is the only reader.
 * Errors: EX_IOERR. */
int report_data_write(FILE *out, struct ledger *ledger, const struct standing *standing,
                      const struct options *options, struct err *err) MUST_CHECK;

#endif
