/* backoff: the delay before the next try of a call. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

/* backoff_delay_sec: the delay in seconds after failure number attempt, from 1. It is base_sec, doubled for each
 * further failure, at most cap_sec, minus up to a quarter. random (any number) chooses the part, so that calls that
 * failed together are not retried together. At least 1. */
int64_t backoff_delay_sec(int64_t attempt, int64_t base_sec, int64_t cap_sec, uint32_t random);

#endif
