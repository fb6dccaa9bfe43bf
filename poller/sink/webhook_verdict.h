/* webhook_verdict: judges a receiver's answer, or a missing answer. Only the status decides. */
#ifndef WEBHOOK_VERDICT_H
#define WEBHOOK_VERDICT_H

#include "base/http.h"
#include "domain/outcome.h"

/* The places of the settings that an operator can correct, and the secrets that no reason may show. */
struct webhook_places {
    const char *url_origin, *secret_origin;
    const char *secret; /* all secrets, with white space between them */
    bool tls;           /* the address begins with https */
    const char *profile_option; /* as in struct sink_settings */
};

/* webhook_verdict_of: judges one answer. Pure. */
struct outcome webhook_verdict_of(const struct http_answer *answer, const struct webhook_places *places);

#endif
