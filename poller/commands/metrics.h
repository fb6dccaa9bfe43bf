/* metrics: `did-optimizer-sync metrics`, figures in Prometheus' text format. */
#ifndef METRICS_H
#define METRICS_H

#include "config/options.h"

/* metrics_command: prints them, or replaces --output FILE in one step. Reads the state only, as its owner; the file is
 * written as who started the program, for that is who may write where node_exporter looks. Returns the exit code. */
int metrics_command(const struct options *options);

#endif
