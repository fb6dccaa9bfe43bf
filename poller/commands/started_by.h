/* started_by: who started this command, if the live page did. */
#ifndef STARTED_BY_H
#define STARTED_BY_H

#include "config/options.h"

/* started_by_log: writes a line to the log if DID_OPTIMIZER_SYNC_BY names a user of the live page. words: the command's
 * first words, up to count; arguments are not logged. Call it while the process may write the log. */
void started_by_log(const struct options *options, char *const *words, int count);

/* started_by_action: the command's number in the live page's journal (DID_OPTIMIZER_SYNC_ACTION); 0: it has none. */
int64_t started_by_action(void) MUST_CHECK;

#endif
