/* when: points in time as people write them. */
#ifndef WHEN_H
#define WHEN_H

#include <stdint.h>

#include "base/err.h"

/* The earliest time that is taken for real: 2000-01-01 UTC. Whatever says less is a damaged or mistaken number. */
#define WHEN_EARLIEST INT64_C(946684800)

/* when_parse: reads text as a bare epoch in seconds, `YYYY-MM-DD HH:MM:SS` in local time (seconds, or the whole time of
 * day, may be left out; a T may stand between), the same with an offset to UTC behind the time of day (`Z`, ` -0500`,
 * `+02:00`: all that this program prints, and ISO 8601), `now`, `today` and `yesterday` (when that day began), or
 * `N seconds|minutes|hours|days|weeks ago`, counted from now_epoch. A local time that happens twice in the autumn hour
 * means the first time; one that is skipped in spring means the moment the clocks jump over it.
 * Errors: EX_USAGE, with the forms that are understood. The future is not an error here. */
int when_parse(const char *text, int64_t now_epoch, int64_t *ret_epoch, struct err *err) MUST_CHECK;

#endif
