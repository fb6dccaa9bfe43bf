/* candidates: a growing list of calls that may have to be sent. */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct candidate {
    const char *uniqueid; /* belongs to the list */
    int64_t end_epoch;
    bool settled; /* the ledger knows it, or the dialer has it no more: the checkpoint may pass it */
};

/* Start from zero, release with candidates_clear. A backlog makes long lists: the texts lie close together in blocks. */
struct candidates {
    struct candidate *items;
    size_t count, capacity;
    struct candidates_block *blocks;
};

/* candidates_add: uniqueid is copied. */
void candidates_add(struct candidates *list, const char *uniqueid, int64_t end_epoch, bool settled);

/* candidates_sort: into the order of (end_epoch, uniqueid). */
void candidates_sort(struct candidates *list);

/* candidates_keep_first: drops all but the first count. */
void candidates_keep_first(struct candidates *list, size_t count);

/* candidates_clear: empties the list and frees its memory. */
void candidates_clear(struct candidates *list);

#endif
