/* pace: the number of requests in flight: as many as the sink can handle. */
#include "domain/pace.h"

#define FIRST 2.0
#define STRAIN_RATIO 1.5
#define STRAIN_MIN_MS 5.0    /* a smaller difference is noise */
#define TYPICAL_WEIGHT 0.2     /* the weight of the newest answer */
#define FORGET_RATIO 1.0005    /* each answer raises fastest_ms by this factor, so that an old value loses its effect */

struct pace pace_start(int64_t fixed, int64_t most)
{
    return (struct pace){
        .limit = fixed > 0 ? (double)fixed : most < (int64_t)FIRST ? (double)most : FIRST,
        .most = (double)most,
        .fixed = fixed > 0,
    };
}

void pace_resume(struct pace *pace, const struct pace_memory *memory)
{
    if (pace->fixed || memory->limit < 1)
        return;
    pace->resumed = memory->limit;
    pace->strained = memory->strained;
    pace->limit = (double)memory->limit < pace->most ? (double)memory->limit : pace->most;
}

struct pace_memory pace_memory(const struct pace *pace)
{
    int64_t limit = pace_limit(pace), shown = pace->useful > pace->resumed ? pace->useful : pace->resumed;
    return (struct pace_memory){ .limit = pace->fixed ? 0 : limit < shown ? limit : shown, .strained = pace->strained };
}

/* Lowers the limit at most once for requests that were in flight together. */
static void lower_limit(struct pace *pace, double ratio)
{
    pace->strained = true;
    if (pace->since_change < (int64_t)pace->limit)
        return;
    pace->since_change = 0;
    pace->limit *= ratio;
    if (pace->limit < 1.0)
        pace->limit = 1.0;
}

static void update_times(struct pace *pace, double took_ms)
{
    pace->fastest_ms *= FORGET_RATIO;
    if (pace->fastest_ms <= 0.0 || took_ms < pace->fastest_ms)
        pace->fastest_ms = took_ms;
    pace->typical_ms = pace->typical_ms <= 0.0
                           ? took_ms : pace->typical_ms + TYPICAL_WEIGHT * (took_ms - pace->typical_ms);
}

void pace_record_answer(struct pace *pace, double took_ms, bool useful)
{
    pace->since_change++;
    if (pace->fixed)
        return;
    if (!useful) {
        lower_limit(pace, 0.5);
        return;
    }
    pace->useful++;
    update_times(pace, took_ms);
    if (pace->typical_ms > pace->fastest_ms * STRAIN_RATIO && pace->typical_ms > pace->fastest_ms + STRAIN_MIN_MS)
        lower_limit(pace, 0.8);
    else
        pace->limit += pace->strained ? 1.0 / pace->limit : 1.0;
    if (pace->limit > pace->most)
        pace->limit = pace->most;
}

int64_t pace_limit(const struct pace *pace)
{
    return (int64_t)pace->limit;
}
