/* candidates: a growing list of calls that may have to be sent. */
#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "mem.h"

void candidates_add(struct candidates *list, const char *uniqueid, int64_t end_epoch, bool settled)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 64;
        list->items = mem_resize(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] =
        (struct candidate){ .uniqueid = mem_copy(uniqueid), .end_epoch = end_epoch, .settled = settled };
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
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].uniqueid);
    free(list->items);
    *list = (struct candidates){ .count = 0 };
}
