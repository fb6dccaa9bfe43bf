/* verdict: what an answer of the API, or its absence, means for a call. */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* What came back for one request; the facts, unjudged. Texts that are said to be NULL may be left out. */
struct answer {
    long status;              /* HTTP status; 0: no complete answer */
    const char *failure;      /* why there is no complete answer; NULL when there is one */
    bool unreachable;         /* failure: no request got out, so it says nothing of the call */
    const char *body;         /* the beginning of the body, NUL-terminated, never NULL */
    bool body_cut;            /* there was more of it */
    const char *content_type; /* NULL: the answer names none */
    int64_t retry_after_sec;  /* the Retry-After header, 0 when absent; negative for a date that has passed */
    const char *secret;       /* the key: an API may repeat it, but no reason may; NULL: none */
    const char *key_origin;   /* where key and address are set, to be named as a remedy; NULL: not known */
    const char *url_origin;
    bool tls;                 /* the address begins with https */
    double took_ms;           /* from the connected request to the answer's first byte, or to the failure */
};

enum verdict {
    VERDICT_ACCEPTED,     /* the API has the call */
    VERDICT_REJECTED,     /* this call's content is refused; trying again would not help */
    VERDICT_RETRY,        /* nothing known against the call: try again later */
    VERDICT_RATE_LIMITED, /* 429: send nothing until retry_after_sec have passed */
    VERDICT_REFUSED       /* the request is refused whatever the call says: key, address or a firewall. Where the API
                           * takes other calls, it was about this one after all; see breaker.h */
};

struct judgement {
    enum verdict verdict;
    bool duplicate;          /* accepted, and the API had it already */
    bool unreachable;        /* RETRY: no request got out, so it says nothing of the call */
    bool blames_call;        /* RETRY: the API's words point to the values of this one call */
    int64_t retry_after_sec; /* from the answer, clamped; 0: none given */
    char reason[512];        /* for everything but ACCEPTED: one line for people */
    char advice[320];        /* what to do where every call gets this answer: "; check ..."; "": nothing */
};

#define VERDICT_RETRY_AFTER_MAX_SEC 900

/* verdict_of: judges one answer. Pure. */
struct judgement verdict_of(const struct answer *answer);

#endif
