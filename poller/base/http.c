/* http: requests to one address, several at once, and what an address says. libcurl is known here alone. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/http.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"

/* More of an answer than this is not read: no honest answer is longer. */
#define MAX_BODY_BYTES ((size_t)64 * 1024)

/* Nor more of its headers and of what follows its body (trailers): libcurl keeps all of the latter in memory. */
#define MAX_HEADER_BYTES ((size_t)256 * 1024)

/* One request in flight, and what is kept between requests. */
struct slot {
    CURL *easy;
    bool busy;
    size_t index;                 /* of the request */
    char own_header[128];         /* the header line of this request alone ... */
    struct curl_slist own_node;   /* ... as a list that goes on with the common headers */
    char *body;                   /* the answer, of at most MAX_BODY_BYTES; memory is kept for the next one */
    size_t body_length, body_size;
    bool body_cut;                /* there was more: the rest is not read */
    size_t header_length;         /* of all its headers so far */
    char failure[CURL_ERROR_SIZE];
};

struct http {
    struct http_settings settings;
    CURLM *multi;
    struct curl_slist *headers; /* common to all requests; may hold a secret */
    struct slot *slots;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;
    size_t length = size * count, room = MAX_BODY_BYTES - slot->body_length;
    if (length > room) {
        slot->body_cut = true;
        length = room;
    }
    if (slot->body_length + length >= slot->body_size) {
        slot->body_size = 2 * (slot->body_length + length + 1);
        slot->body = mem_resize(slot->body, slot->body_size, 1);
    }
    memcpy(slot->body + slot->body_length, bytes, length);
    slot->body_length += length;
    slot->body[slot->body_length] = '\0';
    return slot->body_cut ? 0 : length; /* 0 ends the transfer */
}

static size_t count_header(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;
    (void)bytes;
    slot->header_length += size * count;
    return slot->header_length <= MAX_HEADER_BYTES ? size * count : 0; /* 0 ends the transfer */
}

/* Whether this libcurl knows a file with the system's certificates; some systems have a directory only. */
static bool has_bundle(void)
{
#if CURL_AT_LEAST_VERSION(7, 70, 0)
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    return info->age >= CURLVERSION_SEVENTH && info->cainfo != NULL && access(info->cainfo, R_OK) == 0;
#else
    return false;
#endif
}

/* Sets what every request has in common. Each return value counts: an old library that does not know an option must
 * stop the program, not weaken it. */
static CURLcode set_common_options(const struct http *http, struct slot *slot)
{
    const struct http_settings *settings = &http->settings;
    CURL *easy = slot->easy;
    long verify = settings->verify ? 1L : 0L;
    CURLcode code = CURLE_OK;
#define SET(option, value)                                  \
    do {                                                    \
        if (code == CURLE_OK)                               \
            code = curl_easy_setopt(easy, option, (value)); \
    } while (0)
    /* GCOVR_EXCL_BR_START: no libcurl that refuses one of these can be had here */
    SET(CURLOPT_URL, settings->url);
#if CURL_AT_LEAST_VERSION(7, 85, 0)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* libcurl would hand the secret header to whatever host a redirect names */
    SET(CURLOPT_SSL_VERIFYPEER, verify);
    SET(CURLOPT_SSL_VERIFYHOST, verify * 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (*settings->ca_file != '\0')
        SET(CURLOPT_CAINFO, settings->ca_file);
    /* One bundle is what counts: beside a directory of certificates libcurl would parse it for each connection anew,
     * and a ca_file would not be the only thing that is trusted. */
    if (*settings->ca_file != '\0' || has_bundle())
        SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_PROXY, ""); /* a proxy from the environment would see the secret of a plain http request */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout * 1000L);
    SET(CURLOPT_TIMEOUT_MS, (long)settings->timeout * 1000L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* decode whatever is sent; no encoding is asked for, see http_open */
    SET(CURLOPT_USERAGENT, "did-optimizer-sync/" VERSION);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, slot);
    SET(CURLOPT_HEADERFUNCTION, count_header);
    SET(CURLOPT_HEADERDATA, slot);
    SET(CURLOPT_ERRORBUFFER, slot->failure);
    SET(CURLOPT_PRIVATE, slot);
    /* GCOVR_EXCL_BR_STOP */
#undef SET
    return code;
}

static void add_header(struct http *http, const char *line)
{
    struct curl_slist *longer = curl_slist_append(http->headers, line);
    if (longer == NULL)
        mem_out();
    http->headers = longer;
}

