/* connections: which clients are connected, and which of them must go. Pure data: the server closes the sockets.
 *
 * A client that opens thousands of connections, or sends a byte a minute, must not keep others out. So each connection
 * has a deadline for its next whole request, an address has a share, and when all places are taken the connection that
 * has waited longest for a request gives way to a new one. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The address of a client as text. */
#define CONNECTIONS_ADDRESS_SIZE 48

/* One connection. The server reads it; only the functions below change it. */
struct connection {
    int socket;
    char address[CONNECTIONS_ADDRESS_SIZE];
    bool is_local;    /* the client is on this host, perhaps a proxy */
    bool has_request; /* a request is being answered */
    bool is_leaving;  /* it was told to close */
    int64_t since_ms; /* the last change of has_request, by clock_mono_ms */
    struct connection *previous, *next;
};

struct connections {
    struct connection *first; /* the newest */
    size_t count;             /* without those that leave */
};

/* At most this many connections are open, and at most this many of one address that is not on this host. A proxy on
 * this host brings everybody's. */
enum { CONNECTIONS_MOST = 400, CONNECTIONS_MOST_OF_ADDRESS = 64 };

/* A whole request must arrive within this time after the connection began, or after the last reply. */
enum { CONNECTIONS_REQUEST_MS = 20000 };

/* connections_admit: whether one more connection from this address may be opened. *ret_victim: the connection that must
 * leave for it first; NULL: none. */
bool connections_admit(const struct connections *all, const char *address, bool is_local,
                       struct connection **ret_victim) MUST_CHECK;

/* connections_add: notes an open connection. Ownership: connections_remove. */
struct connection *connections_add(struct connections *all, int socket, const char *address, bool is_local,
                                   int64_t now_ms);
void connections_remove(struct connections *all, struct connection *connection);

/* connections_set_request: a whole request has arrived, or its reply has ended. */
void connections_set_request(struct connection *connection, bool has_request, int64_t now_ms);

/* connections_dismiss: notes that the connection was told to close. */
void connections_dismiss(struct connections *all, struct connection *connection);

/* connections_late: a connection whose request is late; NULL: none. The caller dismisses it. */
struct connection *connections_late(const struct connections *all, int64_t now_ms);

#endif
