/* Tests of listener and notify: what systemd hands over, and where the page listens. */
#include "../unit.h"

#include <arpa/inet.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/mem.h"
#include "serve/listener.h"
#include "serve/notify.h"

static struct err err;

static void test_listener_opens_a_local_socket_and_replaces_an_abandoned_one(void **state)
{
    int first = -1, second = -1;
    const struct group *group = getgrgid(getegid());
    char *address = mem_format("unix:%s/s", (char *)*state), *file = mem_format("unix:%s/file", (char *)*state);
    assert_non_null(group);
    assert_int_equal(listener_open(address, group->gr_name, &first, &err), 0);
    assert_int_equal(unit_mode(address + 5), 0660);
    assert_int_equal(listener_open(address, "", &second, &err), -1); /* it is in use */
    unit_has("in use", err.message, "another program uses this address");
    (void)close(first); /* as a killed process leaves it */
    assert_int_equal(listener_open(address, "", &first, &err), 0);
    (void)close(first);
    unit_write(file + 5, "not a socket");
    assert_int_equal(listener_open(file, "", &first, &err), -1);
    assert_true(unit_exists(file + 5));
    assert_int_equal(listener_open(address, "no such group!", &first, &err), -1);
    unit_has("group", err.message, "there is no such group");
    free(file);
    free(address);
}

static void test_listener_refuses_what_is_no_address(void **state)
{
    static const char *const rows[] = { "", ":", "8470", "localhost:1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                                        "127.0.0.1:0", "127.0.0.1:65536", "[::1:1", "[]:1", "[zz]:1", "1.2.3:1",
                                        "unix:", "unix:x", "::1:80x", "999.1.1.1:80" };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int socket = -1;
        unit_same_int(rows[i], listener_open(rows[i], "", &socket, &err), -1);
        unit_same_int(rows[i], err.code, EX_CONFIG);
    }
}

/* In a process of its own, which has no other open file. Returns the listener's result, or 9 for a wrong count. */
static int inherit(const char *files, const char *process, bool listens, size_t want)
{
    pid_t child = fork();
    if (child != 0)
        return unit_wait(child);
    char number[20];
    struct sockaddr_un place = { .sun_family = AF_UNIX };
    size_t count = 0;
    int made = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(number, sizeof number, "%d", (int)getpid());
    if (listens && (bind(made, (struct sockaddr *)&place, sizeof place.sun_family) != 0 || listen(made, 1) != 0))
        _exit(8);
    (void)dup2(made, LISTENER_FIRST);
    (void)setenv("LISTEN_FDS", files, 1);
    (void)setenv("LISTEN_PID", process != NULL ? process : number, 1);
    int result = listener_inherited(&count, &err);
    _exit(result != 0 ? 1 : count == want ? 0 : 9);
}

static void test_listener_takes_the_sockets_of_systemd(void **state)
{
    (void)state;
    assert_int_equal(inherit("1", NULL, true, 1), 0);
    assert_int_equal(inherit("1", "1", true, 0), 0); /* they were another process's */
    assert_int_equal(inherit("0", NULL, true, 0), 0);
    assert_int_equal(inherit("x", NULL, true, 0), 0);
    assert_int_equal(inherit("1", NULL, false, 0), 1); /* Accept=yes */
    assert_int_equal(inherit("9", NULL, true, 0), 1);
}

static int bound(const struct sockaddr *place, socklen_t size)
{
    int socket_of_test = socket(place->sa_family, SOCK_STREAM, 0);
    if (socket_of_test >= 0 && bind(socket_of_test, place, size) != 0) {
        (void)close(socket_of_test);
        return -1; /* this host has no IPv6 */
    }
    return socket_of_test;
}

static void test_listener_knows_which_sockets_are_public(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_public;
    } rows[] = {
        { "0.0.0.0", true }, { "127.0.0.1", false }, { "127.9.9.9", false }, { "::", true }, { "::1", false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
        bool is_v4 = inet_pton(AF_INET, rows[i].address, &v4.sin_addr) == 1;
        int place = -1;
        if (is_v4)
            place = bound((struct sockaddr *)&v4, sizeof v4);
        else if (inet_pton(AF_INET6, rows[i].address, &v6.sin6_addr) == 1)
            place = bound((struct sockaddr *)&v6, sizeof v6);
        assert_true(place >= 0 || !is_v4);
        if (place < 0)
            continue;
        unit_true(rows[i].address, listener_is_public(place) == rows[i].is_public);
        (void)close(place);
    }
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_false(listener_is_public(pair[0]));
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void test_notify_tells_systemd(void **state)
{
    char got[50] = "";
    struct sockaddr_un place = { .sun_family = AF_UNIX };
    int systemd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    notify_say("READY=1"); /* nobody listens, and nothing happens */
    assert_int_equal(notify_pause(1000), 1000);
    (void)snprintf(place.sun_path, sizeof place.sun_path, "%s/n", (char *)*state);
    assert_int_equal(bind(systemd, (struct sockaddr *)&place, sizeof place), 0);
    (void)setenv("NOTIFY_SOCKET", place.sun_path, 1);
    (void)setenv("WATCHDOG_USEC", "800000", 1);
    (void)setenv("WATCHDOG_PID", "1", 1);
    notify_begin();
    assert_int_equal(notify_pause(1000), 1000); /* the watchdog is another process's */
    (void)unsetenv("WATCHDOG_PID");
    notify_begin();
    assert_int_equal(notify_pause(1000), 200);
    assert_int_equal(notify_pause(100), 100);
    notify_say("READY=1");
    assert_int_equal(recv(systemd, got, sizeof got, 0), 7);
    assert_memory_equal(got, "READY=1", 7);
    notify_alive(10000);
    assert_int_equal(recv(systemd, got, sizeof got, 0), 10);
    notify_alive(10399);
    assert_int_equal(recv(systemd, got, sizeof got, 0), -1);
    notify_alive(10400);
    assert_int_equal(recv(systemd, got, sizeof got, 0), 10);
    assert_memory_equal(got, "WATCHDOG=1", 10);
    (void)close(systemd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_listener_opens_a_local_socket_and_replaces_an_abandoned_one),
        cmocka_unit_test(test_listener_refuses_what_is_no_address),
        cmocka_unit_test(test_listener_takes_the_sockets_of_systemd),
        cmocka_unit_test(test_listener_knows_which_sockets_are_public),
        unit_test_in_directory(test_notify_tells_systemd),
    };
    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
