/* slice: decides how much of a table one statement reads. A scan reads a table in slices of time. So no statement locks
 * the table for long, even on a busy site, and no result is large. Slices grow while statements are quick, and shrink
 * after a slow one. */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero at first. */
struct slice {
    int64_t sec;          /* the length of the next slice; 0: not known yet, see slice_length */
    int64_t too_long_sec; /* a slice of this length was too long; 0: none, or long ago */
    int fine;             /* slices since then */
};

/* slice_length: the length of the next slice, in seconds. */
int64_t slice_length(struct slice *slice);

/* slice_limit: writes the LIMIT of a slice's statement; "" for the shortest slice, which has no limit. Returns out. */
#define SLICE_LIMIT_SIZE 64
const char *slice_limit(const struct slice *slice, bool is_mariadb, char out[SLICE_LIMIT_SIZE]);

/* slice_is_too_long: whether the slice must be read again as shorter slices. is_cut: the server stopped the statement
 * because it examined too many rows; then the result is incomplete. */
bool slice_is_too_long(const struct slice *slice, uint64_t rows, bool is_cut);

/* slice_adapt: sets the length of the next slice by the time and rows of the last slice. A length that was too long is
 * not tried again soon, because the server would read those rows twice. */
void slice_adapt(struct slice *slice, int64_t took_ms, uint64_t rows, bool too_long);

#endif
