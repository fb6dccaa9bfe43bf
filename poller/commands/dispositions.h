/* dispositions: `did-optimizer-sync dispositions`, compares the results of statuses by the table and by flags. */
#ifndef DISPOSITIONS_H
#define DISPOSITIONS_H

#include "config/options.h"

/* dispositions_command: prints each status of the last 30 days with its number of calls, name, flags and both results,
 * and lines for [dispositions] that follow the flags. Reads only the source. Returns the exit code. */
int dispositions_command(const struct options *options) MUST_CHECK;

#endif
