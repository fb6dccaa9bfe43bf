/* delivery: requests to the API, several at once. Reports what came back; judges nothing. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/version.h"
#include "sink/delivery.h"

/* More of an answer than this is not read: no honest answer is longer. */
#define MAX_BODY_BYTES ((size_t)64 * 1024)

/* One request in flight, and what is kept between requests. */
struct slot {
    CURL *easy;
    bool busy;
    size_t index;                 /* of the request */
    char key_header[128];         /* the Idempotency-Key line ... */
    struct curl_slist key_node;   /* ... as a list that goes on with the common headers */
    char *body;                   /* the answer, of at most MAX_BODY_BYTES; memory is kept for the next one */
    size_t body_length, body_size;
    bool body_cut;                /* there was more: the rest is not read */
    char failure[CURL_ERROR_SIZE];
};

struct delivery {
    const struct settings_api *settings;
    CURLM *multi;
    struct curl_slist *headers; /* common to all requests; holds the key */
    char *url;
    struct slot *slots;
    size_t slot_count;
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
static CURLcode set_common_options(const struct delivery *delivery, struct slot *slot)
{
    const struct settings_api *settings = delivery->settings;
    CURL *easy = slot->easy;
    long verify = settings->verify_ssl ? 1L : 0L;
    CURLcode code = CURLE_OK;
#define SET(option, value)                                  \
    do {                                                    \
        if (code == CURLE_OK)                               \
            code = curl_easy_setopt(easy, option, (value)); \
    } while (0)
    /* GCOVR_EXCL_BR_START: no libcurl that refuses one of these can be had here */
    SET(CURLOPT_URL, delivery->url);
#if CURL_AT_LEAST_VERSION(7, 85, 0)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* libcurl would hand x-api-key to whatever host a redirect names */
    SET(CURLOPT_SSL_VERIFYPEER, verify);
    SET(CURLOPT_SSL_VERIFYHOST, verify * 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (*settings->ca_file != '\0')
        SET(CURLOPT_CAINFO, settings->ca_file);
    /* One bundle is what counts: beside a directory of certificates libcurl would parse it for each connection anew,
     * and a ca_file would not be the only thing that is trusted. */
    if (*settings->ca_file != '\0' || has_bundle())
        SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_PROXY, ""); /* a proxy from the environment would see the key of a plain http request */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout * 1000L);
    SET(CURLOPT_TIMEOUT_MS, (long)settings->timeout * 1000L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, ""); /* decode whatever is sent; no encoding is asked for, see delivery_open */
    SET(CURLOPT_USERAGENT, "did-optimizer-sync/" VERSION);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, slot);
    SET(CURLOPT_ERRORBUFFER, slot->failure);
    SET(CURLOPT_PRIVATE, slot);
    /* GCOVR_EXCL_BR_STOP */
#undef SET
    return code;
}

static void add_header(struct delivery *delivery, const char *line)
{
    struct curl_slist *longer = curl_slist_append(delivery->headers, line);
    if (longer == NULL)
        mem_out();
    delivery->headers = longer;
}

static int open_slot(const struct delivery *delivery, struct slot *slot, struct err *err)
{
    slot->easy = curl_easy_init();
    if (slot->easy == NULL)
        mem_out();
    slot->body_size = 1024;
    slot->body = mem_zero(slot->body_size, 1);
    CURLcode code = set_common_options(delivery, slot);
    return code == CURLE_OK ? 0 : err_set(err, EX_SOFTWARE, "could not prepare requests to the API: this libcurl (%s) "
                                          "refuses an option: %s", curl_version(), curl_easy_strerror(code));
}

/* Starts the library, when there is something to send: most runs find nothing new, and its start costs more than they
 * do. */
static int open_library(struct delivery *delivery, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, EX_SOFTWARE, "could not start libcurl");
    delivery->multi = curl_multi_init();
    if (delivery->multi == NULL)
        mem_out();
    long connections = (long)delivery->slot_count;
    if (curl_multi_setopt(delivery->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections) != CURLM_OK ||
        curl_multi_setopt(delivery->multi, CURLMOPT_MAXCONNECTS, connections) != CURLM_OK)
        return err_set(err, EX_SOFTWARE, "could not prepare requests to the API: libcurl refuses a limit");
    return 0;
}

int delivery_open(const struct settings_api *settings, struct delivery **ret_delivery, struct err *err)
{
    if (*settings->ca_file != '\0' && access(settings->ca_file, R_OK) != 0)
        return err_set(err, EX_CONFIG, "could not read the certificates in %s; correct ca_file in [api]",
                       settings->ca_file);
    struct delivery *delivery = mem_zero(1, sizeof *delivery);
    delivery->settings = settings;
    delivery->url = mem_format("%s/api/v1/call-results", settings->base_url);
    delivery->slot_count = (size_t)(settings->concurrency > 0 ? settings->concurrency : settings->max_concurrency);
    delivery->slots = mem_zero(delivery->slot_count, sizeof *delivery->slots);

    char *key_line = mem_format("x-api-key: %s", settings->key);
    add_header(delivery, key_line);
    explicit_bzero(key_line, strlen(key_line));
    free(key_line);
    add_header(delivery, "Content-Type: application/json");
    add_header(delivery, "Accept: application/json");
    add_header(delivery, "Expect:"); /* no waiting for a 100 Continue */
    /* Answers are short, so nobody is asked to compress them; some proxies do it unasked. */
    add_header(delivery, "Accept-Encoding:");
    *ret_delivery = delivery;
    return 0;
}

