/* breaker: tells a sink that is down, or wrong settings, from a call that the sink cannot process (a circuit breaker).
 *
 * One failure can mean either. The rules are the same for 401, 403, 404, 405, 3xx, 5xx and timeouts:
 * - The sink accepted or rejected another call in this run: the call is at fault, and the failure uses up a retry.
 * - Otherwise, two different calls failed without a success in between, in this run or earlier ones: the sink is down.
 * If each answer of this run refused the request as such, the configuration is wrong. No retry is used up.
 * - Otherwise a single call failed: the cause is unknown. The call stays pending, and no retry is used up. It is sent
 * again after a pause, and together with the next call that the sink accepts. The sink is reported neither up nor down.
 * Exceptions: if a request could not be sent at all, the sink is down at once. A failure that points to its call (the
 * sink blames the call's values, or the call has used up a retry before) does not count as one of the two, only as one
 * of six. During an outage one failure confirms the outage. Within a run five failures in a row end sending, except for
 * one probe: a random or the latest call. If the probe fails too, that makes six. Without a call left for the probe,
 * the five become pending, and no retry is used up. */
#ifndef BREAKER_H
#define BREAKER_H

#include <stdbool.h>

enum breaker_failure {
    BREAKER_FAILED,     /* no useful answer */
    BREAKER_REFUSED,    /* the request as such is refused: key, address, or a firewall */
    BREAKER_UNREACHABLE /* the request could not be sent */
};

enum breaker_diagnosis {
    BREAKER_NO_FAILURE,
    BREAKER_CALL_AT_FAULT, /* the sink works: the failed calls are at fault */
    BREAKER_UNDECIDED,     /* too few calls were sent to know the cause */
    BREAKER_OUTAGE,        /* the sink is down */
    BREAKER_CONFIGURATION  /* the configuration is wrong */
};

struct breaker {
    bool must_probe; /* send one call, a random or the latest one, before any others */
    bool answered;   /* the sink has accepted or rejected a call in this run */
    bool down;       /* an outage was reported and is not over */
    bool doubt;      /* a single call failed in an earlier run; this run sends other calls */
    int failures_in_a_row;     /* failed calls of this run since the last success ... */
    int refused_in_a_row;      /* ... those with a request that was refused as such ... */
    int open_in_a_row;         /* ... and those without a sign that the call is the cause */
    enum breaker_failure last; /* the latest failure */
};

#define BREAKER_FAILURES 5

/* breaker_start: the state at the start of a run. in_outage: the last run ended in an outage. in_doubt: a single call
 * failed in an earlier run, with an unknown cause. */
struct breaker breaker_start(bool in_outage, bool in_doubt);

/* breaker_clear_doubt: the call of in_doubt is sent again, so only its new outcome counts. */
void breaker_clear_doubt(struct breaker *breaker);

/* breaker_record_success: the sink has accepted or rejected a call. */
void breaker_record_success(struct breaker *breaker);

/* breaker_record_failure: a call has failed. blamed: something points to the call as the cause. */
void breaker_record_failure(struct breaker *breaker, enum breaker_failure how, bool blamed);

/* breaker_diagnose: the cause of the failures since the last success, after all calls at hand were sent.
 * breaker_diagnose_down: the same after the probe has failed too: BREAKER_OUTAGE or BREAKER_CONFIGURATION. */
enum breaker_diagnosis breaker_diagnose(const struct breaker *breaker);
enum breaker_diagnosis breaker_diagnose_down(const struct breaker *breaker);

#endif
