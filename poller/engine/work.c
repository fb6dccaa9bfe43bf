/* work: the calls that a run is to send. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/work.h"

#define BLOCK_BYTES ((size_t)16384)
#define FIRST_CAPACITY ((size_t)64)

struct work_block {
    struct work_block *next;
    size_t used, size;
    max_align_t bytes[];
};

/* Room for size bytes, in the newest block or a new one. */
static void *take_room(struct work *work, size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (work->blocks == NULL || size > work->blocks->size - work->blocks->used) {
        size_t block_size = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct work_block *block = mem_zero(1, sizeof *block + block_size);
        block->next = work->blocks;
        block->size = block_size;
        work->blocks = block;
    }
    void *room = (char *)work->blocks->bytes + work->blocks->used;
    work->blocks->used += size;
    return room;
}

/* ---- by id ---- */

/* The place of id in the index, taken or free. */
static struct work_item **place_of(const struct work *work, const char *id)
{
    size_t at = (size_t)str_hash(STR_HASH_START, id, strlen(id)) & (work->index_size - 1);
    while (work->index[at] != NULL && strcmp(work->index[at]->call->id, id) != 0)
        at = (at + 1) & (work->index_size - 1);
    return &work->index[at];
}

/* Makes room for one more item. The index stays at most half full, so that a search is short. */
static void grow(struct work *work)
{
    if (work->count < work->capacity)
        return;
    work->capacity = work->capacity > 0 ? 2 * work->capacity : FIRST_CAPACITY;
    work->items = mem_resize(work->items, work->capacity, sizeof(struct work_item *));
    free(work->index);
    work->index_size = 2 * work->capacity;
    work->index = mem_zero(work->index_size, sizeof(struct work_item *));
    for (size_t i = 0; i < work->count; i++)
        *place_of(work, work->items[i]->call->id) = work->items[i];
}

void work_add(struct work *work, const struct call *call, const struct call_record *record, bool recorded)
{
    grow(work);
    struct work_item **place = place_of(work, call->id), *item = *place;
    if (item != NULL && item->call->ended > call->ended)
        return;
    const struct call *copy = call_copy_to(take_room(work, call_size(call)), call);
    if (item != NULL) {
        item->call = copy;
        return;
    }
    item = *place = work->items[work->count++] = take_room(work, sizeof *item);
    *item = (struct work_item){ .call = copy, .record = *record, .recorded = recorded };
}

bool work_has(const struct work *work, const char *id)
{
    return work->count > 0 && *place_of(work, id) != NULL;
}

void work_replace(struct work *work, struct work_item *item, const struct call *call)
{
    item->call = call_copy_to(take_room(work, call_size(call)), call);
}

/* ---- by time ---- */

static int compare(const void *left, const void *right)
{
    const struct call *a = (*(struct work_item *const *)left)->call, *b = (*(struct work_item *const *)right)->call;
    if (a->ended != b->ended)
        return a->ended < b->ended ? -1 : 1;
    return strcmp(a->id, b->id);
}

void work_sort(struct work *work)
{
    if (work->count > 1)
        qsort(work->items, work->count, sizeof(struct work_item *), compare);
}

const struct work_item *work_first_open(const struct work *work)
{
    for (size_t i = 0; i < work->count; i++)
        if (!work->items[i]->recorded)
            return work->items[i];
    return NULL;
}

void work_clear(struct work *work)
{
    while (work->blocks != NULL) {
        struct work_block *next = work->blocks->next;
        free(work->blocks);
        work->blocks = next;
    }
    free(work->items);
    free(work->index);
    *work = (struct work){ .count = 0 };
}
