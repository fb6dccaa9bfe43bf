/* arena: memory for many small things that are freed together. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#include "base/err.h"

/* Begin with all zero. One thread at a time uses an arena. Out of memory ends the program. */
struct arena {
    struct arena_block *last;
};

/* arena_zero: count things of size bytes, filled with zeros and aligned for any type. arena_copy: a copy of length
 * bytes with a NUL behind them. arena_format: the formatted text. Ownership: the arena's, until arena_free. */
void *arena_zero(struct arena *arena, size_t count, size_t size) MUST_CHECK;
char *arena_copy(struct arena *arena, const char *bytes, size_t length) MUST_CHECK;
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

/* arena_free: frees everything in the arena, which is then as new. */
void arena_free(struct arena *arena);

#endif
