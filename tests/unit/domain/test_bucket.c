/* Tests of bucket: the calls that a rate allows, by a simulated clock. */
#include "../unit.h"

#include "domain/bucket.h"

/* The number of calls that may be sent at once. */
static int64_t room_of(struct bucket *bucket, int64_t now_ms)
{
    int64_t least = 0, most = bucket->rate;
    while (least < most) {
        int64_t middle = (least + most + 1) / 2;
        if (bucket_wait_ms(bucket, middle, now_ms) == 0)
            least = middle;
        else
            most = middle - 1;
    }
    return least;
}

static void test_bucket_holds_the_tokens_of_one_second(void **state)
{
    (void)state;
    static const int64_t rates[] = { 1, 2, 50, 100, 100000 };
    for (size_t i = 0; i < UNIT_COUNT(rates); i++) {
        struct bucket bucket = bucket_start(rates[i], 5000);
        unit_same_int("at once", room_of(&bucket, 5000), rates[i]);
        unit_same_int("after a wait of an hour", room_of(&bucket, 5000 + 3600000), rates[i]);
        bucket_take(&bucket, rates[i], 3605000);
        unit_same_int("when it is empty", room_of(&bucket, 3605000), 0);
        unit_same_int("almost a second later", room_of(&bucket, 3605999), rates[i] * 999 / 1000);
        unit_same_int("a second later", room_of(&bucket, 3606000), rates[i]);
    }
}

static void test_bucket_never_exceeds_the_rate_by_more_than_one_second(void **state)
{
    (void)state;
    static const int64_t rates[] = { 1, 3, 7, 50, 450 };
    for (size_t i = 0; i < UNIT_COUNT(rates); i++) {
        struct bucket bucket = bucket_start(rates[i], 0);
        int64_t sent = 0;
        uint32_t random = 1;
        for (int64_t now_ms = 0; now_ms < 60000; now_ms += random >> 23) { /* steps of up to half a second */
            random = random * 1664525 + 1013904223;
            int64_t room = room_of(&bucket, now_ms);
            bucket_take(&bucket, room, now_ms);
            sent += room;
            unit_in_range(sent, 0, rates[i] + now_ms * rates[i] / 1000);
        }
        /* The rate is reached as well. At one call a second the full bucket loses the rest of a step. */
        unit_in_range(sent, rates[i] > 1 ? rates[i] * 58 : 40, rates[i] * 61);
    }
}

static void test_bucket_returns_the_time_to_wait(void **state)
{
    (void)state;
    static const struct {
        int64_t rate, taken, wanted, want_ms;
    } rows[] = {
        { 100, 0, 100, 0 },    { 100, 100, 1, 10 },  { 100, 100, 100, 1000 }, { 100, 50, 50, 0 },
        { 100, 50, 51, 10 },   { 100, 0, 500, 0 },   { 100, 10, 500, 100 },   { 3, 3, 1, 334 },
        { 2, 100, 1, 49500 },  { 1, 1, 1, 1000 },    { 0, 1000000, 500, 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[40];
        (void)snprintf(row, sizeof row, "row %zu", i);
        struct bucket bucket = bucket_start(rows[i].rate, 1000);
        bucket_take(&bucket, rows[i].taken, 1000);
        int64_t wait_ms = bucket_wait_ms(&bucket, rows[i].wanted, 1000);
        unit_same_int(row, wait_ms, rows[i].want_ms);
        unit_same_int(row, bucket_wait_ms(&bucket, rows[i].wanted, 1000 + wait_ms), 0);
    }
}

static void test_bucket_ignores_a_clock_that_stands_still_or_goes_back(void **state)
{
    (void)state;
    struct bucket bucket = bucket_start(10, 5000);
    bucket_take(&bucket, 10, 5000);
    assert_int_equal(room_of(&bucket, 1000), 0);
    assert_int_equal(room_of(&bucket, 5000), 0);
    assert_int_equal(room_of(&bucket, 5500), 5);
}

static void test_bucket_has_no_limit_without_a_rate(void **state)
{
    (void)state;
    struct bucket bucket = bucket_start(0, 0);
    bucket_take(&bucket, 1000000, 0);
    assert_int_equal(bucket_wait_ms(&bucket, 1000000, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket_holds_the_tokens_of_one_second),
        cmocka_unit_test(test_bucket_never_exceeds_the_rate_by_more_than_one_second),
        cmocka_unit_test(test_bucket_returns_the_time_to_wait),
        cmocka_unit_test(test_bucket_ignores_a_clock_that_stands_still_or_goes_back),
        cmocka_unit_test(test_bucket_has_no_limit_without_a_rate),
    };
    return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
