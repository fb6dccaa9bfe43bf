/* asterisk_sample: reads a few rows to find the time zones of calldate. For asterisk's files only. */
#ifndef ASTERISK_SAMPLE_H
#define ASTERISK_SAMPLE_H

#include "source/asterisk_table.h"
#include "source/zone.h"

/* The zones of asterisk_sample_latest are valid for rows of this many seconds before now. */
#define ASTERISK_SAMPLE_HOLDS_SEC (2 * 86400)

/* asterisk_sample_latest: adds to zone the zones of the latest rows. uniqueid begins with the channel's epoch, a moment
 * before calldate. If rows are in the server's zone, adds the server's present offset too: in autumn the latest rows by
 * calldate have the offset of the hour before. *ret_now is the database's clock. *ret_cut: the column's width cuts
 * ids. Errors: those of session_query. */
int asterisk_sample_latest(struct session *session, const struct asterisk_table *table, int64_t *ret_now, bool *ret_cut,
                           struct zone *zone, struct err *err) MUST_CHECK;

/* asterisk_sample_from: adds to zone the zones of the first calls that began between two epochs. Errors: those of
 * session_query. */
int asterisk_sample_from(struct session *session, const struct asterisk_table *table, int64_t from, int64_t to,
                         struct zone *zone, struct err *err) MUST_CHECK;

#endif
