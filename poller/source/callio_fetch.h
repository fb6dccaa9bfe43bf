/* callio_fetch: reads calls of Callio by their ids. For callio's files only. */
#ifndef CALLIO_FETCH_H
#define CALLIO_FETCH_H

#include "source/callio_scan.h"

/* callio_fetch_run: see source_fetch. If a call is not there because its tenant cannot be asked, scan->lost says so:
 * the call is not known to be gone. */
int callio_fetch_run(struct callio_scan *scan, const char *const *ids, size_t count, source_on_call *on_call,
                     void *context, struct err *err) MUST_CHECK;

#endif
