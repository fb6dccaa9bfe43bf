/* bucket: a token bucket, for sending at a rate.
 *
 * Each second adds rate tokens, one per call. The bucket holds the tokens of one second at most, so a pause does not
 * lead to a burst. */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdint.h>

struct bucket {
    int64_t rate;      /* calls a second; 0: no limit */
    int64_t level;     /* thousandths of a token; negative if more tokens were taken than the bucket had */
    int64_t filled_ms; /* the time up to which tokens are added */
};

/* bucket_start: a full bucket. All times are clock_mono_ms. */
struct bucket bucket_start(int64_t rate, int64_t now_ms);

/* bucket_take: takes one token for each of these calls. */
void bucket_take(struct bucket *bucket, int64_t calls, int64_t now_ms);

/* bucket_wait_ms: the milliseconds until this many calls may be sent at once; 0: now. For more calls than a second
 * allows: until the bucket is full. */
int64_t bucket_wait_ms(struct bucket *bucket, int64_t calls, int64_t now_ms);

#endif
