/* backfill: `did-optimizer-sync backfill --from WHEN --to WHEN`, sends what is missing of a stretch of the past. */
#ifndef BACKFILL_H
#define BACKFILL_H

#include "config/options.h"

/* backfill_command: walks over the live table and then the archive, beside the minute's runs; the checkpoint does not
 * move. Where it was stopped before, the same command goes on. Returns the exit code. */
int backfill_command(const struct options *options);

#endif
