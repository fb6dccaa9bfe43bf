/* callio_check: what `check` says about Callio's API. For callio's files only. */
#ifndef CALLIO_CHECK_H
#define CALLIO_CHECK_H

#include "source/callio_scan.h"

/* callio_check_run: logs in as each tenant, counts its calls, and reports what it finds; see source_check. */
void callio_check_run(struct callio_scan *scan, source_on_finding *on_finding, void *context);

#endif
