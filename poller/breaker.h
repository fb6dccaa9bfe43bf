/* breaker: tells an API that is down from a call that it cannot digest (a circuit breaker).
 *
 * A failure says little by itself. It is charged to its call only when the API has answered another call usefully at
 * about the same time; when a few calls in a row fail and so does one more, picked at random, the API is down and no
 * call is charged. */
#ifndef BREAKER_H
#define BREAKER_H

#include <stdbool.h>

struct breaker {
    bool must_probe;      /* send one call, picked at random, before any others */
    bool answered;        /* the API has answered usefully in this run */
    int failures_in_a_row;
};

#define BREAKER_FAILURES 5

/* breaker_start: the state at the start of a run; in_outage: the last run ended in an outage. */
struct breaker breaker_start(bool in_outage);

/* breaker_useful: the API has answered a call usefully (accepted or rejected it). */
void breaker_useful(struct breaker *breaker);

/* breaker_failed: a call has failed. */
void breaker_failed(struct breaker *breaker);

#endif
