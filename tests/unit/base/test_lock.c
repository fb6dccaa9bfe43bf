/* Tests of lock: one run at a time. */
#include "../unit.h"

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/lock.h"

enum { GOT_IT = 10, ANOTHER_HAS_IT = 11, FAILED = 12 };

/* What a second process gets. */
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

/* Starts a process that takes the lock, says for how long if that is not 0, and holds it for ever. Returns when it has
 * done so. */
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
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* when a test fails nobody else ends it */
        byte = lock_acquire(directory, 0, &lock, &err) == 0 && lock != NULL ? 'y' : 'n';
        if (byte == 'y' && longest_sec != 0)
            lock_say_longest(lock, longest_sec);
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

/* Starts a process that kills the holder in a moment. */
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
    assert_int_equal(try_in_another_process(*state), ANOTHER_HAS_IT); /* a failed try takes nothing away */
    lock_release(lock);
    assert_int_equal(try_in_another_process(*state), GOT_IT);
    assert_int_equal(try_in_another_process(*state), GOT_IT);
}

static void test_lock_is_refused_to_a_second_taker_in_the_same_process(void **state)
{
    struct lock *first = NULL, *second = (struct lock *)1;
    struct err err;
    assert_int_equal(lock_acquire(*state, 0, &first, &err), 0);
    assert_int_equal(lock_acquire(*state, 0, &second, &err), 0);
    assert_null(second);
    lock_release(first);
    lock_release(NULL);
}

static void test_lock_ends_with_a_killed_process(void **state)
{
    struct lock *lock = (struct lock *)1;
    struct err err;
    pid_t holder = start_holder(*state);
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), 0);
    assert_null(lock);
    end_holder(holder);
    assert_true(unit_exists(unit_path(*state, "lock"))); /* the file stays, and means nothing */
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), 0);
    assert_non_null(lock);
    lock_release(lock);
}

static void test_lock_waits_as_long_as_it_is_told_and_no_longer(void **state)
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

static void test_lock_is_taken_while_waiting_as_soon_as_it_is_free(void **state)
{
    for (int after_run = 0; after_run <= 1; after_run++) {
        struct lock *lock = NULL;
        struct err err;
        pid_t holder = start_holder(*state), killer = start_killer(holder);
        int64_t started = clock_mono_ms();
        if (after_run)
            assert_int_equal(lock_acquire_after_run(*state, &lock, &err), 0);
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

static void test_lock_is_waited_for_as_long_as_its_holder_has_said(void **state)
{
    for (int64_t said = 1; said <= 2; said++) {
        struct lock *lock = NULL;
        struct err err = { .message = "" };
        pid_t holder = start_holder_for(*state, said);
        int64_t started = clock_mono_ms();
        int result = lock_acquire_after_run(*state, &lock, &err);
        int64_t waited = clock_mono_ms() - started;
        end_holder(holder);
        assert_int_equal(result, -1);
        assert_int_equal(err.code, EX_TEMPFAIL);
        unit_has("message", err.message, said == 1 ? "after 1 seconds" : "after 2 seconds");
        unit_in_range(waited, said * 1000, 30000);
    }
}

static void test_lock_forgets_what_its_last_holder_has_said(void **state)
{
    struct lock *lock = NULL;
    struct err err;
    assert_int_equal(lock_acquire(*state, 0, &lock, &err), 0);
    lock_say_longest(lock, 4711);
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

static void test_lock_says_what_is_in_its_way(void **state)
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
    assert_int_equal(lock_acquire_after_run(unit_path(*state, "missing"), &lock, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
}

static void test_lock_of_another_user_is_77(void **state)
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
        unit_test_in_directory(test_lock_is_refused_to_a_second_taker_in_the_same_process),
        unit_test_in_directory(test_lock_ends_with_a_killed_process),
        unit_test_in_directory(test_lock_waits_as_long_as_it_is_told_and_no_longer),
        unit_test_in_directory(test_lock_is_taken_while_waiting_as_soon_as_it_is_free),
        unit_test_in_directory(test_lock_file_is_0640),
        unit_test_in_directory(test_lock_is_waited_for_as_long_as_its_holder_has_said),
        unit_test_in_directory(test_lock_forgets_what_its_last_holder_has_said),
        unit_test_in_directory(test_lock_says_what_is_in_its_way),
        unit_test_in_directory(test_lock_of_another_user_is_77),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
