/* stretch: the local times to read, so that every row of a range is found, in any zone of its writer.
 *
 * A window means: calls that began between two epochs may have dates with this offset. The local times of all windows
 * together are disjoint stretches, which are read from the first to the last. */
#ifndef STRETCH_H
#define STRETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "source/zone.h"

/* All zero at first. */
struct stretch_list {
    struct stretch_window {
        int64_t from, to; /* epochs, both included */
        int64_t offset;   /* local time less epoch */
    } *windows;
    size_t count;
};

/* stretch_add: one window more. */
void stretch_add(struct stretch_list *list, int64_t from, int64_t to, int64_t offset);

/* stretch_add_zone: a window for each offset of zone. */
void stretch_add_zone(struct stretch_list *list, int64_t from, int64_t to, const struct zone *zone);

/* Adds to zone the offsets in the rows of the calls that began between two epochs. */
typedef int stretch_sample(void *context, int64_t from, int64_t to, struct zone *zone, struct err *err);

/* stretch_add_sampled: windows for calls of long ago. The rows are asked again and again for their zones: the clocks
 * changed twice a year, or the server came from elsewhere. Errors: those of sample. */
int stretch_add_sampled(struct stretch_list *list, int64_t from, int64_t to, stretch_sample *sample, void *context,
                        struct err *err) MUST_CHECK;

/* stretch_next: the first stretch of local time at or after at, cut off before at; both ends are included. false: there
 * is none. */
bool stretch_next(const struct stretch_list *list, int64_t at, int64_t *ret_from, int64_t *ret_to);

/* stretch_made_before: with all local times before at read, every call made before this epoch was met. INT64_MAX: all
 * were. */
int64_t stretch_made_before(const struct stretch_list *list, int64_t at);

/* stretch_datetime: writes a local time, in seconds since 1970 as if there were no zones, as a DATETIME. Returns
 * out. */
#define STRETCH_DATETIME_SIZE 32
const char *stretch_datetime(int64_t local_sec, char out[STRETCH_DATETIME_SIZE]);

/* stretch_clear: frees the windows. */
void stretch_clear(struct stretch_list *list);

#endif
