/* pbx_fetch: reads calls of a hosted PBX by their ids. For pbx's files only. */
#ifndef PBX_FETCH_H
#define PBX_FETCH_H

#include "source/pbx_scan.h"

/* pbx_fetch_run: see source_fetch. The id of a call, a version-1 UUID, tells when the call was made; another id is
 * looked for in the last days. If it is not there, scan->lost says so: the call is not known to be gone. */
int pbx_fetch_run(struct pbx_scan *scan, const char *const *ids, size_t count, source_on_call *on_call, void *context,
                  struct err *err) MUST_CHECK;

#endif
