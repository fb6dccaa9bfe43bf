/* verdict: what an answer of the API, or its absence, means for a call. */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* What came back for one request; the facts, unjudged. */
struct answer {
    long status;             /* HTTP status; 0: no complete answer */
    const char *failure;     /* why there is no complete answer; NULL when there is one */
    const char *body;        /* the beginning of the body, NUL-terminated, never NULL */
    int64_t retry_after_sec; /* the Retry-After header, 0 when absent; negative for a date that has passed */
    const char *secret;      /* the key: an API may repeat it, but no reason may; NULL: none */
    double took_ms;          /* from the connected request to the answer's first byte, or to the failure */
};

enum verdict {
    VERDICT_ACCEPTED,     /* the API has the call */
    VERDICT_REJECTED,     /* this call's content is refused; trying again would not help */
    VERDICT_RETRY,        /* nothing known against the call: try again later */
    VERDICT_RATE_LIMITED, /* 429: send nothing until retry_after_sec have passed */
    VERDICT_STOP          /* the configuration is wrong: no call can get through */
};

struct judgement {
    enum verdict verdict;
    bool duplicate;          /* accepted, and the API had it already */
    int64_t retry_after_sec; /* from the answer, clamped; 0: none given */
    char reason[512];        /* for everything but ACCEPTED: one line for people */
};

#define VERDICT_RETRY_AFTER_MAX_SEC 900

/* verdict_of: judges one answer. Pure. */
struct judgement verdict_of(const struct answer *answer);

#endif