void delivery_close(struct delivery *delivery)
{
    if (delivery == NULL)
        return;
    for (size_t i = 0; i < delivery->slot_count; i++) {
        curl_easy_cleanup(delivery->slots[i].easy);
        free(delivery->slots[i].body);
    }
    free(delivery->slots);
    if (delivery->multi != NULL)
        (void)curl_multi_cleanup(delivery->multi);
    for (struct curl_slist *header = delivery->headers; header != NULL; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(delivery->headers);
    free(delivery->url);
    if (delivery->multi != NULL)
        curl_global_cleanup();
    free(delivery);
}

/* Puts request number index on its way in a free slot. */
static int start(struct delivery *delivery, struct slot *slot, const struct delivery_request *request, size_t index,
                 struct err *err)
{
    if (slot->easy == NULL && open_slot(delivery, slot, err) != 0)
        return -1;
    slot->index = index;
    slot->body_length = 0;
    slot->body[0] = '\0';
    slot->body_cut = false;
    slot->failure[0] = '\0';
    struct curl_slist *headers = delivery->headers;
    if (request->idempotency_key != NULL) {
        (void)snprintf(slot->key_header, sizeof slot->key_header, "Idempotency-Key: %s", request->idempotency_key);
        slot->key_node = (struct curl_slist){ .data = slot->key_header, .next = headers };
        headers = &slot->key_node;
    }
    if (curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, request->body) != CURLE_OK ||
        curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body)) != CURLE_OK ||
        curl_multi_add_handle(delivery->multi, slot->easy) != CURLM_OK)
        return err_set(err, EX_SOFTWARE, "could not start a request to the API");
    slot->busy = true;
    return 0;
}

static struct slot *free_slot(const struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->slot_count; i++)
        if (!delivery->slots[i].busy)
            return &delivery->slots[i];
    return NULL;
}

/* What kept the answer from coming whole; NULL: it came. */
static const char *failure_of(const struct slot *slot, CURLcode code, bool began)
{
    /* The status of an answer whose header is complete decides, however long its body is. */
    if (code == CURLE_OK || slot->body_cut)
        return NULL;
    /* libcurl reads 100 KB of a header line, and 300 KB of headers; of the former it says that memory is short. */
    if ((code == CURLE_OUT_OF_MEMORY && began) || strncmp(slot->failure, "Too large response headers", 26) == 0)
        return "the headers of the answer are too long to be the API's";
    if (code == CURLE_BAD_CONTENT_ENCODING)
        return "the answer could not be decoded: its Content-Encoding is unknown, or not what the body has";
    return *slot->failure != '\0' ? slot->failure : curl_easy_strerror(code);
}

/* Reports one request that has ended, and frees its slot. */
static void finish(struct delivery *delivery, struct slot *slot, CURLcode code,
                   const struct delivery_observer *observer)
{
    const struct settings_api *settings = delivery->settings;
    struct answer answer = { .body = slot->body, .body_cut = slot->body_cut, .secret = settings->key,
                             .key_origin = settings->key_origin, .url_origin = settings->base_url_origin,
                             .tls = strncasecmp(settings->base_url, "https:", 6) == 0 };
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
    (void)curl_multi_remove_handle(delivery->multi, slot->easy);
    slot->busy = false;
}

/* Reports what has ended in this turn; how many. */
static size_t collect(struct delivery *delivery, const struct delivery_observer *observer)
{
    size_t ended = 0;
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(delivery->multi, &left); message != NULL;
         message = curl_multi_info_read(delivery->multi, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct slot *slot = NULL;
        CURLcode code = message->data.result; /* message does not outlive the handle's removal */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
        finish(delivery, slot, code, observer);
        ended++;
    }
    return ended;
}

/* Takes whatever is still in flight off the wire without a report; for failures of the library itself. */
static void abandon(struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->slot_count; i++)
        if (delivery->slots[i].busy) {
            (void)curl_multi_remove_handle(delivery->multi, delivery->slots[i].easy);
            delivery->slots[i].busy = false;
        }
}

int delivery_run(struct delivery *delivery, const struct delivery_request *requests, size_t count,
                 const struct delivery_observer *observer, struct err *err)
{
    size_t next = 0, in_flight = 0;
    bool ending = false;
    int result = delivery->multi == NULL ? open_library(delivery, err) : 0;
    while (result == 0 && (in_flight > 0 || (!ending && next < count))) {
        size_t most = observer->on_turn(observer->context);
        ending = ending || most == 0;
        struct slot *slot = NULL;
        while (result == 0 && !ending && next < count && in_flight < most && (slot = free_slot(delivery)) != NULL) {
            result = start(delivery, slot, &requests[next], next, err);
            next++;
            in_flight++;
        }
        int running = 0;
        if (result == 0 && in_flight > 0 && curl_multi_perform(delivery->multi, &running) != CURLM_OK)
            result = err_set(err, EX_SOFTWARE, "could not talk to the API: libcurl failed");
        size_t ended = collect(delivery, observer);
        in_flight -= ended;
        if (result == 0 && ended == 0 && in_flight > 0 &&
            curl_multi_poll(delivery->multi, NULL, 0, 50, NULL) != CURLM_OK)
            result = err_set(err, EX_SOFTWARE, "could not wait for the API: libcurl failed");
    }
    (void)observer->on_turn(observer->context);
    abandon(delivery);
    return result;
}
