/* Tests of spool: how much room the recordings on their way have. */
#include "../unit.h"

#include "recording/spool.h"

static bool wants_none(void *context, const char *call)
{
    (void)context;
    (void)call;
    return false;
}

static void test_room_is_bounded_by_the_limit_and_by_what_is_reserved(void **state)
{
    struct spool spool;
    struct err err;
    assert_int_equal(spool_open(*state, SPOOL_ON_THEIR_WAY, 1000, wants_none, NULL, &spool, &err), 0);
    assert_true(spool_has_room(&spool, 1000));
    assert_false(spool_has_room(&spool, 1001));
    spool_reserve(&spool, 600);
    assert_true(spool_has_room(&spool, 400));
    assert_false(spool_has_room(&spool, 401));
    spool_fill(&spool, 200); /* written, so the room is still used */
    assert_false(spool_has_room(&spool, 401));
    spool_reserve(&spool, -400);
    assert_true(spool_has_room(&spool, 800));
    assert_false(spool_has_room(&spool, 801));
    spool_close(&spool);
}

/* The ledger may be on the same disk. */
static void test_room_is_bounded_by_the_disk(void **state)
{
    struct spool spool;
    struct err err;
    assert_int_equal(spool_open(*state, SPOOL_ON_THEIR_WAY, INT64_MAX, wants_none, NULL, &spool, &err), 0);
    assert_false(spool_has_room(&spool, INT64_MAX / 4)); /* no disk is so large */
    assert_true(spool_has_room(&spool, 1));
    spool.reserved = INT64_MAX / 4;
    assert_false(spool_has_room(&spool, 1));
    spool_close(&spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_room_is_bounded_by_the_limit_and_by_what_is_reserved),
        unit_test_in_directory(test_room_is_bounded_by_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
