/* health: `did-optimizer-sync health`, one line for Nagios, Icinga and their kin (monitoring-plugins.org). */
#ifndef HEALTH_H
#define HEALTH_H

#include <stddef.h>

#include "options.h"
#include "standing.h"

/* The exit codes that such plugins have. */
enum health { HEALTH_OK = 0, HEALTH_WARNING = 1, HEALTH_CRITICAL = 2, HEALTH_UNKNOWN = 3 };

struct health_limits {
    int64_t warning, critical; /* seconds */
};

/* health_judge: how bad things are, and writes why to out. Calls that wait for their disposition are no fault. Pure. */
enum health health_judge(const struct standing *standing, const struct health_limits *limits, char *out, size_t size);

/* health_command: prints the line; reads the state only. Returns the exit code, one of enum health. */
int health_command(const struct options *options);

#endif
