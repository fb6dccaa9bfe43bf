/* vicidial_sample: a few rows of one of the dialer's tables, read to learn in which time zones they are written. */
#ifndef VICIDIAL_SAMPLE_H
#define VICIDIAL_SAMPLE_H

#include "source/vicidial_table.h"

/* For how long before now the zones of vicidial_sample_latest hold. */
#define VICIDIAL_SAMPLE_HOLDS_SEC (2 * 86400)

/* vicidial_sample_latest: adds to zone what the latest rows show; where they show nothing, the server's own zone. Rows
 * are taken by uniqueid, which begins with an epoch: by call_date the latest would all be of the easternmost writer.
 * *ret_now is the database's clock. Errors: those of session_query. */
int vicidial_sample_latest(struct session *session, const struct vicidial_table *table, int64_t *ret_now,
                           struct zone *zone, struct err *err) MUST_CHECK;

/* vicidial_sample_from: adds to zone what the first of the calls made between two epochs show. Errors: those of
 * session_query. */
int vicidial_sample_from(struct session *session, const struct vicidial_table *table, int64_t from, int64_t to,
                         struct zone *zone, struct err *err) MUST_CHECK;

#endif