static int open_slot(const struct http *http, struct slot *slot, struct err *err)
{
    slot->easy = curl_easy_init();
    if (slot->easy == NULL)
        mem_out();
    slot->body_size = 1024;
    slot->body = mem_zero(slot->body_size, 1);
    CURLcode code = set_common_options(http, slot);
    return code == CURLE_OK ? 0 : err_set(err, EX_SOFTWARE, "could not prepare HTTP requests: this libcurl (%s) "
                                          "refuses an option: %s", curl_version(), curl_easy_strerror(code));
}

/* Starts the library, when there is something to send: most runs find nothing new, and its start costs more than they
 * do. */
static int open_library(struct http *http, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, EX_SOFTWARE, "could not start libcurl");
    http->multi = curl_multi_init();
    if (http->multi == NULL)
        mem_out();
    long connections = (long)http->settings.connections;
    if (curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, connections) != CURLM_OK)
        return err_set(err, EX_SOFTWARE, "could not prepare HTTP requests: libcurl refuses a limit");
    return 0;
}

struct http *http_open(const struct http_settings *settings)
{
    struct http *http = mem_zero(1, sizeof *http);
    http->settings = *settings;
    http->slots = mem_zero(settings->connections, sizeof *http->slots);
    for (const char *const *line = settings->headers; *line != NULL; line++)
        add_header(http, *line);
    http->settings.headers = NULL; /* they are copied */
    add_header(http, "Expect:"); /* no waiting for a 100 Continue */
    /* Answers are short, so nobody is asked to compress them; some proxies do it unasked. */
    add_header(http, "Accept-Encoding:");
    return http;
}

void http_close(struct http *http)
{
    if (http == NULL)
        return;
    for (size_t i = 0; i < http->settings.connections; i++) {
        curl_easy_cleanup(http->slots[i].easy);
        free(http->slots[i].body);
    }
    free(http->slots);
    if (http->multi != NULL)
        (void)curl_multi_cleanup(http->multi);
    for (struct curl_slist *header = http->headers; header != NULL; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(http->headers);
    if (http->multi != NULL)
        curl_global_cleanup();
    free(http);
}

/* Puts request number index on its way in a free slot. */
static int start(struct http *http, struct slot *slot, const struct http_request *request, size_t index,
                 struct err *err)
{
    if (slot->easy == NULL && open_slot(http, slot, err) != 0)
        return -1;
    slot->index = index;
    slot->body_length = 0;
    slot->body[0] = '\0';
    slot->body_cut = false;
    slot->header_length = 0;
    slot->failure[0] = '\0';
    struct curl_slist *headers = http->headers;
    if (request->header_value != NULL) {
        (void)snprintf(slot->own_header, sizeof slot->own_header, "%s: %s", http->settings.request_header,
                       request->header_value);
        slot->own_node = (struct curl_slist){ .data = slot->own_header, .next = headers };
        headers = &slot->own_node;
    }
    if (curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, request->body) != CURLE_OK ||
        curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body)) != CURLE_OK ||
        curl_multi_add_handle(http->multi, slot->easy) != CURLM_OK)
        return err_set(err, EX_SOFTWARE, "could not start an HTTP request");
    slot->busy = true;
    return 0;
}

static struct slot *free_slot(const struct http *http)
{
    for (size_t i = 0; i < http->settings.connections; i++)
        if (!http->slots[i].busy)
            return &http->slots[i];
    return NULL;
}

/* What kept the answer from coming whole; NULL: it came. */
static const char *failure_of(const struct slot *slot, CURLcode code, bool began)
{
    /* The status of an answer whose header is complete decides, however long its body is. */
    if (code == CURLE_OK || slot->body_cut)
        return NULL;
    /* libcurl reads 100 KB of a header line, 4 KB of a trailer line and 300 KB of headers; of the former two it says that
     * memory is short. */
    if (slot->header_length > MAX_HEADER_BYTES || (code == CURLE_OUT_OF_MEMORY && began) ||
        strncmp(slot->failure, "Out of memory in chunked", 24) == 0 ||
        strncmp(slot->failure, "Too large response headers", 26) == 0)
        return "the headers of the answer are too long to be the API's";
    if (code == CURLE_BAD_CONTENT_ENCODING)
        return "the answer could not be decoded: its Content-Encoding is unknown, or not what the body has";
    return *slot->failure != '\0' ? slot->failure : curl_easy_strerror(code);
}

