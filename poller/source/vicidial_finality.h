/* vicidial_finality: whether the status in a row of VICIdial is final. */
#ifndef VICIDIAL_FINALITY_H
#define VICIDIAL_FINALITY_H

#include "domain/call.h"
#include "domain/settings.h"

/* vicidial_finality_set: sets finality and wait_until of call. All other members must be set. comments: the row's
 * comments, or NULL.
 * now: the database's clock when the row was read. went_back: the seconds by which the clock of the row's writer was
 * set back since then (end of DST). VICIdial's screens write a disposition that much later (vdc_db_query.php: call_date
 * within 4 hours). */
void vicidial_finality_set(struct call *call, const char *comments, int64_t now, int64_t went_back,
                            const struct settings_sync *settings);

#endif
