/* http: sends requests to one address, several at once. The only file that includes libcurl. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/trust.h"
#include "base/version.h"

/* An answer to a POST is shorter than this; the rest is not read. */
#define MAX_BODY_BYTES ((size_t)64 * 1024)

/* The same for headers and trailers: libcurl keeps all trailers in memory. */
#define MAX_HEADER_BYTES ((size_t)256 * 1024)

/* One request in flight. The handle and the body's memory are used again by the next request. */
struct slot {
    CURL *easy;
    bool busy;
    bool looked_elsewhere;        /* for certificates, as the first place lacks this server's */
    size_t index;                 /* the request's index in http_run ... */
    double started_ms;            /* ... and its start, monotonic */
    char own_headers[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE]; /* the header lines of this request ... */
    struct curl_slist own_nodes[HTTP_OWN_HEADERS]; /* ... as the head of the list of common headers */
    char *body;                   /* of the answer, at most max_body bytes */
    size_t max_body;
    size_t body_length, body_size;
    bool body_cut;                /* the answer has a longer body; the rest is not read */
    size_t header_length;         /* the bytes of all headers so far */
    int64_t date;                 /* the Date header, an epoch; 0: none */
    CURLU *address;               /* of a request with a query of its own; NULL: the common one */
    char failure[CURL_ERROR_SIZE];
};

struct http {
    struct http_settings settings;
    CURLM *multi;
    CURLU *address; /* the parsed URL: libcurl would parse the text for each request. NULL: it has no such address */
    struct trust trust, other_trust; /* where the certificates are, and where else they may be */
    bool speaks_http2;
    struct curl_slist *headers; /* common to all requests; may hold a secret */
    struct slot *slots;
};

static size_t append_body(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;
    size_t length = size * count, room = slot->max_body - slot->body_length;
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

/* Of the Date header, an epoch; 0: it is no date. */
static int64_t read_date(char *value)
{
    time_t date = curl_getdate(str_trim(value), NULL);
    return date > 0 ? (int64_t)date : 0;
}

static size_t count_header(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;
    size_t length = size * count;
    slot->header_length += length;
    if (length > 5 && length < 80 && strncasecmp(bytes, "date:", 5) == 0) {
        char value[80];
        (void)snprintf(value, sizeof value, "%.*s", (int)(length - 5), bytes + 5);
        slot->date = read_date(value);
    }
    return slot->header_length <= MAX_HEADER_BYTES ? length : 0; /* 0 ends the transfer */
}

/* Other TLS libraries than OpenSSL read a whole directory. */
static struct trust find_trust(const char *ca_file, struct trust *ret_other)
{
    const char *file = NULL, *directory = NULL;
#if CURL_AT_LEAST_VERSION(7, 70, 0)
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if (info->age >= CURLVERSION_SEVENTH) {
        file = info->cainfo;
        directory = info->ssl_version != NULL && strncmp(info->ssl_version, "OpenSSL", 7) == 0 ? info->capath : NULL;
    }
#endif
    return trust_of(ca_file, file, directory, ret_other);
}

/* Only one place of certificates: with a directory too, libcurl would parse the file for each connection, and would
 * trust the system's directory beside ca_file. */
static CURLcode set_trust(CURL *easy, const struct trust *trust)
{
    if (trust->file == NULL && trust->directory == NULL)
        return CURLE_OK;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_CAINFO, trust->file);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_CAPATH, trust->directory) : code;
}

#define SET(option, value)                                  \
    do {                                                    \
        if (code == CURLE_OK)                               \
            code = curl_easy_setopt(easy, option, (value)); \
    } while (0)

/* Sets the options that protect keys and data. Every option is mandatory: if one cannot be set, the run stops, as an
 * old libcurl might lack an option that protects the key. */
