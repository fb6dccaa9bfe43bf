/* backfill: `did-optimizer-sync backfill --from WHEN --to WHEN`, sends the missing calls of a time range. */
#ifndef BACKFILL_H
#define BACKFILL_H

#include "config/options.h"

/* backfill_command: scans the live table and then the archive, while cron's runs continue. The checkpoint does not
 * move. A backfill that was stopped continues with the same command. Returns the exit code. */
int backfill_command(const struct options *options);

#endif
