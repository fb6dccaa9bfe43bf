/* asterisk_scan: goes through a stretch of the table in slices, and hands out whole calls. For asterisk's files only. */
#ifndef ASTERISK_SCAN_H
#define ASTERISK_SCAN_H

#include "source/asterisk_group.h"
#include "source/asterisk_table.h"
#include "source/slice.h"
#include "source/source.h"

/* The rows of a call follow each other: none begins so long after the end of all that began before it. */
#define ASTERISK_GAP_SEC 600

/* Rows of a call are looked for so long after its beginning. */
#define ASTERISK_LONGEST_SEC (6 * 3600)

struct asterisk_scan {
    struct session *session;
    const struct asterisk_table *table;
    struct asterisk_rules rules; /* its zone is that of the calls made since zone_from */
    int64_t zone_from;
    struct slice slice;          /* all zero at first */
    bool with_internal;          /* hand out also calls between extensions */
};

/* asterisk_scan_run: see source_scan. A call is handed out when its newest end is a settle time old: until then it has
 * not ended. */
int asterisk_scan_run(struct asterisk_scan *scan, const struct source_range *range, source_on_call *on_call,
                      source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

/* asterisk_scan_fetch: see source_fetch. By an index on linkedid, where the table has one; FreePBX's has none. Then the
 * epoch in the id says where the call's rows begin. */
int asterisk_scan_fetch(struct asterisk_scan *scan, const char *const *ids, size_t count, source_on_call *on_call,
                        void *context, struct err *err) MUST_CHECK;

#endif
