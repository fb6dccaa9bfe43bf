/* Tests of http: addresses. The tests of requests that are answered are in tests/integration. */
#include "../unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/http.h"

static void test_http_reads_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int64_t port;
    } rows[] = {
        { "https://api.example.com", "api.example.com", 0 },
        { "https://api.example.com:8443/base", "api.example.com", 8443 },
        { "http://localhost:1", "localhost", 1 },
        { "http://localhost:65535/", "localhost", 65535 },
        { "https://[2001:db8::1]:443", "[2001:db8::1]", 443 },
        { "HTTPS://A.example/x", "A.example", 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct http_url url;
        unit_true(rows[i].text, http_read_url(rows[i].text, &url));
        unit_same_text(rows[i].text, url.host, rows[i].host);
        unit_same_int(rows[i].text, url.port, rows[i].port);
    }
}

static void test_http_refuses_an_address_with_a_user_or_without_a_host(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",          "https://",       "https://user@host", "https://user:pw@host", "https://:pw@host",
        "https://:1", "https://a:0",   "https://a:65536",   "https://a:x",          "https://a b",
        "https://[::1", "https://[gggg]", "nothing://host",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct http_url url;
        unit_true(rows[i], !http_read_url(rows[i], &url));
    }
}

static void test_http_refuses_a_host_above_255_characters(void **state)
{
    (void)state;
    for (size_t length = 254; length <= 257; length++) {
        char text[300] = "https://";
        struct http_url url;
        memset(text + 8, 'a', length);
        assert_int_equal(http_read_url(text, &url), length <= 255);
    }
}

struct told {
    int answers;
    char failure[200];
};

static void keep_answer(void *context, size_t index, const struct http_answer *answer)
{
    struct told *told = context;
    (void)index;
    told->answers++;
    (void)snprintf(told->failure, sizeof told->failure, "%s", answer->failure != NULL ? answer->failure : "none");
}

static size_t let_one_go(void *context)
{
    (void)context;
    return 1;
}

static void test_http_fails_each_request_to_an_address_that_libcurl_refuses(void **state)
{
    (void)state;
    static const char *const rows[] = { "", "https://", "https://a:x/", "https://[::1/", "nothing://host/" };
    static const char *const no_headers[] = { NULL };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        struct told told = { .answers = 0 };
        struct http *http = http_open(&(struct http_settings){ .url = rows[i], .headers = no_headers, .ca_file = "",
                                                               .connect_timeout = 1, .timeout = 1, .connections = 1 });
        const struct http_request requests[] = { { .body = "{}" }, { .body = "{}" } };
        const struct http_observer observer = { .on_answer = keep_answer, .on_turn = let_one_go, .context = &told };
        unit_same_int(rows[i], http_run(http, requests, UNIT_COUNT(requests), &observer, &err), 0);
        unit_same_int(rows[i], told.answers, 2);
        unit_true(rows[i], strcmp(told.failure, "none") != 0 && *told.failure != '\0');
        http_close(http);
    }
}

/* ---- a server that answers once and keeps the request ---- */

struct server {
    int listener;
    char address[64];
    pid_t process;
    int from_process; /* the request, as the server has read it */
};

/* Answers requests on one connection, each with answer, and writes what it read to the pipe. */
static void serve(int listener, int out, const char *answer)
{
    char bytes[4096];
    int connection = accept(listener, NULL, NULL);
    for (ssize_t got = read(connection, bytes, sizeof bytes); got > 0; got = read(connection, bytes, sizeof bytes))
        if (write(out, bytes, (size_t)got) != got || write(connection, answer, strlen(answer)) < 0)
            break;
    _exit(0);
}

static struct server start_server(const char *answer)
{
    struct server server = { .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof here;
    int ends[2];
    assert_int_equal(bind(server.listener, (struct sockaddr *)&here, size), 0);
    assert_int_equal(listen(server.listener, 1), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&here, &size), 0);
    assert_int_equal(pipe(ends), 0);
    (void)snprintf(server.address, sizeof server.address, "http://127.0.0.1:%d/list?a=b", ntohs(here.sin_port));
    server.process = fork();
    assert_true(server.process >= 0);
    if (server.process == 0)
        serve(server.listener, ends[1], answer);
    (void)close(ends[1]);
    server.from_process = ends[0];
    return server;
}

