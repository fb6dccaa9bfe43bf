/* check_database: the part of `check` that tests the dialer's database. */
#ifndef CHECK_DATABASE_H
#define CHECK_DATABASE_H

#include "commands/check_report.h"
#include "config/config.h"
#include "config/options.h"

/* check_database: connects, tests the tables with cheap queries only, compares the campaigns in config with the
 * dialer's, and tries the leader's lock. area: the name of the source, if it cannot be opened. */
void check_database(struct check_report *report, const char *area, const struct options *options,
                    const struct config *config);

#endif
