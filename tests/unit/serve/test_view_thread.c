/* Tests of view_thread: it feeds by itself, comes back after a failure, and ends at once. */
#include "view_scene.h"

#include <pthread.h>

#include "serve/view_thread.h"

static char problem[1024];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void on_problem(void *context, const char *text)
{
    (void)context;
    (void)pthread_mutex_lock(&mutex);
    (void)snprintf(problem, sizeof problem, "%s", text);
    (void)pthread_mutex_unlock(&mutex);
}

static bool has_problem(void)
{
    (void)pthread_mutex_lock(&mutex);
    bool has = *problem != '\0';
    (void)pthread_mutex_unlock(&mutex);
    return has;
}

static void put_id(const char *id)
{
    const struct scene_call call = { id, "CAMP", "5551234", "6001", "SALE", "answered", 1000, 10, CALL_ACCEPTED,
                                     CALL_OUTBOUND, NULL };
    put_call(0, &call);
    commit(0);
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
    assert_int_equal(view_thread_start(view_path, profiles, LEDGERS, on_problem, NULL, &thread, &err), 0);
    wait_for(1);
    int64_t before = __atomic_load_n(view_thread_changes(thread), __ATOMIC_RELAXED);
    put_id("b");
    wait_for(2);
    while (__atomic_load_n(view_thread_changes(thread), __ATOMIC_RELAXED) == before)
        (void)usleep(5000);
    view_thread_stop(thread);
    assert_false(has_problem());
}

static void test_view_thread_tells_why_it_cannot_write(void **state)
{
    (void)state;
    struct view_thread *thread = NULL;
    assert_int_equal(
        view_thread_start(unit_path(*state, "missing/view.db"), profiles, LEDGERS, on_problem, NULL, &thread, &err), 0);
    while (!has_problem())
        (void)usleep(5000);
    view_thread_stop(thread); /* does not wait for its next try */
    unit_has("problem", problem, "missing/view.db");
    view_thread_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_view_thread_follows_the_ledgers_until_it_is_stopped),
        in_scene(test_view_thread_tells_why_it_cannot_write),
    };
    return cmocka_run_group_tests_name("view_thread", tests, NULL, NULL);
}