/* Ends the server. Writes to requests everything that the server has read. */
static void stop_server(struct server *server, char *requests, size_t size)
{
    size_t used = 0;
    int status = 0;
    for (ssize_t got = 1; got > 0 && used + 1 < size; used += got > 0 ? (size_t)got : 0)
        got = read(server->from_process, requests + used, size - used - 1);
    requests[used] = '\0';
    (void)close(server->from_process);
    (void)close(server->listener);
    assert_int_equal(waitpid(server->process, &status, 0), server->process);
}

struct kept {
    long status;
    int64_t date;
    bool body_cut;
    size_t body_length;
};

static void keep_parts(void *context, size_t index, const struct http_answer *answer)
{
    struct kept *kept = context;
    kept[index] = (struct kept){ .status = answer->status, .date = answer->date, .body_cut = answer->body_cut,
                                 .body_length = strlen(answer->body) };
}

static void test_http_gets_with_a_query_of_its_own_and_posts_again(void **state)
{
    (void)state;
    static const char *const headers[] = { "Authorization: Bearer k", NULL };
    struct err err;
    struct kept kept[3];
    char requests[8192];
    struct server server = start_server("HTTP/1.1 200 OK\r\nDate: Thu, 09 Oct 2025 08:53:20 GMT\r\n"
                                        "Content-Length: 5\r\n\r\n{\"a\":");
    struct http *http = http_open(&(struct http_settings){ .url = server.address, .headers = headers, .ca_file = "",
                                                           .connect_timeout = 5, .timeout = 5, .connections = 1 });
    const struct http_request wanted[] = { { .query = "from=1%202&x=%26" }, { .query = NULL }, { .body = "{}" } };
    const struct http_observer observer = { .on_answer = keep_parts, .on_turn = let_one_go, .context = kept };
    assert_int_equal(http_run(http, wanted, UNIT_COUNT(wanted), &observer, &err), 0);
    http_close(http);
    stop_server(&server, requests, sizeof requests);
    const char *first = strstr(requests, "GET /list?from=1%202&x=%26 HTTP/1.1\r\n");
    const char *second = strstr(requests, "GET /list?a=b HTTP/1.1\r\n"), *third = strstr(requests, "POST /list?a=b ");
    assert_true(first == requests && second > first && third > second);
    for (size_t i = 0; i < UNIT_COUNT(kept); i++) {
        assert_int_equal(kept[i].status, 200);
        assert_int_equal(kept[i].date, 1760000000);
        assert_int_equal(kept[i].body_length, 5);
    }
}

static void test_http_reads_a_body_up_to_its_limit(void **state)
{
    (void)state;
    static const char *const no_headers[] = { NULL };
    static const struct {
        size_t most;
        bool cut;
    } rows[] = { { 4, true }, { 5, false }, { 0, false } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        struct kept kept = { .status = 0 };
        char requests[2048];
        struct server server = start_server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345");
        struct http *http = http_open(&(struct http_settings){ .url = server.address, .headers = no_headers,
                                                               .ca_file = "", .connect_timeout = 5, .timeout = 5,
                                                               .connections = 1, .max_body = rows[i].most });
        const struct http_request request = { .query = "" };
        const struct http_observer observer = { .on_answer = keep_parts, .on_turn = let_one_go, .context = &kept };
        assert_int_equal(http_run(http, &request, 1, &observer, &err), 0);
        http_close(http);
        stop_server(&server, requests, sizeof requests);
        assert_int_equal(kept.body_cut, rows[i].cut);
        assert_int_equal(kept.body_length, rows[i].cut ? 4 : 5);
        assert_int_equal(kept.date, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_reads_host_and_port),
        cmocka_unit_test(test_http_refuses_an_address_with_a_user_or_without_a_host),
        cmocka_unit_test(test_http_refuses_a_host_above_255_characters),
        cmocka_unit_test(test_http_fails_each_request_to_an_address_that_libcurl_refuses),
        cmocka_unit_test(test_http_gets_with_a_query_of_its_own_and_posts_again),
        cmocka_unit_test(test_http_reads_a_body_up_to_its_limit),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
