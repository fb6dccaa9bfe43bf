/* vicidial_finality: whether a row of VICIdial's says the last word on its call. */
#ifndef VICIDIAL_FINALITY_H
#define VICIDIAL_FINALITY_H

#include "domain/call.h"
#include "domain/settings.h"

/* vicidial_finality_tell: fills finality and wait_until; all else is filled. comments: the row's, or NULL. now: the
 * database's clock as the row was read. went_back: by how many seconds the clocks of who wrote the row were put back
 * since, as in autumn: so much longer VICIdial's own screens take the call for a recent one (vdc_db_query.php:
 * call_date within 4 hours). */
void vicidial_finality_tell(struct call *call, const char *comments, int64_t now, int64_t went_back,
                            const struct settings_sync *settings);

#endif
