/* check_api: the part of `check` that tests the sink, the place where calls go. */
#ifndef CHECK_API_H
#define CHECK_API_H

#include "commands/check_report.h"
#include "config/config.h"
#include "config/options.h"
#include "sink/sink.h"

/* check_api: asks a sink of that kind whether it works, without sending a call, and adds the answer to report. */
void check_api(struct check_report *report, const struct options *options, const struct config *config,
               const struct sink_ops *kind);

#endif
