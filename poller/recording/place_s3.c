/* place_s3: the place `s3`. An object appears complete or not at all, and a repeated PUT replaces it by the same
 * object. The server compares the content with its SHA-256, which the signature covers. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "recording/place_s3.h"
#include "recording/spool.h"

struct s3 {
    const char *folder, *bucket; /* borrowed */
    char *endpoint, *sigv4, *account;
    int64_t timeout;
};

struct put {
    struct s3 *s3;
    struct place_file *file;
    bool is_stored, has_failed;
    struct transfer_failure failure;
    char *url;
    char type[80], digest[SPOOL_SHA256_SIZE + 32];
    const char *headers[3];
    int source; /* -1: not open */
};

static const struct param_spec params[] = {
    PLACE_COMMON_PARAMS,
    { "endpoint", false, "the server's address; default: Amazon's of that region" },
    { "region", false, "the bucket's region" },
    { "bucket", false, "the bucket" },
    { "access_key", false, "the id of the access key" },
    { "secret_key", true, "the secret of the access key" },
    { NULL, false, NULL },
};

/* ---- open and close ---- */

static void close_s3(void *context)
{
    struct s3 *s3 = context;
    free(s3->endpoint);
    free(s3->sigv4);
    mem_free_secret(s3->account);
    free(s3);
}

static bool is_word(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("-._", *at) == NULL)
            return false;
    return *text != '\0';
}

static int check_words(const struct params *own, const char *const *keys, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct param *param = params_find(own, keys[i]);
        if (param == NULL)
            return err_set(err, EX_CONFIG, "upload = s3 needs `%s = ...` in [recordings]", keys[i]);
        if (!is_word(param->value))
            return err_set(err, EX_CONFIG, "%s: %s: '%.60s' has other characters than letters, digits, - . and _",
                           param->origin, param->key, param->value);
    }
    return 0;
}

static int check_settings(const struct params *own, struct err *err)
{
    static const char *const words[] = { "bucket", "region", "access_key" };
    const struct param *endpoint = params_find(own, "endpoint"), *secret = params_find(own, "secret_key");
    bool insecure = false;
    struct err why;
    if (check_words(own, words, sizeof words / sizeof words[0], err) != 0 ||
        params_yes_no(own, "allow_insecure_http", false, &insecure, err) != 0)
        return -1;
    if (secret == NULL || *secret->value == '\0')
        return err_set(err, EX_CONFIG, "upload = s3 needs `secret_key_file = /FILE` in [recordings]");
    const struct url_rules rules = { .what = "endpoint", .setting = "endpoint", .place = "under [recordings]",
                                     .exposed = "every recording", .allow_insecure_http = insecure };
    if (endpoint != NULL && url_check(endpoint->value, &rules, &why) != 0)
        return err_set(err, why.code, "%s: %.900s", endpoint->origin, why.message);
    return 0;
}

static int open_s3(const struct place_settings *settings, void **ret_state, struct err *err)
{
    const struct params *own = settings->params;
    if (!http_can_sign())
        return err_set(err, EX_CONFIG, "upload = s3 needs libcurl 7.75 or later");
    if (check_settings(own, err) != 0)
        return -1;
    const char *region = params_text(own, "region", "");
    struct s3 *s3 = mem_zero(1, sizeof *s3);
    s3->folder = settings->folder + strspn(settings->folder, "/");
    s3->bucket = params_text(own, "bucket", "");
    s3->endpoint = params_find(own, "endpoint") != NULL ? mem_copy(params_text(own, "endpoint", ""))
                                                        : mem_format("https://s3.%s.amazonaws.com", region);
    for (size_t length = strlen(s3->endpoint); length > 0 && s3->endpoint[length - 1] == '/'; length--)
        s3->endpoint[length - 1] = '\0';
    s3->sigv4 = mem_format("aws:amz:%s:s3", region);
    s3->account = mem_format("%s:%s", params_text(own, "access_key", ""), params_text(own, "secret_key", ""));
    s3->timeout = settings->timeout;
    *ret_state = s3;
    return 0;
}

static void begin(void *context, struct place_file *file, void **ret_transfer)
{
    struct put *put = mem_zero(1, sizeof *put);
    put->s3 = context;
    put->file = file;
    put->source = -1;
    *ret_transfer = put;
}

static void end(void *context, void *transfer)
{
    struct put *put = transfer;
    (void)context;
    if (put->source >= 0)
        (void)close(put->source);
    free(put->url);
    free(put);
}

/* ---- the request ---- */

static char *url_of(const struct s3 *s3, const char *key)
{
    const char *slash = *s3->folder != '\0' && s3->folder[strlen(s3->folder) - 1] != '/' ? "/" : "";
    char *path = mem_format("%s%s%s", s3->folder, slash, key);
    char *coded = mem_zero(3 * strlen(path) + 1, 1), *at = coded;
    for (const char *from = path; *from != '\0'; from++) {
        unsigned char c = (unsigned char)*from;
        bool plain = c < 0x80 && (isalnum(c) || strchr("-._~/", c) != NULL);
        at += snprintf(at, 4, plain ? "%c" : "%%%02X", c);
    }
    char *url = mem_format("%s/%s/%s", s3->endpoint, s3->bucket, coded);
    free(coded);
    free(path);
    return url;
}

