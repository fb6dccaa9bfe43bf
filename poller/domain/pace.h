/* pace: the number of requests in flight: as many as the API can handle.
 *
 * The limit begins at two and doubles each round while answers stay fast. After the first strain it grows by one a
 * round. Strain means that answers take 1.5 times as long as the fastest ones: further requests would only wait in the
 * API's queue. Strain lowers the limit by a fifth, a failure halves it. */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    double limit;          /* requests in flight; between 1 and most */
    double most;
    bool fixed;            /* the settings fix the limit */
    bool strained;         /* the API has shown strain, so the limit no longer doubles */
    double fastest_ms;     /* the answer time without strain; grows slowly, as the API may change */
    double typical_ms;     /* the moving average of the answer times */
    int64_t since_change;  /* answers since the limit was last lowered */
};

/* pace_start: fixed is a fixed limit; 0: adapt the limit, up to most. */
struct pace pace_start(int64_t fixed, int64_t most);

/* pace_record_answer: a request ended after took_ms. useful: the API accepted or rejected the call. */
void pace_record_answer(struct pace *pace, double took_ms, bool useful);

/* pace_limit: the number of requests that may be in flight now; at least 1. */
int64_t pace_limit(const struct pace *pace);

#endif
