/* http: POST requests to one address, several at once, over kept-alive connections. Reports what came back; judges
 * nothing, and knows no path and no header of any contract. */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What libcurl reads in an address. */
struct http_url {
    char host[256]; /* a numeric one as libcurl writes it; one of IPv6 with its brackets */
    int64_t port;   /* 0: the usual one */
};

/* http_read_url: false where libcurl takes text for no address, finds a user in it, or a host that is longer than DNS
 * allows. Does not start the library. */
bool http_read_url(const char *text, struct http_url *ret_url);

struct http;

/* Where requests go, and what they have in common. All texts but headers are borrowed for the life of the requests. */
struct http_settings {
    const char *url;
    const char *const *headers;       /* lines "Name: value", ended by NULL; copied, and wiped at the end */
    const char *request_header;       /* the name of the one header that differs from request to request */
    const char *ca_file;              /* "": the system's certificates */
    bool verify;                      /* the server's certificate */
    int64_t timeout, connect_timeout; /* seconds a request */
    size_t connections;               /* at most; at least 1 */
};

/* http_open: keeps what requests need. The library is started by the first http_run: most runs send nothing, and its
 * start costs more than all else they do. Ownership: http_close. */
struct http *http_open(const struct http_settings *settings) MUST_CHECK;

/* One POST. Both texts are borrowed until http_run returns. header_value: of request_header; NULL: without it. */
struct http_request {
    const char *body;
    const char *header_value;
};

/* What came back for one request; the facts, unjudged. Texts that are said to be NULL may be left out. */
struct http_answer {
    long status;              /* 0: no complete answer */
    const char *failure;      /* why there is no complete answer; NULL when there is one */
    bool unreachable;         /* failure: no request got out, so it says nothing of what was to be sent */
    const char *body;         /* the beginning of the body, NUL-terminated, never NULL */
    bool body_cut;            /* there was more of it */
    const char *content_type; /* NULL: the answer names none */
    int64_t retry_after_sec;  /* the Retry-After header, 0 when absent; negative for a date that has passed */
    double took_ms;           /* from the connected request to the answer's first byte, or to the failure */
};

/* What http_run tells while it works; answer is borrowed for the call. */
struct http_observer {
    /* Request number index has ended. */
    void (*on_answer)(void *context, size_t index, const struct http_answer *answer);
    /* Called before requests are started and after each turn of the network, at least every 50 ms. Returns how many
     * requests may be in flight; 0 for good: start none any more, those in flight are waited for. */
    size_t (*on_turn)(void *context);
    void *context;
};

/* http_run: sends count requests in their order, at most settings->connections in flight, and returns when each one
 * that was started has ended (each is bounded by settings->timeout). Requests that were never started are not reported.
 * Errors: EX_SOFTWARE (the library fails as a whole). */
int http_run(struct http *http, const struct http_request *requests, size_t count, const struct http_observer *observer,
             struct err *err) MUST_CHECK;

/* http_close: NULL is fine. */
void http_close(struct http *http);

#endif
