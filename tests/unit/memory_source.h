/* memory_source: a source whose calls a test puts into an array. */
#ifndef MEMORY_SOURCE_H
#define MEMORY_SOURCE_H

#include "source/source.h"

#define MEMORY_SOURCE_MOST 1000

struct memory_source {
    struct call calls[MEMORY_SOURCE_MOST]; /* in the order in which a scan hands them out */
    bool archived[MEMORY_SOURCE_MOST];     /* whether that one stands in the archive only */
    size_t count;
    int64_t now;             /* its clock */
    bool fails;              /* nothing can be read */
    const char *archive_problem; /* NULL: none */
    int64_t spread;          /* see source_spread */
    unsigned slow_ms;        /* so long it takes to scan a call */
    const char *memory, *problem; /* what it knows from run to run, and what is wrong with that; NULL: nothing */
    char earlier[SOURCE_MEMORY_SIZE]; /* what it was told that it knew */
    const char *const *campaigns; /* that it has, up to a NULL; NULL: none */
    bool asked_whole;        /* the last scan asked for whole rows */
    size_t scans, fetched, listed; /* how often it was scanned, how many calls were asked for by their ids, and how
                                    * often its campaigns */
};

/* memory_source_open: *memory is borrowed. */
struct source memory_source_open(struct memory_source *memory);

/* memory_source_add: a call of the campaign TEST, ready, of 45 seconds, that ended then. Borrowed from *memory: the test
 * may change it at any time. id is borrowed. */
struct call *memory_source_add(struct memory_source *memory, const char *id, const char *status, int64_t ended);

#endif
