/* webhook_verdict: what a receiver's answer, or its absence, means for a call. The status alone decides. */
#ifndef WEBHOOK_VERDICT_H
#define WEBHOOK_VERDICT_H

#include "base/http.h"
#include "domain/outcome.h"

/* Where the settings stand that an operator can correct, and what no reason may show. */
struct webhook_places {
    const char *url_origin, *secret_origin;
    const char *secret; /* all secrets, with white space between them */
    bool tls;           /* the address begins with https */
};

/* webhook_verdict_of: judges one answer. Pure. */
struct outcome webhook_verdict_of(const struct http_answer *answer, const struct webhook_places *places);

#endif
