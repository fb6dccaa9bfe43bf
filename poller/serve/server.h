/* server: HTTP over libmicrohttpd: connections, limits and time-outs, requests and replies. The only file that knows
 * the library.
 *
 * One thread. The caller calls server_step again and again; handlers run within it. */
#ifndef SERVER_H
#define SERVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "serve/reply.h"
#include "serve/request.h"

struct server;

/* A longer body is refused with 413. Headers that are longer than some 30 KiB are refused with 431. */
enum { SERVER_BODY_MOST = 64 * 1024 };

/* Answers a request. reply is new. */
typedef void server_handle(void *context, struct request *request, struct reply *reply);

/* server_start: certificate and key are PEM texts, or both NULL: no TLS. They are copied. Ownership: server_stop, which
 * allows NULL and ends all connections. Errors: EX_CONFIG (certificate or key), EX_SOFTWARE. */
int server_start(const char *certificate, const char *key, server_handle *handle, void *context,
                 struct server **ret_server, struct err *err) MUST_CHECK;
void server_stop(struct server *server);

/* server_listen: accepts connections of this socket from now on. At most 8 sockets. Ownership: takes the socket. */
void server_listen(struct server *server, int socket);

/* server_step: waits until the network has something to do, one of others is ready, or most_ms have passed, and does
 * what there is to do. others[].revents is set, as by poll. At most 8 others. */
void server_step(struct server *server, struct pollfd *others, size_t count, int most_ms);

#endif
