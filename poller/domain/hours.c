/* hours: counts calls and answer times of the last hours, per hour. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "domain/hours.h"

enum { HOUR = 3600, OTHER = HOURS_RESULTS - 1 };

const char *const hours_result_names[HOURS_RESULTS] = { "answered", "completed", "no_answer", "busy", "dropped", "dnc",
                                                        "other" };

/* Keeps all answer times, 4 bytes per call, because the percentiles must be exact. */
struct hour {
    struct hours_stats stats;
    uint32_t *took_ms;
    size_t capacity;
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

/* The hour of epoch; NULL if epoch is outside of the range. */
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
    hour->stats.states[state]++;
    hour->stats.results[find_result(result)]++;
}

void hours_add_answer(struct hours *hours, int64_t epoch, int64_t took_ms)
{
    struct hour *hour = find(hours, epoch);
    if (hour == NULL || took_ms < 0)
        return;
    size_t used = (size_t)hour->stats.answers;
    if (used == hour->capacity) {
        hour->capacity = used == 0 ? 64 : used * 2;
        hour->took_ms = mem_resize(hour->took_ms, hour->capacity, sizeof hour->took_ms[0]);
    }
    hour->took_ms[used] = took_ms < UINT32_MAX ? (uint32_t)took_ms : UINT32_MAX;
    hour->stats.answers++;
}

static int compare(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

/* The nearest-rank percentile of count sorted values. */
static int64_t percentile(const uint32_t *sorted, size_t count, size_t percent)
{
    return count == 0 ? 0 : sorted[(count * percent + 99) / 100 - 1];
}

struct hours_stats hours_stats(struct hours *hours, int index)
{
    struct hour *hour = &hours->hour[index];
    size_t count = (size_t)hour->stats.answers;
    if (count > 0)
        qsort(hour->took_ms, count, sizeof hour->took_ms[0], compare);
    hour->stats.p50_ms = percentile(hour->took_ms, count, 50);
    hour->stats.p95_ms = percentile(hour->took_ms, count, 95);
    return hour->stats;
}
