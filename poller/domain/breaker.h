/* breaker: tells an API that is down, or settings that are wrong, from a call that the API cannot digest (a circuit
 * breaker).
 *
 * One failure says little. The rule, for 401, 403, 404, 405 and 3xx as for 5xx and timeouts:
 *   - The API took or rejected another call in this run: the failure was about its call, which is charged with it.
 *   - Else, two different calls or more failed with nothing taken in between, in this run or in earlier ones: the API is
 *     down; where every answer of this run refused the request as such, the configuration is wrong. No call is charged.
 *   - Else, a single call failed: nobody knows. It is pending, not charged, and asked again after a pause, and together with
 *     the next call that the API takes. Nothing is declared, and nothing is said to be well.
 * Exceptions: a request that never got out says at once that the API is out of reach. A failure that points to its call
 * (the API blames the call's values, or it was charged before) counts not as one of two, only of six. Once an outage is
 * declared, one failure renews it.
 * Within a run five failures in a row end sending, but for one call, a random or the latest one: if it fails too, that is
 * six. */
#ifndef BREAKER_H
#define BREAKER_H

#include <stdbool.h>

enum breaker_failure {
    BREAKER_FAILED,     /* no useful answer */
    BREAKER_REFUSED,    /* the request is refused as such: key, address, or a firewall */
    BREAKER_UNREACHABLE /* no request got out */
};

enum breaker_finding {
    BREAKER_CLOSED,       /* no failure to be judged */
    BREAKER_CALLS,        /* the API works: the failures are about their calls */
    BREAKER_DOUBT,        /* too few calls were asked to tell */
    BREAKER_OUTAGE,       /* the API is down */
    BREAKER_CONFIGURATION /* the configuration is wrong */
};

struct breaker {
    bool must_probe; /* send one call, a random or the latest one, before any others */
    bool answered;   /* the API has answered usefully in this run */
    bool down;       /* an outage was declared and is not over */
    bool doubt;      /* another call failed alone in an earlier run */
    int failures_in_a_row;     /* of different calls, in this run ... */
    int refused_in_a_row;      /* ... of them by refusal ... */
    int open_in_a_row;         /* ... and of calls against which nothing is known */
    enum breaker_failure last; /* the latest */
};

#define BREAKER_FAILURES 5

/* breaker_start: the state at the start of a run. in_outage: the last run ended in an outage; in_doubt: a call failed
 * alone in an earlier run. */
struct breaker breaker_start(bool in_outage, bool in_doubt);

/* breaker_asked_again: the call of in_doubt is sent again: what it comes to now is what counts. */
void breaker_asked_again(struct breaker *breaker);

/* breaker_useful: the API has answered a call usefully (accepted or rejected it). */
void breaker_useful(struct breaker *breaker);

/* breaker_failed: a call has failed, in that way. blamed: something points to the call. */
void breaker_failed(struct breaker *breaker, enum breaker_failure how, bool blamed);

/* breaker_find: what the open failures mean, when all calls at hand were asked. breaker_find_down: the same when the
 * call that was picked has failed too: one of the latter two. */
enum breaker_finding breaker_find(const struct breaker *breaker);
enum breaker_finding breaker_find_down(const struct breaker *breaker);

#endif
