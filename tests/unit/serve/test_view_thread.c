/* Tests of view_thread: it feeds by itself, comes back after a failure, and ends at once. */
#include "view_scene.h"

#include "serve/view_thread.h"

static char problem[VIEW_THREAD_PROBLEM_SIZE];

static void put_in(int ledger, const char *id)
{
    const struct scene_call call = { id, "CAMP", "5551234", "6001", "SALE", "answered", 1000, 10, CALL_ACCEPTED,
                                     CALL_OUTBOUND, NULL };
    put_call(ledger, &call);
    commit(ledger);
}

static void put_id(const char *id)
{
    put_in(0, id);
}

/* The test's time limit ends a wait for what never comes. */
static void wait_for(int64_t calls)
{
    const struct view_filter none = { .profile = NULL };
    for (int64_t count = -1; count != calls; (void)usleep(5000))
        if (view_count(view, &none, &count, &err) != 0)
            assert_int_equal(err.code, EX_TEMPFAIL);
}

static void test_view_thread_follows_the_ledgers_until_it_is_stopped(void **state)
{
    (void)state;
    struct view_thread *thread = NULL;
    view_feed_close(feed);
    feed = NULL;
    put_id("a");
    assert_int_equal(view_thread_start(view_path, profiles, LEDGERS, &thread, &err), 0);
    wait_for(1);
    int64_t before = __atomic_load_n(view_thread_changes(thread), __ATOMIC_RELAXED);
    put_id("b");
    wait_for(2);
    while (__atomic_load_n(view_thread_changes(thread), __ATOMIC_RELAXED) == before)
        (void)usleep(5000);
    assert_string_equal(view_thread_problem(thread, problem), "");
    view_thread_stop(thread);
}

static void test_view_thread_changes_its_profiles(void **state)
{
    (void)state;
    struct view_thread *thread = NULL;
    view_feed_close(feed);
    feed = NULL;
    put_in(0, "a");
    put_in(1, "b");
    put_in(1, "c");
    assert_int_equal(view_thread_start(view_path, &profiles[0], 1, &thread, &err), 0);
    wait_for(1);
    int64_t before = __atomic_load_n(view_thread_changes(thread), __ATOMIC_RELAXED);
    assert_int_equal(view_thread_change(thread, profiles, 2, &err), 0);
    wait_for(3);
    assert_int_equal(view_thread_change(thread, &profiles[1], 1, &err), 0);
    wait_for(2);
    assert_true(__atomic_load_n(view_thread_changes(thread), __ATOMIC_RELAXED) > before); /* it never falls */
    view_thread_stop(thread);
}

static void test_view_thread_tells_why_it_cannot_write(void **state)
{
    struct view_thread *thread = NULL;
    assert_int_equal(
        view_thread_start(unit_path(*state, "missing/view.db"), profiles, LEDGERS, &thread, &err), 0);
    while (*view_thread_problem(thread, problem) == '\0')
        (void)usleep(5000);
    unit_has("problem", problem, "missing/view.db");
    assert_int_equal(mkdir(unit_path(*state, "missing"), 0700), 0);
    while (*view_thread_problem(thread, problem) != '\0')
        (void)usleep(5000);
    view_thread_stop(thread); /* does not wait for its next step */
    view_thread_stop(NULL);
    assert_string_equal(view_thread_problem(NULL, problem), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_view_thread_follows_the_ledgers_until_it_is_stopped),
        in_scene(test_view_thread_changes_its_profiles),
        in_scene(test_view_thread_tells_why_it_cannot_write),
    };
    return cmocka_run_group_tests_name("view_thread", tests, NULL, NULL);
}
