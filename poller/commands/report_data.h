/* report_data: the data of the report's page, as JSON. */
#ifndef REPORT_DATA_H
#define REPORT_DATA_H

#include <stdio.h>

#include "config/options.h"
#include "ledger/standing.h"

/* report_data_write: writes one JSON object to out, for the page's script. The object has no '<', so it can be put into
 * an HTML element. It stays below 4.5 MB: long lists have only their newest rows, but all are counted. options:
 * profile. Errors: EX_IOERR. */
int report_data_write(FILE *out, struct ledger *ledger, const struct standing *standing,
                      const struct options *options, struct err *err) MUST_CHECK;

#endif
