/* pace: the number of requests in flight: as many as the sink can handle.
 *
 * The limit begins at two, or at what the sink handled in an earlier run. It doubles each round while answers stay
 * fast. After the first strain it grows by one a round. Strain means that answers take 1.5 times as long as the
 * fastest ones: further requests would only wait in the sink's queue. Strain lowers the limit by a fifth, a failure
 * halves it. */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    double limit;          /* requests in flight; between 1 and most */
    double most;
    bool fixed;            /* the settings fix the limit */
    bool strained;         /* the sink has shown strain, so the limit no longer doubles */
    double fastest_ms;     /* the answer time without strain; grows slowly, as the sink may change */
    double typical_ms;     /* the moving average of the answer times */
    int64_t since_change;  /* answers since the limit was last lowered */
    int64_t resumed;       /* the limit that an earlier run came to; 0: not known */
    int64_t useful;        /* useful answers of this run */
};

/* The memory of a run for the next run. */
struct pace_memory {
    int64_t limit; /* requests in flight that the sink handled; 0: nothing is known */
    bool strained;
};

/* pace_start: fixed is a fixed limit; 0: adapt the limit, up to most. */
struct pace pace_start(int64_t fixed, int64_t most);

/* pace_resume: begins where an earlier run ended, but never above most. Has no effect on a fixed limit. */
void pace_resume(struct pace *pace, const struct pace_memory *memory);

/* pace_memory: the number of requests that the sink has handled so far. A run of three calls does not show whether the
 * sink handles 32 at once, so the value of pace_resume still counts then. */
struct pace_memory pace_memory(const struct pace *pace);

/* pace_record_answer: a request ended after took_ms. useful: the sink accepted or rejected the call. */
void pace_record_answer(struct pace *pace, double took_ms, bool useful);

/* pace_limit: the number of requests that may be in flight now; at least 1. */
int64_t pace_limit(const struct pace *pace);

#endif
