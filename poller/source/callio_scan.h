/* callio_scan: reads a range of the calls of all tenants of Callio in windows. For callio's files only. */
#ifndef CALLIO_SCAN_H
#define CALLIO_SCAN_H

#include "source/callio_list.h"
#include "source/source.h"

/* How long after a call's end the API may date the call: it makes the document when it learns of the call. */
#define CALLIO_AFTER_END_SEC 600

struct callio_scan {
    struct callio_client *client;
    struct callio_tenants tenants;
    int64_t page_size;
    int64_t overlap_ms, first_days; /* of customers, see callio_tables.h */
    int64_t limit;       /* new calls that a run sends at most; 0: no limit */
    bool with_internal;  /* hand out the calls between extensions too */
    bool finds_by_id;    /* a call was found by its id */
    char lost[SOURCE_PROBLEM_SIZE]; /* why the last callio_fetch_run could not find some ids; "": no problem */
};

/* callio_scan_list: the list of a tenant's calls. */
struct callio_list callio_scan_list(const struct callio_scan *scan, struct callio_tenant *tenant);

/* callio_scan_run: see source_scan. The calls of the other tenants are handed out before the failure of one is
 * returned. */
int callio_scan_run(struct callio_scan *scan, const struct source_range *range, source_on_call *on_call,
                    source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

#endif
