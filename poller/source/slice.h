/* slice: how much of a table one statement reads. A scan goes in slices, so that no statement holds the table for long
 * however busy the site is, and no result is large. A slice grows while statements are quick and shrinks when one is not. */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero at first. */
struct slice {
    int64_t sec;          /* how long the next one is; 0: not known yet, see slice_length */
    int64_t too_long_sec; /* a slice of this length had to be read again; 0: none, or long ago */
    int fine;             /* slices since then */
};

/* slice_length: the length of the next slice, in seconds. */
int64_t slice_length(struct slice *slice);

/* slice_limit: writes the LIMIT of a slice's statement; "" for the shortest slice, which is read whole. Returns out. */
#define SLICE_LIMIT_SIZE 64
const char *slice_limit(const struct slice *slice, bool is_mariadb, char out[SLICE_LIMIT_SIZE]);

/* slice_is_too_long: whether a slice is to be read again as shorter ones. is_cut: the server stopped the statement for
 * the rows that it had to look at; the result is then not whole. */
bool slice_is_too_long(const struct slice *slice, uint64_t rows, bool is_cut);

/* slice_adapt: fits the length of the next slice to what the last one took. What was too long is not tried again soon: the
 * server would read those rows twice. */
void slice_adapt(struct slice *slice, int64_t took_ms, uint64_t rows, bool too_long);

#endif
