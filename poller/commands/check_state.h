/* check_state: the part of `check` that tests the files: state directory, ledger, log. */
#ifndef CHECK_STATE_H
#define CHECK_STATE_H

#include "commands/check_report.h"
#include "config/options.h"

/* check_log: reports whether a run can write the log. Call it before root gives up its rights: root opens the log. */
void check_log(struct check_report *report, const struct options *options);

/* check_state: reports whether a run can read and write its state. Creates and removes a file there. Call it as the
 * state's owner. source_type: that of [source]; NULL: unknown. */
void check_state(struct check_report *report, const struct options *options, const char *source_type);

#endif
