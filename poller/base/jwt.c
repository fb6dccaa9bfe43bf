/* jwt: a signed JSON web token. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "base/jwt.h"
#include "base/mem.h"

/* Ownership: the caller frees it. */
static char *encode(const unsigned char *bytes, size_t length)
{
    char *text = mem_zero(BASE64_SIZE(length), 1);
    (void)base64_encode_url(bytes, length, text);
    return text;
}

static char *encode_json(const struct json *json)
{
    char *printed = json_print(json);
    char *text = encode((const unsigned char *)printed, strlen(printed));
    free(printed);
    return text;
}

static char *encode_header(const char *algorithm, const char *key_id)
{
    struct json *header = json_object();
    json_add_text(header, "alg", algorithm);
    json_add_text(header, "typ", "JWT");
    if (*key_id != '\0')
        json_add_text(header, "kid", key_id);
    char *text = encode_json(header);
    json_free(header);
    return text;
}

/* What is signed: "HEADER.CLAIMS". Ownership: the caller frees it. */
static char *make_content(const char *algorithm, const char *key_id, const struct json *claims)
{
    char *header = encode_header(algorithm, key_id), *body = encode_json(claims);
    char *content = mem_format("%s.%s", header, body);
    free(body);
    free(header);
    return content;
}

static char *add_signature(const char *content, const unsigned char *signature, size_t length)
{
    char *text = encode(signature, length);
    char *token = mem_format("%s.%s", content, text);
    mem_free_secret(text);
    return token;
}

int jwt_sign(const struct json *claims, const char *key_id, const char *private_key, char **ret_token, struct err *err)
{
    char *content = make_content("RS256", key_id, claims);
    unsigned char *signature = NULL;
    size_t length = 0;
    int result = crypto_sign_rs256(private_key, content, strlen(content), &signature, &length, err);
    if (result == 0)
        *ret_token = add_signature(content, signature, length);
    free(signature);
    free(content);
    return result;
}

char *jwt_sign_hs256(const struct json *claims, const void *secret, size_t size)
{
    unsigned char signature[CRYPTO_SHA256_SIZE];
    char *content = make_content("HS256", "", claims);
    crypto_hmac_sha256(secret, size, content, strlen(content), signature);
    char *token = add_signature(content, signature, sizeof signature);
    free(content);
    return token;
}

/* The bytes of a part of a token as text, NUL-terminated; NULL: it is not base64url. Ownership: the caller frees it. */
static char *decode(const char *part, size_t length, size_t *ret_length)
{
    char *text = mem_copy_bytes(part, length);
    unsigned char *bytes = mem_zero(length + 1, 1);
    for (size_t i = 0; i < length; i++) /* base64url has - and _ where base64 has + and /; it has no = */
        text[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : strchr("+/=", text[i]) != NULL ? '!' : text[i];
    bool valid = base64_decode(text, length, bytes, ret_length);
    free(text);
    if (valid)
        return (char *)bytes;
    free(bytes);
    return NULL;
}

static struct json *parse_part(const char *part, size_t length)
{
    size_t size = 0;
    char *text = decode(part, length, &size);
    struct json *json = text != NULL && strlen(text) == size ? json_parse(text) : NULL;
    free(text);
    return json;
}

/* Nothing of the token is read before its signature is right. */
static bool is_signed(const char *content, size_t length, const char *signature, const void *secret, size_t size)
{
    unsigned char wanted[CRYPTO_SHA256_SIZE];
    size_t got_size = 0;
    char *got = decode(signature, strlen(signature), &got_size);
    crypto_hmac_sha256(secret, size, content, length, wanted);
    bool equal = got != NULL && got_size == sizeof wanted && crypto_equal(got, wanted, sizeof wanted);
    free(got);
    return equal;
}

struct json *jwt_verify_hs256(const char *token, const void *secret, size_t size)
{
    const char *first = strchr(token, '.'), *second = first != NULL ? strchr(first + 1, '.') : NULL;
    if (second == NULL || !is_signed(token, (size_t)(second - token), second + 1, secret, size))
        return NULL;
    struct json *header = parse_part(token, (size_t)(first - token));
    const char *algorithm = header != NULL ? json_text(header, "alg") : NULL;
    /* crit names what whoever checks the token must understand, and nothing is understood here (RFC 7515, 4.1.11). */
    bool known = algorithm != NULL && strcmp(algorithm, "HS256") == 0 && json_member(header, "crit") == NULL;
    json_free(header);
    return known ? parse_part(first + 1, (size_t)(second - first - 1)) : NULL;
}
