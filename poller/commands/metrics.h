/* metrics: `did-optimizer-sync metrics`, metrics in Prometheus' text format. */
#ifndef METRICS_H
#define METRICS_H

#include "config/options.h"

/* metrics_command: prints them whole, or nothing. Reads the state only. Errors: EX_IOERR, EX_NOPERM, EX_CONFIG (the
 * ledger of a newer version). */
int metrics_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
