/* bucket: a token bucket, for sending at a rate. */
#include "domain/bucket.h"

#define TOKEN 1000 /* a token has 1000 parts: at one call a second each millisecond adds one part */

struct bucket bucket_start(int64_t rate, int64_t now_ms)
{
    return (struct bucket){ .rate = rate, .level = rate * TOKEN, .filled_ms = now_ms };
}

static void add_tokens(struct bucket *bucket, int64_t now_ms)
{
    if (now_ms <= bucket->filled_ms)
        return;
    bucket->level += (now_ms - bucket->filled_ms) * bucket->rate;
    bucket->filled_ms = now_ms;
    if (bucket->level > bucket->rate * TOKEN)
        bucket->level = bucket->rate * TOKEN;
}

void bucket_take(struct bucket *bucket, int64_t calls, int64_t now_ms)
{
    if (bucket->rate == 0)
        return;
    add_tokens(bucket, now_ms);
    bucket->level -= calls * TOKEN;
}

int64_t bucket_wait_ms(struct bucket *bucket, int64_t calls, int64_t now_ms)
{
    if (bucket->rate == 0)
        return 0;
    add_tokens(bucket, now_ms);
    int64_t wanted = calls < bucket->rate ? calls : bucket->rate, missing = wanted * TOKEN - bucket->level;
    return missing > 0 ? (missing + bucket->rate - 1) / bucket->rate : 0;
}
