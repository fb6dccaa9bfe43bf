/* jwt: a signed JSON web token (RFC 7519), by RS256 or HS256 (RFC 7518, sections 3.2 and 3.3). */
#ifndef JWT_H
#define JWT_H

#include <stddef.h>

#include "base/err.h"
#include "base/json.h"

/* jwt_sign: the token of these claims: base64url of header, claims and signature, with dots between them. key_id: the
 * header's kid; "": none. private_key: an RSA key as PEM text, not encrypted. Whoever has the token may use it until it
 * expires. Ownership: the caller frees *ret_token with mem_free_secret; claims and texts are borrowed. Errors: as
 * crypto_sign_rs256. */
int jwt_sign(const struct json *claims, const char *key_id, const char *private_key, char **ret_token,
             struct err *err) MUST_CHECK;

/* jwt_sign_hs256: the same, signed with a secret of size bytes. Ownership: the caller frees it with mem_free_secret. */
char *jwt_sign_hs256(const struct json *claims, const void *secret, size_t size) MUST_CHECK;

/* jwt_verify_hs256: the claims of a token that jwt_sign_hs256 made with this secret; NULL: it did not, or the
 * header has crit. The caller checks what the claims say, such as exp and nbf. Ownership: json_free. */
struct json *jwt_verify_hs256(const char *token, const void *secret, size_t size) MUST_CHECK;

#endif
