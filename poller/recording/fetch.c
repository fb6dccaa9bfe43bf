/* fetch: downloads a recording from the PBX into the spool. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/program.h"
#include "base/str.h"
#include "recording/fetch.h"

/* ---- the address ---- */

static void put_segment(FILE *out, const char *segment, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)segment[i];
        bool plain = c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL);
        (void)fprintf(out, plain ? "%c" : "%%%02X", c);
    }
}

static const char *problem_of(const char *path)
{
    if (strstr(path, "://") != NULL)
        return "the path of the recording names another host";
    for (const char *at = path; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            return "the path of the recording contains a control character";
    return NULL;
}

const char *fetch_url(const char *base, const char *path, char **ret_url)
{
    const char *problem = problem_of(path);
    char *text = NULL;
    size_t size = 0, count = 0;
    if (problem != NULL)
        return problem;
    FILE *out = mem_stream(&text, &size);
    (void)fputs(base, out);
    for (const char *at = path; *at != '\0' && problem == NULL;) {
        size_t length = strcspn(at, "/\\");
        if (length == 2 && strncmp(at, "..", 2) == 0)
            problem = "the path of the recording contains ..";
        if (length > 0 && !(length == 1 && *at == '.')) {
            (void)fputc('/', out);
            put_segment(out, at, length);
            count++;
        }
        at += length + (at[length] != '\0' ? 1 : 0);
    }
    if (fclose(out) != 0)
        mem_out_of_memory();
    if (problem == NULL && count == 0)
        problem = "the path of the recording is empty";
    if (problem != NULL) {
        free(text);
        return problem;
    }
    *ret_url = text;
    return NULL;
}

/* ---- begin and end ---- */

void fetch_begin(struct fetch *fetch)
{
    fetch->state = FETCH_BEGUN;
    fetch->file = -1;
    fetch->changed = fetch->has_head = fetch->cannot_continue = false;
    fetch->reserved = 0;
    fetch->url = NULL;
    fetch->part = spool_part(fetch->spool, fetch->call);
    fetch->done = spool_done(fetch->spool, fetch->call);
}

void fetch_end(struct fetch *fetch)
{
    spool_reserve(fetch->spool, -fetch->reserved);
    fetch->reserved = 0;
    if (fetch->file >= 0)
        (void)close(fetch->file);
    free(fetch->url);
    free(fetch->part);
    free(fetch->done);
    fetch->url = fetch->part = fetch->done = NULL;
    fetch->file = -1;
}

#define FAIL(fault, remedy, ...)                                                   \
    do {                                                                           \
        (void)transfer_fail(&fetch->failure, TRANSFER_##fault, remedy, __VA_ARGS__); \
        fetch->state = FETCH_FAILED;                                               \
    } while (0)

/* Gives the room to other recordings, and to the ledger; the next try begins anew. */
static void drop_part(struct fetch *fetch)
{
    if (ftruncate(fetch->file, 0) != 0)
        return;
    spool_add(fetch->spool, -fetch->offset);
    fetch->offset = 0;
    fetch->size = -1;
    fetch->changed = true;
}

static void fail_of_disk(struct fetch *fetch, const char *what)
{
    FAIL(NO_ROOM, "; free space there", "could not write %s: %s", what, strerror(errno));
}

/* ---- the request ---- */

static void open_part(struct fetch *fetch)
{
    fetch->file = open(fetch->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int64_t length = fetch->file >= 0 ? spool_size(fetch->part) : -1;
    if (length < 0) {
        fail_of_disk(fetch, fetch->part);
        return;
    }
    /* Without a size nothing would show whether the rest belongs to this part. */
    bool continues = length > 0 && fetch->size > length;
    fetch->offset = continues ? length : 0;
    if (length > 0 && fetch->size == length) { /* an earlier run had no time to sync it */
        fetch->offset = length;
        fetch->state = FETCH_RECEIVED;
        return;
    }
    if (continues || length == 0)
        return;
    if (ftruncate(fetch->file, 0) != 0)
        fail_of_disk(fetch, fetch->part);
    else
        spool_add(fetch->spool, -length);
}

static void fill_request(struct fetch *fetch, struct http_transfer *request)
{
    size_t count = 0;
    if (fetch->source->authorization != NULL)
        fetch->headers[count++] = fetch->source->authorization;
    if (fetch->offset > 0) {
        (void)snprintf(fetch->range, sizeof fetch->range, "Range: bytes=%" PRId64 "-", fetch->offset);
        fetch->headers[count++] = fetch->range;
        (void)snprintf(fetch->if_range, sizeof fetch->if_range, "If-Range: %s", fetch->validator);
        if (*fetch->validator != '\0')
            fetch->headers[count++] = fetch->if_range;
    }
    fetch->headers[count] = NULL;
    *request = (struct http_transfer){ .method = "GET", .url = fetch->url, .headers = fetch->headers, .file = -1,
                                       .ca_file = fetch->source->ca_file, .timeout = fetch->source->timeout };
}

static void prepare(struct fetch *fetch)
{
    if (fetch->part == NULL || fetch->done == NULL) {
        FAIL(REJECTED, "", "the call's id is too long for the name of a file");
        return;
    }
    int64_t done = spool_size(fetch->done);
    if (done > 0 && done == fetch->size) {
        fetch->state = FETCH_RECEIVED;
        return;
    }
    if (done >= 0 && unlink(fetch->done) == 0) /* of an earlier path of the call */
        spool_add(fetch->spool, -done);
    if (fetch->source->url == NULL) { /* a path of the source before this one, which had an address */
        FAIL(MISCONFIGURED, "; set url under [recordings]", "the address of the PBX is not known");
        return;
    }
    const char *problem = fetch_url(fetch->source->url, fetch->path, &fetch->url);
    if (problem != NULL)
        FAIL(REJECTED, "", "%s", problem);
    else
        open_part(fetch);
}

enum transfer_turn fetch_next(struct fetch *fetch, struct http_transfer *ret_request,
                              struct transfer_failure *ret_failure)
{
    if (fetch->state == FETCH_BEGUN && fetch->url == NULL)
        prepare(fetch);
    if (fetch->state == FETCH_FAILED)
        *ret_failure = fetch->failure;
    else if (fetch->state == FETCH_BEGUN)
        fill_request(fetch, ret_request);
    static const enum transfer_turn turns[] = { [FETCH_BEGUN] = TRANSFER_SEND, [FETCH_RECEIVED] = TRANSFER_WORK,
                                                [FETCH_DONE] = TRANSFER_DONE, [FETCH_FAILED] = TRANSFER_FAILED };
    return turns[fetch->state];
}

/* ---- the answer ---- */

/* A weak ETag does not say that the bytes are the same, and If-Range must not have one (RFC 9110, 13.1.5). */
static void read_validator(const struct http_answer *answer, char out[FETCH_VALIDATOR_SIZE])
{
    if (!http_header(answer, "ETag", out, FETCH_VALIDATOR_SIZE) || *out != '"')
        if (!http_header(answer, "Last-Modified", out, FETCH_VALIDATOR_SIZE))
            *out = '\0';
}

/* Begins the file anew: the answer is the whole recording. */
static void begin_whole(struct fetch *fetch, const struct http_answer *answer)
{
    char length[32] = "";
    int64_t old = fetch->offset;
    if (old > 0 && ftruncate(fetch->file, 0) != 0) {
        fail_of_disk(fetch, fetch->part);
        return;
    }
    spool_add(fetch->spool, -old);
    fetch->offset = 0;
    fetch->size = -1;
    if (http_header(answer, "Content-Length", length, sizeof length) && !str_to_int(length, &fetch->size))
        fetch->size = -1;
    fetch->cannot_continue = old > 0 || fetch->size < 0;
    read_validator(answer, fetch->validator);
    fetch->changed = true;
}

/* Checks that the answer is the rest of the part. */
static void continue_part(struct fetch *fetch, const struct http_answer *answer)
{
    char range[96] = "", expected[96];
    (void)http_header(answer, "Content-Range", range, sizeof range);
    (void)snprintf(expected, sizeof expected, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, fetch->offset, fetch->size - 1,
                   fetch->size);
    if (fetch->offset > 0 && strcasecmp(range, expected) == 0)
        return;
    FAIL(RETRY, "", "the PBX sent another part of the recording than asked for (%.60s)", range);
    fetch->size = -1; /* the next try begins anew */
    fetch->changed = true;
}

static bool is_web_page(const struct http_answer *answer)
{
    return strncasecmp(str_or_empty(answer->content_type), "text/html", 9) == 0;
}

static void fail_of_room(struct fetch *fetch)
{
    FAIL(NO_ROOM, "; if this lasts, free space there, or raise spool_mb in [recordings]",
         "the spool %s or its disk is full", fetch->spool->directory);
    drop_part(fetch);
}

static void fail_of_size(struct fetch *fetch, int64_t size)
{
    char remedy[120];
    (void)snprintf(remedy, sizeof remedy, "; raise spool_mb in [recordings], then: did-optimizer-sync%s "
                   "recordings retry", program_option());
    FAIL(REJECTED, remedy, "the recording has %" PRId64 " MB or more, and the spool may hold %" PRId64, size >> 20,
         fetch->spool->limit >> 20);
}

/* Reads the headers of the answer, before the first byte of its body. */
static void read_head(struct fetch *fetch, const struct http_answer *answer)
{
    fetch->has_head = true;
    if (is_web_page(answer))
        FAIL(RETRY, "; correct url in [recordings] if this goes for every recording",
             "the PBX sent a web page instead of the recording");
    else if (answer->status == 200)
        begin_whole(fetch, answer);
    else if (answer->status == 206)
        continue_part(fetch, answer);
    else
        FAIL(RETRY, "", "the PBX answered HTTP %ld instead of the recording", answer->status);
    (void)snprintf(fetch->content_type, sizeof fetch->content_type, "%s", str_or_empty(answer->content_type));
    int64_t rest = fetch->size - fetch->offset;
    if (fetch->state != FETCH_BEGUN || fetch->size < 0)
        return;
    if (fetch->size > fetch->spool->limit)
        fail_of_size(fetch, fetch->size);
    else if (!spool_has_room(fetch->spool, rest))
        fail_of_room(fetch);
    else {
        fetch->reserved = rest;
        spool_reserve(fetch->spool, rest);
    }
}

static bool write_part(struct fetch *fetch, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = pwrite(fetch->file, bytes, length, (off_t)fetch->offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        int64_t reserved = written < fetch->reserved ? written : fetch->reserved;
        fetch->offset += written;
        fetch->reserved -= reserved;
        spool_fill(fetch->spool, reserved);
        spool_add(fetch->spool, written - reserved);
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

bool fetch_take(struct fetch *fetch, const struct http_answer *so_far, const char *bytes, size_t length)
{
    if (!fetch->has_head)
        read_head(fetch, so_far);
    if (fetch->state == FETCH_BEGUN && fetch->size < 0 && fetch->offset + (int64_t)length > fetch->spool->limit)
        fail_of_size(fetch, fetch->offset + (int64_t)length);
    else if (fetch->state == FETCH_BEGUN && fetch->size < 0 && !spool_has_room(fetch->spool, (int64_t)length))
        fail_of_room(fetch);
    if (fetch->state == FETCH_BEGUN && !write_part(fetch, bytes, length)) {
        fail_of_disk(fetch, fetch->part);
        drop_part(fetch);
    }
    return fetch->state == FETCH_BEGUN;
}

/* Judges an answer whose status is no success. */
static void judge_status(struct fetch *fetch, const struct http_answer *answer)
{
    long status = answer->status;
    if (status == 404)
        FAIL(NOT_YET, "", "the PBX does not have the recording (HTTP 404)");
    else if (status == 416) {
        FAIL(RETRY, "", "the PBX's recording is shorter than the part that was read before (HTTP 416)");
        fetch->size = -1; /* the next try begins anew */
        fetch->changed = true;
    } else if (status == 401 || status == 403)
        FAIL(MISCONFIGURED, "; correct key in [recordings] or [source]",
             "the PBX refuses the key for recordings (HTTP %ld)", status);
    else if (status >= 300 && status <= 399)
        FAIL(MISCONFIGURED, "; correct url in [recordings]", "the PBX redirects to another address, where the key must "
             "not go (HTTP %ld)", status);
    else
        FAIL(RETRY, "", "the PBX failed to send the recording (HTTP %ld)", status);
    fetch->failure.wait_sec = answer->retry_after_sec > 0 ? answer->retry_after_sec : 0;
}

static void finish(struct fetch *fetch)
{
    if (fetch->offset == 0) {
        FAIL(RETRY, "", "the recording is empty");
        return;
    }
    if (fetch->size >= 0 && fetch->offset != fetch->size) {
        FAIL(RETRY, "", "the PBX sent %" PRId64 " of %" PRId64 " bytes", fetch->offset, fetch->size);
        return;
    }
    if (fetch->size < 0)
        fetch->changed = true;
    fetch->size = fetch->offset;
    fetch->state = FETCH_RECEIVED;
}

void fetch_judge(struct fetch *fetch, const struct http_answer *answer)
{
    if (fetch->state != FETCH_BEGUN)
        return;
    bool is_success = answer->status == 200 || answer->status == 206;
    if (answer->failure != NULL)
        FAIL(RETRY, "; check url in [recordings], and the network", "could not read from the PBX: %.300s",
             answer->failure);
    else if (!is_success)
        judge_status(fetch, answer);
    else if (is_web_page(answer))
        read_head(fetch, answer);
    else
        finish(fetch);
}

/* A file that is `done` already is of an earlier run, which has synced it. */
void fetch_work(struct fetch *fetch)
{
    struct err err;
    if (fetch->file >= 0 && spool_finish(fetch->file, fetch->part, fetch->done, &err) != 0)
        FAIL(NO_ROOM, "", "%.500s", err.message);
    else if (spool_md5(fetch->done, fetch->md5, &err) == 0)
        fetch->state = FETCH_DONE;
    else if (err.code == EX_CONFIG)
        FAIL(MISCONFIGURED, "", "%.500s", err.message);
    else
        FAIL(RETRY, "", "%.500s", err.message);
}
