/* stretch: the local times to read, so that every row of a range is found, in any zone of its writer. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "source/stretch.h"

/* A long range is sampled so often: between two samples no zone comes and goes again. Ramadan, without summer time in
 * Morocco, is the shortest that is known to. But not more often than SAMPLES_MOST times. */
#define SAMPLE_SEC (14 * 86400)
#define SAMPLES_MOST 64

void stretch_add(struct stretch_list *list, int64_t from, int64_t to, int64_t offset)
{
    list->windows = mem_resize(list->windows, list->count + 1, sizeof *list->windows);
    list->windows[list->count++] = (struct stretch_window){ .from = from, .to = to, .offset = offset };
}

void stretch_add_zone(struct stretch_list *list, int64_t from, int64_t to, const struct zone *zone)
{
    for (size_t i = 0; i < zone->count; i++)
        stretch_add(list, from, to, zone->offsets[i].sec);
}

int stretch_add_sampled(struct stretch_list *list, int64_t from, int64_t to, stretch_sample *sample, void *context,
                        struct err *err)
{
    int64_t step = (to - from) / SAMPLES_MOST > SAMPLE_SEC ? (to - from) / SAMPLES_MOST : SAMPLE_SEC;
    struct zone here = { .count = 0 }, there = { .count = 0 };
    if (sample(context, from, from + step, &here, err) != 0)
        return -1;
    for (int64_t end = from + step; from < to; from = end, end += step, here = there) {
        there = (struct zone){ .count = 0 };
        if (sample(context, end, end + step, &there, err) != 0)
            return -1;
        stretch_add_zone(list, from, end < to ? end : to, &here);
        stretch_add_zone(list, from, end < to ? end : to, &there);
    }
    return 0;
}

static int64_t end_of(const struct stretch_window *window)
{
    return window->to + window->offset;
}

/* Where the part of a window that does not lie before at begins. */
static int64_t start_of(const struct stretch_window *window, int64_t at)
{
    int64_t start = window->from + window->offset;
    return start > at ? start : at;
}

/* The farthest end of the windows that begin before or right behind end. */
static int64_t prolonged(const struct stretch_list *list, int64_t end)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct stretch_window *window = &list->windows[i];
        if (window->from + window->offset <= end + 1 && end_of(window) > end)
            end = end_of(window);
    }
    return end;
}

bool stretch_next(const struct stretch_list *list, int64_t at, int64_t *ret_from, int64_t *ret_to)
{
    const struct stretch_window *first = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct stretch_window *window = &list->windows[i];
        if (end_of(window) >= at && (first == NULL || start_of(window, at) < start_of(first, at)))
            first = window;
    }
    if (first == NULL)
        return false;
    *ret_from = start_of(first, at);
    *ret_to = end_of(first);
    for (int64_t farther = prolonged(list, *ret_to); farther > *ret_to; farther = prolonged(list, *ret_to))
        *ret_to = farther;
    return true;
}

int64_t stretch_made_before(const struct stretch_list *list, int64_t at)
{
    int64_t made = INT64_MAX;
    for (size_t i = 0; i < list->count; i++) {
        const struct stretch_window *window = &list->windows[i];
        if (end_of(window) >= at && start_of(window, at) - window->offset < made)
            made = start_of(window, at) - window->offset;
    }
    return made;
}

const char *stretch_datetime(int64_t local_sec, char out[STRETCH_DATETIME_SIZE])
{
    time_t seconds = (time_t)local_sec;
    struct tm fields;
    if (gmtime_r(&seconds, &fields) == NULL ||
        strftime(out, STRETCH_DATETIME_SIZE, "%Y-%m-%d %H:%M:%S", &fields) == 0)
        (void)snprintf(out, STRETCH_DATETIME_SIZE, "1970-01-01 00:00:00");
    return out;
}

void stretch_clear(struct stretch_list *list)
{
    free(list->windows);
    *list = (struct stretch_list){ .count = 0 };
}
