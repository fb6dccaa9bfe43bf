/* vicidial_sample: reads a few rows of a dialer's table to find the time zones in which hosts write them. */
#ifndef VICIDIAL_SAMPLE_H
#define VICIDIAL_SAMPLE_H

#include "source/vicidial_table.h"

/* The zones of vicidial_sample_latest are valid for rows of this many seconds before now. */
#define VICIDIAL_SAMPLE_HOLDS_SEC (2 * 86400)

/* vicidial_sample_latest: adds to zone the zones of the latest rows, or the server's zone if there are none. It reads
 * rows by uniqueid, which begins with an epoch; by call_date all latest rows would be of the easternmost writer.
 * *ret_now is the database's clock. Errors: those of session_query. */
int vicidial_sample_latest(struct session *session, const struct vicidial_table *table, int64_t *ret_now,
                           struct zone *zone, struct err *err) MUST_CHECK;

/* vicidial_sample_from: adds to zone the zones of the first calls that began between two epochs. Errors: those of
 * session_query. */
int vicidial_sample_from(struct session *session, const struct vicidial_table *table, int64_t from, int64_t to,
                         struct zone *zone, struct err *err) MUST_CHECK;

#endif
