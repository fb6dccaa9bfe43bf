/* when: parses times that people write. */
#ifndef WHEN_H
#define WHEN_H

#include <stdint.h>

#include "base/err.h"

/* The earliest plausible time: 2000-01-01 UTC. An earlier time is a damaged or mistyped number. */
#define WHEN_EARLIEST INT64_C(946684800)

/* when_parse: sets *ret_epoch to the epoch seconds of the time in text. The forms are:
 * - an epoch in seconds;
 * - `YYYY-MM-DD HH:MM:SS` in local time, with a blank or a T; the seconds, or the whole time of day, may be missing;
 * - the same with an offset to UTC (`Z`, ` -0500`, `+02:00`), so that it reads each time that this program prints;
 * - `now`, `today`, `yesterday` (the beginning of the day), `N seconds|minutes|hours|days|weeks ago`, from now_epoch.
 * A local time that occurs twice in autumn means the first one. A local time that the clocks skip in spring means the
 * moment of the skip. Errors: EX_USAGE, with the accepted forms. A time in the future is no error. */
int when_parse(const char *text, int64_t now_epoch, int64_t *ret_epoch, struct err *err) MUST_CHECK;

/* when_parse_range: when_parse for both ends of a range. An end that names a day (a date, `today`, `yesterday`) means
 * its last second. zone is a value of TZ: the zone of times without an offset; "": this host's. Errors: as
 * when_parse. */
int when_parse_range(const char *zone, const char *from, const char *to, int64_t now_epoch, int64_t *ret_from,
                     int64_t *ret_to, struct err *err) MUST_CHECK;

#endif
