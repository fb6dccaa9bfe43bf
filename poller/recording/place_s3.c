/* place_s3: the place `s3`. An object appears complete or not at all, and a repeated upload replaces it by the same
 * object. The server compares each content with its SHA-256, which the signature covers.
 *
 * A large recording goes in parts. Its session in the ledger is the upload's id and the recording's MD5; the server
 * knows which parts it has. An upload that nobody completes takes space until the bucket's lifecycle rule ends it. */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "recording/place_s3.h"
#include "recording/place_s3_verdict.h"
#include "recording/spool.h"

struct s3 {
    const char *folder, *bucket; /* borrowed */
    char *endpoint, *sigv4, *account;
    int64_t timeout;
};

/* Larger recordings go in parts. A part must fit into a run's share of time; S3 wants at least 5 MiB and at most 10,000
 * parts. */
#define WHOLE_MOST ((int64_t)16 << 20)
#define PART_LEAST ((int64_t)8 << 20)
#define PARTS_MOST 10000

/* So many uploads of one recording may vanish or be refused in a run. */
#define RESTARTS 2

#define ETAG_SIZE 80

enum step { BEGUN, WHOLE, OPEN, LIST, PART, COMPLETE, ABORT, LOOK, DELETE, STORED, FAILED };

struct upload {
    struct s3 *s3;
    struct place_file *file;
    enum step step;
    struct transfer_failure failure; /* FAILED */
    char *key_url;                   /* the object's address */
    char *url, *body;                /* of the request */
    char id[400];                    /* of the upload in parts */
    char (*etags)[ETAG_SIZE];        /* of the parts that the server has; "": it does not have the part */
    int64_t part_size, part_count;
    int64_t part;                    /* PART: its number, from 1. LIST: the parts up to this one are known */
    int restarts;
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
    struct upload *upload = mem_zero(1, sizeof *upload);
    upload->s3 = context;
    upload->file = file;
    upload->source = -1;
    *ret_transfer = upload;
}

static void clear_request(struct upload *upload)
{
    free(upload->url);
    free(upload->body);
    upload->url = upload->body = NULL;
}

static void end(void *context, void *transfer)
{
    struct upload *upload = transfer;
    (void)context;
    if (upload->source >= 0)
        (void)close(upload->source);
    clear_request(upload);
    free(upload->key_url);
    free(upload->etags);
    free(upload);
}

/* ---- what to send next ---- */

/* Percent-encodes text as the signature wants it. */
static char *encode(const char *text, const char *plain_marks)
{
    char *coded = mem_zero(3 * strlen(text) + 1, 1), *at = coded;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = c < 0x80 && (isalnum(c) || strchr(plain_marks, c) != NULL);
        at += snprintf(at, 4, plain ? "%c" : "%%%02X", c);
    }
    return coded;
}

static char *url_of(const struct s3 *s3, const char *key)
{
    const char *slash = *s3->folder != '\0' && s3->folder[strlen(s3->folder) - 1] != '/' ? "/" : "";
    char *path = mem_format("%s%s%s", s3->folder, slash, key);
    char *coded = encode(path, "-._~/");
    char *url = mem_format("%s/%s/%s", s3->endpoint, s3->bucket, coded);
    free(coded);
    free(path);
    return url;
}

static int64_t part_length(const struct upload *upload, int64_t part)
{
    int64_t left = upload->file->size - (part - 1) * upload->part_size;
    return left < upload->part_size ? left : upload->part_size;
}

static void plan_parts(struct upload *upload)
{
    int64_t size = upload->file->size, least = (size + PARTS_MOST - 1) / PARTS_MOST;
    upload->part_size = least > PART_LEAST ? least : PART_LEAST;
    upload->part_count = (size + upload->part_size - 1) / upload->part_size;
    upload->etags = mem_zero((size_t)upload->part_count, sizeof *upload->etags);
}

/* The first part that the server does not have; none: the upload is complete. */
static void choose_part(struct upload *upload)
{
    upload->part = 1;
    while (upload->part <= upload->part_count && *upload->etags[upload->part - 1] != '\0')
        upload->part++;
    upload->step = upload->part <= upload->part_count ? PART : COMPLETE;
}

static void begin_anew(struct upload *upload)
{
    bool is_large = upload->file->size > WHOLE_MOST;
    upload->step = is_large ? OPEN : WHOLE;
    upload->id[0] = '\0';
    if (*upload->file->session != '\0') {
        upload->file->session[0] = '\0';
        upload->file->changed = true;
    }
    for (int64_t i = 0; is_large && i < upload->part_count; i++)
        upload->etags[i][0] = '\0';
}

