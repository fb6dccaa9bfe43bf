/* did_optimizer_verdict: turns an answer of the API, or a missing answer, into an outcome. */
#ifndef DID_OPTIMIZER_VERDICT_H
#define DID_OPTIMIZER_VERDICT_H

#include <stdbool.h>

#include "base/http.h"
#include "domain/outcome.h"

/* The answer to one request, and the texts that a reason needs. Texts may be NULL if they are unknown. */
struct answer {
    struct http_answer http;
    const char *secret;     /* the API key: an answer may repeat it, but a reason must not */
    const char *key_origin; /* the places that set key and address, for the remedy */
    const char *url_origin;
    bool tls;               /* the address begins with https */
};

/* did_optimizer_verdict_of: judges one answer. Pure. */
struct outcome did_optimizer_verdict_of(const struct answer *answer);

#endif
