/* outcome: the result of sending a call, the same for all sinks. Engine, ledger and commands know no other answers. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome_kind {
    OUTCOME_ACCEPTED,     /* the sink has the call */
    OUTCOME_SHOWN,        /* dry run: the call was printed and not sent */
    OUTCOME_REJECTED,     /* the sink refuses this call's content; a retry would not help */
    OUTCOME_RETRY,        /* a failure that a retry may solve */
    OUTCOME_RATE_LIMITED, /* send nothing for wait_sec seconds */
    OUTCOME_MISCONFIGURED /* the sink refuses the request as such: key, address or a firewall. If the sink accepts other
                           * calls, this call is at fault after all; see breaker.h */
};

struct outcome {
    enum outcome_kind kind;
    bool known;        /* ACCEPTED: the sink had the call already */
    bool unreachable;  /* RETRY: the request could not be sent, so the call is not at fault */
    bool blames_call;  /* RETRY: the sink's error text points to the values of this call */
    int64_t wait_sec;  /* how long the sink asks us to wait, clamped; 0: it does not ask */
    int64_t code;      /* the sink's code of its answer, such as an HTTP status; 0: no answer */
    double started_ms; /* clock_mono_exact_ms: when the request started */
    double took_ms;    /* from the request to the answer, or to the failure */
    char reason[512];  /* one line for operators; "" for ACCEPTED and SHOWN */
    char advice[320];  /* what to do if every call has this outcome: "; check ..."; "": nothing */
};

#define OUTCOME_WAIT_MAX_SEC 900

/* outcome_clamp_wait: limits a wait that a sink asks for to 0 to OUTCOME_WAIT_MAX_SEC seconds. */
int64_t outcome_clamp_wait(int64_t wait_sec);

/* outcome_is_useful: whether the outcome shows that the sink works: it accepted, showed or rejected the call. */
bool outcome_is_useful(const struct outcome *outcome);

#endif
