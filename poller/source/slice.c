/* slice: how much of a table one statement reads. */
#include <stdio.h>

#include "source/slice.h"

#define SLICE_FIRST_SEC 300
#define SLICE_SHORTEST_SEC 10
#define SLICE_LONGEST_SEC 14400
#define SLICE_QUICK_MS 2
#define SLICE_SLOW_MS 6
#define SLICE_FEW_ROWS 500
#define SLICE_MANY_ROWS 1000     /* a slice with more rows is read again as shorter ones ... */
#define SLICE_MANY_EXAMINED 4000 /* ... as is one for which the server has to look at more than these (MariaDB) */

/* So many slices after one that was too long, its length is tried again: at night calls are few. */
#define SLICE_FORGET 16

int64_t slice_length(struct slice *slice)
{
    if (slice->sec == 0)
        slice->sec = SLICE_FIRST_SEC;
    return slice->sec;
}

const char *slice_limit(const struct slice *slice, bool is_mariadb, char out[SLICE_LIMIT_SIZE])
{
    *out = '\0';
    if (slice->sec > SLICE_SHORTEST_SEC && is_mariadb)
        (void)snprintf(out, SLICE_LIMIT_SIZE, " LIMIT %d ROWS EXAMINED %d", SLICE_MANY_ROWS + 1, SLICE_MANY_EXAMINED);
    else if (slice->sec > SLICE_SHORTEST_SEC)
        (void)snprintf(out, SLICE_LIMIT_SIZE, " LIMIT %d", SLICE_MANY_ROWS + 1);
    return out;
}

bool slice_is_too_long(const struct slice *slice, uint64_t rows, bool is_cut)
{
    return slice->sec > SLICE_SHORTEST_SEC && (rows > SLICE_MANY_ROWS || is_cut);
}

void slice_adapt(struct slice *slice, int64_t took_ms, uint64_t rows, bool too_long)
{
    if (too_long)
        slice->too_long_sec = slice->sec;
    slice->fine = too_long ? 0 : slice->fine + 1;
    if (slice->fine >= SLICE_FORGET)
        slice->too_long_sec = 0;
    bool may_grow = slice->too_long_sec == 0 || 2 * slice->sec < slice->too_long_sec;
    if (too_long)
        slice->sec /= 4;
    else if (took_ms >= SLICE_SLOW_MS)
        slice->sec /= 2;
    else if (took_ms < SLICE_QUICK_MS && rows < SLICE_FEW_ROWS && may_grow)
        slice->sec *= 2;
    if (slice->sec < SLICE_SHORTEST_SEC)
        slice->sec = SLICE_SHORTEST_SEC;
    if (slice->sec > SLICE_LONGEST_SEC)
        slice->sec = SLICE_LONGEST_SEC;
}
