/* slice: how much of a table one statement reads. */
#include <stdio.h>

#include "source/slice.h"

#define SLICE_SHORTEST_SEC 10
#define SLICE_LONGEST_SEC 14400
#define SLICE_QUICK_MS 2
#define SLICE_SLOW_MS 6
#define SLICE_FEW_ROWS 500
#define SLICE_MANY_ROWS 1000     /* a slice with more rows is read again as shorter ones ... */
#define SLICE_MANY_EXAMINED 4000 /* ... as is one for which the server has to look at more than these (MariaDB) */

const char *slice_limit(int64_t slice_sec, bool is_mariadb, char out[SLICE_LIMIT_SIZE])
{
    *out = '\0';
    if (slice_sec > SLICE_SHORTEST_SEC && is_mariadb)
        (void)snprintf(out, SLICE_LIMIT_SIZE, " LIMIT %d ROWS EXAMINED %d", SLICE_MANY_ROWS + 1, SLICE_MANY_EXAMINED);
    else if (slice_sec > SLICE_SHORTEST_SEC)
        (void)snprintf(out, SLICE_LIMIT_SIZE, " LIMIT %d", SLICE_MANY_ROWS + 1);
    return out;
}

bool slice_is_too_long(int64_t slice_sec, uint64_t rows, bool is_cut)
{
    return slice_sec > SLICE_SHORTEST_SEC && (rows > SLICE_MANY_ROWS || is_cut);
}

int64_t slice_adapted(int64_t slice_sec, int64_t took_ms, uint64_t rows, bool too_long)
{
    if (too_long)
        slice_sec /= 4;
    else if (took_ms >= SLICE_SLOW_MS)
        slice_sec /= 2;
    else if (took_ms < SLICE_QUICK_MS && rows < SLICE_FEW_ROWS)
        slice_sec *= 2;
    if (slice_sec < SLICE_SHORTEST_SEC)
        return SLICE_SHORTEST_SEC;
    return slice_sec > SLICE_LONGEST_SEC ? SLICE_LONGEST_SEC : slice_sec;
}
