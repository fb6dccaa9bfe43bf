/* check_api: the part of `check` that tests the sink, the place where calls go. */
#ifndef CHECK_API_H
#define CHECK_API_H

#include "commands/check_report.h"
#include "config/config.h"

/* check_api: sends the sink a probe that the sink does not record, and reports the answer. */
void check_api(struct check_report *report, const struct config *config);

#endif
