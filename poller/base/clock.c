/* clock: wall time, monotonic time, and times as text. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

int64_t clock_now_epoch(void)
{
    return (int64_t)time(NULL);
}

int64_t clock_mono_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double clock_mono_exact_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000.0 + (double)now.tv_nsec / 1e6;
}

struct clock_reading clock_reading_from(int64_t epoch)
{
    return (struct clock_reading){ .epoch = epoch, .read_ms = clock_mono_ms() };
}

int64_t clock_reading_now(const struct clock_reading *reading)
{
    return reading->epoch + (clock_mono_ms() - reading->read_ms) / 1000;
}

const char *clock_local(int64_t epoch, char *out, size_t size)
{
    time_t seconds = (time_t)epoch;
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL || strftime(out, size, "%Y-%m-%d %H:%M:%S %z", &local) == 0)
        (void)snprintf(out, size, "%lld", (long long)epoch);
    return out;
}

const char *clock_iso(int64_t epoch, char *out, size_t size)
{
    char offset[8] = "";
    time_t seconds = (time_t)epoch;
    struct tm local;
    size_t used = 0;
    if (localtime_r(&seconds, &local) == NULL || strftime(offset, sizeof offset, "%z", &local) != 5 ||
        (used = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &local)) == 0)
        (void)snprintf(out, size, "%lld", (long long)epoch);
    else
        (void)snprintf(out + used, size - used, "%.3s:%s", offset, offset + 3);
    return out;
}

int64_t clock_offset(int64_t epoch)
{
    time_t seconds = (time_t)epoch;
    struct tm local;
    return localtime_r(&seconds, &local) != NULL ? local.tm_gmtoff : 0;
}

int64_t clock_midnight(int64_t epoch)
{
    time_t seconds = (time_t)epoch;
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL)
        return epoch;
    local.tm_hour = local.tm_min = local.tm_sec = 0;
    local.tm_isdst = -1; /* clocks may have changed (DST) since midnight */
    return (int64_t)mktime(&local);
}