static bool prepare(struct put *put)
{
    const struct place_file *file = put->file;
    char digest[SPOOL_SHA256_SIZE];
    struct err err;
    put->source = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (put->source < 0 || spool_sha256(file->path, digest, &err) != 0) {
        (void)transfer_fail(&put->failure, TRANSFER_RETRY, "", "could not read the recording in the spool");
        put->has_failed = true;
        return false;
    }
    put->url = url_of(put->s3, file->file_id);
    (void)snprintf(put->digest, sizeof put->digest, "x-amz-content-sha256: %s", digest);
    (void)snprintf(put->type, sizeof put->type, "Content-Type: %s", file->content_type);
    return true;
}

/* The name is kept in the ledger first, as in place_directory. */
static enum transfer_turn next(void *context, void *transfer, struct http_transfer *ret_request,
                               struct transfer_failure *ret_failure)
{
    struct put *put = transfer;
    struct place_file *file = put->file;
    const struct s3 *s3 = context;
    if (*file->file_id == '\0') {
        (void)snprintf(file->file_id, sizeof file->file_id, "%s%s%s", file->folder, *file->folder != '\0' ? "/" : "",
                       file->name);
        file->changed = true;
        return TRANSFER_AGAIN;
    }
    if (put->is_stored) {
        (void)snprintf(file->link, sizeof file->link, "%s", put->url);
        return TRANSFER_DONE;
    }
    if (put->has_failed || (put->url == NULL && !prepare(put))) {
        *ret_failure = put->failure;
        return TRANSFER_FAILED;
    }
    put->headers[0] = put->type;
    put->headers[1] = put->digest;
    *ret_request = (struct http_transfer){ .method = "PUT", .url = put->url, .headers = put->headers,
                                           .file = put->source, .length = file->size, .ca_file = "",
                                           .timeout = s3->timeout, .sigv4 = s3->sigv4, .account = s3->account };
    return TRANSFER_SEND;
}

/* ---- the answer ---- */

/* The errors that no retry solves, by the server's code. */
static const struct {
    const char *code, *remedy;
} remedies[] = {
    { "NoSuchBucket", "; make the bucket, or correct bucket in [recordings]" },
    { "InvalidAccessKeyId", "; correct access_key in [recordings]" },
    { "SignatureDoesNotMatch", "; correct the secret in secret_key_file of [recordings]" },
    { "AuthorizationHeaderMalformed", "; correct region in [recordings]" },
    { "RequestTimeTooSkewed", "; set this host's clock" },
    { "AccessDenied", "; let the access key put objects into the bucket" },
    { "QuotaExceeded", "; raise the quota of the bucket" },
    { "PermanentRedirect", "; correct region and endpoint in [recordings]" },
};

/* Writes the text of an element of the server's XML to out; "": none. */
static void element(const char *xml, const char *tag, char *out, size_t size)
{
    const char *begin = strstr(xml, tag), *end = begin != NULL ? strchr(begin + strlen(tag), '<') : NULL;
    char text[200] = "";
    if (end != NULL)
        (void)snprintf(text, sizeof text, "%.*s", (int)(end - begin - (long)strlen(tag)), begin + strlen(tag));
    (void)str_printable(text, out, size);
}

static void fail(struct put *put, const struct http_answer *answer)
{
    char code[80], words[200];
    element(answer->body, "<Code>", code, sizeof code);
    element(answer->body, "<Message>", words, sizeof words);
    long status = answer->status;
    bool is_final =
        (status >= 300 && status <= 399) || status == 401 || status == 403 || status == 404 || status == 405;
    const char *remedy = is_final ? "; check endpoint, region, bucket and access_key in [recordings]" : "";
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (strcmp(remedies[i].code, code) == 0) {
            remedy = remedies[i].remedy;
            is_final = true;
        }
    put->has_failed = true;
    if (answer->failure != NULL)
        (void)transfer_fail(&put->failure, TRANSFER_RETRY, "; check endpoint in [recordings], and the network",
                            "could not reach the bucket's server: %.300s", answer->failure);
    else
        (void)transfer_fail(&put->failure,
                            is_final                                                          ? TRANSFER_MISCONFIGURED
                            : status == 429 || strcmp(code, "SlowDown") == 0                  ? TRANSFER_RATE_LIMITED
                            : status == 400 && strcmp(code, "XAmzContentSHA256Mismatch") != 0 ? TRANSFER_REJECTED
                                                                                              : TRANSFER_RETRY,
                            remedy, "the bucket's server answered HTTP %ld%s%s%s%s", status, *code != '\0' ? " " : "",
                            code, *words != '\0' ? ": " : "", words);
    put->failure.wait_sec = answer->retry_after_sec > 0 ? answer->retry_after_sec : 0;
}

static void judge(void *context, void *transfer, const struct http_answer *answer)
{
    struct put *put = transfer;
    (void)context;
    if (answer->failure == NULL && answer->status == 200)
        put->is_stored = true;
    else
        fail(put, answer);
}

const struct place_ops place_s3 = {
    .type = "s3",
    .params = params,
    .open = open_s3,
    .begin = begin,
    .next = next,
    .judge = judge,
    .end = end,
    .close = close_s3,
};
