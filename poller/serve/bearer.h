/* bearer: tokens for machines, JSON web tokens that this program signs and reads (HS256). */
#ifndef BEARER_H
#define BEARER_H

#include <stdint.h>

#include "base/err.h"
#include "serve/users.h"

enum { BEARER_SECRET_SIZE = 32 };
struct bearer_secret {
    unsigned char bytes[BEARER_SECRET_SIZE];
};

/* bearer_load: the secret in directory/token.key, which it makes if it is missing. Whoever reads that file can act as
 * any user. Durable: on return. Errors: EX_CONFIG (the file has no 64 hexadecimal digits), EX_IOERR, EX_NOPERM. */
int bearer_load(const char *directory, struct bearer_secret *ret_secret, struct err *err) MUST_CHECK;

/* bearer_make: a token with which its owner acts as user until the epoch until. A new password of the user ends it.
 * Ownership: the caller frees it with mem_free_secret. */
char *bearer_make(const struct bearer_secret *secret, const struct user *user, int64_t now, int64_t until) MUST_CHECK;

/* bearer_user: finds the user that the token was made for. NULL: the token is wrong or has expired, or the user was
 * removed. Ownership: borrowed as from users_find. */
const struct user *bearer_user(const struct bearer_secret *secret, const struct users *users, const char *token,
                               int64_t now);

#endif
