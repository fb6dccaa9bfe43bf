/* candidates: a growing list of calls that may have to be sent. */
#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "mem.h"

#define BLOCK_BYTES 16384

struct candidates_block {
    struct candidates_block *next;
    size_t used;
    char text[BLOCK_BYTES];
};

/* Copies text into the newest block, or a new one. Longer than a block it cannot be: no column is. */
static const char *keep(struct candidates *list, const char *text)
{
    size_t length = strlen(text);
    if (length >= BLOCK_BYTES)
        length = BLOCK_BYTES - 1;
    if (list->blocks == NULL || list->blocks->used + length + 1 > BLOCK_BYTES) {
        struct candidates_block *block = mem_zero(1, sizeof *block);
        block->next = list->blocks;
        list->blocks = block;
    }
    char *copy = list->blocks->text + list->blocks->used;
    memcpy(copy, text, length);
    copy[length] = '\0';
    list->blocks->used += length + 1;
    return copy;
}

void candidates_add(struct candidates *list, const char *uniqueid, int64_t end_epoch, bool settled)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 64;
        list->items = mem_resize(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] =
        (struct candidate){ .uniqueid = keep(list, uniqueid), .end_epoch = end_epoch, .settled = settled };
}

static int compare(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->end_epoch != b->end_epoch)
        return a->end_epoch < b->end_epoch ? -1 : 1;
    return strcmp(a->uniqueid, b->uniqueid);
}

void candidates_sort(struct candidates *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare);
}

void candidates_keep_first(struct candidates *list, size_t count)
{
    if (count < list->count)
        list->count = count;
}

void candidates_clear(struct candidates *list)
{
    while (list->blocks != NULL) {
        struct candidates_block *next = list->blocks->next;
        free(list->blocks);
        list->blocks = next;
    }
    free(list->items);
    *list = (struct candidates){ .count = 0 };
}
