/* Any bytes as what the API's end of the connection sends: status line, headers (Retry-After), body. They come over
 * loopback, through the sink and libcurl, to the outcome. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "fuzz.h"

#include "sink/did_optimizer.h"

struct server {
    int listener, connection;
    const uint8_t *data;
    size_t size;
    int answers;
};

/* Whoever connects is answered at once, and finds the end of the stream behind it. */
static size_t on_turn(void *context)
{
    struct server *server = context;
    int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (server->connection >= 0)
            (void)close(server->connection);
        server->connection = fd;
        (void)!send(fd, server->data, server->size, MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
    }
    return 1;
}

static void on_outcome(void *context, size_t index, const struct outcome *outcome)
{
    struct server *server = context;
    HOLDS(index == 0);
    fuzz_printable(outcome->reason, sizeof outcome->reason);
    HOLDS(outcome->wait_sec >= 0 && outcome->wait_sec <= OUTCOME_WAIT_MAX_SEC);
    HOLDS(outcome->kind != OUTCOME_ACCEPTED || (outcome->code >= 200 && outcome->code <= 299));
    HOLDS(strstr(outcome->reason, "fuzz-secret") == NULL);
    server->answers++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct server server = { .listener = -1, .connection = -1 };
    static struct settings_api settings = { .key = "fuzz-secret", .ca_file = "", .timeout = 2, .connect_timeout = 2,
                                            .concurrency = 1, .max_concurrency = 1, .verify_ssl = true };
    static char url[40];
    if (server.listener < 0) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof address;
        server.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        HOLDS(bind(server.listener, (struct sockaddr *)&address, sizeof address) == 0);
        HOLDS(listen(server.listener, 16) == 0);
        HOLDS(getsockname(server.listener, (struct sockaddr *)&address, &length) == 0);
        (void)snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
        settings.base_url = url;
    }
    struct sink sink = { .ops = NULL };
    struct err err;
    server.data = data;
    server.size = size;
    server.answers = 0;
    const struct sink_observer observer = { .on_outcome = on_outcome, .on_turn = on_turn, .context = &server };
    char body[] = "{}";
    const struct sink_message message = { .body = body, .key = "1-1" }, *messages[] = { &message };
    HOLDS(sink_open(&did_optimizer_sink, &(struct sink_settings){ .api = &settings }, &sink, &err) == 0);
    HOLDS(sink_send(&sink, messages, 1, &observer, &err) == 0);
    HOLDS(server.answers == 1);
    sink_close(&sink);
    if (server.connection >= 0)
        (void)close(server.connection);
    server.connection = -1;
    return 0;
}
