/* candidates: a growing list of calls that may have to be sent. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/candidates.h"

#define BLOCK_BYTES ((size_t)16384)

struct candidates_block {
    struct candidates_block *next;
    size_t used, size;
    max_align_t bytes[];
};

/* Room for size bytes, in the newest block or a new one. */
static void *take_room(struct candidates *list, size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (list->blocks == NULL || size > list->blocks->size - list->blocks->used) {
        size_t block_size = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct candidates_block *block = mem_zero(1, sizeof *block + block_size);
        block->next = list->blocks;
        block->size = block_size;
        list->blocks = block;
    }
    void *room = (char *)list->blocks->bytes + list->blocks->used;
    list->blocks->used += size;
    return room;
}

static struct candidate *next_item(struct candidates *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 64;
        list->items = mem_resize(list->items, list->capacity, sizeof *list->items);
    }
    return &list->items[list->count++];
}

static void add(struct candidates *list, const char *uniqueid, int64_t end_epoch, bool settled)
{
    size_t size = strlen(uniqueid) + 1;
    const char *copy = memcpy(take_room(list, size), uniqueid, size);
    *next_item(list) = (struct candidate){ .uniqueid = copy, .end_epoch = end_epoch, .settled = settled };
}

void candidates_add(struct candidates *list, const char *uniqueid, int64_t end_epoch)
{
    add(list, uniqueid, end_epoch, false);
}

void candidates_add_known(void *list, const char *uniqueid, int64_t end_epoch)
{
    add(list, uniqueid, end_epoch, true);
}

void candidates_add_row(struct candidates *list, const struct call *call)
{
    const struct call *copy = call_copy_to(take_room(list, call_size(call)), call);
    *next_item(list) = (struct candidate){ .uniqueid = copy->id,
                                           .end_epoch = copy->ended,
                                           .call = copy };
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
