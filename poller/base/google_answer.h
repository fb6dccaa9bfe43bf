/* google_answer: judges the answer of Google's token endpoint. */
#ifndef GOOGLE_ANSWER_H
#define GOOGLE_ANSWER_H

#include <stdint.h>

#include "base/err.h"
#include "base/http.h"
#include "base/google_credentials.h"
#include "base/google_grant.h"

/* The request that was answered. Ownership: borrowed. */
struct google_request {
    const struct google_credentials *credentials;
    const struct google_wish *wish;
    const char *form; /* its body */
    int64_t now;      /* this host's time when it was sent, an epoch */
};

/* google_answer_read: the token in the answer, and the seconds that it lives. Ownership: the caller frees *ret_token
 * with mem_free_secret. Errors: EX_UNAVAILABLE (ask again later) or EX_CONFIG (somebody must change something); the
 * message has the remedy, Google's own words and no secret. */
int google_answer_read(const struct google_request *request, const struct http_answer *answer, char **ret_token,
                       int64_t *ret_life_sec, struct err *err) MUST_CHECK;

#endif
