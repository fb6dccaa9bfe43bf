/* hours: what became of the calls of the last hours, and how fast the API answered, hour by hour. */
#ifndef HOURS_H
#define HOURS_H

#include <stdint.h>

#include "domain/call.h"

/* The results that are counted apart, and one for any other and for none yet; see disposition.h. */
enum { HOURS_RESULTS = 7, HOURS_STATES = CALL_DISCARDED + 1 };
extern const char *const hours_result_names[HOURS_RESULTS];

struct hours_figures {
    int64_t states[HOURS_STATES];   /* calls that ended in this hour, by enum call_state */
    int64_t results[HOURS_RESULTS]; /* the same calls, by result */
    int64_t answers;                /* that came in this hour ... */
    int64_t p50_ms, p95_ms;         /* ... and how long half of them, and 95 of 100, took at most; 0: none came */
};

struct hours;

/* hours_open: count hours, of which the last one holds last_epoch. An hour begins when the local clock, offset_sec
 * ahead of UTC, shows a full hour. Ownership: hours_close. */
struct hours *hours_open(int count, int64_t last_epoch, int64_t offset_sec) MUST_CHECK;

/* hours_close: NULL is fine. */
void hours_close(struct hours *hours);

/* hours_first: the epoch at which the first hour begins. */
int64_t hours_first(const struct hours *hours);

/* hours_add_call, hours_add_answer: count one. What lies outside of the hours is left out. result may be NULL. */
void hours_add_call(struct hours *hours, int64_t end_epoch, enum call_state state, const char *result);
void hours_add_answer(struct hours *hours, int64_t epoch, int64_t took_ms);

/* hours_figures: of the hour at index, 0 being the first. */
struct hours_figures hours_figures(struct hours *hours, int index);

#endif
