/* Tests of api_seen: the ids of a pass, and those that are new. */
#include <stdio.h>

#include "../unit.h"

#include "source/api_seen.h"

static void test_api_seen_counts_ids_of_passes(void **state)
{
    (void)state;
    struct api_seen seen = { .count = 0 };
    char id[24];
    for (int pass = 0; pass < 3; pass++) {
        api_seen_begin(&seen);
        for (int i = 0; i < 5000 + pass; i++) {
            (void)snprintf(id, sizeof id, "id %d", i);
            assert_true(api_seen_add(&seen, id));
            assert_false(api_seen_add(&seen, id));
        }
        assert_int_equal(seen.of_pass, 5000 + pass);
        assert_int_equal(seen.new_of_pass, pass == 0 ? 5000 : 1);
    }
    api_seen_clear(&seen);
    assert_int_equal(seen.count, 0);
    api_seen_clear(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_seen_counts_ids_of_passes),
    };
    return cmocka_run_group_tests_name("api_seen", tests, NULL, NULL);
}
