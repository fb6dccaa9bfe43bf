/* Tests of connections: who may come in, and who must go. */
#include "../unit.h"

#include "serve/connections.h"

static struct connections all;

static int empty(void **state)
{
    (void)state;
    while (all.first != NULL)
        connections_remove(&all, all.first);
    assert_int_equal(all.count, 0);
    return 0;
}

static void fill(int count, bool has_request)
{
    for (int i = 0; i < count; i++)
        connections_set_request(connections_add(&all, i, "127.0.0.1", true, 0), has_request, 1000 + i);
}

static void test_connections_of_an_address_are_limited_and_those_of_this_host_are_not(void **state)
{
    struct connection *victim = NULL;
    (void)state;
    for (int i = 0; i < CONNECTIONS_MOST_OF_ADDRESS; i++) {
        assert_true(connections_admit(&all, "192.0.2.1", false, &victim));
        (void)connections_add(&all, i, "192.0.2.1", false, 0);
    }
    assert_false(connections_admit(&all, "192.0.2.1", false, &victim));
    assert_true(connections_admit(&all, "192.0.2.11", false, &victim));
    assert_true(connections_admit(&all, "192.0.2.1", true, &victim));
    connections_dismiss(&all, all.first); /* one that leaves does not count */
    assert_true(connections_admit(&all, "192.0.2.1", false, &victim));
    assert_null(victim);
}

static void test_connections_when_full_the_longest_waiting_one_gives_way(void **state)
{
    struct connection *victim = NULL;
    (void)state;
    fill(CONNECTIONS_MOST - 1, false);
    assert_true(connections_admit(&all, "127.0.0.1", true, &victim));
    assert_null(victim);
    fill(1, true); /* it has a request since 1000, which is as long as the longest wait */
    assert_true(connections_admit(&all, "127.0.0.1", true, &victim));
    assert_non_null(victim);
    assert_int_equal(victim->since_ms, 1000);
    assert_false(victim->has_request);
    connections_dismiss(&all, victim);
    connections_dismiss(&all, victim); /* twice is once */
    assert_int_equal(all.count, CONNECTIONS_MOST - 1);
}

static void test_connections_with_requests_never_give_way(void **state)
{
    struct connection *victim = NULL;
    (void)state;
    fill(CONNECTIONS_MOST, true);
    assert_false(connections_admit(&all, "127.0.0.1", true, &victim));
    assert_null(victim);
}

static void test_connections_without_a_whole_request_are_late_after_their_time(void **state)
{
    (void)state;
    struct connection *slow = connections_add(&all, 1, "192.0.2.1", false, 5000);
    struct connection *busy = connections_add(&all, 2, "192.0.2.1", false, 0);
    connections_set_request(busy, true, 0);
    assert_null(connections_late(&all, 5000 + CONNECTIONS_REQUEST_MS));
    assert_ptr_equal(connections_late(&all, 5001 + CONNECTIONS_REQUEST_MS), slow);
    connections_dismiss(&all, slow);
    assert_null(connections_late(&all, 5001 + CONNECTIONS_REQUEST_MS));
    connections_set_request(busy, false, 90000); /* its time begins when the reply has ended */
    assert_null(connections_late(&all, 90000 + CONNECTIONS_REQUEST_MS));
    assert_ptr_equal(connections_late(&all, 90001 + CONNECTIONS_REQUEST_MS), busy);
}

static void test_connections_are_removed_in_any_order(void **state)
{
    struct connection *made[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        made[i] = connections_add(&all, i, "192.0.2.1", false, 0);
    connections_dismiss(&all, made[1]);
    connections_remove(&all, made[1]);
    assert_int_equal(all.count, 2);
    connections_remove(&all, made[0]);
    connections_remove(&all, made[2]);
    assert_null(all.first);
    assert_int_equal(all.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_connections_of_an_address_are_limited_and_those_of_this_host_are_not, empty),
        cmocka_unit_test_teardown(test_connections_when_full_the_longest_waiting_one_gives_way, empty),
        cmocka_unit_test_teardown(test_connections_with_requests_never_give_way, empty),
        cmocka_unit_test_teardown(test_connections_without_a_whole_request_are_late_after_their_time, empty),
        cmocka_unit_test_teardown(test_connections_are_removed_in_any_order, empty),
    };
    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
