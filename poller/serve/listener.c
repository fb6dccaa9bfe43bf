/* listener: the sockets on which the live page waits for connections. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "serve/listener.h"

enum { BACKLOG = 128 };

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static int wrong(const char *address, struct err *err)
{
    return err_set(err, EX_CONFIG, "listen = '%s' is not an address: write 127.0.0.1:8470, [::1]:8470 or "
                   "unix:/run/did-optimizer-sync/serve.sock", address);
}

/* "127.0.0.1:8470", "[::1]:8470": numbers only, because a name may lead anywhere. */
static int parse_address(const char *address, union any_address *ret_address, socklen_t *ret_length, struct err *err)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    int64_t port = 0;
    bool is_v6 = address[0] == '[';
    if (colon == NULL || !str_to_int(colon + 1, &port) || port < 1 || port > 65535)
        return wrong(address, err);
    size_t length = (size_t)(colon - address);
    if (length < 3 || length >= sizeof host || (is_v6 && colon[-1] != ']'))
        return wrong(address, err);
    (void)snprintf(host, sizeof host, "%.*s", (int)(is_v6 ? length - 2 : length), address + is_v6);
    *ret_address = (union any_address){ .any.sa_family = is_v6 ? AF_INET6 : AF_INET };
    *ret_length = is_v6 ? sizeof ret_address->v6 : sizeof ret_address->v4;
    void *number = is_v6 ? (void *)&ret_address->v6.sin6_addr : (void *)&ret_address->v4.sin_addr;
    ret_address->v4.sin_port = htons((uint16_t)port); /* at the same place in v6 */
    return inet_pton(ret_address->any.sa_family, host, number) == 1 ? 0 : wrong(address, err);
}

static int fail(int handle, const char *address, struct err *err)
{
    int reason = errno;
    if (handle >= 0)
        (void)close(handle);
    return err_set(err, reason == EACCES || reason == EPERM ? EX_NOPERM : EX_CONFIG, "could not listen on %s: %s%s",
                   address, strerror(reason), reason == EADDRINUSE ? "; another program uses this address" : "");
}

static int open_network(const char *address, int *ret_socket, struct err *err)
{
    union any_address place = { .any.sa_family = AF_UNSPEC };
    socklen_t length = 0;
    int yes = 1;
    if (parse_address(address, &place, &length, err) != 0)
        return -1;
    int handle = socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (handle < 0 || setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(handle, &place.any, length) != 0 || listen(handle, BACKLOG) != 0)
        return fail(handle, address, err);
    *ret_socket = handle;
    return 0;
}

/* Removes the socket of a process that has ended. A socket that somebody listens on stays: then bind fails. */
static void remove_abandoned(const union any_address *place)
{
    struct stat info;
    if (lstat(place->local.sun_path, &info) != 0 || !S_ISSOCK(info.st_mode))
        return;
    int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (handle < 0)
        return;
    if (connect(handle, &place->any, sizeof place->local) != 0 && errno == ECONNREFUSED)
        (void)unlink(place->local.sun_path);
    (void)close(handle);
}

static int open_local(const char *path, const char *group, int *ret_socket, struct err *err)
{
    union any_address place = { .local = { .sun_family = AF_UNIX } };
    gid_t owner = (gid_t)-1;
    if (path[0] != '/' || strlen(path) >= sizeof place.local.sun_path)
        return err_set(err, EX_CONFIG, "listen = 'unix:%s': write an absolute path of at most %zu characters", path,
                       sizeof place.local.sun_path - 1);
    if (*group != '\0') {
        const struct group *found = getgrnam(group);
        if (found == NULL)
            return err_set(err, EX_CONFIG, "socket_group = '%s': there is no such group", group);
        owner = found->gr_gid;
    }
    (void)snprintf(place.local.sun_path, sizeof place.local.sun_path, "%s", path);
    remove_abandoned(&place);
    int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0117);
    int bound = handle < 0 ? -1 : bind(handle, &place.any, sizeof place.local);
    (void)umask(mask);
    if (bound != 0 || (owner != (gid_t)-1 && chown(path, (uid_t)-1, owner) != 0) || listen(handle, BACKLOG) != 0)
        return fail(handle, path, err);
    *ret_socket = handle;
    return 0;
}

int listener_open(const char *address, const char *group, int *ret_socket, struct err *err)
{
    static const char local[] = "unix:";
    if (strncmp(address, local, sizeof local - 1) == 0)
        return open_local(address + sizeof local - 1, group, ret_socket, err);
    return open_network(address, ret_socket, err);
}

bool listener_is_public(int socket)
{
    union any_address place = { .any.sa_family = AF_UNSPEC };
    socklen_t length = sizeof place;
    if (getsockname(socket, &place.any, &length) != 0)
        return false;
    if (place.any.sa_family == AF_INET)
        return ntohl(place.v4.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
    return place.any.sa_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&place.v6.sin6_addr);
}

static int take_inherited(int handle, struct err *err)
{
    int listens = 0;
    socklen_t size = sizeof listens;
    if (getsockopt(handle, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0)
        return err_set(err, EX_CONFIG, "the socket %d that systemd has passed does not listen: use Accept=no in the "
                       "socket unit", handle);
    if (fcntl(handle, F_SETFD, FD_CLOEXEC) != 0 || fcntl(handle, F_SETFL, O_NONBLOCK) != 0)
        return err_set(err, EX_CONFIG, "could not use the socket %d that systemd has passed: %s", handle,
                       strerror(errno));
    return 0;
}

int listener_inherited(size_t *ret_count, struct err *err)
{
    const char *process = getenv("LISTEN_PID"), *files = getenv("LISTEN_FDS");
    int64_t number = 0, count = 0;
    *ret_count = 0;
    if (process == NULL || files == NULL || !str_to_int(process, &number) || number != getpid() ||
        !str_to_int(files, &count) || count < 1)
        return 0;
    if (count > LISTENER_MOST)
        return err_set(err, EX_CONFIG, "systemd has passed %lld sockets: name at most %d in the socket unit",
                       (long long)count, LISTENER_MOST);
    for (int i = 0; i < (int)count; i++)
        if (take_inherited(LISTENER_FIRST + i, err) != 0)
            return -1;
    *ret_count = (size_t)count;
    return 0;
}
