/* pbx_scan: reads a range of the calls of a hosted PBX in windows. For pbx's files only. */
#ifndef PBX_SCAN_H
#define PBX_SCAN_H

#include "source/pbx_pages.h"
#include "source/source.h"

struct pbx_scan {
    struct pbx_pages pages;
    const char *campaign;     /* of each call; borrowed */
    bool with_internal;       /* scans hand out the calls between extensions too */
    int64_t reach;            /* seconds: a repeated range is read again that far back from the end of the last one */
    struct pbx_known known;   /* of the repeated range, as earlier runs have read it ... */
    struct pbx_known read;    /* ... and as this one has; at 0: it has not */
    char lost[SOURCE_PROBLEM_SIZE]; /* why the last pbx_fetch_run could not find some ids; "": no problem */
};

/* pbx_scan_run: see source_scan. */
int pbx_scan_run(struct pbx_scan *scan, const struct source_range *range, source_on_call *on_call,
                 source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

#endif
