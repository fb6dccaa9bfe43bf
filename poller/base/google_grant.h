/* google_grant: the body of a request for an access token, as Google's OAuth 2.0 wants it. */
#ifndef GOOGLE_GRANT_H
#define GOOGLE_GRANT_H

#include <stdint.h>

#include "base/err.h"
#include "base/google_credentials.h"

/* What the token is for. Ownership: borrowed. */
struct google_wish {
    const char *scope;   /* one or more, with blanks between them; a user's refresh token has its own scope */
    const char *subject; /* the e-mail address of the person for whom a service account acts; "": for itself */
};

/* google_grant_make: the form body. now: this host's time, an epoch; a service account's signed claims are good for an
 * hour from then. Ownership: the caller frees *ret_form with mem_free_secret. Errors: EX_CONFIG (the private key), with
 * the remedy. */
int google_grant_make(const struct google_credentials *credentials, const struct google_wish *wish, int64_t now,
                      char **ret_form, struct err *err) MUST_CHECK;

#endif
