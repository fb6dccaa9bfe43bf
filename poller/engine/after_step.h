/* after_step: the last step of a run: files of SQL that refresh the reports in the store of the sink. */
#ifndef AFTER_STEP_H
#define AFTER_STEP_H

#include "domain/params.h"
#include "sink/sink.h"

/* after_step_run: runs the files of the setting `after` of the sink, in the order of their names, if they are due. Does
 * nothing without that setting. No file is started after deadline_ms (monotonic): a warning names the first that was
 * not run. A file that every user may write is refused. Errors: EX_CONFIG, EX_UNAVAILABLE, EX_NOPERM, EX_IOERR; the
 * message names the file. The files before it have been run. */
int after_step_run(const struct sink *sink, const struct params *params, int64_t deadline_ms,
                   struct err *err) MUST_CHECK;

#endif
