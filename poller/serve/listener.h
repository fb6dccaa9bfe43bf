/* listener: the sockets on which the live page waits for connections. */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* listener_open: a socket for address: "127.0.0.1:8470", "[::1]:8470" or "unix:/run/x.sock". A Unix socket replaces one
 * that nobody listens on; its mode is 0660, and its group is group ("": this process's). Ownership: the caller closes
 * *ret_socket. Errors: EX_CONFIG (the address is wrong, or it is in use), EX_NOPERM. */
int listener_open(const char *address, const char *group, int *ret_socket, struct err *err) MUST_CHECK;

/* listener_inherited: the number of sockets that systemd has passed to this process, from LISTENER_FIRST on; 0: none.
 * (sd_listen_fds) Each is checked: it must listen. Errors: EX_CONFIG. */
enum { LISTENER_FIRST = 3, LISTENER_MOST = 8 };
int listener_inherited(size_t *ret_count, struct err *err) MUST_CHECK;

/* listener_is_public: whether other hosts can connect to this socket. */
bool listener_is_public(int socket) MUST_CHECK;

#endif
