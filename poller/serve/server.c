/* server: HTTP over libmicrohttpd. The only file that includes it. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/connections.h"
#include "serve/percent.h"
#include "serve/server.h"

enum {
    SOCKETS = 8,               /* to listen on, and of the caller */
    ACCEPT_AT_ONCE = 64,       /* then those that leave are closed */
    CONNECTION_MEMORY = 32768, /* for a request's headers, and to send */
    SILENCE_SEC = 60,          /* a client that takes nothing of its reply for so long is cut off */
    WAKE_MS = 500,             /* streams that had nothing are asked again */
    STREAM_PORTION = 16384,
    STREAMS_MOST = CONNECTIONS_MOST / 2, /* the other places are for requests that end soon */
    VALUES = 64                /* parameters of a query */
};


struct server {
    struct MHD_Daemon *daemon;
    bool is_tls;
    int epoll;
    int listeners[SOCKETS];
    size_t listener_count;
    struct connections connections;
    struct connection *entering; /* handed to the library, which has not confirmed it */
    struct stream *sleeping;     /* streams that had nothing to send */
    int streams;                 /* that are open */
    int64_t woke_ms;
    server_handle *handle;
    void *context;
};

/* A reply that comes piece by piece. It lives as long as the library's response. */
struct stream {
    struct server *server;
    struct MHD_Connection *connection;
    reply_read *read;
    void (*end)(void *context);
    void *context;
    struct stream *next; /* of those that sleep */
    bool sleeps;
};

/* A request that arrives, until its reply has ended. */
struct exchange {
    struct server *server;
    struct MHD_Connection *connection;
    char *body;
    size_t length;
    char *values[VALUES]; /* decoded parameters, each "name", NUL, "value" */
    size_t value_count;
    bool is_wrong;        /* a parameter cannot be decoded */
};

/* Said with every reply. There is no Strict-Transport-Security: it would forbid the dialer's own pages on this host,
 * which may have no TLS. */
static const char *const common_headers[][2] = {
    { "Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
                                 "object-src 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
};

/* ---- replies ---- */

static void wake(struct stream *stream)
{
    stream->sleeps = false;
    MHD_resume_connection(stream->connection);
}

static void wake_all(struct server *server)
{
    struct stream *stream = server->sleeping;
    server->sleeping = NULL;
    while (stream != NULL) {
        struct stream *next = stream->next;
        wake(stream);
        stream = next;
    }
}

/* A stream that has nothing sleeps: the library would ask again at once. */
static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size)
{
    struct stream *stream = context;
    (void)position;
    ssize_t got = stream->read(stream->context, out, size);
    if (got == 0) {
        stream->sleeps = true;
        stream->next = stream->server->sleeping;
        stream->server->sleeping = stream;
        MHD_suspend_connection(stream->connection);
    }
    if (got == -1)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return got < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : got;
}

static void end_stream(void *context)
{
    struct stream *stream = context;
    if (stream->sleeps)
        for (struct stream **at = &stream->server->sleeping; *at != NULL; at = &(*at)->next)
            if (*at == stream) {
                *at = stream->next;
                break;
            }
    if (stream->end != NULL)
        stream->end(stream->context);
    stream->server->streams--;
    free(stream);
}

static struct MHD_Response *make_stream(const struct exchange *exchange, struct reply *reply)
{
    struct stream *stream = mem_zero(1, sizeof *stream);
    stream->server = exchange->server;
    stream->server->streams++;
    stream->connection = exchange->connection;
    stream->read = reply->read;
    stream->end = reply->end;
    stream->context = reply->context;
    reply->end = NULL;
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PORTION, read_stream, stream, end_stream);
}

