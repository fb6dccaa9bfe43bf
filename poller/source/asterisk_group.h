/* asterisk_group: the call that the rows of one linkedid tell of. For asterisk's files only.
 *
 * A call leaves one row for each pair of channels: each phone that rang, each agent that a queue tried, each transfer.
 * All rows of a channel are written when that channel hangs up (main/cdr.c: the chain is dispatched then). */
#ifndef ASTERISK_GROUP_H
#define ASTERISK_GROUP_H

#include "domain/call.h"
#include "source/asterisk_party.h"
#include "source/asterisk_row.h"
#include "source/zone.h"

/* While the row of the call's first channel is missing, that channel is in the call: it may wait in a queue or be
 * parked. It may as well leave no row at all (cdr.conf: unanswered = no). So the call waits, but not for ever. */
#define ASTERISK_HEAD_WAIT_SEC 600

struct asterisk_rules {
    const struct zone *zone;
    const char *campaign;   /* of calls without an accountcode */
    const char *trunks;     /* see asterisk_party_is_trunk */
    int64_t settle_sec;     /* how long after its end a call's last row may come */
    int64_t now;            /* by the database's clock */
};

struct asterisk_call {
    struct call call;       /* its texts are borrowed from the rows and from here */
    int64_t made;           /* when its first channel was made: it never changes, unlike call.started */
    char number[ASTERISK_PARTY_SIZE], agent[ASTERISK_PARTY_SIZE];
    char talk[24];
};

/* asterisk_group_sort: puts rows in the order of asterisk_row_compare and frees repetitions. Returns how many stay. */
size_t asterisk_group_sort(struct asterisk_row **rows, size_t count);

/* asterisk_group_length: how many of sorted rows belong to the call of the first. */
size_t asterisk_group_length(struct asterisk_row *const *rows, size_t count);

/* asterisk_group_date: fills started of the rows of one call. A calldate in the hour that autumn repeats is of the pass
 * that begins no earlier than its channel was made. Returns false where no known zone fits. */
bool asterisk_group_date(struct asterisk_row *const *rows, size_t count, const struct zone *zone);

/* asterisk_group_call: makes the call that the rows of one linkedid tell of. */
void asterisk_group_call(struct asterisk_row *const *items, size_t count, const struct asterisk_rules *rules,
                         struct asterisk_call *ret_call);

#endif