/* An upload that an earlier run began goes on, if the recording is the same. */
static void choose_step(struct upload *upload)
{
    const struct place_file *file = upload->file;
    const char *blank = strrchr(file->session, ' ');
    size_t length = blank != NULL ? (size_t)(blank - file->session) : 0;
    if (file->size > WHOLE_MOST)
        plan_parts(upload);
    if (length == 0 || length >= sizeof upload->id) {
        begin_anew(upload);
        return;
    }
    (void)snprintf(upload->id, sizeof upload->id, "%.*s", (int)length, file->session);
    upload->step = file->size > WHOLE_MOST && strcmp(blank + 1, file->md5) == 0 ? LIST : ABORT;
}

static void prepare(struct upload *upload)
{
    const struct place_file *file = upload->file;
    upload->source = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (upload->source < 0) {
        (void)transfer_fail(&upload->failure, TRANSFER_RETRY, "", "could not read the recording in the spool");
        upload->step = FAILED;
        return;
    }
    upload->key_url = url_of(upload->s3, file->file_id);
    (void)snprintf(upload->type, sizeof upload->type, "Content-Type: %s", file->content_type);
    choose_step(upload);
}

/* ---- the request ---- */

static char *complete_body(const struct upload *upload)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = mem_stream(&text, &length);
    (void)fputs("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", out);
    for (int64_t i = 0; i < upload->part_count; i++)
        (void)fprintf(out, "<Part><PartNumber>%" PRId64 "</PartNumber><ETag>\"%s\"</ETag></Part>", i + 1,
                      upload->etags[i]);
    (void)fputs("</CompleteMultipartUpload>", out);
    if (fclose(out) != 0)
        mem_out_of_memory();
    return text;
}

/* The parameters of a query stand in the order of their names: libcurl 7.88 signs them as they are written. */
static char *request_url(const struct upload *upload)
{
    if (upload->step == WHOLE || upload->step == LOOK || upload->step == DELETE)
        return mem_copy(upload->key_url);
    if (upload->step == OPEN)
        return mem_format("%s?uploads=", upload->key_url);
    char *id = encode(upload->id, "-._~"), *url = NULL;
    if (upload->step == LIST)
        url = mem_format("%s?max-parts=200&part-number-marker=%" PRId64 "&uploadId=%s", upload->key_url, upload->part,
                         id);
    else if (upload->step == PART)
        url = mem_format("%s?partNumber=%" PRId64 "&uploadId=%s", upload->key_url, upload->part, id);
    else
        url = mem_format("%s?uploadId=%s", upload->key_url, id);
    free(id);
    return url;
}

static void digest_text(const char *text, char out[SPOOL_SHA256_SIZE])
{
    unsigned char sum[CRYPTO_SHA256_SIZE];
    struct crypto_digest *digest = crypto_digest_begin(CRYPTO_SHA256);
    crypto_digest_add(digest, text, strlen(text));
    (void)crypto_hex(sum, crypto_digest_end(digest, sum), out);
}

/* False: the spool cannot be read. */
static bool fill_request(struct upload *upload, struct http_transfer *request)
{
    static const char *const methods[] = { [WHOLE] = "PUT", [OPEN] = "POST", [LIST] = "GET", [PART] = "PUT",
                                           [COMPLETE] = "POST", [ABORT] = "DELETE", [LOOK] = "GET",
                                           [DELETE] = "DELETE" };
    const struct place_file *file = upload->file;
    const struct s3 *s3 = upload->s3;
    char digest[SPOOL_SHA256_SIZE];
    struct err err;
    bool has_file = upload->step == WHOLE || upload->step == PART;
    int64_t from = upload->step == PART ? (upload->part - 1) * upload->part_size : 0;
    int64_t length = upload->step == PART ? part_length(upload, upload->part) : file->size;
    if (upload->step == OPEN || upload->step == COMPLETE)
        upload->body = upload->step == OPEN ? mem_copy("") : complete_body(upload);
    if (has_file && spool_sha256(file->path, from, length, digest, &err) != 0)
        return false;
    if (!has_file)
        digest_text(upload->body != NULL ? upload->body : "", digest);
    upload->url = request_url(upload);
    (void)snprintf(upload->digest, sizeof upload->digest, "x-amz-content-sha256: %s", digest);
    upload->headers[0] = upload->digest;
    upload->headers[1] = upload->step == WHOLE || upload->step == OPEN ? upload->type
                         : upload->step == COMPLETE ? "Content-Type: application/xml"
                         : upload->step == LOOK     ? "Range: bytes=0-0"
                                                    : NULL;
    *request = (struct http_transfer){ .method = methods[upload->step], .url = upload->url, .headers = upload->headers,
                                       .body = upload->body, .file = has_file ? upload->source : -1, .from = from,
                                       .length = has_file ? length : 0, .ca_file = "", .timeout = s3->timeout,
                                       .sigv4 = s3->sigv4, .account = s3->account };
    return true;
}

