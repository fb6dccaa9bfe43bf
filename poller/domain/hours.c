/* hours: what became of the calls of the last hours, hour by hour. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/hours.h"

enum { HOUR = 3600, OTHER = HOURS_RESULTS - 1 };

const char *const hours_result_names[HOURS_RESULTS] = { "answered", "completed", "no_answer", "busy", "dropped", "dnc",
                                                        "other" };

/* All answer times are kept until the end: 4 bytes a call make exact percentiles. */
struct hour {
    struct hours_figures figures;
    uint32_t *took_ms;
    size_t room;
};

struct hours {
    int64_t first;
    int count;
    struct hour hour[];
};

struct hours *hours_open(int count, int64_t last_epoch, int64_t offset_sec)
{
    struct hours *hours = mem_zero(1, sizeof *hours + (size_t)count * sizeof hours->hour[0]);
    int64_t past_hour = (last_epoch + offset_sec) % HOUR;
    hours->count = count;
    hours->first = last_epoch - past_hour - (int64_t)(count - 1) * HOUR;
    return hours;
}

void hours_close(struct hours *hours)
{
    if (hours == NULL)
        return;
    for (int i = 0; i < hours->count; i++)
        free(hours->hour[i].took_ms);
    free(hours);
}

int64_t hours_first(const struct hours *hours)
{
    return hours->first;
}

/* NULL: outside. */
static struct hour *find(struct hours *hours, int64_t epoch)
{
    int64_t index = epoch < hours->first ? -1 : (epoch - hours->first) / HOUR;
    return index >= 0 && index < hours->count ? &hours->hour[index] : NULL;
}

static int find_result(const char *result)
{
    for (int i = 0; i < OTHER; i++)
        if (result != NULL && strcmp(result, hours_result_names[i]) == 0)
            return i;
    return OTHER;
}

void hours_add_call(struct hours *hours, int64_t end_epoch, enum call_state state, const char *result)
{
    struct hour *hour = find(hours, end_epoch);
    if (hour == NULL || (int)state < 0 || (int)state >= HOURS_STATES)
        return;
    hour->figures.states[state]++;
    hour->figures.results[find_result(result)]++;
}

void hours_add_answer(struct hours *hours, int64_t epoch, int64_t took_ms)
{
    struct hour *hour = find(hours, epoch);
    if (hour == NULL || took_ms < 0)
        return;
    size_t used = (size_t)hour->figures.answers;
    if (used == hour->room) {
        hour->room = used == 0 ? 64 : used * 2;
        hour->took_ms = mem_resize(hour->took_ms, hour->room, sizeof hour->took_ms[0]);
    }
    hour->took_ms[used] = took_ms < UINT32_MAX ? (uint32_t)took_ms : UINT32_MAX;
    hour->figures.answers++;
}

static int compare(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

/* The least of count sorted values that percent of them do not exceed. */
static int64_t percentile(const uint32_t *sorted, size_t count, size_t percent)
{
    return count == 0 ? 0 : sorted[(count * percent + 99) / 100 - 1];
}

struct hours_figures hours_figures(struct hours *hours, int index)
{
    struct hour *hour = &hours->hour[index];
    size_t count = (size_t)hour->figures.answers;
    if (count > 0)
        qsort(hour->took_ms, count, sizeof hour->took_ms[0], compare);
    hour->figures.p50_ms = percentile(hour->took_ms, count, 50);
    hour->figures.p95_ms = percentile(hour->took_ms, count, 95);
    return hour->figures;
}
