/* vicidial_inbound_scan: reads vicidial_closer_log or its archive in short slices of time, or by ids. */
#ifndef VICIDIAL_INBOUND_SCAN_H
#define VICIDIAL_INBOUND_SCAN_H

#include "source/slice.h"
#include "source/source.h"
#include "source/vicidial_inbound_table.h"

/* The end of a call may be before its begin, because the clocks of machines differ (conf_exten_check.php of VICIdial
 * warns above 8 s). */
#define INBOUND_AFTER_END_SEC 600

struct vicidial_inbound_scan {
    struct session *session;
    const struct vicidial_inbound_table *tables; /* by enum source_table */
    struct vicidial_inbound_rules rules;
    const struct zone *zone; /* the zones of calls that began since zone_from, an epoch */
    int64_t zone_from;
    struct slice slice;      /* all zero at first */
};

/* vicidial_inbound_scan_run: see source_scan. */
int vicidial_inbound_scan_run(struct vicidial_inbound_scan *scan, const struct source_range *range,
                              source_on_call *on_call, source_on_slice *on_slice, void *context,
                              struct err *err) MUST_CHECK;

/* vicidial_inbound_scan_reach: see source_find_reach. */
int vicidial_inbound_scan_reach(const struct vicidial_inbound_scan *scan, int64_t since, struct source_reach *ret_reach,
                                struct err *err) MUST_CHECK;

/* vicidial_inbound_scan_fetch: see source_fetch; by primary key. Errors: those of session_query. */
int vicidial_inbound_scan_fetch(struct vicidial_inbound_scan *scan, enum source_table table, const char *const *ids,
                                size_t count, source_on_call *on_call, void *context, struct err *err) MUST_CHECK;

#endif
