/* outcome: what a sink made of a call. The only words in which engine, ledger and views speak of a sink's answers. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome_kind {
    OUTCOME_ACCEPTED,     /* the sink has the call */
    OUTCOME_SHOWN,        /* the sink of a dry run: the call was printed, and nobody has it */
    OUTCOME_REJECTED,     /* the content of this call is refused; trying again would not help */
    OUTCOME_RETRY,        /* nothing known against the call: try again later */
    OUTCOME_RATE_LIMITED, /* send nothing until wait_sec have passed */
    OUTCOME_MISCONFIGURED /* refused whatever the call says: key, address or a firewall. Where the sink takes other
                           * calls, it was about this one after all; see breaker.h */
};

struct outcome {
    enum outcome_kind kind;
    bool known;        /* ACCEPTED: the sink had the call already */
    bool unreachable;  /* RETRY: nothing got out, so it says nothing of the call */
    bool blames_call;  /* RETRY: the sink's words point to the values of this one call */
    int64_t wait_sec;  /* how long the sink asks to be left alone, clamped; 0: it does not say */
    int64_t code;      /* the sink's number for its answer; 0: no answer came */
    double took_ms;    /* from the request to the answer, or to the failure */
    char reason[512];  /* for everything but ACCEPTED and SHOWN: one line for people */
    char advice[320];  /* what to do where every call comes to this: "; check ..."; "": nothing */
};

#define OUTCOME_WAIT_MAX_SEC 900

/* outcome_clamp_wait: a sink's wish within 0 and OUTCOME_WAIT_MAX_SEC. */
int64_t outcome_clamp_wait(int64_t wait_sec);

/* outcome_is_useful: whether the answer shows that the sink works: it took or showed the call, or refused its
 * content. */
bool outcome_is_useful(const struct outcome *outcome);

#endif