static CURLcode set_safe_options(CURL *easy, const struct trust *trust, bool verify)
{
    CURLcode code = CURLE_OK;
    /* GCOVR_EXCL_BR_START: no supported system has a libcurl that refuses one of these */
#if CURL_AT_LEAST_VERSION(7, 85, 0)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* libcurl would send the secret header to the host that a redirect names */
    SET(CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (code == CURLE_OK)
        code = set_trust(easy, trust);
    SET(CURLOPT_PROXY, ""); /* a proxy from the environment could read the secret of a plain http request */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_USERAGENT, "did-optimizer-sync/" VERSION);
    /* GCOVR_EXCL_BR_STOP */
    return code;
}

/* Sets the common options of all requests. */
static CURLcode set_common_options(const struct http *http, struct slot *slot)
{
    const struct http_settings *settings = &http->settings;
    CURL *easy = slot->easy;
    CURLcode code = set_safe_options(easy, &http->trust, settings->verify);
    /* GCOVR_EXCL_BR_START: as above */
    SET(CURLOPT_URL, settings->url);
    if (http->address != NULL)
        SET(CURLOPT_CURLU, http->address);
    SET(CURLOPT_BUFFERSIZE, 4096L); /* for the answer, which is short; of each request in flight */
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout * 1000L);
    SET(CURLOPT_TIMEOUT_MS, (long)settings->timeout * 1000L);
    SET(CURLOPT_PIPEWAIT, http->speaks_http2 ? 1L : 0L);
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* decode every encoding; http_open removes the request header */
    SET(CURLOPT_WRITEFUNCTION, append_body);
    SET(CURLOPT_WRITEDATA, slot);
    SET(CURLOPT_HEADERFUNCTION, count_header);
    SET(CURLOPT_HEADERDATA, slot);
    SET(CURLOPT_ERRORBUFFER, slot->failure);
    SET(CURLOPT_PRIVATE, slot);
    /* GCOVR_EXCL_BR_STOP */
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
    slot->max_body = http->settings.max_body > 0 ? http->settings.max_body : MAX_BODY_BYTES;
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
    http->trust = find_trust(http->settings.ca_file, &http->other_trust);
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
        curl_url_cleanup(http->slots[i].address);
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

/* Sets address, body and method of the request. Its query replaces that of the common address, so that no request can
 * go to another host. */
static CURLcode set_request(const struct http *http, struct slot *slot, const struct http_request *request)
{
    CURLU *own = request->query != NULL && http->address != NULL ? curl_url_dup(http->address) : NULL;
    CURLcode code = CURLE_OK;
    if (own != NULL && curl_url_set(own, CURLUPART_QUERY, request->query, 0) != CURLUE_OK)
        mem_out_of_memory();
    if (own != NULL || slot->address != NULL)
        code = curl_easy_setopt(slot->easy, CURLOPT_CURLU, own != NULL ? own : http->address);
    curl_url_cleanup(slot->address);
    slot->address = own;
    if (code != CURLE_OK)
        return code;
    if (request->body == NULL)
        return curl_easy_setopt(slot->easy, CURLOPT_HTTPGET, 1L);
    code = curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, request->body);
    return code == CURLE_OK ? curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body)) : code;
}

