/* backoff: how long to wait before a call is tried again. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

/* backoff_delay_sec: seconds to wait after the attempt-th failure (from 1): base_sec doubled each time, never above
 * cap_sec, and of that a share between three quarters and all, as random (any number) chooses, so that calls which
 * failed together do not come back together. At least 1. */
int64_t backoff_delay_sec(int64_t attempt, int64_t base_sec, int64_t cap_sec, uint32_t random);

#endif
