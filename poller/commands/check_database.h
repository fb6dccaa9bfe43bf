/* check_database: the part of `check` that tests the source. */
#ifndef CHECK_DATABASE_H
#define CHECK_DATABASE_H

#include "commands/check_report.h"
#include "config/config.h"
#include "config/options.h"

/* check_database: opens the source, tests it with cheap queries only, compares its campaigns with those in config, and
 * tries the leader's lock. area: the name for the line of `check` if the source cannot be opened. */
void check_database(struct check_report *report, const char *area, const struct options *options,
                    const struct config *config);

#endif