/* Starts the request with this index in a free slot. */
static int start_request(struct http *http, struct slot *slot, const struct http_request *request, size_t index,
                         const struct http_observer *observer, struct err *err)
{
    if (slot->easy == NULL && open_slot(http, slot, err) != 0)
        return -1;
    slot->index = index;
    slot->started_ms = clock_mono_exact_ms();
    slot->body_length = 0;
    slot->body[0] = '\0';
    slot->body_cut = false;
    slot->header_length = 0;
    slot->date = 0;
    slot->failure[0] = '\0';
    struct curl_slist *headers = headers_of(http, slot, index, observer);
    if (curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        set_request(http, slot, request) != CURLE_OK ||
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
    struct http_answer answer = { .body = slot->body, .body_cut = slot->body_cut, .date = slot->date,
                                  .started_ms = slot->started_ms };
    curl_off_t retry_after = 0, sent_us = 0, first_byte_us = 0, total_us = 0;
    long request_bytes = 0, version = 0;
    (void)curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    (void)curl_easy_getinfo(slot->easy, CURLINFO_CONTENT_TYPE, (char **)&answer.content_type);
    (void)curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    if (curl_easy_getinfo(slot->easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK && answer.status != 0)
        http->speaks_http2 = version == CURL_HTTP_VERSION_2_0;
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

/* Whether the other place of certificates is worth a try. If so, the slot uses that place from now on. */
static bool look_elsewhere(const struct http *http, struct slot *slot, CURLcode code)
{
    if (code != CURLE_PEER_FAILED_VERIFICATION || slot->looked_elsewhere || http->other_trust.file == NULL)
        return false;
    slot->looked_elsewhere = true;
    slot->failure[0] = '\0';
    return set_trust(slot->easy, &http->other_trust) == CURLE_OK;
}

/* Starts the request of this slot again; it has not been sent yet. */
static bool start_again(struct http *http, struct slot *slot)
{
    (void)curl_multi_remove_handle(http->multi, slot->easy);
    return curl_multi_add_handle(http->multi, slot->easy) == CURLM_OK;
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
        if (look_elsewhere(http, slot, code) && start_again(http, slot))
            continue;
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
        if (observer->is_given_up != NULL && observer->is_given_up(observer->context))
            break;
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
        bool worked = observer->on_sent != NULL && observer->on_sent(observer->context);
        size_t ended = finish_ended_requests(http, observer);
        in_flight -= ended;
        if (result == 0 && ended == 0 && !worked && in_flight > 0 &&
            curl_multi_poll(http->multi, NULL, 0, 50, NULL) != CURLM_OK)
            result = err_set(err, EX_SOFTWARE, "could not wait for the server: libcurl failed");
    }
    (void)observer->on_turn(observer->context);
    cancel_in_flight(http);
    return result;
}

void http_expect_http2(struct http *http)
{
    http->speaks_http2 = true;
}

bool http_speaks_http2(const struct http *http)
{
    return http->speaks_http2;
}

int http_connect(struct http *http, struct http_answer *ret_answer, struct err *err)
{
    struct slot *slot = &http->slots[0];
    if ((http->multi == NULL && open_library(http, err) != 0) ||
        (slot->easy == NULL && open_slot(http, slot, err) != 0))
        return -1;
    slot->failure[0] = '\0';
    if (curl_easy_setopt(slot->easy, CURLOPT_CONNECT_ONLY, 1L) != CURLE_OK)
        return err_set(err, EX_SOFTWARE, "could not prepare a connection: libcurl refuses an option");
    CURLcode code = curl_easy_perform(slot->easy);
    if (look_elsewhere(http, slot, code))
        code = curl_easy_perform(slot->easy);
    *ret_answer = (struct http_answer){ .body = "" };
    if (code != CURLE_OK)
        ret_answer->failure = *slot->failure != '\0' ? slot->failure : curl_easy_strerror(code);
    ret_answer->unreachable = code != CURLE_OK;
    curl_easy_cleanup(slot->easy); /* with its connection, which no request may use */
    slot->easy = NULL;
    slot->looked_elsewhere = false;
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

/* ---- transfers ---- */

/* The longest body that is kept (BigQuery describes a MERGE with its whole plan), that of an error, and all headers. */
#define MAX_KEPT_BYTES ((size_t)4 << 20)
#define TOO_LONG "the answer has more than 4 MB"
#define MAX_ERROR_BYTES ((size_t)16 * 1024)
#define MAX_HEAD_BYTES ((size_t)64 * 1024)

/* One transfer in flight. The handle is used again by the next one. */
struct exchange {
    CURL *easy;
    bool busy, looked_elsewhere, body_cut;
    struct http_transfer transfer;
    struct trust trust, other_trust;
    struct curl_slist *headers; /* may hold a secret */
    char *body, *head;
    size_t body_length, head_length;
    int64_t sent; /* bytes of the file */
    double started_ms;
    char failure[CURL_ERROR_SIZE];
};

struct http_pool {
    CURLM *multi;
    size_t size;
    struct exchange *exchanges;
};

static struct http_answer answer_so_far(const struct exchange *exchange)
{
    struct http_answer answer = { .body = str_or_empty(exchange->body), .body_cut = exchange->body_cut,
                                  .headers = str_or_empty(exchange->head), .started_ms = exchange->started_ms };
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_TYPE, (char **)&answer.content_type);
    return answer;
}

static bool is_success(long status)
{
    return status >= 200 && status <= 299;
}

/* Appends bytes to a text; false if it would become longer than most. */
static bool append(char **text, size_t *length, size_t most, const char *bytes, size_t count)
{
    if (count > most - *length)
        return false;
    *text = mem_resize(*text, *length + count + 1, 1);
    memcpy(*text + *length, bytes, count);
    *length += count;
    (*text)[*length] = '\0';
    return true;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    const struct http_transfer *transfer = &exchange->transfer;
    struct http_answer so_far = answer_so_far(exchange);
    size_t length = size * count;
    size_t most = is_success(so_far.status) ? MAX_KEPT_BYTES : MAX_ERROR_BYTES;
    if (transfer->on_body != NULL && is_success(so_far.status))
        return transfer->on_body(transfer->context, &so_far, bytes, length) ? length : 0;
    exchange->body_cut = !append(&exchange->body, &exchange->body_length, most, bytes, length);
    return exchange->body_cut ? 0 : length; /* 0 ends the transfer */
}

/* Each status line begins the headers anew: those of 100 Continue are not the answer's. */
static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;
    if (length >= 5 && strncmp(bytes, "HTTP/", 5) == 0)
        exchange->head_length = 0;
    return append(&exchange->head, &exchange->head_length, MAX_HEAD_BYTES, bytes, length) ? length : 0;
}

static size_t give_file(char *out, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    const struct http_transfer *transfer = &exchange->transfer;
    int64_t left = transfer->length - exchange->sent;
    size_t room = size * count, wanted = left < (int64_t)room ? (size_t)left : room;
    ssize_t length = wanted > 0 ? pread(transfer->file, out, wanted, (off_t)(transfer->from + exchange->sent)) : 0;
    if (length < 0 || (wanted > 0 && length == 0)) /* the file became shorter */
        return CURL_READFUNC_ABORT;
    exchange->sent += length;
    return (size_t)length;
}

/* libcurl goes back where a kept-alive connection turned out to be closed. */
static int rewind_file(void *context, curl_off_t offset, int origin)
{
    struct exchange *exchange = context;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    exchange->sent = (int64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static CURLcode set_body(CURL *easy, struct exchange *exchange)
{
    const struct http_transfer *transfer = &exchange->transfer;
    CURLcode code = CURLE_OK;
    if (transfer->body != NULL) {
        SET(CURLOPT_POSTFIELDS, transfer->body);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(transfer->body));
    } else if (transfer->file >= 0 || strcmp(transfer->method, "PUT") == 0) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)(transfer->file >= 0 ? transfer->length : 0));
        SET(CURLOPT_READFUNCTION, give_file);
        SET(CURLOPT_READDATA, exchange);
        SET(CURLOPT_SEEKFUNCTION, rewind_file);
        SET(CURLOPT_SEEKDATA, exchange);
    }
    SET(CURLOPT_CUSTOMREQUEST, transfer->method);
    return code;
}

