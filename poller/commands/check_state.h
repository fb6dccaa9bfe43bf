/* check_state: the part of `check` that tests the files: state directory, ledger, log. */
#ifndef CHECK_STATE_H
#define CHECK_STATE_H

#include "commands/check_report.h"
#include "config/options.h"

/* check_log: whether a run can write the log; as the user that opens it, so before root gives up its rights. */
void check_log(struct check_report *report, const struct options *options);

/* check_state: whether a run can read and write its state; a file is made there and removed. As the state's owner. */
void check_state(struct check_report *report, const struct options *options);

#endif
