/* position: a place in the order of finished calls, (end_epoch, uniqueid). */
#ifndef POSITION_H
#define POSITION_H

#include <stdint.h>

/* VICIdial's uniqueid is VARCHAR(20); longer ones, from a widened column, are compared by their beginning. */
#define POSITION_UNIQUEID_SIZE 64

struct position {
    int64_t end_epoch;                     /* seconds since 1970 UTC */
    char uniqueid[POSITION_UNIQUEID_SIZE]; /* "" comes before every call of that second */
};

/* position_at: the place of one call; uniqueid is copied. */
struct position position_at(int64_t end_epoch, const char *uniqueid);

/* position_compare: below, at or above zero as a is before, at or after b: by time, then byte by byte. */
int position_compare(const struct position *a, const struct position *b);

#endif