/* The name is kept in the ledger first, as in place_directory. */
static enum transfer_turn next(void *context, void *transfer, struct http_transfer *ret_request,
                               struct transfer_failure *ret_failure)
{
    struct upload *upload = transfer;
    struct place_file *file = upload->file;
    (void)context;
    clear_request(upload);
    if (*file->file_id == '\0') {
        (void)snprintf(file->file_id, sizeof file->file_id, "%s%s%s", file->folder, *file->folder != '\0' ? "/" : "",
                       file->name);
        file->changed = true;
        return TRANSFER_AGAIN;
    }
    if (upload->step == BEGUN)
        prepare(upload);
    if (upload->step == STORED) {
        (void)snprintf(file->link, sizeof file->link, "%s", upload->key_url);
        return TRANSFER_DONE;
    }
    if (upload->step != FAILED && !fill_request(upload, ret_request)) {
        (void)transfer_fail(&upload->failure, TRANSFER_RETRY, "", "could not read the recording in the spool");
        upload->step = FAILED;
    }
    if (upload->step != FAILED)
        return TRANSFER_SEND;
    *ret_failure = upload->failure;
    return TRANSFER_FAILED;
}

/* ---- the answer ---- */

static void fail(struct upload *upload, const struct http_answer *answer)
{
    s3_verdict(answer, &upload->failure);
    if (*upload->id != '\0')
        str_hide(upload->failure.reason, upload->id);
    upload->step = FAILED;
}

/* Copies an ETag without its quotes, which XML may write as &quot;. False: it is none, or none that fits. */
static bool copy_etag(const char *text, char out[ETAG_SIZE])
{
    size_t length = 0;
    while (*text != '\0' && length < ETAG_SIZE - 1) {
        if (strncmp(text, "&quot;", 6) == 0)
            text += 6;
        else if (*text == '"')
            text++;
        else if (isalnum((unsigned char)*text) || strchr("-_.+/=", *text) != NULL)
            out[length++] = *text++;
        else
            break;
    }
    out[length] = '\0';
    return length > 0 && *text == '\0';
}

static void judge_opened(struct upload *upload, const struct http_answer *answer)
{
    struct place_file *file = upload->file;
    if (answer->status != 200 || s3_element(answer->body, "UploadId", upload->id, sizeof upload->id) == NULL ||
        *upload->id == '\0') {
        fail(upload, answer);
        return;
    }
    (void)snprintf(file->session, sizeof file->session, "%s %s", upload->id, file->md5);
    file->changed = true;
    choose_part(upload);
}

/* A part of another length is another recording's, or of another version of this program: it is sent again. */
static void judge_list(struct upload *upload, const struct http_answer *answer)
{
    char text[200];
    int64_t number = 0, size = 0, last = upload->part;
    if (answer->status != 200) {
        fail(upload, answer);
        return;
    }
    for (const char *at = strstr(answer->body, "<Part>"); at != NULL; at = strstr(at + 1, "<Part>")) {
        if (s3_element(at, "PartNumber", text, sizeof text) == NULL || !str_to_int(text, &number) || number <= last)
            break;
        last = number;
        if (number <= upload->part_count && s3_element(at, "Size", text, sizeof text) != NULL &&
            str_to_int(text, &size) && size == part_length(upload, number) &&
            s3_element(at, "ETag", text, sizeof text) != NULL && !copy_etag(text, upload->etags[number - 1]))
            upload->etags[number - 1][0] = '\0';
    }
    bool goes_on = s3_element(answer->body, "IsTruncated", text, sizeof text) != NULL && strcmp(text, "true") == 0 &&
                   last > upload->part;
    upload->part = last;
    if (!goes_on)
        choose_part(upload);
}

