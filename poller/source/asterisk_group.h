/* asterisk_group: makes a call from the rows of one linkedid. For asterisk's files only.
 *
 * A call has one row for each pair of channels: each phone that rang, each agent that a queue tried, each transfer.
 * Asterisk writes all rows of a channel when that channel hangs up (main/cdr.c dispatches the chain then). */
#ifndef ASTERISK_GROUP_H
#define ASTERISK_GROUP_H

#include "domain/call.h"
#include "source/asterisk_party.h"
#include "source/asterisk_row.h"
#include "source/zone.h"

/* While the row of the call's first channel is missing, that channel may still be in the call: in a queue, or parked.
 * But that row may never come (cdr.conf: unanswered = no). So the call waits, at most this long. */
#define ASTERISK_HEAD_WAIT_SEC 600

struct asterisk_rules {
    const struct zone *zone;
    const char *campaign;   /* the campaign of calls without an accountcode */
    const char *trunks;     /* see asterisk_party_is_trunk */
    int64_t settle_sec;     /* a call's last row may come this long after the call's end */
    int64_t now;            /* by the database's clock */
};

struct asterisk_call {
    struct call call;       /* its texts are borrowed from the rows and from this struct */
    int64_t made;           /* the epoch of its first channel; never changes, unlike call.started */
    char number[ASTERISK_PARTY_SIZE], agent[ASTERISK_PARTY_SIZE];
    char talk[24];
};

/* The extras of a call. */
extern const struct call_shape asterisk_group_shape;

/* asterisk_group_sort: sorts rows by asterisk_row_compare and frees repeated rows. Returns how many rows are left. */
size_t asterisk_group_sort(struct asterisk_row **rows, size_t count);

/* asterisk_group_length: how many of the sorted rows belong to the call of the first row. */
size_t asterisk_group_length(struct asterisk_row *const *rows, size_t count);

/* asterisk_group_date: sets started in the rows of one call. In autumn a local time occurs twice; the row then gets the
 * first of the two times that is not before the channel's epoch. Returns false if no known zone fits. */
bool asterisk_group_date(struct asterisk_row *const *rows, size_t count, const struct zone *zone);

/* asterisk_group_call: makes the call of the rows of one linkedid. */
void asterisk_group_call(struct asterisk_row *const *items, size_t count, const struct asterisk_rules *rules,
                         struct asterisk_call *ret_call);

#endif
