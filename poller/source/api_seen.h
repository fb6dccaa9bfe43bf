/* api_seen: the ids of rows that were read, in passes over the same list. For the sources that read an HTTP API. */
#ifndef API_SEEN_H
#define API_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begin with all zero. */
struct api_seen {
    struct api_seen_slot *slots;
    size_t size, count;
    uint32_t pass;
    int64_t of_pass;     /* the ids of this pass */
    int64_t new_of_pass; /* those of them that no earlier pass had */
};

/* api_seen_begin: begins the next pass. */
void api_seen_begin(struct api_seen *seen);

/* api_seen_add: adds an id to this pass. False: this pass has it already. Two ids may count as one, as their hashes are
 * compared; with 10,000 ids that happens once in 10^11 lists. */
bool api_seen_add(struct api_seen *seen, const char *id);

/* api_seen_clear: frees the memory, and forgets all passes. */
void api_seen_clear(struct api_seen *seen);

#endif
