/* unit_clock: a monotonic clock that a test can set forward. A sleep moves this clock forward and does not wait. For
 * tests of code that waits. Include this header in one file of a program only. */
#ifndef UNIT_CLOCK_H
#define UNIT_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t unit_clock_ahead_ns;
static void (*unit_clock_on_sleep)(void); /* called after each sleep; NULL: not called */

static inline void unit_clock_pass(int64_t ms)
{
    unit_clock_ahead_ns += ms * 1000000;
}

static inline int unit_clock_sleep(int64_t ns)
{
    unit_clock_ahead_ns += ns;
    if (unit_clock_on_sleep != NULL)
        unit_clock_on_sleep();
    return 0;
}

/* These functions replace those of the C library. */

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result != 0 || clock != CLOCK_MONOTONIC)
        return result;
    int64_t ns = time->tv_nsec + unit_clock_ahead_ns;
    time->tv_sec += (time_t)(ns / 1000000000);
    time->tv_nsec = (long)(ns % 1000000000);
    return 0;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)left;
    return unit_clock_sleep((int64_t)wanted->tv_sec * 1000000000 + wanted->tv_nsec);
}

int usleep(useconds_t us)
{
    return unit_clock_sleep((int64_t)us * 1000);
}

#endif
