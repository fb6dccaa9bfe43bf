/* candidates: a growing list of calls that may have to be sent. */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct candidate {
    char *uniqueid;
    int64_t end_epoch;
    bool settled; /* the ledger knows it, or the dialer has it no more: the checkpoint may pass it */
};

/* Start from {0}, release with candidates_clear. */
struct candidates {
    struct candidate *items;
    size_t count, capacity;
};

/* candidates_add: uniqueid is copied. */
void candidates_add(struct candidates *list, const char *uniqueid, int64_t end_epoch, bool settled);

/* candidates_sort: into the order of (end_epoch, uniqueid). */
void candidates_sort(struct candidates *list);

/* candidates_clear: empties the list and frees its memory. */
void candidates_clear(struct candidates *list);

#endif