/* Reports one request that has ended, and frees its slot. */
static void finish(struct http *http, struct slot *slot, CURLcode code,
                   const struct http_observer *observer)
{
    struct http_answer answer = { .body = slot->body, .body_cut = slot->body_cut };
    curl_off_t retry_after = 0, sent_us = 0, first_byte_us = 0, total_us = 0;
    long request_bytes = 0;
    (void)curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    (void)curl_easy_getinfo(slot->easy, CURLINFO_CONTENT_TYPE, (char **)&answer.content_type);
    (void)curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    if (curl_easy_getinfo(slot->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK)
        answer.retry_after_sec = (int64_t)retry_after;
    (void)curl_easy_getinfo(slot->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    (void)curl_easy_getinfo(slot->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
    (void)curl_easy_getinfo(slot->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    answer.took_ms = (double)((first_byte_us > 0 ? first_byte_us : total_us) - sent_us) / 1000.0;
    answer.failure = failure_of(slot, code, first_byte_us > 0);
    answer.unreachable = answer.failure != NULL && request_bytes == 0;
    observer->on_answer(observer->context, slot->index, &answer); /* content_type lives as long as the transfer */
    (void)curl_multi_remove_handle(http->multi, slot->easy);
    slot->busy = false;
}

/* Reports what has ended in this turn; how many. */
static size_t collect(struct http *http, const struct http_observer *observer)
{
    size_t ended = 0;
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(http->multi, &left); message != NULL;
         message = curl_multi_info_read(http->multi, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct slot *slot = NULL;
        CURLcode code = message->data.result; /* message does not outlive the handle's removal */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
        finish(http, slot, code, observer);
        ended++;
    }
    return ended;
}

/* Takes whatever is still in flight off the wire without a report; for failures of the library itself. */
static void abandon(struct http *http)
{
    for (size_t i = 0; i < http->settings.connections; i++)
        if (http->slots[i].busy) {
            (void)curl_multi_remove_handle(http->multi, http->slots[i].easy);
            http->slots[i].busy = false;
        }
}

int http_run(struct http *http, const struct http_request *requests, size_t count,
                 const struct http_observer *observer, struct err *err)
{
    size_t next = 0, in_flight = 0;
    bool ending = false;
    int result = http->multi == NULL ? open_library(http, err) : 0;
    while (result == 0 && (in_flight > 0 || (!ending && next < count))) {
        size_t most = observer->on_turn(observer->context);
        ending = ending || most == 0;
        struct slot *slot = NULL;
        while (result == 0 && !ending && next < count && in_flight < most && (slot = free_slot(http)) != NULL) {
            result = start(http, slot, &requests[next], next, err);
            next++;
            in_flight++;
        }
        int running = 0;
        if (result == 0 && in_flight > 0 && curl_multi_perform(http->multi, &running) != CURLM_OK)
            result = err_set(err, EX_SOFTWARE, "could not talk to the server: libcurl failed");
        size_t ended = collect(http, observer);
        in_flight -= ended;
        if (result == 0 && ended == 0 && in_flight > 0 &&
            curl_multi_poll(http->multi, NULL, 0, 50, NULL) != CURLM_OK)
            result = err_set(err, EX_SOFTWARE, "could not wait for the server: libcurl failed");
    }
    (void)observer->on_turn(observer->context);
    abandon(http);
    return result;
}

/* ---- addresses ---- */

/* Writes a part of an address to out. "" where it has none; false where there is no room. */
static bool read_part(CURLU *parsed, CURLUPart which, char *out, size_t size)
{
    char *part = NULL;
    if (curl_url_get(parsed, which, &part, 0) != CURLUE_OK)
        part = NULL;
    int length = snprintf(out, size, "%s", part != NULL ? part : "");
    curl_free(part);
    return (size_t)length < size;
}

bool http_read_url(const char *text, struct http_url *ret_url)
{
    char port[8];
    CURLU *parsed = curl_url();
    if (parsed == NULL)
        mem_out();
    *ret_url = (struct http_url){ .port = 0 };
    bool good = curl_url_set(parsed, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK &&
                read_part(parsed, CURLUPART_HOST, ret_url->host, sizeof ret_url->host) &&
                read_part(parsed, CURLUPART_PORT, port, sizeof port);
    curl_url_cleanup(parsed);
    if (good && *port != '\0')
        good = str_to_int(port, &ret_url->port) && ret_url->port >= 1 && ret_url->port <= 65535;
    return good && *ret_url->host != '\0';
}
