/* disposition: maps the dialer's status to the API's result. */
#ifndef DISPOSITION_H
#define DISPOSITION_H

#include "base/err.h"

struct disposition_map;

/* disposition_map_new: the default table: SALE A answered, DNC B dnc, NA NO no_answer, BUSY busy, DROP AMD dropped,
 * any other completed. Ownership: disposition_map_free. */
struct disposition_map *disposition_map_new(void) MUST_CHECK;

/* disposition_map_set: maps status ("*": any other) to result, and replaces an earlier mapping. Ownership: both are
 * copied.
 * Errors: EX_CONFIG if the API has no such result; the message lists the API's results. */
int disposition_map_set(struct disposition_map *map, const char *status, const char *result, struct err *err)
    MUST_CHECK;

/* A result that a kind of source gives to a status of its own. A table ends with the status NULL. */
struct disposition_default {
    const char *status, *result;
};

/* disposition_map_add_defaults: adds those of statuses that are not mapped yet. defaults may be NULL. */
void disposition_map_add_defaults(struct disposition_map *map, const struct disposition_default *defaults);

/* disposition_result: the result of a status. Ignores the case of letters, as the dialer's database does. Ownership:
 * borrowed from map. */
const char *disposition_result(const struct disposition_map *map, const char *status);

/* disposition_map_free: frees map, which may be NULL. */
void disposition_map_free(struct disposition_map *map);

#endif
