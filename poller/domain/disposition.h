/* disposition: maps a status of the source to a result, as the settings or VICIdial's flags say. */
#ifndef DISPOSITION_H
#define DISPOSITION_H

#include <stdbool.h>

#include "base/err.h"
#include "domain/call.h"
#include "domain/status_flags.h"

struct disposition_map;

/* disposition_map_new: the default table: SALE A answered, DNC B dnc, NA NO no_answer, BUSY busy, DROP AMD dropped,
 * any other completed. Ownership: disposition_map_free. */
struct disposition_map *disposition_map_new(void) MUST_CHECK;

/* disposition_map_set: maps status ("*": any other) to result, and replaces an earlier mapping. Ownership: both are
 * copied. Errors: EX_CONFIG if there is no such result; the message lists all results. */
int disposition_map_set(struct disposition_map *map, const char *status, const char *result, struct err *err)
    MUST_CHECK;

/* A result that a kind of source gives to a status of its own. A table ends with the status NULL. */
struct disposition_default {
    const char *status, *result;
};

/* disposition_map_add_defaults: adds the defaults of statuses that are not mapped yet. defaults may be NULL. */
void disposition_map_add_defaults(struct disposition_map *map, const struct disposition_default *defaults);

/* disposition_result: the result of a status. Ignores the case of letters, as VICIdial's database does. Ownership:
 * borrowed from map. */
const char *disposition_result(const struct disposition_map *map, const char *status);

/* disposition_map_use_flags: from now on, VICIdial's flags decide on each status that disposition_map_set did not
 * name. disposition_map_uses_flags: whether flags decide; map may be NULL. disposition_map_add_flags: adds a copy of a
 * status of VICIdial. */
void disposition_map_use_flags(struct disposition_map *map, bool use);
bool disposition_map_uses_flags(const struct disposition_map *map);
void disposition_map_add_flags(struct disposition_map *map, const struct status_flags *flags);

/* disposition_flags: the flags of a call's status. As in VICIdial, a flag counts if the system's row or the campaign's
 * row has it. If neither row exists, the rows of all other campaigns count. */
unsigned disposition_flags(const struct disposition_map *map, const struct call *call);

/* disposition_by_flags: the result of a call by the flags, even if the settings use the table. If VICIdial does not
 * list the status and no rule fits, the result by the table. disposition_of: the result of a call by the settings.
 * Ownership: borrowed from map. */
const char *disposition_by_flags(const struct disposition_map *map, const struct call *call);
const char *disposition_of(const struct disposition_map *map, const struct call *call);

/* disposition_map_free: frees map, which may be NULL. */
void disposition_map_free(struct disposition_map *map);

#endif
