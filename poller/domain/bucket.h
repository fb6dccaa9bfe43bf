/* bucket: a token bucket, for sending at a rate.
 *
 * Each second adds as many tokens as calls may be sent in it, and one second's worth is all that it holds: time in
 * which nothing could be sent is not made up for. */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdint.h>

struct bucket {
    int64_t rate;      /* calls a second; 0: no limit */
    int64_t level;     /* thousandths of a token; negative after more was taken than there was */
    int64_t filled_ms; /* up to when tokens have been added */
};

/* bucket_start: a full one. All times are clock_mono_ms's. */
struct bucket bucket_start(int64_t rate, int64_t now_ms);

/* bucket_take: calls were sent, or are about to be. */
void bucket_take(struct bucket *bucket, int64_t calls, int64_t now_ms);

/* bucket_wait_ms: how long until so many calls may be sent at once, where that is more than a second's worth until the
 * bucket is full; 0: they may now. */
int64_t bucket_wait_ms(struct bucket *bucket, int64_t calls, int64_t now_ms);

#endif
