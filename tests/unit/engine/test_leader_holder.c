/* Tests of leader_holder: the runs' lease, the owner of the lock, and how long the holder keeps the lock. */
#include "../unit_host.h"

#include <dirent.h>
#include <limits.h>
#include <time.h>

#include "base/interrupt.h"
#include "base/version.h"

#define LOCK "calls"
#define LOOK 5 /* seconds between two looks of the holder */

static void lease(const char *directory, int64_t seconds, int64_t settled)
{
    struct err err;
    assert_int_equal(leader_holder_write_lease(directory, seconds, settled, &err), 0);
}

static int start(const char *directory, bool *ret_held, struct err *err)
{
    struct leader_holder holder = { .state_dir = directory, .kind = &memory_locks_kind, .lock = LOCK };
    unit_host_begin();
    return leader_holder_start(&holder, ret_held, err);
}

/* Starts a holder, which takes the lock and looks once. */
static int64_t hold(const char *directory, int64_t seconds, int64_t settled)
{
    struct err err;
    bool held = false;
    lease(directory, seconds, settled);
    if (start(directory, &held, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(held);
    assert_true(unit_host_pass(0));
    return memory_locks_holder(LOCK);
}

/* ---- the files ---- */

static void test_the_lease_is_written_renewed_and_ended(void **state)
{
    const char *path = unit_path(*state, "lease");
    struct stat before, after;
    leader_holder_renew(*state); /* does not create a lease */
    assert_false(unit_exists(path));
    lease(*state, 290, 77);
    char *text = unit_read(path);
    assert_string_equal(text, "290 77 " VERSION "\n");
    free(text);
    const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    assert_int_equal(stat(path, &before), 0);
    leader_holder_renew(*state);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_mtim.tv_sec, 1000);
    unit_in_range(after.st_mtim.tv_sec, time(NULL) - 60, time(NULL));
    leader_holder_end(*state);
    assert_false(unit_exists(path));
    leader_holder_end(*state); /* a missing lease is no error */
    struct err err;
    assert_int_equal(leader_holder_write_lease(unit_path(*state, "nowhere"), 1, 1, &err), -1);
}

static void test_a_note_of_this_host_names_its_connection(void **state)
{
    static const struct {
        const char *text;
        int64_t number, started;
        bool ours;
    } rows[] = {
        { "7 1000 4711\n", 7, 1000, true },
        { "7 1000", 7, 1000, true },
        { "  7 1000 4711 more", 7, 1000, true },
        { "7 1000 4711\n", 7, 1002, true }, /* the server's start may differ by a second */
        { "7 1000 4711\n", 7, 998, true },
        { "7 1000 4711\n", 7, 1003, false },
        { "7 1000 4711\n", 7, 997, false },
        { "7 1000 4711\n", 8, 1000, false },
        { "0 1000 4711\n", 0, 1000, false }, /* no connection */
        { "7\n", 7, 0, false },
        { "7 x\n", 7, 0, false },
        { "x 1000\n", 0, 1000, false },
        { "", 0, 0, false },
    };
    const char *path = unit_path(*state, "leader");
    assert_false(leader_holder_owns(*state, 7, 1000));
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_write(path, rows[i].text);
        unit_true(rows[i].text, leader_holder_owns(*state, rows[i].number, rows[i].started) == rows[i].ours);
    }
    unit_write(path, rows[0].text);
    assert_int_equal(rename(path, unit_path(*state, "elsewhere")), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_false(leader_holder_owns(*state, 7, 1000));
}

/* ---- the begin of the holder ---- */

static int lowest_free_fd(void)
{
    int fd = dup(0);
    (void)close(fd);
    return fd;
}

static void test_the_holder_takes_the_lock(void **state)
{
    int free_fd = lowest_free_fd();
    int64_t number = hold(*state, 290, 0);
    assert_int_equal(lowest_free_fd(), free_fd); /* the run keeps no file of the holder open */
    assert_int_equal(number, 1);
    assert_true(leader_holder_owns(*state, number, memory_locks->started));
    size_t statements = memory_locks->statements;
    assert_true(unit_host_pass(LOOK - 1));
    assert_int_equal(memory_locks->statements, statements);
    assert_true(unit_host_pass(1));
    assert_int_equal(memory_locks->statements, statements + 1);
    assert_true(unit_host_pass(10 * LOOK));
    assert_int_equal(memory_locks->statements, statements + 11);
    assert_int_equal(memory_locks_holder(LOCK), number);
    assert_int_equal(memory_locks->connections, 1);
    assert_false(memory_locks->was_asked_for_servers); /* the holder looks often, so it reads only what it needs */
    assert_int_equal(memory_locks->longest_wait, 0);
}

static void test_the_holder_does_not_begin_if_another_host_has_the_lock(void **state)
{
    struct err err;
    bool held = true;
    memory_locks->connections = 8;
    memory_locks_give(LOCK, 7);
    lease(*state, 290, 0);
    assert_int_equal(start(*state, &held, &err), 0);
    assert_false(held);
    assert_false(unit_host_pass(LOOK));
    assert_int_equal(memory_locks_holder(LOCK), 7);
    assert_false(unit_exists(unit_path(*state, "leader")));
}

/* Each of its statements fails once: the run gets the reason, and no connection holds the lock. */
static void test_after_any_failed_statement_no_holder_has_the_lock(void **state)
{
    struct err err;
    bool held = true;
    lease(*state, 290, 0);
    memory_locks->fails = true;
    assert_int_equal(start(*state, &held, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    assert_string_equal(err.message, "could not keep the leader's lock: the server in memory is out of reach");
    assert_false(unit_host_pass(LOOK));
    memory_locks->fails = false;
    size_t tried = 0;
    for (int result = -1; result != 0 && tried < 10; tried++) {
        memory_locks->fails_at = memory_locks->statements + 1 + tried;
        result = start(*state, &held, &err);
        if (result != 0) {
            assert_false(unit_host_pass(LOOK));
            assert_int_equal(memory_locks_holder(LOCK), 0);
            assert_false(unit_exists(unit_path(*state, "leader")));
        }
    }
    assert_int_equal(tried, 5); /* are_many, take, look, started; the fifth time nothing fails */
    assert_true(held);
}

static void test_a_holder_killed_at_its_begin_is_an_error(void **state)
{
    struct err err;
    bool held = true;
    lease(*state, 290, 0);
    memory_locks->dies_at = memory_locks->statements + 2;
    assert_int_equal(start(*state, &held, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    assert_string_equal(err.message, "could not keep the leader's lock: the process that kept the lock ended");
    assert_false(unit_host_pass(LOOK));
    assert_false(unit_exists(unit_path(*state, "leader")));
}

/* If the holder cannot write its note, the runs would not recognize its lock. So it releases the lock. */
static void test_a_holder_that_cannot_write_its_note_releases_the_lock(void **state)
{
    struct err err;
    bool held = true;
    lease(*state, 290, 0);
    assert_int_equal(mkdir(unit_path(*state, "leader"), 0700), 0);
    assert_int_equal(start(*state, &held, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    unit_has("why", err.message, "could not keep the leader's lock: could not");
    assert_false(unit_host_pass(LOOK));
    assert_int_equal(memory_locks_holder(LOCK), 0);
    assert_int_equal(rmdir(unit_path(*state, "leader")), 0);
}

/* ---- the end of the holder ---- */

static void test_the_holder_ends_with_its_lease(void **state)
{
    (void)hold(*state, 20, 0);
    assert_true(unit_host_pass(15));
    assert_int_not_equal(memory_locks_holder(LOCK), 0);
    assert_false(unit_host_pass(LOOK)); /* now 20 seconds are over */
    assert_int_equal(memory_locks_holder(LOCK), 0);
}

static void test_a_renewed_lease_begins_again(void **state)
{
    (void)hold(*state, 20, 0);
    for (int i = 0; i < 4; i++) {
        assert_true(unit_host_pass(15));
        if (i % 2 == 0)
            leader_holder_renew(*state);
        else
            lease(*state, 20, 0);
    }
    assert_true(unit_host_pass(15));
    assert_false(unit_host_pass(3 * LOOK));
}

static void test_a_renewed_lease_can_have_another_length(void **state)
{
    (void)hold(*state, 20, 0);
    lease(*state, 100, 0);
    assert_true(unit_host_pass(90));
    unit_write(unit_path(*state, "lease"), "100 0 " VERSION " and more\n");
    assert_true(unit_host_pass(90));
    assert_false(unit_host_pass(20));
}

static void test_the_holder_ends_without_its_own_lease(void **state)
{
    static const char *const texts[] = { NULL, "", "290 0\n", "290 0 0.0.0-another\n", "x 0 " VERSION "\n",
                                         "290 x " VERSION "\n" };
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        (void)hold(*state, 290, 0);
        if (texts[i] == NULL)
            leader_holder_end(*state);
        else
            unit_write(unit_path(*state, "lease"), texts[i]);
        unit_true(texts[i], !unit_host_pass(LOOK));
        unit_same_int(texts[i], memory_locks_holder(LOCK), 0);
    }
}

static pid_t process_of(const char *directory)
{
    long long number = 0, started = 0, process = 0;
    char *text = unit_read(unit_path(directory, "leader"));
    assert_int_equal(sscanf(text, "%lld %lld %lld", &number, &started, &process), 3);
    free(text);
    return (pid_t)process;
}

/* Otherwise the run's lock, its log and cron's pipe would stay open while the host is the leader. */
static void test_the_holder_closes_the_files_of_the_run(void **state)
{
    char path[80], target[PATH_MAX];
    size_t open_files = 0;
    int ends[2], input = dup(0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], 0), 0);
    (void)hold(*state, 290, 0);
    pid_t process = process_of(*state);
    assert_int_equal(getsid(process), process);
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        if (length < 0)
            continue; /* . and .. */
        target[length] = '\0';
        unit_same_text(entry->d_name, target, "/dev/null");
        open_files++;
    }
    assert_int_equal(open_files, 3);
    (void)closedir(directory);
    (void)dup2(input, 0);
    (void)close(input);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void test_a_signal_ends_the_holder(void **state)
{
    interrupt_install();
    (void)hold(*state, 290, 0);
    assert_int_equal(kill(process_of(*state), SIGTERM), 0);
    assert_false(unit_host_pass(1)); /* at once, not with the next look */
    assert_int_equal(memory_locks_holder(LOCK), 0);
}

/* ---- troubles of a holder ---- */

static void test_the_holder_ends_when_another_host_has_the_lock(void **state)
{
    (void)hold(*state, 290, 0);
    memory_locks_give(LOCK, 99);
    assert_false(unit_host_pass(LOOK));
    assert_int_equal(memory_locks_holder(LOCK), 99);
}

static void test_after_a_broken_connection_the_holder_takes_the_lock_again(void **state)
{
    int64_t number = hold(*state, 290, 0);
    memory_locks->is_cut[number] = true;
    memory_locks_end(number);
    assert_true(unit_host_pass(LOOK));
    int64_t now = memory_locks_holder(LOCK);
    assert_true(now > number);
    assert_false(leader_holder_owns(*state, number, memory_locks->started));
    assert_true(leader_holder_owns(*state, now, memory_locks->started));
}

/* The server may notice late that the connection is gone: then the old connection still holds the lock. */
static void test_the_holder_waits_until_the_server_ends_its_old_connection(void **state)
{
    int64_t number = hold(*state, 290, 0);
    memory_locks->is_cut[number] = true;
    assert_true(unit_host_pass(2 * LOOK));
    assert_int_equal(memory_locks_holder(LOCK), number);
    memory_locks_end(number);
    assert_true(unit_host_pass(LOOK));
    assert_true(memory_locks_holder(LOCK) > number);
}

static void test_the_holder_waits_for_a_server_that_is_away(void **state)
{
    int64_t number = hold(*state, 290, 0);
    memory_locks->fails = true;
    memory_locks->is_cut[number] = true;
    memory_locks_end(number);
    assert_true(unit_host_pass(4 * LOOK));
    memory_locks->fails = false;
    assert_true(unit_host_pass(LOOK));
    assert_true(memory_locks_holder(LOCK) > number);
}

/* The holder cannot take the lock again at once, because it has no connection. It tries again. */
static void test_the_holder_tries_again_if_the_server_goes_away_meanwhile(void **state)
{
    int64_t number = hold(*state, 290, 0);
    memory_locks->is_cut[number] = true;
    memory_locks_end(number);
    memory_locks->fails_at = memory_locks->statements + 2; /* the look passes */
    assert_true(unit_host_pass(LOOK));
    assert_int_equal(memory_locks_holder(LOCK), 0);
    assert_true(unit_host_pass(LOOK));
    assert_true(memory_locks_holder(LOCK) > number);
    memory_locks_give(LOCK, 99); /* another host was quicker */
    assert_false(unit_host_pass(LOOK));
}

/* The lock was free when the holder looked, and another host took it before the holder could. */
static void test_the_holder_ends_if_another_host_takes_the_lock_first(void **state)
{
    int64_t number = hold(*state, 290, 0);
    memory_locks->is_cut[number] = true;
    memory_locks_end(number);
    memory_locks->refuses = true;
    assert_false(unit_host_pass(LOOK));
    assert_int_equal(memory_locks_holder(LOCK), 0);
}

/* ---- the leader's progress ---- */

static int told(void)
{
    int found = -1;
    for (int level = 0; level < LOCKS_LEVELS; level++) {
        char name[60];
        (void)snprintf(name, sizeof name, LOCK ".%d", level);
        if (memory_locks_holder(name) == 0)
            continue;
        assert_int_equal(found, -1); /* only one level is announced */
        assert_int_equal(memory_locks_holder(name), memory_locks_holder(LOCK));
        found = level;
    }
    return found;
}

/* The holder announces a level a minute early, so that the level is true until hosts read the next one. */
static void test_the_age_of_the_open_calls_is_announced(void **state)
{
    int64_t now = memory_locks->now;
    (void)hold(*state, 100000, now - 900);
    assert_int_equal(told(), 0);
    assert_true(unit_host_pass(LOOK));
    assert_int_equal(told(), 1); /* 905 and 60 seconds are more than 960 */
    lease(*state, 100000, now - 1800);
    assert_true(unit_host_pass(LOOK));
    assert_int_equal(told(), 1);
    assert_true(unit_host_pass(60));
    assert_int_equal(told(), 2);
    lease(*state, 100000, 0); /* unknown */
    assert_true(unit_host_pass(LOOK));
    assert_int_equal(told(), -1);
    lease(*state, 100000, memory_locks->now);
    assert_true(unit_host_pass(LOOK));
    assert_int_equal(told(), 0);
}

static void test_the_shortest_age_counts_as_known(void **state)
{
    memory_locks->now = 1000;
    (void)hold(*state, 290, 1);
    assert_int_equal(told(), 1);
}

static void test_a_level_in_use_is_announced_later(void **state)
{
    memory_locks_give(LOCK ".0", 99);
    (void)hold(*state, 290, memory_locks->now);
    assert_int_equal(memory_locks_holder(LOCK ".0"), 99);
    memory_locks_end(99);
    assert_true(unit_host_pass(LOOK));
    assert_int_equal(told(), 0);
}

static void test_after_a_new_connection_the_level_is_announced_again(void **state)
{
    int64_t number = hold(*state, 290, memory_locks->now);
    memory_locks->is_cut[number] = true;
    memory_locks_end(number);
    assert_true(unit_host_pass(2 * LOOK));
    assert_int_equal(told(), 0);
}

/* On such a server, taking a second lock would release the first. */
static void test_with_one_lock_per_connection_nothing_is_announced(void **state)
{
    memory_locks->one_each = true;
    (void)hold(*state, 290, memory_locks->now);
    assert_true(unit_host_pass(2 * LOOK));
    assert_int_equal(told(), -1);
    assert_int_not_equal(memory_locks_holder(LOCK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_host(test_the_lease_is_written_renewed_and_ended),
        on_host(test_a_note_of_this_host_names_its_connection),
        on_host(test_the_holder_takes_the_lock),
        on_host(test_the_holder_does_not_begin_if_another_host_has_the_lock),
        on_host(test_after_any_failed_statement_no_holder_has_the_lock),
        on_host(test_a_holder_killed_at_its_begin_is_an_error),
        on_host(test_a_holder_that_cannot_write_its_note_releases_the_lock),
        on_host(test_the_holder_ends_with_its_lease),
        on_host(test_a_renewed_lease_begins_again),
        on_host(test_a_renewed_lease_can_have_another_length),
        on_host(test_the_holder_ends_without_its_own_lease),
        on_host(test_the_holder_closes_the_files_of_the_run),
        on_host(test_a_signal_ends_the_holder),
        on_host(test_the_holder_ends_when_another_host_has_the_lock),
        on_host(test_after_a_broken_connection_the_holder_takes_the_lock_again),
        on_host(test_the_holder_waits_until_the_server_ends_its_old_connection),
        on_host(test_the_holder_waits_for_a_server_that_is_away),
        on_host(test_the_holder_tries_again_if_the_server_goes_away_meanwhile),
        on_host(test_the_holder_ends_if_another_host_takes_the_lock_first),
        on_host(test_the_age_of_the_open_calls_is_announced),
        on_host(test_the_shortest_age_counts_as_known),
        on_host(test_a_level_in_use_is_announced_later),
        on_host(test_after_a_new_connection_the_level_is_announced_again),
        on_host(test_with_one_lock_per_connection_nothing_is_announced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
