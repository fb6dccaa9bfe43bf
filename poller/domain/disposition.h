/* disposition: from the dialer's status to the result the API knows. */
#ifndef DISPOSITION_H
#define DISPOSITION_H

#include "base/err.h"

struct disposition_map;

/* disposition_map_new: the default table: SALE A answered, DNC B dnc, NA NO no_answer, BUSY busy, DROP AMD dropped,
 * any other completed. Ownership: disposition_map_free. */
struct disposition_map *disposition_map_new(void) MUST_CHECK;

/* disposition_map_set: maps status ("*": any other) to result, replacing what stood. Both are copied.
 * Errors: EX_CONFIG when the API knows no such result, naming those it knows. */
int disposition_map_set(struct disposition_map *map, const char *status, const char *result, struct err *err)
    MUST_CHECK;

/* disposition_result: the result for a status, compared without case as the dialer's database does. Borrowed from map. */
const char *disposition_result(const struct disposition_map *map, const char *status);

/* disposition_map_free: NULL is fine. */
void disposition_map_free(struct disposition_map *map);

#endif
