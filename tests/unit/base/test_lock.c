/* Tests of lock: one run at a time. */
#include "../unit.h"

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/lock.h"

enum { GOT_IT = 10, ANOTHER_HAS_IT = 11, FAILED = 12 };

/* Tries to take the lock in another process; returns one of the values above. */
static int try_in_another_process(const char *directory)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct lock *lock = NULL;
        struct err err;
        if (lock_acquire(directory, 0, &lock, &err) != 0)
            _exit(FAILED);
        _exit(lock != NULL ? GOT_IT : ANOTHER_HAS_IT);
    }
    return unit_wait(child);
}

/* Starts a process that takes the lock, announces longest_sec unless it is 0, and keeps the lock until it is killed.
 * Returns when the process has the lock. */
static pid_t start_holder_for(const char *directory, int64_t longest_sec)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct lock *lock = NULL;
        struct err err;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* so that the kernel ends this process if a test fails */
        byte = lock_acquire(directory, 0, &lock, &err) == 0 && lock != NULL ? 'y' : 'n';
        if (byte == 'y' && longest_sec != 0)
            lock_announce_longest_hold(lock, longest_sec);
        (void)!write(ready[1], &byte, 1);
        for (;;)
            (void)pause();
    }
    assert_true(child > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    assert_int_equal(byte, 'y');
    return child;
}

static pid_t start_holder(const char *directory)
{
    return start_holder_for(directory, 0);
}

static void end_holder(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(unit_wait(child), -1);
}

/* Starts a process that kills the holder after 300 ms. */
static pid_t start_killer(pid_t holder)
{
    (void)fflush(NULL);
    pid_t killer = fork();
    if (killer == 0) {
        struct timespec moment = { .tv_nsec = 300L * 1000 * 1000 };
        (void)nanosleep(&moment, NULL);
        _exit(kill(holder, SIGKILL) == 0 ? 0 : 1);
    }
    return killer;
}

static void test_lock_is_for_one_process_at_a_time(void **state)
{
    struct lock *lock = NULL;
    struct err err;
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), 0);
    assert_non_null(lock);
    assert_int_equal(try_in_another_process(*state), ANOTHER_HAS_IT);
    assert_int_equal(try_in_another_process(*state), ANOTHER_HAS_IT); /* the failed attempt did not release the lock */
    lock_release(lock);
    assert_int_equal(try_in_another_process(*state), GOT_IT);
    assert_int_equal(try_in_another_process(*state), GOT_IT);
}

static void test_lock_refuses_a_second_lock_in_the_same_process(void **state)
{
    struct lock *first = NULL, *second = (struct lock *)1;
    struct err err;
    assert_int_equal(lock_acquire(*state, 0, &first, &err), 0);
    assert_int_equal(lock_acquire(*state, 0, &second, &err), 0);
    assert_null(second);
    lock_release(first);
    lock_release(NULL);
}

static void test_lock_is_released_when_its_process_is_killed(void **state)
{
    struct lock *lock = (struct lock *)1;
    struct err err;
    pid_t holder = start_holder(*state);
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), 0);
    assert_null(lock);
    end_holder(holder);
    assert_true(unit_exists(unit_path(*state, "lock"))); /* the file stays, without a lock on it */
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), 0);
    assert_non_null(lock);
    lock_release(lock);
}

static void test_lock_waits_for_wait_sec_and_no_longer(void **state)
{
    struct lock *lock = NULL;
    struct err err;
    pid_t holder = start_holder(*state);
    int64_t started = clock_mono_ms();
    assert_int_equal(lock_acquire(*state, 1, &lock, &err), 0);
    int64_t waited = clock_mono_ms() - started;
    end_holder(holder);
    assert_null(lock);
    unit_in_range(waited, 1000, 5000);
}

