/* health: `did-optimizer-sync health`, one line for Nagios, Icinga and similar monitors (monitoring-plugins.org). */
#ifndef HEALTH_H
#define HEALTH_H

#include "config/options.h"

/* health_command: prints the verdict with performance data. Reads the state only: no database, no network. Returns the
 * exit code, one of enum diagnosis_level. */
int health_command(const struct options *options);

#endif
