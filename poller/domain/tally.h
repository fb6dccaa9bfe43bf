/* tally: what a run adds to the counters that only ever grow: answers, outcomes, and how long things took. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* How many values were at most as large as each bound, as Prometheus counts histograms; the last bound is infinite. */
#define TALLY_BOUNDS 12
struct tally_histogram {
    int64_t counts[TALLY_BOUNDS]; /* of the values between the bound before and this one */
    int64_t sum_ms;
};

struct tally_result {
    const char *name; /* borrowed from the disposition map */
    int64_t accepted, rejected;
};

/* Start from zero. */
struct tally {
    int64_t answers[600]; /* by the outcome's code; 0: no answer came */
    struct tally_result results[16];
    struct tally_histogram request;    /* from a request to its answer */
    struct tally_histogram acceptance; /* from the end of a call to its acceptance */
    int64_t resent;                    /* accepted again after a change */
};

/* tally_bounds_ms: the bounds of a histogram but the infinite one, TALLY_BOUNDS - 1 of them. */
const int64_t *tally_request_bounds_ms(void);
const int64_t *tally_acceptance_bounds_ms(void);

/* tally_answer: an answer came, or none (code 0), after took_ms. */
void tally_answer(struct tally *tally, int64_t code, double took_ms);

/* tally_accepted: a call was accepted so many seconds after its end, for the first time or again. TALLY_NOT_TIMED: how
 * late it was does not count. */
#define TALLY_NOT_TIMED INT64_MIN
void tally_accepted(struct tally *tally, const char *result, int64_t after_sec, bool again);
void tally_rejected(struct tally *tally, const char *result);

/* tally_each: hands out every counter that is not zero. -1 of the receiver ends it. */
typedef int tally_on_counter(void *context, const char *name, const char *label, int64_t value, struct err *err);
int tally_each(const struct tally *tally, tally_on_counter *on_counter, void *context, struct err *err) MUST_CHECK;

/* The names of the counters. Their labels: a code, an outcome and a result, a bound in ms or "+Inf", or "". */
#define TALLY_ANSWERS "answers"
#define TALLY_CALLS "calls"
#define TALLY_RESENT "resent"
#define TALLY_REQUEST "request"
#define TALLY_REQUEST_SUM "request_sum"
#define TALLY_ACCEPTANCE "acceptance"
#define TALLY_ACCEPTANCE_SUM "acceptance_sum"

#endif
