/* bearer: tokens for machines. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/fileutil.h"
#include "base/jwt.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/bearer.h"

#define FILE_NAME "token.key"
enum { STAMP_SIZE = 17 };

static int make_secret(const char *directory, struct err *err)
{
    unsigned char bytes[BEARER_SECRET_SIZE];
    char hex[CRYPTO_HEX_SIZE(sizeof bytes)];
    crypto_random(bytes, sizeof bytes);
    return fileutil_replace(directory, FILE_NAME, crypto_hex(bytes, sizeof bytes, hex), err);
}

/* False: it is not 64 hexadecimal digits. */
static bool parse_secret(const char *text, struct bearer_secret *ret_secret)
{
    if (strlen(text) != (size_t)2 * BEARER_SECRET_SIZE || strspn(text, "0123456789abcdef") != strlen(text))
        return false;
    for (size_t i = 0; i < BEARER_SECRET_SIZE; i++) {
        const char pair[] = { text[2 * i], text[2 * i + 1], '\0' };
        unsigned int byte = 0;
        (void)sscanf(pair, "%2x", &byte);
        ret_secret->bytes[i] = (unsigned char)byte;
    }
    return true;
}

int bearer_load(const char *directory, struct bearer_secret *ret_secret, struct err *err)
{
    char *path = mem_format("%s/" FILE_NAME, directory), *text = NULL;
    bool missing = false;
    int result = fileutil_read(path, 200, FILEUTIL_REFUSE_LINK, &text, &missing, err);
    if (result == 0 && missing)
        result = make_secret(directory, err) == 0 ? fileutil_read(path, 200, FILEUTIL_REFUSE_LINK, &text, &missing, err)
                                                  : -1;
    if (result == 0 && (text == NULL || !parse_secret(str_trim(text), ret_secret)))
        result = err_set(err, EX_CONFIG, "%s is damaged: delete it; then all bearer tokens must be made again", path);
    mem_free_secret(text);
    free(path);
    return result;
}

static const char *stamp_of(const struct user *user, char out[STAMP_SIZE])
{
    (void)snprintf(out, STAMP_SIZE, "%016" PRIx64, user->stamp);
    return out;
}

char *bearer_make(const struct bearer_secret *secret, const struct user *user, int64_t now, int64_t until)
{
    char stamp[STAMP_SIZE];
    struct json *claims = json_object();
    json_add_text(claims, "sub", user->name);
    json_add_int(claims, "iat", now);
    json_add_int(claims, "exp", until);
    json_add_text(claims, "stamp", stamp_of(user, stamp));
    char *token = jwt_sign_hs256(claims, secret->bytes, sizeof secret->bytes);
    json_free(claims);
    return token;
}

/* A claim of a time as an epoch; without it *ret_time stays. False: it is no whole number. */
static bool read_time(const struct json *claims, const char *name, int64_t *ret_time)
{
    const struct json *claim = json_member(claims, name);
    char *text = json_text_or_number(claim);
    bool valid = claim == NULL || (text != NULL && str_to_int(text, ret_time));
    free(text);
    return valid;
}

static const struct user *user_of(const struct json *claims, const struct users *users, int64_t now)
{
    char stamp[STAMP_SIZE];
    int64_t from = INT64_MIN, until = INT64_MIN; /* without exp, it has expired */
    const char *name = json_text(claims, "sub"), *claimed = json_text(claims, "stamp");
    const struct user *user = name != NULL ? users_find(users, name) : NULL;
    bool valid = read_time(claims, "exp", &until) && read_time(claims, "nbf", &from) && from <= now && now < until &&
                 user != NULL && claimed != NULL && strcmp(claimed, stamp_of(user, stamp)) == 0;
    return valid ? user : NULL;
}

const struct user *bearer_user(const struct bearer_secret *secret, const struct users *users, const char *token,
                               int64_t now)
{
    struct json *claims = jwt_verify_hs256(token, secret->bytes, sizeof secret->bytes);
    if (claims == NULL)
        return NULL;
    const struct user *user = user_of(claims, users, now);
    json_free(claims);
    return user;
}
