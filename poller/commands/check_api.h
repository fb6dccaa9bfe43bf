/* check_api: the part of `check` that asks where calls go. */
#ifndef CHECK_API_H
#define CHECK_API_H

#include "commands/check_report.h"
#include "config/config.h"

/* check_api: asks the sink, which records nothing for that, and says what came back. */
void check_api(struct check_report *report, const struct config *config);

#endif