static CURLcode set_transfer(struct exchange *exchange)
{
    const struct http_transfer *transfer = &exchange->transfer;
    CURL *easy = exchange->easy;
    CURLcode code = set_safe_options(easy, &exchange->trust, true);
    SET(CURLOPT_URL, transfer->url);
    SET(CURLOPT_HTTPHEADER, exchange->headers);
    SET(CURLOPT_BUFFERSIZE, 65536L);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
    SET(CURLOPT_CONNECTTIMEOUT, (long)transfer->timeout);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, (long)transfer->timeout);
    SET(CURLOPT_TIMEOUT_MS, (long)transfer->longest * 1000L);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, exchange);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, exchange);
    SET(CURLOPT_ERRORBUFFER, exchange->failure);
    SET(CURLOPT_PRIVATE, exchange);
#if CURL_AT_LEAST_VERSION(7, 75, 0)
    if (transfer->sigv4 != NULL) {
        SET(CURLOPT_AWS_SIGV4, transfer->sigv4);
        SET(CURLOPT_USERPWD, transfer->account);
    }
#endif
    return code == CURLE_OK ? set_body(easy, exchange) : code;
}

int http_pool_open(size_t connections, struct http_pool **ret_pool, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, EX_SOFTWARE, "could not start libcurl");
    struct http_pool *pool = mem_zero(1, sizeof *pool);
    pool->size = connections;
    pool->exchanges = mem_zero(connections, sizeof *pool->exchanges);
    pool->multi = curl_multi_init();
    if (pool->multi == NULL)
        mem_out_of_memory();
    *ret_pool = pool;
    return 0;
}

