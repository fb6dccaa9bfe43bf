/* candidates: a growing list of calls that may have to be sent. */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/call.h"

struct candidate {
    const char *uniqueid; /* belongs to the list */
    int64_t end_epoch;
    const struct call *call; /* its whole row, belongs to the list; NULL: still to be read, by primary key */
    bool settled; /* the ledger knows it, or the dialer has it no more: the checkpoint may pass it */
};

/* Start from zero, release with candidates_clear. A backlog makes long lists: the rows lie close together in blocks. */
struct candidates {
    struct candidate *items;
    size_t count, capacity;
    struct candidates_block *blocks;
};

/* candidates_add: a call that the ledger does not know yet, whose row is still to be read. uniqueid is copied. */
void candidates_add(struct candidates *list, const char *uniqueid, int64_t end_epoch);

/* candidates_add_known: the same for a call that the ledger knows, so that it is settled from the start. list is a
 * struct candidates: ledger_due hands calls to it. */
void candidates_add_known(void *list, const char *uniqueid, int64_t end_epoch);

/* candidates_add_row: a call whose whole row is at hand. It is copied. */
void candidates_add_row(struct candidates *list, const struct call *call);

/* candidates_sort: into the order of (end_epoch, uniqueid). */
void candidates_sort(struct candidates *list);

/* candidates_clear: empties the list and frees its memory. */
void candidates_clear(struct candidates *list);

#endif