static void test_lock_is_acquired_as_soon_as_the_holder_ends(void **state)
{
    for (int after_run = 0; after_run <= 1; after_run++) {
        struct lock *lock = NULL;
        struct err err;
        pid_t holder = start_holder(*state), killer = start_killer(holder);
        int64_t started = clock_mono_ms();
        if (after_run)
            assert_int_equal(lock_acquire_for_command(*state, &lock, &err), 0);
        else
            assert_int_equal(lock_acquire(*state, 30, &lock, &err), 0);
        int64_t waited = clock_mono_ms() - started;
        assert_int_equal(unit_wait(killer), 0);
        assert_int_equal(unit_wait(holder), -1);
        assert_non_null(lock);
        unit_in_range(waited, 200, 10000);
        assert_int_equal(try_in_another_process(*state), ANOTHER_HAS_IT);
        lock_release(lock);
    }
}

static void test_lock_for_command_waits_as_long_as_the_holder_announced(void **state)
{
    for (int64_t said = 1; said <= 2; said++) {
        struct lock *lock = NULL;
        struct err err = { .message = "" };
        pid_t holder = start_holder_for(*state, said);
        int64_t started = clock_mono_ms();
        int result = lock_acquire_for_command(*state, &lock, &err);
        int64_t waited = clock_mono_ms() - started;
        end_holder(holder);
        assert_int_equal(result, -1);
        assert_int_equal(err.code, EX_TEMPFAIL);
        unit_has("message", err.message, said == 1 ? "after 1 seconds" : "after 2 seconds");
        unit_in_range(waited, said * 1000, 30000);
    }
}

static void test_lock_clears_the_note_of_the_last_holder(void **state)
{
    struct lock *lock = NULL;
    struct err err;
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), 0);
    lock_announce_longest_hold(lock, 4711);
    char *text = unit_read(unit_path(*state, "lock"));
    unit_same_text("said", text, "4711\n");
    free(text);
    lock_release(lock);
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), 0);
    text = unit_read(unit_path(*state, "lock"));
    unit_same_text("forgotten", text, "");
    free(text);
    lock_release(lock);
}

static void test_lock_file_is_0640(void **state)
{
    struct lock *lock = NULL;
    struct err err;
    mode_t mask = umask(0);
    int result = lock_acquire(*state, 0, &lock, &err);
    (void)umask(mask);
    assert_int_equal(result, 0);
    assert_int_equal(unit_mode(unit_path(*state, "lock")), 0640);
    lock_release(lock);
}

static void test_lock_error_names_the_obstacle(void **state)
{
    struct lock *lock = (struct lock *)1;
    struct err err = { .message = "" };
    unit_write(unit_path(*state, "target"), "");
    assert_int_equal(symlink("target", unit_path(*state, "lock")), 0);
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), -1);
    assert_null(lock);
    assert_int_equal(err.code, EX_IOERR);
    unit_has("link", err.message, "symbolic link");
    unit_has("link", err.message, unit_path(*state, "lock"));

    assert_int_equal(unlink(unit_path(*state, "lock")), 0);
    assert_int_equal(mkdir(unit_path(*state, "lock"), 0755), 0);
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    assert_int_equal(lock_acquire(unit_path(*state, "missing"), 0, &lock, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    assert_int_equal(lock_acquire_for_command(unit_path(*state, "missing"), &lock, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
}

static void test_lock_of_another_user_exits_77(void **state)
{
    struct lock *lock = NULL;
    struct err err = { .message = "" };
    unit_write(unit_path(*state, "lock"), "");
    assert_int_equal(chmod(unit_path(*state, "lock"), 0), 0);
    unit_act_as_nobody();
    int result = lock_acquire(*state, 0, &lock, &err);
    unit_act_as_self();
    assert_int_equal(result, -1);
    assert_int_equal(err.code, EX_NOPERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_lock_is_for_one_process_at_a_time),
        unit_test_in_directory(test_lock_refuses_a_second_lock_in_the_same_process),
        unit_test_in_directory(test_lock_is_released_when_its_process_is_killed),
        unit_test_in_directory(test_lock_waits_for_wait_sec_and_no_longer),
        unit_test_in_directory(test_lock_is_acquired_as_soon_as_the_holder_ends),
        unit_test_in_directory(test_lock_file_is_0640),
        unit_test_in_directory(test_lock_for_command_waits_as_long_as_the_holder_announced),
        unit_test_in_directory(test_lock_clears_the_note_of_the_last_holder),
        unit_test_in_directory(test_lock_error_names_the_obstacle),
        unit_test_in_directory(test_lock_of_another_user_exits_77),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
