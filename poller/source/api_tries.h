/* api_tries: when a request to an API is tried again. For the sources that read an HTTP API. */
#ifndef API_TRIES_H
#define API_TRIES_H

#include <stdbool.h>
#include <stdint.h>

/* api_tries_wait: the milliseconds to wait before the next try of a request. tries: those so far; elapsed_ms: since the
 * first one began. -1: no further try, as the next run tries again. */
int64_t api_tries_wait(int tries, int64_t retry_after_sec, int64_t elapsed_ms);

/* api_tries_pause: waits so long before the next try; began_ms: clock_mono_ms when the first one began. False: no
 * further one is to be made, perhaps because of a signal. */
bool api_tries_pause(int tries, int64_t retry_after_sec, int64_t began_ms);

#endif
