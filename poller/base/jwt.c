/* jwt: a signed JSON web token. */
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

static char *encode_header(const char *key_id)
{
    struct json *header = json_object();
    json_add_text(header, "alg", "RS256");
    json_add_text(header, "typ", "JWT");
    if (*key_id != '\0')
        json_add_text(header, "kid", key_id);
    char *text = encode_json(header);
    json_free(header);
    return text;
}

int jwt_sign(const struct json *claims, const char *key_id, const char *private_key, char **ret_token, struct err *err)
{
    char *header = encode_header(key_id), *body = encode_json(claims);
    char *content = mem_format("%s.%s", header, body);
    unsigned char *signature = NULL;
    size_t length = 0;
    int result = crypto_sign_rs256(private_key, content, strlen(content), &signature, &length, err);
    if (result == 0) {
        char *text = encode(signature, length);
        *ret_token = mem_format("%s.%s", content, text);
        mem_free_secret(text);
    }
    free(signature);
    free(content);
    free(body);
    free(header);
    return result;
}
