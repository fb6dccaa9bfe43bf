/* tally: the counts that a run adds to the ledger's counters: answers, outcomes and times. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A histogram. The last bound is infinite. Unlike in Prometheus each value counts for one bound only. */
#define TALLY_BOUNDS 12
struct tally_histogram {
    int64_t counts[TALLY_BOUNDS]; /* the values above the bound before and not above this one */
    int64_t sum_ms;
};

struct tally_result {
    const char *name; /* borrowed from the disposition map */
    int64_t accepted, rejected;
};

/* All zero at first. */
struct tally {
    int64_t answers[600]; /* by the outcome's code; 0: no answer */
    struct tally_result results[16];
    struct tally_histogram request;    /* from a request to its answer */
    struct tally_histogram acceptance; /* from the end of a call to its acceptance */
    int64_t resent;                    /* accepted again after a change */
    struct tally_field {
        const char *name; /* NULL: the row is free */
        int64_t known, unknown;
    } fields[24];                      /* the looked-up extras, and the results of the look-ups */
    int64_t swept_new, swept_changed;  /* calls that only the sweep found, and accepted calls that it found changed */
};

/* tally_request_bounds_ms, tally_acceptance_bounds_ms: the TALLY_BOUNDS - 1 finite bounds of each histogram, in ms. */
const int64_t *tally_request_bounds_ms(void);
const int64_t *tally_acceptance_bounds_ms(void);

/* tally_answer: counts an answer with this code after took_ms; code 0: no answer. */
void tally_answer(struct tally *tally, int64_t code, double took_ms);

/* tally_accepted: counts a call that was accepted after_sec seconds after its end. again: it was accepted before.
 * TALLY_NOT_TIMED: do not count the time. tally_rejected: counts a rejected call. Ownership: result is borrowed. */
#define TALLY_NOT_TIMED INT64_MIN
void tally_accepted(struct tally *tally, const char *result, int64_t after_sec, bool again);
void tally_rejected(struct tally *tally, const char *result);

/* tally_looked_up: counts a look-up of an extra with this name, and whether it had a result. Ownership: name is
 * borrowed. */
void tally_looked_up(struct tally *tally, const char *name, bool known);

/* tally_each: calls on_counter for each counter that is not zero. Stops if on_counter returns -1. Errors: those of
 * on_counter. */
typedef int tally_on_counter(void *context, const char *name, const char *label, int64_t value, struct err *err);
int tally_each(const struct tally *tally, tally_on_counter *on_counter, void *context, struct err *err) MUST_CHECK;

/* The names of the counters. Their labels: a code, an outcome and a result, a bound in ms or "+Inf", "new" or
 * "changed", or "". */
#define TALLY_ANSWERS "answers"
#define TALLY_CALLS "calls"
#define TALLY_RESENT "resent"
#define TALLY_LOOKED_UP "looked_up" /* "did known", "did unknown" */
#define TALLY_SWEPT "swept"
#define TALLY_REQUEST "request"
#define TALLY_REQUEST_SUM "request_sum"
#define TALLY_ACCEPTANCE "acceptance"
#define TALLY_ACCEPTANCE_SUM "acceptance_sum"

#endif
