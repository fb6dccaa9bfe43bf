/* api_tries: when a request to an API is tried again. */
#include "base/clock.h"
#include "base/interrupt.h"
#include "source/api_tries.h"

/* The tries of one request, the wait before the second one, and the longest Retry-After that a run waits for. */
#define TRIES 3
#define FIRST_WAIT_MS 1000
#define MAX_RETRY_AFTER_SEC 20

/* No try begins so long after the first one: the next run tries again in a minute. */
#define TRIES_MS 60000

int64_t api_tries_wait(int tries, int64_t retry_after_sec, int64_t elapsed_ms)
{
    if (tries >= TRIES || retry_after_sec > MAX_RETRY_AFTER_SEC)
        return -1;
    int64_t wait_ms = (int64_t)FIRST_WAIT_MS << (tries - 1);
    if (retry_after_sec * 1000 > wait_ms)
        wait_ms = retry_after_sec * 1000;
    return elapsed_ms + wait_ms < TRIES_MS ? wait_ms : -1;
}

bool api_tries_pause(int tries, int64_t retry_after_sec, int64_t began_ms)
{
    int64_t now_ms = clock_mono_ms();
    int64_t wait_ms = api_tries_wait(tries, retry_after_sec, now_ms - began_ms);
    if (wait_ms < 0)
        return false;
    interrupt_sleep_until(now_ms + wait_ms);
    return !interrupt_requested();
}