static void add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL)
        mem_out_of_memory();
    *list = longer;
}

static void free_secret_list(struct curl_slist *list)
{
    for (struct curl_slist *line = list; line != NULL; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(list);
}

/* Frees what belongs to one request. */
static void clear_exchange(struct exchange *exchange)
{
    free_secret_list(exchange->headers);
    mem_free_secret(exchange->body); /* an answer may name the address of an upload, which is a secret */
    mem_free_secret(exchange->head);
    CURL *easy = exchange->easy;
    *exchange = (struct exchange){ .easy = easy };
}

bool http_can_sign(void)
{
#if CURL_AT_LEAST_VERSION(7, 75, 0)
    return true;
#else
    return false;
#endif
}

static int prepare_exchange(struct exchange *exchange, const struct http_transfer *transfer, struct err *err)
{
    if (exchange->easy == NULL)
        exchange->easy = curl_easy_init();
    if (exchange->easy == NULL)
        mem_out_of_memory();
    curl_easy_reset(exchange->easy);
    exchange->transfer = *transfer;
    exchange->started_ms = clock_mono_exact_ms();
    exchange->trust = find_trust(transfer->ca_file, &exchange->other_trust);
    for (const char *const *line = transfer->headers; line != NULL && *line != NULL; line++)
        add_line(&exchange->headers, *line);
    exchange->transfer.headers = NULL; /* copied above */
    if (transfer->sigv4 == NULL) /* libcurl 7.88 would sign this line, but does not send it */
        add_line(&exchange->headers, "Expect:"); /* do not wait for 100 Continue */
    CURLcode code = set_transfer(exchange);
    return code == CURLE_OK ? 0
                            : err_set(err, EX_SOFTWARE,
                                      "could not prepare a transfer: this libcurl (%s) refuses an option: %s",
                                      curl_version(), curl_easy_strerror(code));
}

int http_pool_start(struct http_pool *pool, const struct http_transfer *transfer, struct err *err)
{
    struct exchange *exchange = NULL;
    for (size_t i = 0; i < pool->size && exchange == NULL; i++)
        if (!pool->exchanges[i].busy)
            exchange = &pool->exchanges[i];
    if (exchange == NULL)
        return err_set(err, EX_SOFTWARE, "could not start a transfer: there is no room");
    if (prepare_exchange(exchange, transfer, err) != 0) {
        clear_exchange(exchange);
        return -1;
    }
    if (curl_multi_add_handle(pool->multi, exchange->easy) != CURLM_OK) {
        clear_exchange(exchange);
        return err_set(err, EX_SOFTWARE, "could not start a transfer");
    }
    exchange->busy = true;
    return 0;
}

static bool try_other_trust(struct http_pool *pool, struct exchange *exchange, CURLcode code)
{
    if (code != CURLE_PEER_FAILED_VERIFICATION || exchange->looked_elsewhere || exchange->other_trust.file == NULL)
        return false;
    exchange->looked_elsewhere = true;
    exchange->failure[0] = '\0';
    (void)curl_multi_remove_handle(pool->multi, exchange->easy);
    return set_trust(exchange->easy, &exchange->other_trust) == CURLE_OK &&
           curl_multi_add_handle(pool->multi, exchange->easy) == CURLM_OK;
}

static void end_exchange(struct http_pool *pool, struct exchange *exchange, CURLcode code)
{
    struct http_answer answer = answer_so_far(exchange);
    curl_off_t retry_after = 0;
    char date[80];
    long request_bytes = 0;
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    if (http_header(&answer, "Date", date, sizeof date))
        answer.date = read_date(date);
    if (curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK)
        answer.retry_after_sec = (int64_t)retry_after;
    answer.took_ms = clock_mono_exact_ms() - exchange->started_ms;
    if (code != CURLE_OK && !exchange->body_cut)
        answer.failure = *exchange->failure != '\0' ? exchange->failure : curl_easy_strerror(code);
    if (exchange->body_cut && is_success(answer.status)) /* the status of an error says enough */
        answer.failure = TOO_LONG;
    answer.unreachable = answer.failure != NULL && request_bytes == 0;
    exchange->transfer.on_answer(exchange->transfer.context, &answer);
    (void)curl_multi_remove_handle(pool->multi, exchange->easy);
    clear_exchange(exchange);
}

int http_pool_turn(struct http_pool *pool, int wait_ms, struct err *err)
{
    int running = 0, left = 0;
    bool ended = false;
    if (curl_multi_perform(pool->multi, &running) != CURLM_OK)
        return err_set(err, EX_SOFTWARE, "could not transfer recordings: libcurl failed");
    for (CURLMsg *message = curl_multi_info_read(pool->multi, &left); message != NULL;
         message = curl_multi_info_read(pool->multi, &left)) {
        struct exchange *exchange = NULL;
        CURLcode code = message->data.result; /* end_exchange makes message invalid */
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        if (try_other_trust(pool, exchange, code))
            continue;
        end_exchange(pool, exchange, code);
        ended = true;
    }
    if (!ended && wait_ms > 0 && curl_multi_poll(pool->multi, NULL, 0, wait_ms, NULL) != CURLM_OK)
        return err_set(err, EX_SOFTWARE, "could not wait for the network: libcurl failed");
    return 0;
}

int http_pool_await(struct http_pool *pool, const bool *has_ended, struct err *err)
{
    enum { TURN_MS = 100 };
    int result = 0;
    while (result == 0 && !*has_ended && !interrupt_requested())
        result = http_pool_turn(pool, TURN_MS, err);
    return result;
}

void http_pool_wake(struct http_pool *pool)
{
#if CURL_AT_LEAST_VERSION(7, 68, 0)
    (void)curl_multi_wakeup(pool->multi);
#else
    (void)pool;
#endif
}

void http_pool_close(struct http_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->size; i++) {
        if (pool->exchanges[i].busy)
            (void)curl_multi_remove_handle(pool->multi, pool->exchanges[i].easy);
        clear_exchange(&pool->exchanges[i]);
        curl_easy_cleanup(pool->exchanges[i].easy);
    }
    (void)curl_multi_cleanup(pool->multi);
    curl_global_cleanup();
    free(pool->exchanges);
    free(pool);
}

bool http_header(const struct http_answer *answer, const char *name, char *out, size_t size)
{
    size_t name_length = strlen(name);
    const char *line = str_or_empty(answer->headers);
    for (const char *end = NULL; *line != '\0'; line = *end != '\0' ? end + 1 : end) {
        end = strchrnul(line, '\n');
        if (strncasecmp(line, name, name_length) != 0 || line[name_length] != ':')
            continue;
        const char *value = line + name_length + 1;
        value += strspn(value, " \t");
        size_t length = value < end ? (size_t)(end - value) : 0;
        while (length > 0 && (value[length - 1] == '\r' || value[length - 1] == ' '))
            length--;
        if (length >= size)
            return false;
        memcpy(out, value, length);
        out[length] = '\0';
        return true;
    }
    return false;
}
