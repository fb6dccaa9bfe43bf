/* Tests of candidates: the growing list of calls. */
#include "../unit.h"

#include "domain/candidates.h"

static void test_candidates_sort_by_end_then_uniqueid(void **state)
{
    (void)state;
    static const struct {
        const char *uniqueid;
        int64_t end_epoch;
    } rows[] = { /* as sorted; added from the middle outwards below */
        { "9", INT64_MIN }, { "z", -1 },  { "", 0 },     { "1.10", 100 },    { "1.9", 100 },
        { "A", 100 },       { "a", 100 }, { "\xFF", 100 }, { "0", 101 },     { "0", INT64_MAX },
    };
    struct candidates list = { 0 };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        size_t k = (i * 7 + 3) % UNIT_COUNT(rows);
        if (k % 2 == 1)
            candidates_add_known(&list, rows[k].uniqueid, rows[k].end_epoch);
        else
            candidates_add(&list, rows[k].uniqueid, rows[k].end_epoch);
    }
    candidates_sort(&list);
    assert_int_equal(list.count, UNIT_COUNT(rows));
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_text(rows[i].uniqueid, list.items[i].uniqueid, rows[i].uniqueid);
        unit_same_int(rows[i].uniqueid, list.items[i].end_epoch, rows[i].end_epoch);
        unit_same_int(rows[i].uniqueid, list.items[i].settled, i % 2 == 1);
        assert_null(list.items[i].call);
    }
    candidates_clear(&list);
}

static void test_candidates_grow_and_copy_what_they_are_given(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    struct candidates list = { 0 };
    for (int i = 0; i < COUNT; i++) {
        char uniqueid[32];
        (void)snprintf(uniqueid, sizeof uniqueid, "%05d.1", COUNT - 1 - i);
        candidates_add(&list, uniqueid, 5);
    }
    assert_int_equal(list.count, COUNT);
    assert_true(list.capacity >= COUNT);
    candidates_sort(&list);
    for (int i = 0; i < COUNT; i++) {
        char want[32];
        (void)snprintf(want, sizeof want, "%05d.1", i);
        unit_same_text(want, list.items[i].uniqueid, want);
    }
    candidates_clear(&list);
}

static void test_candidates_keep_texts_of_any_length_whole(void **state)
{
    (void)state;
    static const size_t lengths[] = { 16000, 382, 1, 0, 16383, 16384, 1, 20000, 63, 8191, 8191, 8192, 0 };
    static char text[20001];
    struct candidates list = { 0 };
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        memset(text, 'a' + (int)i, lengths[i]);
        text[lengths[i]] = '\0';
        candidates_add(&list, text, (int64_t)i);
    }
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        char row[32], letter[2] = { (char)('a' + (int)i), '\0' };
        (void)snprintf(row, sizeof row, "%zu: %zu characters", i, lengths[i]);
        unit_same_int(row, strlen(list.items[i].uniqueid), lengths[i]);
        unit_same_int(row, strspn(list.items[i].uniqueid, letter), lengths[i]);
    }
    candidates_clear(&list);
}

static void test_candidates_keep_whole_rows(void **state)
{
    (void)state;
    char comment[70000], id[] = "1700000000.2";
    memset(comment, 'x', sizeof comment - 1);
    comment[sizeof comment - 1] = '\0';
    static const struct call_shape shape = { .extras = { { .name = "comments" } } };
    struct call call = { .id = id, .ended = 1700000000, .age = 77, .shape = &shape };
    struct candidates list = { 0 };
    for (int i = 0; i < 200; i++) { /* long ones among short ones, so that blocks of both kinds are filled */
        call.extras[0] = i % 50 == 7 ? comment : i % 2 == 0 ? "" : NULL;
        candidates_add_row(&list, &call);
    }
    memset(id, '!', sizeof id - 1); /* the list has copies */
    assert_int_equal(list.count, 200);
    for (int i = 0; i < 200; i++) {
        char row[32];
        (void)snprintf(row, sizeof row, "row %d", i);
        const struct candidate *item = &list.items[i];
        unit_same_text(row, item->uniqueid, "1700000000.2");
        unit_same_int(row, item->end_epoch, 1700000000);
        unit_same_int(row, item->call->age, 77);
        unit_same_text(row, call_extra(item->call, "comments"), i % 50 == 7 ? comment : i % 2 == 0 ? "" : NULL);
        assert_null(item->call->status);
        unit_same_int(row, item->settled, false);
    }
    call.ended = 0; /* one that is still running */
    candidates_add_row(&list, &call);
    assert_int_equal(list.items[200].end_epoch, 0);
    candidates_clear(&list);
}

static void test_candidates_may_be_empty_and_used_again(void **state)
{
    (void)state;
    struct candidates list = { 0 };
    candidates_sort(&list);
    candidates_clear(&list);
    candidates_add_known(&list, "1.1", 1);
    candidates_sort(&list);
    assert_int_equal(list.count, 1);
    candidates_clear(&list);
    assert_int_equal(list.count, 0);
    assert_int_equal(list.capacity, 0);
    assert_null(list.items);
    candidates_add(&list, "1.2", 2);
    assert_string_equal(list.items[0].uniqueid, "1.2");
    candidates_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_candidates_sort_by_end_then_uniqueid),
        cmocka_unit_test(test_candidates_grow_and_copy_what_they_are_given),
        cmocka_unit_test(test_candidates_keep_texts_of_any_length_whole),
        cmocka_unit_test(test_candidates_keep_whole_rows),
        cmocka_unit_test(test_candidates_may_be_empty_and_used_again),
    };
    return cmocka_run_group_tests_name("candidates", tests, NULL, NULL);
}
