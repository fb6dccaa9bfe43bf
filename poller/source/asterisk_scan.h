/* asterisk_scan: reads a range of the table in slices, and hands out complete calls. For asterisk's files only. */
#ifndef ASTERISK_SCAN_H
#define ASTERISK_SCAN_H

#include "source/asterisk_group.h"
#include "source/asterisk_table.h"
#include "source/slice.h"
#include "source/source.h"

/* The rows of a call follow each other: no row begins this long after the end of all rows before it. */
#define ASTERISK_GAP_SEC 600

/* The rows of a call are searched for this long after its begin. */
#define ASTERISK_LONGEST_SEC (6 * 3600)

struct asterisk_scan {
    struct session *session;
    const struct asterisk_table *table;
    struct asterisk_rules rules; /* rules.zone is valid for calls that began after zone_from */
    int64_t zone_from;
    struct slice slice;          /* all zero at first */
    bool with_internal;          /* also hand out calls between extensions */
};

/* asterisk_scan_run: see source_scan. Hands out a call when its latest end is settle_sec old; until then it counts as
 * not ended. */
int asterisk_scan_run(struct asterisk_scan *scan, const struct source_range *range, source_on_call *on_call,
                      source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

/* asterisk_scan_fetch: see source_fetch. Reads by an index on linkedid if the table has one; FreePBX's table has none.
 * Without the index, reads by calldate, from the epoch in the id. */
int asterisk_scan_fetch(struct asterisk_scan *scan, const char *const *ids, size_t count, source_on_call *on_call,
                        void *context, struct err *err) MUST_CHECK;

#endif
