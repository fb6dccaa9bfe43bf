/* google_token: an access token for Google's APIs, and its renewal. */
#ifndef GOOGLE_TOKEN_H
#define GOOGLE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/google_grant.h"

/* Ownership: the texts are borrowed until google_token_close. */
struct google_token_settings {
    const char *credentials, *origin;  /* the content of the credentials file, and its path for messages */
    struct google_wish wish;
    const char *ca_file;               /* "": the system's certificates */
    int64_t timeout, connect_timeout;  /* seconds */
};

struct google_token;

/* google_token_open: reads the credentials, and sends nothing. Ownership: google_token_close. Errors: EX_CONFIG, with
 * the remedy. */
int google_token_open(const struct google_token_settings *settings, struct google_token **ret_token,
                      struct err *err) MUST_CHECK;

/* google_token_get: a token that is good for at least five minutes; asks for one only if there is none. It may have
 * 2048 characters. Ownership: borrowed until the next call. Errors: EX_UNAVAILABLE (the next run asks again), EX_CONFIG
 * (somebody must change something); the message has the remedy and no secret. */
int google_token_get(struct google_token *token, const char **ret_text, struct err *err) MUST_CHECK;

/* google_token_refused: an API answered 401 to the token used. True: the next google_token_get gives another one, and
 * the request is worth a second try. The same holds for each of several requests that were in flight with one token.
 * False: that token had replaced a refused one, so another one would not help. */
bool google_token_refused(struct google_token *token, const char *used) MUST_CHECK;

/* google_token_is_user: whether the token acts for a person whose own storage is used, not for a service account. */
bool google_token_is_user(const struct google_token *token);

/* google_token_name: the account's name for messages. Ownership: borrowed from token. */
const char *google_token_name(const struct google_token *token);

/* google_token_close: overwrites the secrets. token may be NULL. */
void google_token_close(struct google_token *token);

#endif
