/* Tests of google_token: when another token is requested. The stand-in for the token endpoint gives t1, t2, ... */
#include "../unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "../unit_clock.h"
#include "base/google_token.h"
#include "base/mem.h"

struct endpoint {
    char address[64];
    pid_t process;
};

/* Reads one request: its head, and the body that follows, which ends with the refresh token. */
static void read_request(int connection)
{
    char bytes[4096] = "";
    size_t used = 0;
    while (strstr(bytes, "refresh_token=r-one") == NULL && used + 1 < sizeof bytes) {
        ssize_t got = read(connection, bytes + used, sizeof bytes - used - 1);
        if (got <= 0)
            _exit(1);
        used += (size_t)got;
        bytes[used] = '\0';
    }
}

/* Answers each connection's request with the next token, or with a refusal if life is 0. */
static void serve(int listener, int life)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int number = 1;; number++) {
        char body[100], answer[300];
        int connection = accept(listener, NULL, NULL);
        read_request(connection);
        (void)snprintf(body, sizeof body, life > 0 ? "{\"access_token\":\"t%d\",\"expires_in\":%d}"
                                                   : "{\"error\":\"invalid_grant\"}", number, life);
        (void)snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                       life > 0 ? "200 OK" : "400 Bad Request", strlen(body), body);
        if (write(connection, answer, strlen(answer)) < 0)
            _exit(1);
        (void)close(connection);
    }
}

static struct endpoint start_endpoint(int life)
{
    struct endpoint endpoint = { .process = -1 };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof here;
    assert_int_equal(bind(listener, (struct sockaddr *)&here, size), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&here, &size), 0);
    (void)snprintf(endpoint.address, sizeof endpoint.address, "http://127.0.0.1:%d/token", ntohs(here.sin_port));
    endpoint.process = fork();
    assert_true(endpoint.process >= 0);
    if (endpoint.process == 0)
        serve(listener, life);
    (void)close(listener);
    return endpoint;
}

static void stop_endpoint(const struct endpoint *endpoint)
{
    assert_int_equal(kill(endpoint->process, SIGTERM), 0);
    assert_int_equal(waitpid(endpoint->process, NULL, 0), endpoint->process);
}

/* A user's token: the endpoint needs no signature for a user. */
static struct google_token *open_token(const char *address, const char *subject)
{
    struct err err;
    struct google_token *token = NULL;
    char *file = mem_format("{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s-one\","
                            "\"refresh_token\":\"r-one\",\"token_uri\":\"%s\"}", address);
    const struct google_token_settings settings = { .credentials = file, .origin = "/etc/user.json", .ca_file = "",
                                                    .wish = { .scope = "", .subject = subject },
                                                    .timeout = 10, .connect_timeout = 10 };
    int result = google_token_open(&settings, &token, &err);
    free(file);
    assert_int_equal(result, token != NULL ? 0 : -1);
    return token;
}

static void assert_gets(struct google_token *token, const char *want)
{
    struct err err = { .message = "" };
    const char *text = NULL;
    if (google_token_get(token, &text, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(text, want);
}

static void test_google_token_is_renewed_five_minutes_before_its_end(void **state)
{
    (void)state;
    const struct endpoint endpoint = start_endpoint(3600);
    struct google_token *token = open_token(endpoint.address, "");
    assert_gets(token, "t1");
    unit_clock_pass(INT64_C(3290) * 1000);
    assert_gets(token, "t1");
    unit_clock_pass(INT64_C(11) * 1000);
    assert_gets(token, "t2");
    assert_gets(token, "t2");
    google_token_close(token);
    stop_endpoint(&endpoint);
}

static void test_google_token_is_replaced_once_after_a_refusal(void **state)
{
    (void)state;
    const struct endpoint endpoint = start_endpoint(3600);
    struct google_token *token = open_token(endpoint.address, "");
    assert_gets(token, "t1");
    assert_true(google_token_refused(token, "t1"));
    assert_true(google_token_refused(token, "t1")); /* a second request was in flight with t1 */
    assert_gets(token, "t2");
    assert_true(google_token_refused(token, "t1"));
    assert_gets(token, "t2");
    assert_false(google_token_refused(token, "t2"));
    assert_gets(token, "t3");
    assert_false(google_token_refused(token, "t3"));
    assert_gets(token, "t4");
    unit_clock_pass(INT64_C(3600) * 1000);
    assert_gets(token, "t5"); /* t4 expired, so the first refusal of t5 may replace t5 */
    assert_true(google_token_refused(token, "t5"));
    google_token_close(token);
    stop_endpoint(&endpoint);
}

static void test_google_token_reports_why_it_was_refused(void **state)
{
    (void)state;
    struct err err;
    const char *text = NULL;
    const struct endpoint endpoint = start_endpoint(0);
    struct google_token *token = open_token(endpoint.address, "");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(google_token_get(token, &text, &err), -1);
        assert_int_equal(err.code, EX_CONFIG);
        unit_has("revoked", err.message, "the refresh token was revoked or has expired");
    }
    assert_true(google_token_is_user(token));
    assert_string_equal(google_token_name(token), "i");
    google_token_close(token);
    stop_endpoint(&endpoint);
}

static void test_google_token_of_a_user_cannot_act_for_another_user(void **state)
{
    (void)state;
    assert_null(open_token("https://oauth2.example/token", "boss@example.com"));
    google_token_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_google_token_is_renewed_five_minutes_before_its_end),
        cmocka_unit_test(test_google_token_is_replaced_once_after_a_refusal),
        cmocka_unit_test(test_google_token_reports_why_it_was_refused),
        cmocka_unit_test(test_google_token_of_a_user_cannot_act_for_another_user),
    };
    return cmocka_run_group_tests_name("google_token", tests, NULL, NULL);
}