/* Takes the body out of the reply. */
static struct MHD_Response *make_response(const struct exchange *exchange, struct reply *reply)
{
    if (reply->read != NULL)
        return make_stream(exchange, reply);
    if (reply->file >= 0) {
        int file = reply->file;
        reply->file = -1;
        return MHD_create_response_from_fd_at_offset64(reply->length, file, (uint64_t)reply->from);
    }
    char *text = reply->text;
    reply->text = NULL;
    return MHD_create_response_from_buffer(text != NULL ? reply->length : 0, text,
                                           text != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
}

static bool has_header(const struct reply *reply, const char *name)
{
    for (int i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

static enum MHD_Result send_reply(const struct exchange *exchange, struct reply *reply)
{
    if (reply->read != NULL && exchange->server->streams >= STREAMS_MOST)
        reply_error(reply, REPLY_BUSY, "too many streams are open: try again later");
    int status = reply->status;
    struct MHD_Response *response = make_response(exchange, reply);
    if (response == NULL)
        mem_out_of_memory();
    enum MHD_Result added = MHD_add_response_header(response, "Content-Type", reply->type);
    for (size_t i = 0; i < sizeof common_headers / sizeof common_headers[0]; i++)
        added &= MHD_add_response_header(response, common_headers[i][0], common_headers[i][1]);
    for (int i = 0; i < reply->header_count; i++)
        added &= MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    if (!has_header(reply, "Cache-Control")) /* a proxy or browser must not keep calls */
        added &= MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result queued = added == MHD_YES
                                 ? MHD_queue_response(exchange->connection, (unsigned int)status, response) : MHD_NO;
    MHD_destroy_response(response);
    reply_free(reply);
    return queued;
}

static enum MHD_Result refuse(const struct exchange *exchange, enum reply_problem problem, const char *message)
{
    struct reply reply;
    reply_new(&reply);
    reply_error(&reply, problem, message);
    reply_header(&reply, "Connection", "close"); /* the rest of the request is not read */
    return send_reply(exchange, &reply);
}

/* ---- requests ---- */

static const char *find_header(const void *context, const char *name)
{
    const struct exchange *exchange = context;
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

static const char *find_query(const void *context, const char *name)
{
    const struct exchange *exchange = context;
    for (size_t i = 0; i < exchange->value_count; i++)
        if (strcmp(exchange->values[i], name) == 0)
            return exchange->values[i] + strlen(name) + 1;
    return NULL;
}

static const char *find_query_name(const void *context, size_t at)
{
    const struct exchange *exchange = context;
    return at < exchange->value_count ? exchange->values[at] : NULL;
}

/* The library has already made blanks of plus signs. */
static enum MHD_Result take_value(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct exchange *exchange = context;
    (void)kind;
    char *own_name = mem_copy(name), *own_value = mem_copy(str_or_empty(value));
    exchange->is_wrong = exchange->value_count == VALUES || !percent_decode(own_name) || !percent_decode(own_value);
    if (!exchange->is_wrong) {
        size_t name_size = strlen(own_name) + 1, value_size = strlen(own_value) + 1;
        char *both = mem_zero(name_size + value_size, 1);
        memcpy(both, own_name, name_size);
        memcpy(both + name_size, own_value, value_size);
        exchange->values[exchange->value_count++] = both;
    }
    free(own_name);
    free(own_value);
    return exchange->is_wrong ? MHD_NO : MHD_YES;
}

/* Paths and parameters are decoded here and by the routes, not by the library: %2F in a part must not split it. */
static size_t leave_encoded(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static enum MHD_Result take_forwarded(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    const char **last = context;
    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") == 0)
        *last = str_or_empty(value);
    return MHD_YES;
}

/* What was added last, to the list or as a header of its own: only that is the local proxy's own word. NULL: none. */
static const char *last_forwarded(const struct exchange *exchange)
{
    const char *list = NULL;
    (void)MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, take_forwarded, &list);
    if (list == NULL)
        return NULL;
    const char *comma = strrchr(list, ',');
    const char *last = comma != NULL ? comma + 1 : list;
    return last + strspn(last, " ");
}

static void describe(const struct exchange *exchange, const struct connection *from, struct request *request)
{
    const char *forwarded = from->is_local ? last_forwarded(exchange) : NULL;
    const char *scheme = from->is_local ? find_header(exchange, "X-Forwarded-Proto") : NULL;
    request->address = forwarded != NULL ? forwarded : from->address;
    request->is_secure = exchange->server->is_tls || (scheme != NULL && strcmp(scheme, "https") == 0);
    request->range = find_header(exchange, "Range");
    request->body = exchange->body;
    request->length = exchange->length;
    request->query = find_query;
    request->query_name = find_query_name;
    request->header = find_header;
    request->context = exchange;
}

static struct connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static enum MHD_Result answer(struct exchange *exchange, const char *url, const char *method)
{
    struct connection *from = connection_of(exchange->connection);
    struct request request = { .path = url, .method = strcmp(method, "HEAD") == 0 ? "GET" : method };
    struct reply reply;
    connections_set_request(from, true, clock_mono_ms());
    (void)MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, take_value, exchange);
    reply_new(&reply);
    if (exchange->is_wrong) {
        reply_error(&reply, REPLY_BAD_REQUEST, "the query of the address cannot be read");
    } else {
        describe(exchange, from, &request);
        exchange->server->handle(exchange->server->context, &request, &reply);
    }
    return send_reply(exchange, &reply);
}

/* How often the headers come that say where a request ends and whom it is for. */
struct framing {
    int lengths, encodings, hosts;
    bool is_odd; /* a header's name has a blank */
};

static enum MHD_Result count_framing(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct framing *framing = context;
    (void)kind;
    (void)value;
    framing->lengths += strcasecmp(name, "Content-Length") == 0;
    framing->encodings += strcasecmp(name, "Transfer-Encoding") == 0;
    framing->hosts += strcasecmp(name, "Host") == 0;
    framing->is_odd = framing->is_odd || strpbrk(name, " \t") != NULL;
    return MHD_YES;
}

/* A proxy may read such a request otherwise, and take a part of it for the next one (RFC 9112, 6.3 and 5.1). */
static bool is_ambiguous(struct MHD_Connection *connection)
{
    struct framing framing = { .lengths = 0 };
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, count_framing, &framing);
    return framing.is_odd || framing.lengths + framing.encodings > 1 || framing.hosts > 1;
}

/* The headers have arrived. */
static enum MHD_Result begin(struct server *server, struct MHD_Connection *connection, void **ret_exchange)
{
    struct exchange *exchange = mem_zero(1, sizeof *exchange);
    *ret_exchange = exchange;
    exchange->server = server;
    exchange->connection = connection;
    const char *length = find_header(exchange, "Content-Length");
    const char *encoding = find_header(exchange, "Transfer-Encoding");
    int64_t number = 0;
    if (is_ambiguous(connection))
        return refuse(exchange, REPLY_BAD_REQUEST, "a request can have only one Host, and one Content-Length or "
                      "Transfer-Encoding");
    if (encoding != NULL && strcasecmp(encoding, "chunked") != 0) /* the library would read until the connection ends */
        return refuse(exchange, REPLY_BAD_REQUEST, "Transfer-Encoding can only be chunked");
    if (length != NULL && (!str_to_int(length, &number) || number < 0))
        return refuse(exchange, REPLY_BAD_REQUEST, "Content-Length must be a number");
    if (number > SERVER_BODY_MOST)
        return refuse(exchange, REPLY_TOO_LARGE, "the body of a request can have 65536 bytes");
    return MHD_YES;
}

/* A body that came without its length, and is too long, ends the connection: it is too late for an answer. */
static enum MHD_Result add_body(struct exchange *exchange, const char *bytes, size_t *length)
{
    if (exchange->length + *length > SERVER_BODY_MOST)
        return MHD_NO;
    exchange->body = mem_resize(exchange->body, exchange->length + *length + 1, 1);
    memcpy(exchange->body + exchange->length, bytes, *length);
    exchange->length += *length;
    exchange->body[exchange->length] = '\0';
    *length = 0;
    return MHD_YES;
}

/* The library calls it when the headers are there, then for each piece of the body, then at the end of the request. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *length, void **exchange)
{
    (void)version;
    if (*exchange == NULL)
        return begin(context, connection, exchange);
    if (*length > 0)
        return add_body(*exchange, bytes, length);
    return answer(*exchange, url, method);
}

static void on_request_end(void *context, struct MHD_Connection *connection, void **context_of_request,
                           enum MHD_RequestTerminationCode reason)
{
    struct exchange *exchange = *context_of_request;
    (void)context;
    (void)reason;
    connections_set_request(connection_of(connection), false, clock_mono_ms());
    if (exchange == NULL)
        return;
    for (size_t i = 0; i < exchange->value_count; i++)
        free(exchange->values[i]);
    mem_free_secret(exchange->body); /* it may have a password */
    free(exchange);
    *context_of_request = NULL;
}

/* ---- connections ---- */

static void on_connection(void *context, struct MHD_Connection *connection, void **record,
                          enum MHD_ConnectionNotificationCode what)
{
    struct server *server = context;
    (void)connection;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *record = server->entering;
        server->entering = NULL;
        return;
    }
    connections_remove(&server->connections, *record);
    *record = NULL;
}

