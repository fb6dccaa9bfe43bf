/* Tests of arena: memory that is freed at once. */
#include "../unit.h"

#include "base/arena.h"

static void test_an_arena_gives_zeroed_memory_that_does_not_overlap(void **state)
{
    struct arena arena = { .last = NULL };
    unsigned char *blocks[200];
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(blocks); i++) {
        size_t size = i % 10 == 9 ? 40000 : 7 * i + 1;
        blocks[i] = arena_zero(&arena, size, 1);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(blocks[i][at], 0);
        memset(blocks[i], (int)i, size);
    }
    for (size_t i = 0; i < UNIT_COUNT(blocks); i++)
        assert_int_equal(blocks[i][i % 10 == 9 ? 39999 : 7 * i], i);
    arena_free(&arena);
    assert_null(arena.last);
    arena_free(&arena);
}

static void test_an_arena_keeps_texts(void **state)
{
    struct arena arena = { .last = NULL };
    (void)state;
    assert_string_equal(arena_copy(&arena, "abc", 2), "ab");
    assert_string_equal(arena_copy(&arena, "", 0), "");
    assert_string_equal(arena_format(&arena, "%s-%d", "x", 5), "x-5");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_arena_gives_zeroed_memory_that_does_not_overlap),
        cmocka_unit_test(test_an_arena_keeps_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
