/* http: sends POST and GET requests to one address, several at once, over kept-alive connections. Reports each answer
 * without judging it, and knows no path and no header of any API. */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The parts of an address as libcurl parses it. */
struct http_url {
    char host[256]; /* libcurl writes an IPv4 address as four numbers; an IPv6 address keeps its brackets */
    int64_t port;   /* 0: none, so the default port of the scheme */
};

/* http_read_url: parses the address text. False if libcurl refuses it, if it has a user name, or if its host is longer
 * than DNS allows (255 bytes). Does not start libcurl. */
bool http_read_url(const char *text, struct http_url *ret_url);

struct http;

/* The address and the common options of all requests. Ownership: all texts but headers are borrowed until
 * http_close. */
struct http_settings {
    const char *url;
    const char *const *headers;       /* lines "Name: value", ended by NULL; copied, and overwritten by http_close */
    const char *ca_file;              /* "": the system's certificates */
    bool verify;                      /* whether to verify the server's certificate */
    int64_t timeout, connect_timeout; /* seconds per request */
    size_t connections;               /* at most this many, at least 1 */
    size_t max_body;                  /* the longest body that is read, in bytes; 0: 64 KiB */
};

/* http_open: copies settings. Only the first http_run starts libcurl, because most runs send nothing, and starting
 * libcurl costs more than such a run. Ownership: http_close. */
struct http *http_open(const struct http_settings *settings) MUST_CHECK;

/* One request: a POST of body, or a GET if body is NULL. query, percent-encoded, replaces the address's own query;
 * NULL: the address as it is. Ownership: the texts are borrowed until http_run returns. */
struct http_request {
    const char *body;
    const char *query;
};

/* The header lines "Name: value" of one request alone. */
#define HTTP_OWN_HEADERS 3
#define HTTP_OWN_HEADER_SIZE 512

/* The answer to one request. */
struct http_answer {
    long status;              /* the HTTP status; 0: none was received */
    const char *failure;      /* why the answer is incomplete; NULL if it is complete */
    bool unreachable;         /* the failure came before a byte was sent, so the server has not seen the request */
    const char *body;         /* the beginning of the body, NUL-terminated, never NULL */
    bool body_cut;            /* the answer has a longer body */
    const char *content_type; /* NULL: no such header */
    int64_t retry_after_sec;  /* the Retry-After header; 0 if absent, negative if its date has passed */
    int64_t date;             /* the Date header, an epoch; 0: none */
    const char *headers;      /* of a transfer: all header lines; otherwise NULL. See http_header */
    double started_ms;        /* clock_mono_exact_ms: when the request started */
    double took_ms;           /* from the connected request to the answer's first byte, or to the failure */
};

/* The callbacks of http_run. */
struct http_observer {
    /* Optional. The request with this index starts now. Writes the header lines of this request alone, and returns
     * their number. Such a line may contain the time. */
    size_t (*on_headers)(void *context, size_t index, char lines[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE]);
    /* The request with this index has ended. Ownership: answer is borrowed until the callback returns. */
    void (*on_answer)(void *context, size_t index, const struct http_answer *answer);
    /* Called before each turn of the loop that starts requests and waits for the network, at least every 50 ms, and
     * once at the end. Returns how many requests may be in flight. After a 0 no request is started any more. */
    size_t (*on_turn)(void *context);
    /* Optional. The requests of this turn are on their way: work that is done now costs no time, as the server is busy
     * with them. Returns whether there was any; then the loop does not wait, as there may be room for another
     * request. */
    bool (*on_sent)(void *context);
    /* Optional. Asked before each turn; true ends http_run at once. The requests in flight are not reported. */
    bool (*is_given_up)(void *context);
    void *context;
};

/* http_run: sends count requests in their order, at most settings->connections at once, and returns when each started
 * request has ended; settings->timeout bounds each of them. Requests that were not started are not reported.
 * Errors: EX_SOFTWARE (libcurl failed). Durable: nothing; the caller records the answers. */