/* The library sees the end of the stream, and closes the connection. */
static void dismiss(struct server *server, struct connection *connection)
{
    (void)shutdown(connection->socket, SHUT_RDWR);
    connections_dismiss(&server->connections, connection);
}

/* Writes the client's address. Returns whether the client is on this host. */
static bool describe_address(const struct sockaddr_storage *from, char out[CONNECTIONS_ADDRESS_SIZE])
{
    const struct sockaddr_in *v4 = (const void *)from;
    const struct sockaddr_in6 *v6 = (const void *)from;
    (void)snprintf(out, CONNECTIONS_ADDRESS_SIZE, "local");
    if (from->ss_family == AF_INET) {
        (void)inet_ntop(AF_INET, &v4->sin_addr, out, CONNECTIONS_ADDRESS_SIZE);
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    if (from->ss_family != AF_INET6)
        return true;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        (void)inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, CONNECTIONS_ADDRESS_SIZE);
        return v6->sin6_addr.s6_addr[12] == IN_LOOPBACKNET;
    }
    (void)inet_ntop(AF_INET6, &v6->sin6_addr, out, CONNECTIONS_ADDRESS_SIZE);
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static void enter(struct server *server, int handle, const struct sockaddr_storage *from, socklen_t length)
{
    char address[CONNECTIONS_ADDRESS_SIZE];
    bool is_local = describe_address(from, address);
    struct connection *victim = NULL;
    if (!connections_admit(&server->connections, address, is_local, &victim)) {
        (void)close(handle);
        return;
    }
    if (victim != NULL)
        dismiss(server, victim);
    server->entering = connections_add(&server->connections, handle, address, is_local, clock_mono_ms());
    enum MHD_Result taken = MHD_add_connection(server->daemon, handle, (const struct sockaddr *)from, length);
    if (server->entering != NULL)
        connections_remove(&server->connections, server->entering);
    server->entering = NULL;
    if (taken != MHD_YES)
        log_debug("could not serve a connection: %s", strerror(errno));
}

