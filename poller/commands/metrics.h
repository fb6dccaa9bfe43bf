/* metrics: `did-optimizer-sync metrics`, metrics in Prometheus' text format. */
#ifndef METRICS_H
#define METRICS_H

#include "config/options.h"

/* metrics_command: prints all metrics, or nothing after an error. Reads the state only: no database, no network.
 * Errors: EX_IOERR, EX_NOPERM, EX_CONFIG (a newer version wrote the ledger). */
int metrics_command(const struct options *options, struct err *err) MUST_CHECK;

#endif
