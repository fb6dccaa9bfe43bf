/* memory_source: a source that hands out the calls of an array, for tests. */
#ifndef MEMORY_SOURCE_H
#define MEMORY_SOURCE_H

#include "source/source.h"

#define MEMORY_SOURCE_MOST 1000
#define MEMORY_SOURCE_RANGES 8

struct memory_source {
    struct call calls[MEMORY_SOURCE_MOST]; /* in the order in which a scan hands them out */
    bool archived[MEMORY_SOURCE_MOST];     /* by call: the call is in the archive only */
    size_t count;
    int64_t now;             /* the source's clock */
    bool fails;              /* the source is out of reach */
    bool shows_open;         /* see source_shows_open */
    const char *archive_problem; /* NULL: none */
    bool loses_kin;          /* source_find_kin returns 1 and hands out no call */
    const char *archive_refused; /* why source_inspect_archive fails; "": there is no archive; NULL: it is there */
    size_t reaches;          /* how often it was asked how far the live table goes back */
    void (*on_read)(
        struct memory_source *memory); /* called before it looks at a call: its archiver; NULL: not called */
    int64_t spread;          /* see source_spread */
    size_t may_read, read;   /* how many calls a run may read (0: all) and has read; see source_may_read */
    int64_t most_found;      /* see source_most_found; 0: any number */
    unsigned slow_ms;        /* how long the scan of one call takes */
    const char *memory, *problem; /* the results of source_recall; NULL: "" */
    char earlier[SOURCE_MEMORY_SIZE]; /* the memory of an earlier run that source_recall got */
    const char *const *campaigns; /* the source's campaigns, with a NULL at the end; NULL: none */
    const char *looked_up;   /* the looked-up extra of every call; "": unknown; NULL: the source looks up nothing */
    const char *enrich_problem; /* see source_enrich_problem; NULL: "" */
    enum source_gap enrich_gap; /* the kind of enrich_problem */
    bool enrich_fails;       /* source_enrich fails */
    size_t enriched;         /* how many calls source_enrich was asked for */
    bool asked_archive;      /* a fetch asked the archive */
    bool asked_whole;        /* the last scan asked for whole rows */
    struct source_range ranges[MEMORY_SOURCE_RANGES]; /* of scan number n, from 0: at n % MEMORY_SOURCE_RANGES */
    size_t scans, fetched, listed; /* the number of scans, of ids that were fetched, and of lists of campaigns */
};

/* memory_source_open: *memory is borrowed. */
struct source memory_source_open(struct memory_source *memory);

/* memory_source_add: adds a final call of campaign TEST, 45 seconds long, that ended at ended. The result is borrowed
 * from *memory, and the test may change it at any time. id is borrowed. */
struct call *memory_source_add(struct memory_source *memory, const char *id, const char *status, int64_t ended);

#endif
