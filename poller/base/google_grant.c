/* google_grant: the body of a request for an access token. */
#include <string.h>

#include "base/google_grant.h"
#include "base/jwt.h"
#include "base/mem.h"

#define LIFE_SEC 3600 /* Google takes no claims that are good for longer */

/* Percent-encodes text for a form. Ownership: the caller frees it with mem_free_secret. */
static char *encode(const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *encoded = mem_zero(3 * strlen(text) + 1, 1), *out = encoded;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (strchr(plain, byte) != NULL) {
            *out++ = *text;
        } else {
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        }
    }
    return encoded;
}

static int sign_claims(const struct google_credentials *credentials, const struct google_wish *wish, int64_t now,
                       char **ret_token, struct err *err)
{
    struct json *claims = json_object();
    struct err why;
    json_add_text(claims, "iss", credentials->client_email);
    json_add_text(claims, "scope", wish->scope);
    json_add_text(claims, "aud", credentials->token_uri);
    json_add_int(claims, "iat", now);
    json_add_int(claims, "exp", now + LIFE_SEC);
    if (*wish->subject != '\0')
        json_add_text(claims, "sub", wish->subject);
    int result = jwt_sign(claims, credentials->private_key_id, credentials->private_key, ret_token, &why);
    json_free(claims);
    return result == 0 ? 0 : err_set(err, why.code, "%s: private_key: %s", credentials->origin, why.message);
}

int google_grant_make(const struct google_credentials *credentials, const struct google_wish *wish, int64_t now,
                      char **ret_form, struct err *err)
{
    if (credentials->kind == GOOGLE_SERVICE_ACCOUNT) {
        char *token = NULL;
        if (sign_claims(credentials, wish, now, &token, err) != 0)
            return -1;
        *ret_form =
            mem_format("grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer&assertion=%s", token);
        mem_free_secret(token);
        return 0;
    }
    char *id = encode(credentials->client_id), *secret = encode(credentials->client_secret);
    char *refresh = encode(credentials->refresh_token);
    *ret_form =
        mem_format("grant_type=refresh_token&client_id=%s&client_secret=%s&refresh_token=%s", id, secret, refresh);
    mem_free_secret(refresh);
    mem_free_secret(secret);
    mem_free_secret(id);
    return 0;
}
