/* google_credentials: who asks Google for a token: a service account, or a person through an OAuth client. */
#ifndef GOOGLE_CREDENTIALS_H
#define GOOGLE_CREDENTIALS_H

#include "base/err.h"
#include "base/json.h"

enum google_kind { GOOGLE_SERVICE_ACCOUNT, GOOGLE_USER };

/* What a credentials file says. Ownership: the texts are in file, but origin is borrowed. */
struct google_credentials {
    enum google_kind kind;
    struct json *file;
    const char *origin;                                    /* the file's path, for messages */
    const char *client_email, *private_key_id, *private_key; /* of a service account; the id may be "" */
    const char *client_id, *client_secret, *refresh_token; /* of a user */
    const char *token_uri;                                 /* where to ask for a token */
};

/* google_credentials_read: reads text, the content of the file origin: the key of a service account as Google's console
 * gives it, or {"type": "authorized_user"} with client_id, client_secret and refresh_token, as gcloud writes it.
 * Ownership: google_credentials_clear, also after an error. Errors: EX_CONFIG, with the remedy and without a secret. */
int google_credentials_read(const char *text, const char *origin, struct google_credentials *ret_credentials,
                            struct err *err) MUST_CHECK;

/* google_credentials_name: the account's name for messages: the e-mail address, or the id of the OAuth client. */
const char *google_credentials_name(const struct google_credentials *credentials);

/* google_credentials_clear: overwrites the secrets, and frees them. */
void google_credentials_clear(struct google_credentials *credentials);

#endif
