/* position: the order of finished calls, by (end_epoch, uniqueid). */
#ifndef POSITION_H
#define POSITION_H

#include <stdint.h>

/* VICIdial's uniqueid is VARCHAR(20), Asterisk's has up to 149 bytes (AST_MAX_PUBLIC_UNIQUEID). A longer one, from a
 * widened column, is compared by its beginning. */
#define POSITION_UNIQUEID_SIZE 256

struct position {
    int64_t end_epoch;                     /* seconds since 1970 UTC */
    char uniqueid[POSITION_UNIQUEID_SIZE]; /* "" comes before every call of that second */
};

/* position_at: the position of a call. Ownership: uniqueid is copied. */
struct position position_at(int64_t end_epoch, const char *uniqueid);

/* position_compare: negative, 0 or positive if a is before, equal to or after b: by time, then by the bytes of
 * uniqueid. */
int position_compare(const struct position *a, const struct position *b);

#endif
