/* hours: counts calls and answer times of the last hours, per hour. */
#ifndef HOURS_H
#define HOURS_H

#include <stdint.h>

#include "domain/call.h"

/* The results of disposition.h, and "other" for any other result and for none. */
enum { HOURS_RESULTS = 7, HOURS_STATES = CALL_DISCARDED + 1 };
extern const char *const hours_result_names[HOURS_RESULTS];

struct hours_stats {
    int64_t states[HOURS_STATES];   /* calls that ended in this hour, by enum call_state */
    int64_t results[HOURS_RESULTS]; /* the same calls, by result */
    int64_t answers;                /* answers in this hour ... */
    int64_t p50_ms, p95_ms;         /* ... and percentiles of their times; 0: no answers */
};

struct hours;

/* hours_open: count hours; the last one contains last_epoch. Hours begin at full hours of local time, which is
 * offset_sec ahead of UTC. Ownership: hours_close. */
struct hours *hours_open(int count, int64_t last_epoch, int64_t offset_sec) MUST_CHECK;

/* hours_close: frees hours, which may be NULL. */
void hours_close(struct hours *hours);

/* hours_first: the epoch at which the first hour begins. */
int64_t hours_first(const struct hours *hours);

/* hours_add_call, hours_add_answer: count one call or answer. Times outside of the range are ignored. result may be
 * NULL. */
void hours_add_call(struct hours *hours, int64_t end_epoch, enum call_state state, const char *result);
void hours_add_answer(struct hours *hours, int64_t epoch, int64_t took_ms);

/* hours_stats: the counts and percentiles of the hour at index, from 0. */
struct hours_stats hours_stats(struct hours *hours, int index);

#endif
