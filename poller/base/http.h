/* http: sends POST requests to one address, several at once, over kept-alive connections. Reports each answer without
 * judging it, and knows no path and no header of any API. */
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
};

/* http_open: copies settings. The first http_run starts libcurl: most runs send nothing, and to start libcurl costs
 * more than such a run. Ownership: http_close. */
struct http *http_open(const struct http_settings *settings) MUST_CHECK;

/* One POST request. Ownership: the text is borrowed until http_run returns. */
struct http_request {
    const char *body;
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
    double took_ms;           /* from the connected request to the answer's first byte, or to the failure */
};

/* The callbacks of http_run. */
struct http_observer {
    /* Optional. The request with this index starts now. Writes the header lines of this request alone, and returns their
     * number. Such a line may contain the time. */
    size_t (*on_headers)(void *context, size_t index, char lines[HTTP_OWN_HEADERS][HTTP_OWN_HEADER_SIZE]);
    /* The request with this index has ended. Ownership: answer is borrowed until the callback returns. */
    void (*on_answer)(void *context, size_t index, const struct http_answer *answer);
    /* Called before each turn of the loop that starts requests and waits for the network, at least every 50 ms, and
     * once at the end. Returns how many requests may be in flight. After a 0 no request is started any more. */
    size_t (*on_turn)(void *context);
    void *context;
};

/* http_run: sends count requests in their order, at most settings->connections at once, and returns when each started
 * request has ended; settings->timeout bounds each of them. Requests that were not started are not reported.
 * Errors: EX_SOFTWARE (libcurl failed). Durable: nothing; the caller records the answers. */
int http_run(struct http *http, const struct http_request *requests, size_t count, const struct http_observer *observer,
             struct err *err) MUST_CHECK;

/* http_connect: connects, with TLS if the address begins with https, and sends no request. *ret_answer has failure, NULL
 * if the connection was made, and no status. Its texts live until the next use of http. Errors: as http_run. */
int http_connect(struct http *http, struct http_answer *ret_answer, struct err *err) MUST_CHECK;

/* http_close: closes the connections and overwrites the headers in memory. http may be NULL. */
void http_close(struct http *http);

#endif
