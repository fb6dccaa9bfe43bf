/* did_optimizer_verdict: what an answer of the API, or its absence, means for a call. */
#ifndef DID_OPTIMIZER_VERDICT_H
#define DID_OPTIMIZER_VERDICT_H

#include <stdbool.h>

#include "base/http.h"
#include "domain/outcome.h"

/* What came back for one request, and what is to be said of it. Texts may be NULL: not known. */
struct answer {
    struct http_answer http;
    const char *secret;     /* the key: an API may repeat it, but no reason may */
    const char *key_origin; /* where key and address are set, to be named as a remedy */
    const char *url_origin;
    bool tls;               /* the address begins with https */
};

/* did_optimizer_verdict_of: judges one answer. Pure. */
struct outcome did_optimizer_verdict_of(const struct answer *answer);

#endif
