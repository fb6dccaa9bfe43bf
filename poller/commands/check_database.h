/* check_database: the part of `check` that asks the dialer's database. */
#ifndef CHECK_DATABASE_H
#define CHECK_DATABASE_H

#include "commands/check_report.h"
#include "config/options.h"
#include "domain/settings.h"

/* check_database: connects, looks at the tables, and reads nothing of them that costs anything. The
 * campaigns that sync names are looked for. The leader's lock is tried. */
void check_database(struct check_report *report, const struct options *options,
                    const struct settings_database *database, const struct settings_sync *sync);

#endif
