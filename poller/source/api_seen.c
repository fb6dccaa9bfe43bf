/* api_seen: the ids of rows that were read, in passes over the same list. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/api_seen.h"

#define FIRST_SIZE 1024 /* a power of two, as every size */

struct api_seen_slot {
    uint64_t hash;
    uint32_t pass; /* the last pass with this id; 0: the slot is free */
};

/* The slot of this hash, or the free one where it belongs. */
static struct api_seen_slot *find(struct api_seen_slot *slots, size_t size, uint64_t hash)
{
    size_t at = (size_t)hash & (size - 1);
    while (slots[at].pass != 0 && slots[at].hash != hash)
        at = (at + 1) & (size - 1);
    return &slots[at];
}

static void grow(struct api_seen *seen)
{
    size_t size = seen->size > 0 ? 2 * seen->size : FIRST_SIZE;
    struct api_seen_slot *slots = mem_zero(size, sizeof *slots);
    for (size_t i = 0; i < seen->size; i++)
        if (seen->slots[i].pass != 0)
            *find(slots, size, seen->slots[i].hash) = seen->slots[i];
    free(seen->slots);
    seen->slots = slots;
    seen->size = size;
}

void api_seen_begin(struct api_seen *seen)
{
    seen->pass++;
    seen->of_pass = seen->new_of_pass = 0;
}

bool api_seen_add(struct api_seen *seen, const char *id)
{
    if (2 * (seen->count + 1) > seen->size)
        grow(seen);
    uint64_t hash = str_hash(STR_HASH_START, id, strlen(id));
    struct api_seen_slot *slot = find(seen->slots, seen->size, hash);
    if (slot->pass == seen->pass)
        return false;
    seen->of_pass++;
    if (slot->pass == 0) {
        seen->count++;
        seen->new_of_pass++;
    }
    *slot = (struct api_seen_slot){ .hash = hash, .pass = seen->pass };
    return true;
}

void api_seen_clear(struct api_seen *seen)
{
    free(seen->slots);
    *seen = (struct api_seen){ .count = 0 };
}
