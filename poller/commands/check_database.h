/* check_database: the part of `check` that asks the dialer's database. */
#ifndef CHECK_DATABASE_H
#define CHECK_DATABASE_H

#include "commands/check_report.h"
#include "config/config.h"
#include "config/options.h"

/* check_database: connects, looks at the tables, and reads nothing of them that costs anything. The campaigns that
 * config names are looked for. The leader's lock is tried. */
void check_database(struct check_report *report, const struct options *options, const struct config *config);

#endif
