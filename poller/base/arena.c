/* arena: memory for many small things that are freed together. */
#include <stdarg.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

enum { BLOCK_SIZE = 16384 };

struct arena_block {
    struct arena_block *previous;
    size_t used, size; /* bytes of room */
    alignas(max_align_t) char room[];
};

static void add_block(struct arena *arena, size_t least)
{
    size_t size = least > BLOCK_SIZE ? least : BLOCK_SIZE;
    struct arena_block *block = mem_zero(1, sizeof *block + size);
    block->previous = arena->last;
    block->size = size;
    arena->last = block;
}

void *arena_zero(struct arena *arena, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        mem_out_of_memory();
    bytes = (bytes + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (arena->last == NULL || arena->last->size - arena->last->used < bytes)
        add_block(arena, bytes);
    void *made = arena->last->room + arena->last->used;
    arena->last->used += bytes;
    return made;
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
    char *copy = arena_zero(arena, length + 1, 1);
    memcpy(copy, bytes, length);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mem_format_list(format, args);
    va_end(args);
    char *copy = arena_copy(arena, text, strlen(text));
    free(text);
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->last != NULL) {
        struct arena_block *previous = arena->last->previous;
        free(arena->last);
        arena->last = previous;
    }
}