static void judge_part(struct upload *upload, const struct http_answer *answer)
{
    char text[200];
    if (answer->status != 200 || !http_header(answer, "ETag", text, sizeof text) ||
        !copy_etag(text, upload->etags[upload->part - 1])) {
        upload->etags[upload->part - 1][0] = '\0';
        fail(upload, answer);
        return;
    }
    choose_part(upload);
}

static void judge_completed(struct upload *upload, const struct http_answer *answer)
{
    if (answer->status != 200 || strstr(answer->body, "<CompleteMultipartUploadResult") == NULL) {
        fail(upload, answer);
        return;
    }
    upload->step = STORED;
}

/* The ETag of an object that was uploaded in these parts. False: it cannot be known. */
static bool expected_etag(const struct upload *upload, char out[ETAG_SIZE])
{
    char hex[SPOOL_SHA256_SIZE];
    unsigned char sum[CRYPTO_SHA256_SIZE];
    struct err err;
    struct crypto_digest *digest = crypto_digest_begin(CRYPTO_MD5);
    for (int64_t part = 1; digest != NULL && part <= upload->part_count; part++) {
        int64_t from = (part - 1) * upload->part_size;
        if (spool_md5_bytes(upload->file->path, from, part_length(upload, part), sum, &err) != 0) {
            crypto_digest_drop(digest);
            return false;
        }
        crypto_digest_add(digest, sum, CRYPTO_MD5_SIZE);
    }
    if (digest == NULL)
        return false;
    (void)crypto_hex(sum, crypto_digest_end(digest, sum), hex);
    (void)snprintf(out, ETAG_SIZE, "%s-%" PRId64, hex, upload->part_count);
    return true;
}

/* The upload is gone. If an earlier run completed it and was killed before it knew, the object is there. */
static void judge_look(struct upload *upload, const struct http_answer *answer)
{
    char text[200], etag[ETAG_SIZE], wanted[ETAG_SIZE];
    bool is_there = answer->status == 206 && http_header(answer, "ETag", text, sizeof text) && copy_etag(text, etag) &&
                    expected_etag(upload, wanted) && strcmp(etag, wanted) == 0;
    if (is_there)
        upload->step = STORED;
    else
        begin_anew(upload);
}

/* The server has forgotten the upload, or refuses its parts: another one begins. True: it was so. */
static bool is_over(struct upload *upload, const struct http_answer *answer)
{
    char code[S3_CODE_SIZE];
    (void)s3_code(answer, code);
    bool is_gone = strcmp(code, "NoSuchUpload") == 0 || (upload->step == ABORT && answer->status == 204);
    bool is_refused = upload->step == COMPLETE &&
                      (strncmp(code, "InvalidPart", 11) == 0 || strcmp(code, "EntityTooSmall") == 0);
    if (*upload->id == '\0' || (!is_gone && !is_refused) || ++upload->restarts > RESTARTS)
        return false;
    if (is_gone && upload->step != ABORT)
        upload->step = LOOK;
    else if (is_gone)
        begin_anew(upload);
    else
        upload->step = ABORT;
    return true;
}

/* The last of so many uploads has just been ended. */
static void give_up(struct upload *upload)
{
    (void)transfer_fail(&upload->failure, TRANSFER_RETRY, "",
                        "the bucket's server forgot or refused %d uploads of the recording in turn", RESTARTS + 1);
    upload->step = FAILED;
}

static void judge(void *context, void *transfer, const struct http_answer *answer)
{
    struct upload *upload = transfer;
    (void)context;
    if (answer->failure != NULL)
        fail(upload, answer);
    else if (is_over(upload, answer))
        return;
    else if (upload->step == OPEN)
        judge_opened(upload, answer);
    else if (upload->step == LIST)
        judge_list(upload, answer);
    else if (upload->step == PART)
        judge_part(upload, answer);
    else if (upload->step == COMPLETE)
        judge_completed(upload, answer);
    else if (upload->step == LOOK)
        judge_look(upload, answer);
    else if ((upload->step == WHOLE && answer->status == 200) || (upload->step == DELETE && answer->status == 204))
        upload->step = STORED; /* or deleted, as it was asked for */
    else if (upload->step == ABORT && answer->status == 204)
        give_up(upload);
    else
        fail(upload, answer);
}

static void undo(void *context, void *transfer)
{
    struct upload *upload = transfer;
    (void)context;
    upload->step = DELETE;
}

const struct place_ops place_s3 = {
    .type = "s3",
    .params = params,
    .open = open_s3,
    .begin = begin,
    .next = next,
    .judge = judge,
    .undo = undo,
    .end = end,
    .close = close_s3,
};
