/* vicidial_scan: goes through a stretch of one of the dialer's tables in slices: no statement holds it for long. */
#ifndef VICIDIAL_SCAN_H
#define VICIDIAL_SCAN_H

#include "source/slice.h"
#include "source/source.h"
#include "source/vicidial_table.h"

/* In a row the end of a call may be before its begin: clocks of machines differ (VICIdial warns above 8 s:
 * conf_exten_check.php), and rows that are written at hangup have the time of dialling (FastAGI_log.pl). */
#define VICIDIAL_AFTER_END_SEC 600

struct vicidial_scan {
    struct session *session;
    const struct settings_sync *settings;
    const struct vicidial_table *tables; /* by enum source_table */
    const struct zone *zone;    /* the zones of calls that began since zone_from, an epoch */
    int64_t zone_from;
    struct slice slice;         /* all zero at first */
};

/* vicidial_scan_run: see source_scan. */
int vicidial_scan_run(struct vicidial_scan *scan, const struct source_range *range, source_on_call *on_call,
                      source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

/* vicidial_scan_reach: see source_find_reach. */
int vicidial_scan_reach(const struct vicidial_scan *scan, int64_t since, struct source_reach *ret_reach,
                        struct err *err) MUST_CHECK;

#endif
