/* backoff: the delay before the next try of a call. */
#include "domain/backoff.h"

int64_t backoff_delay_sec(int64_t attempt, int64_t base_sec, int64_t cap_sec, uint32_t random)
{
    int64_t delay = base_sec > 0 ? base_sec : 1;
    for (int64_t i = 1; i < attempt && delay < cap_sec; i++)
        delay *= 2;
    if (delay > cap_sec)
        delay = cap_sec;
    delay -= delay / 4 * (int64_t)(random % 1000) / 1000;
    return delay > 0 ? delay : 1;
}
