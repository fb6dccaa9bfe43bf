/* http: sends requests to one address, several at once. The only file that includes libcurl. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/http.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"

/* A valid answer is shorter than this; the rest is not read. */
#define MAX_BODY_BYTES ((size_t)64 * 1024)

/* The same for headers and trailers: libcurl keeps all trailers in memory. */
#define MAX_HEADER_BYTES ((size_t)256 * 1024)

/* One request in flight. The handle and the body's memory are used again by the next request. */
struct slot {
    CURL *easy;
    bool busy;
    size_t index;                 /* the request's index in http_run */
    char own_headers[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE]; /* the header lines of this request ... */
    struct curl_slist own_nodes[HTTP_OWN_HEADERS]; /* ... as the head of the list of common headers */
    char *body;                   /* of the answer, at most MAX_BODY_BYTES */
    size_t body_length, body_size;
    bool body_cut;                /* the answer has a longer body; the rest is not read */
    size_t header_length;         /* the bytes of all headers so far */
    char failure[CURL_ERROR_SIZE];
};

struct http {
    struct http_settings settings;
    CURLM *multi;
    CURLU *address; /* the parsed URL: libcurl would parse the text for each request. NULL: it has no such address */
    struct curl_slist *headers; /* common to all requests; may hold a secret */
    struct slot *slots;
};

static size_t append_body(char *bytes, size_t size, size_t count, void *context)
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

/* Whether the system has its CA certificates in one file; some systems have only a directory. */
static bool has_bundle(void)
{
#if CURL_AT_LEAST_VERSION(7, 70, 0)
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    return info->age >= CURLVERSION_SEVENTH && info->cainfo != NULL && access(info->cainfo, R_OK) == 0;
#else
    return false;
#endif
}

/* Sets the common options of all requests. Every option is mandatory: if one cannot be set, the run stops, as an old
 * libcurl might lack an option that protects the key. */
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
    /* GCOVR_EXCL_BR_START: no supported system has a libcurl that refuses one of these */
    SET(CURLOPT_URL, settings->url);
    if (http->address != NULL)
        SET(CURLOPT_CURLU, http->address);
#if CURL_AT_LEAST_VERSION(7, 85, 0)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* libcurl would send the secret header to the host that a redirect names */
    SET(CURLOPT_SSL_VERIFYPEER, verify);
    SET(CURLOPT_SSL_VERIFYHOST, verify * 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (*settings->ca_file != '\0')
        SET(CURLOPT_CAINFO, settings->ca_file);
    /* Only one file of certificates: with a directory too, libcurl would parse the file for each connection, and would
     * trust the directory beside ca_file. */
    if (*settings->ca_file != '\0' || has_bundle())
        SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_PROXY, ""); /* a proxy from the environment could read the secret of a plain http request */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout * 1000L);
    SET(CURLOPT_TIMEOUT_MS, (long)settings->timeout * 1000L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* decode every encoding; http_open removes the request header */
    SET(CURLOPT_USERAGENT, "did-optimizer-sync/" VERSION);
    SET(CURLOPT_WRITEFUNCTION, append_body);
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
        mem_out_of_memory();
    http->headers = longer;
}

static int open_slot(const struct http *http, struct slot *slot, struct err *err)
{
    slot->easy = curl_easy_init();
    if (slot->easy == NULL)
        mem_out_of_memory();
    slot->body_size = 1024;
    slot->body = mem_zero(slot->body_size, 1);
    CURLcode code = set_common_options(http, slot);
    return code == CURLE_OK ? 0 : err_set(err, EX_SOFTWARE, "could not prepare HTTP requests: this libcurl (%s) "
                                          "refuses an option: %s", curl_version(), curl_easy_strerror(code));
}

/* Called before the first request only: most runs send nothing, and to start libcurl costs more than such a run. */
static int open_library(struct http *http, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, EX_SOFTWARE, "could not start libcurl");
    http->multi = curl_multi_init();
    if (http->multi == NULL)
        mem_out_of_memory();
    http->address = curl_url();
    if (http->address == NULL)
        mem_out_of_memory();
    /* A text that libcurl refuses stays a text: then each request fails with libcurl's words. */
    if (curl_url_set(http->address, CURLUPART_URL, http->settings.url, CURLU_GUESS_SCHEME) != CURLUE_OK) {
        curl_url_cleanup(http->address);
        http->address = NULL;
    }
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
    http->settings.headers = NULL; /* copied above */
    add_header(http, "Expect:"); /* do not wait for 100 Continue */
    /* Answers are short, so do not ask for compression. Some proxies compress anyway. */
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
    curl_url_cleanup(http->address);
    if (http->multi != NULL)
        (void)curl_multi_cleanup(http->multi);
    for (struct curl_slist *header = http->headers; header != NULL; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(http->headers);
    if (http->multi != NULL)
        curl_global_cleanup();
    free(http);
}