int http_run(struct http *http, const struct http_request *requests, size_t count, const struct http_observer *observer,
             struct err *err) MUST_CHECK;

/* http_expect_http2: an earlier run has seen HTTP/2, so the first requests share one connection. Otherwise each request
 * opens its own connection: over HTTP/1.1, waiting for the first handshake would only take time. http_speaks_http2:
 * whether the last answer was HTTP/2; without an answer, whether HTTP/2 was expected. */
void http_expect_http2(struct http *http);
bool http_speaks_http2(const struct http *http);

/* http_connect: connects, with TLS if the address begins with https, and sends no request. *ret_answer has failure,
 * NULL if the connection was made, and no status. Its texts live until the next use of http. Errors: as http_run. */
int http_connect(struct http *http, struct http_answer *ret_answer, struct err *err) MUST_CHECK;

/* ---- transfers: requests to any address, with bodies from and to files, so that memory does not depend on their
 * size */

/* One request. Ownership: everything but the struct itself and the list of headers is borrowed until on_answer has
 * returned. The server's certificate is always checked. */
struct http_transfer {
    const char *method;             /* "GET", "POST", "PUT", "DELETE" */
    const char *url;
    const char *const *headers;     /* lines "Name: value", ended by NULL; may be NULL */
    const char *body;               /* the request's body as text; NULL: none, or a part of a file */
    int file; /* that file, open for reading; -1: none. Its position is neither used nor changed */
    int64_t from, length;           /* the part: bytes */
    const char *ca_file;            /* "": the system's certificates */
    int64_t timeout;                /* seconds: to connect, and the longest silence */
    int64_t longest;                /* seconds for the whole request; 0: as long as bytes come */
    const char *sigv4, *account;    /* AWS Signature Version 4: "aws:amz:REGION:s3" and "KEY:SECRET"; NULL: none */
    /* Optional: takes a part of the body of an answer with status 2xx; other bodies are in the answer. so_far has
     * status and headers. False ends the request, whose answer then has a failure. */
    bool (*on_body)(void *context, const struct http_answer *so_far, const char *bytes, size_t length);
    /* The request has ended. Ownership: answer is borrowed until the callback returns. */
    void (*on_answer)(void *context, const struct http_answer *answer);
    void *context;
};

/* Several transfers at once. */
struct http_pool;

/* http_pool_open: at most this many requests at once. Ownership: http_pool_close. Errors: EX_SOFTWARE. */
int http_pool_open(size_t connections, struct http_pool **ret_pool, struct err *err) MUST_CHECK;

/* http_can_sign: whether libcurl is new enough for sigv4 in struct http_transfer. Otherwise it is ignored. */
bool http_can_sign(void);

/* http_pool_start: starts a request. There must be room. Errors: EX_SOFTWARE. */
int http_pool_start(struct http_pool *pool, const struct http_transfer *transfer, struct err *err) MUST_CHECK;

/* http_pool_turn: sends and receives what is possible now, and calls on_answer of each ended request. If none has
 * ended, waits up to wait_ms for the network. Errors: EX_SOFTWARE. */
int http_pool_turn(struct http_pool *pool, int wait_ms, struct err *err) MUST_CHECK;

/* http_pool_await: turns until *has_ended, which an on_answer sets, or until SIGTERM or SIGINT. Errors: EX_SOFTWARE. */
int http_pool_await(struct http_pool *pool, const bool *has_ended, struct err *err) MUST_CHECK;

/* http_pool_wake: ends the waiting of http_pool_turn; may be called in any thread. libcurl before 7.68 cannot: there
 * http_pool_turn waits to the end of its time. */
void http_pool_wake(struct http_pool *pool);

/* http_pool_close: ends the requests in flight without a report, and closes the connections. pool may be NULL. */
void http_pool_close(struct http_pool *pool);

/* http_header: copies the value of the header name of an answer to out. False: there is none, or it is too long. */
bool http_header(const struct http_answer *answer, const char *name, char *out, size_t size);

/* http_close: closes the connections and overwrites the headers in memory. http may be NULL. */
void http_close(struct http *http);

#endif
