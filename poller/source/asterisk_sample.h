/* asterisk_sample: a few rows, read to learn in which time zones they are written. For asterisk's files only. */
#ifndef ASTERISK_SAMPLE_H
#define ASTERISK_SAMPLE_H

#include "source/asterisk_table.h"
#include "source/zone.h"

/* For how long before now the zones of asterisk_sample_latest hold. */
#define ASTERISK_SAMPLE_HOLDS_SEC (2 * 86400)

/* asterisk_sample_latest: adds to zone what the latest rows show. uniqueid begins with the epoch at which its channel was
 * made, a moment before calldate. Where rows follow the server's own zone, its present one is added too: in autumn the
 * latest rows by calldate are those of the hour's first pass. *ret_now is the database's clock; *ret_cut whether ids are
 * cut by the column's width. Errors: those of session_query. */
int asterisk_sample_latest(struct session *session, const struct asterisk_table *table, int64_t *ret_now, bool *ret_cut,
                           struct zone *zone, struct err *err) MUST_CHECK;

/* asterisk_sample_from: adds to zone what the first of the calls made between two epochs show. Errors: those of
 * session_query. */
int asterisk_sample_from(struct session *session, const struct asterisk_table *table, int64_t from, int64_t to,
                         struct zone *zone, struct err *err) MUST_CHECK;

#endif
