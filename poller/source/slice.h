/* slice: how much of a table one statement reads. A scan goes in slices, so that no statement holds the table for long
 * however busy the site is, and no result is large. A slice grows while statements are quick and shrinks when one is not. */
#ifndef SLICE_H
#define SLICE_H

#include <stdbool.h>
#include <stdint.h>

#define SLICE_FIRST_SEC 300

/* slice_limit: writes the LIMIT of a slice's statement; "" for the shortest slice, which is read whole. Returns out. */
#define SLICE_LIMIT_SIZE 64
const char *slice_limit(int64_t slice_sec, bool is_mariadb, char out[SLICE_LIMIT_SIZE]);

/* slice_is_too_long: whether a slice is to be read again as shorter ones. is_cut: the server stopped the statement for
 * the rows that it had to look at; the result is then not whole. */
bool slice_is_too_long(int64_t slice_sec, uint64_t rows, bool is_cut);

/* slice_adapted: fits the length of the next slice to what the last one took. */
int64_t slice_adapted(int64_t slice_sec, int64_t took_ms, uint64_t rows, bool too_long);

#endif
