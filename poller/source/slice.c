/* slice: decides how much of a table one statement reads. */
#include <stdio.h>

#include "source/slice.h"

#define SLICE_FIRST_SEC 300
#define SLICE_SHORTEST_SEC 1
#define SLICE_LONGEST_SEC 14400
#define SLICE_QUICK_MS 2
#define SLICE_SLOW_MS 3

/* A MyISAM table takes no write while a statement reads it. Measured while a backlog was read: with 1000 rows a
 * statement, 1 to 3 % of the dialer's UPDATEs waited for more than 1 ms. With 100 rows it was 0.4 %. So a slice with
 * more rows is read again as shorter slices. That reads rows twice, so a slice aims for fewer rows. */
#define SLICE_MANY_ROWS 100
#define SLICE_AIM_ROWS 75
#define SLICE_MANY_EXAMINED 400 /* the same if MariaDB would examine more rows than these */

/* A length that was too long is tried again after this many slices: at night calls are few. */
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

/* How long a slice of this length with so many rows should have been; at most twice as long. */
static int64_t longer(int64_t sec, uint64_t rows)
{
    return rows > SLICE_AIM_ROWS / 2 ? sec * SLICE_AIM_ROWS / (int64_t)rows : 2 * sec;
}

void slice_adapt(struct slice *slice, int64_t took_ms, uint64_t rows, bool too_long)
{
    if (too_long)
        slice->too_long_sec = slice->sec;
    slice->fine = too_long ? 0 : slice->fine + 1;
    if (slice->fine >= SLICE_FORGET)
        slice->too_long_sec = 0;
    int64_t grown = longer(slice->sec, rows);
    bool may_grow = slice->too_long_sec == 0 || grown < slice->too_long_sec;
    if (too_long)
        slice->sec /= 4;
    else if (took_ms >= SLICE_SLOW_MS)
        slice->sec /= 2;
    else if (took_ms < SLICE_QUICK_MS && rows < SLICE_AIM_ROWS && may_grow)
        slice->sec = grown;
    if (slice->sec < SLICE_SHORTEST_SEC)
        slice->sec = SLICE_SHORTEST_SEC;
    if (slice->sec > SLICE_LONGEST_SEC)
        slice->sec = SLICE_LONGEST_SEC;
}