/* The headers of the request with this index: its own ones before those that are common to all. */
static struct curl_slist *headers_of(const struct http *http, struct slot *slot, size_t index,
                                     const struct http_observer *observer)
{
    struct curl_slist *headers = http->headers;
    size_t own = observer->on_headers != NULL ? observer->on_headers(observer->context, index, slot->own_headers) : 0;
    for (size_t i = own; i > 0; i--) {
        slot->own_nodes[i - 1] = (struct curl_slist){ .data = slot->own_headers[i - 1], .next = headers };
        headers = &slot->own_nodes[i - 1];
    }
    return headers;
}

/* Starts the request with this index in a free slot. */
static int start_request(struct http *http, struct slot *slot, const struct http_request *request, size_t index,
                         const struct http_observer *observer, struct err *err)
{
    if (slot->easy == NULL && open_slot(http, slot, err) != 0)
        return -1;
    slot->index = index;
    slot->body_length = 0;
    slot->body[0] = '\0';
    slot->body_cut = false;
    slot->header_length = 0;
    slot->failure[0] = '\0';
    struct curl_slist *headers = headers_of(http, slot, index, observer);
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

/* Why the answer is incomplete; NULL if it is complete. */
static const char *failure_of(const struct slot *slot, CURLcode code, bool began)
{
    /* A body that is too long is no failure: the status decides. */
    if (code == CURLE_OK || slot->body_cut)
        return NULL;
    /* libcurl limits a header line to 100 KB, a trailer line to 4 KB and all headers to 300 KB. It reports the first
     * two limits as "out of memory". */
    if (slot->header_length > MAX_HEADER_BYTES || (code == CURLE_OUT_OF_MEMORY && began) ||
        strncmp(slot->failure, "Out of memory in chunked", 24) == 0 ||
        strncmp(slot->failure, "Too large response headers", 26) == 0)
        return "the headers of the answer are too long";
    if (code == CURLE_BAD_CONTENT_ENCODING)
        return "the answer could not be decoded: its Content-Encoding is unknown, or not what the body has";
    return *slot->failure != '\0' ? slot->failure : curl_easy_strerror(code);
}

/* Reports an ended request and frees its slot. */
static void finish_request(struct http *http, struct slot *slot, CURLcode code,
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
    observer->on_answer(observer->context, slot->index, &answer); /* content_type is valid until the removal below */
    (void)curl_multi_remove_handle(http->multi, slot->easy);
    slot->busy = false;
}

/* Reports each request that has ended; returns their count. */
static size_t finish_ended_requests(struct http *http, const struct http_observer *observer)
{
    size_t ended = 0;
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(http->multi, &left); message != NULL;
         message = curl_multi_info_read(http->multi, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct slot *slot = NULL;
        CURLcode code = message->data.result; /* finish_request makes message invalid */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
        finish_request(http, slot, code, observer);
        ended++;
    }
    return ended;
}

/* After a failure of libcurl itself: cancels the requests in flight without a report. */
static void cancel_in_flight(struct http *http)
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
            result = start_request(http, slot, &requests[next], next, observer, err);
            next++;
            in_flight++;
        }
        int running = 0;
        if (result == 0 && in_flight > 0 && curl_multi_perform(http->multi, &running) != CURLM_OK)
            result = err_set(err, EX_SOFTWARE, "could not talk to the server: libcurl failed");
        size_t ended = finish_ended_requests(http, observer);
        in_flight -= ended;
        if (result == 0 && ended == 0 && in_flight > 0 &&
            curl_multi_poll(http->multi, NULL, 0, 50, NULL) != CURLM_OK)
            result = err_set(err, EX_SOFTWARE, "could not wait for the server: libcurl failed");
    }
    (void)observer->on_turn(observer->context);
    cancel_in_flight(http);
    return result;
}

int http_connect(struct http *http, struct http_answer *ret_answer, struct err *err)
{
    struct slot *slot = &http->slots[0];
    if ((http->multi == NULL && open_library(http, err) != 0) || (slot->easy == NULL && open_slot(http, slot, err) != 0))
        return -1;
    slot->failure[0] = '\0';
    if (curl_easy_setopt(slot->easy, CURLOPT_CONNECT_ONLY, 1L) != CURLE_OK)
        return err_set(err, EX_SOFTWARE, "could not prepare a connection: libcurl refuses an option");
    CURLcode code = curl_easy_perform(slot->easy);
    *ret_answer = (struct http_answer){ .body = "" };
    if (code != CURLE_OK)
        ret_answer->failure = *slot->failure != '\0' ? slot->failure : curl_easy_strerror(code);
    ret_answer->unreachable = code != CURLE_OK;
    curl_easy_cleanup(slot->easy); /* with its connection, which no request may use */
    slot->easy = NULL;
    return 0;
}

/* ---- addresses ---- */

/* Writes a part of an address to out; "" if the address has no such part. False if the part is too long. */
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
        mem_out_of_memory();
    *ret_url = (struct http_url){ .port = 0 };
    bool good = curl_url_set(parsed, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK &&
                read_part(parsed, CURLUPART_HOST, ret_url->host, sizeof ret_url->host) &&
                read_part(parsed, CURLUPART_PORT, port, sizeof port);
    curl_url_cleanup(parsed);
    if (good && *port != '\0')
        good = str_to_int(port, &ret_url->port) && ret_url->port >= 1 && ret_url->port <= 65535;
    return good && *ret_url->host != '\0';
}