/* False: nobody waits any more, or there is no room for another open file. */
static bool accept_one(struct server *server, int listener)
{
    struct sockaddr_storage from = { .ss_family = AF_UNIX };
    socklen_t length = sizeof from;
    int handle = accept4(listener, (struct sockaddr *)&from, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (handle >= 0)
        enter(server, handle, &from, length);
    return handle >= 0 || errno == ECONNABORTED || errno == EINTR;
}

static void dismiss_late(struct server *server)
{
    struct connection *late = NULL;
    while ((late = connections_late(&server->connections, clock_mono_ms())) != NULL)
        dismiss(server, late);
}

/* ---- the life of the server ---- */

/* What the library says concerns single clients. */
static void PRINTF_LIKE(2, 0) on_message(void *context, const char *format, va_list args)
{
    char text[500];
    (void)context;
    (void)vsnprintf(text, sizeof text, format, args);
    log_debug("libmicrohttpd: %s", text);
}

int server_start(const char *certificate, const char *key, server_handle *handle, void *context,
                 struct server **ret_server, struct err *err)
{
    struct server *server = mem_zero(1, sizeof *server);
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
        { MHD_OPTION_END, 0, NULL },
    };
    unsigned int flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    server->handle = handle;
    server->context = context;
    server->is_tls = certificate != NULL;
    if (certificate == NULL)
        tls[0] = tls[3];
    server->daemon = MHD_start_daemon(
        flags | (certificate != NULL ? MHD_USE_TLS : 0U), 0, NULL, NULL, on_request, server,
        MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_ARRAY, tls,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned int)(CONNECTIONS_MOST + 2 * ACCEPT_AT_ONCE),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)SILENCE_SEC,
        MHD_OPTION_NOTIFY_COMPLETED, on_request_end, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, server,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
    if (server->daemon == NULL) {
        free(server);
        return certificate != NULL ? err_set(err, EX_CONFIG, "could not use tls_certificate with tls_key: both must be "
                                             "PEM files that belong together")
                                   : err_set(err, EX_SOFTWARE, "could not start the web server: %s", strerror(errno));
    }
    server->epoll = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    *ret_server = server;
    return 0;
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < server->listener_count; i++)
        (void)close(server->listeners[i]);
    wake_all(server);
    MHD_stop_daemon(server->daemon);
    free(server);
}

