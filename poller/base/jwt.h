/* jwt: a signed JSON web token (RFC 7519), by RS256 (RFC 7518, section 3.3). */
#ifndef JWT_H
#define JWT_H

#include "base/err.h"
#include "base/json.h"

/* jwt_sign: the token of these claims: base64url of header, claims and signature, with dots between them. key_id: the
 * header's kid; "": none. private_key: an RSA key as PEM text, not encrypted. Whoever has the token may use it until it
 * expires. Ownership: the caller frees *ret_token with mem_free_secret; claims and texts are borrowed. Errors: as
 * crypto_sign_rs256. */
int jwt_sign(const struct json *claims, const char *key_id, const char *private_key, char **ret_token,
             struct err *err) MUST_CHECK;

#endif
