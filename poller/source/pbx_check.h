/* pbx_check: what `check` says about the API of a hosted PBX. For pbx's files only. */
#ifndef PBX_CHECK_H
#define PBX_CHECK_H

#include "source/pbx_pages.h"
#include "source/source.h"

/* pbx_check_run: asks the API, and reports address, key, domain, time zone and clock. */
void pbx_check_run(struct pbx_pages *pages, source_on_finding *on_finding, void *context);

#endif
