/* late: measures how late the source writes rows. The dialer writes the row of a busy call at hangup, but dates it at
 * the start of dialling. A scan that only continued from the last scan would miss this row. So each scan reads a little
 * again (the overlap), as much as the latest rows of this source needed. */
#ifndef LATE_H
#define LATE_H

#include "engine/engine.h"

/* The delay of the latest row in seconds, in this period of a day and in the period before. */
struct late {
    int64_t now, before;
    int64_t since; /* epoch: begin of this period */
    bool changed;
};

/* late_load: reads the delays that earlier runs saw. now: the source's clock. late_save: writes the delays if they have
 * changed. Durable: with the next commit. Errors of both: those of the ledger. */
int late_load(struct late *late, struct ledger *ledger, int64_t now, struct err *err) MUST_CHECK;
int late_save(const struct late *late, struct ledger *ledger, struct err *err) MUST_CHECK;

/* late_overlap: the next scan begins this many seconds before the end of the last scan; at most most. */
int64_t late_overlap(const struct late *late, int64_t most);

/* late_saw: a row was written at least this many seconds after its date. late_missed: a row was later than the overlap
 * (at most most), so no scan had found it. */
void late_saw(struct late *late, int64_t sec);
void late_missed(struct late *late, int64_t most);

#endif