void server_listen(struct server *server, int socket)
{
    if (server->listener_count < SOCKETS)
        server->listeners[server->listener_count++] = socket;
    else
        (void)close(socket);
}

static int wait_time(const struct server *server, int most_ms)
{
    MHD_UNSIGNED_LONG_LONG wanted = 0;
    int64_t wait = most_ms;
    if (MHD_get_timeout(server->daemon, &wanted) == MHD_YES && wanted < (MHD_UNSIGNED_LONG_LONG)wait)
        wait = (int64_t)wanted;
    if (server->sleeping != NULL && wait > WAKE_MS)
        wait = WAKE_MS;
    return (int)wait;
}

void server_step(struct server *server, struct pollfd *others, size_t count, int most_ms)
{
    struct pollfd all[2 * SOCKETS + 1] = { { .fd = server->epoll, .events = POLLIN } };
    size_t listeners = server->listener_count;
    for (size_t i = 0; i < listeners; i++)
        all[1 + i] = (struct pollfd){ .fd = server->listeners[i], .events = POLLIN };
    for (size_t i = 0; i < count; i++)
        all[1 + listeners + i] = others[i];
    int ready = poll(all, 1 + listeners + count, wait_time(server, most_ms));
    for (size_t i = 0; i < count; i++) {
        others[i].revents = 0;
        if (ready > 0)
            others[i].revents = all[1 + listeners + i].revents;
    }
    for (size_t i = 0; ready > 0 && i < listeners; i++) {
        int left = all[1 + i].revents != 0 ? ACCEPT_AT_ONCE : 0;
        while (left > 0 && accept_one(server, server->listeners[i]))
            left--;
    }
    dismiss_late(server);
    if (server->sleeping != NULL && clock_mono_ms() - server->woke_ms >= WAKE_MS) {
        server->woke_ms = clock_mono_ms();
        wake_all(server);
    }
    (void)MHD_run(server->daemon);
}
