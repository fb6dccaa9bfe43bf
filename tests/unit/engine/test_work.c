/* Tests of work: the list of calls that a run will send. */
#include "../unit.h"

#include "engine/work.h"

static const struct call_record unknown = { .state = CALL_UNKNOWN };

static struct call call_of(const char *id, int64_t ended)
{
    return (struct call){ .id = id, .ended = ended };
}

static void add(struct work *work, const char *id, int64_t ended, bool recorded)
{
    struct call call = call_of(id, ended);
    work_add(work, &call, &unknown, recorded);
}

static void test_work_is_sorted_by_end_then_id(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        int64_t ended;
    } rows[] = { /* in order; the test adds them from the middle outwards */
        { "9", INT64_MIN }, { "z", -1 }, { "", 0 },        { "1.10", 100 }, { "1.9", 100 },
        { "A", 100 },       { "a", 100 }, { "\xFF", 100 }, { "0", 101 },    { "1", INT64_MAX },
    };
    struct work work = { .count = 0 };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        size_t k = (i * 7 + 3) % UNIT_COUNT(rows);
        add(&work, rows[k].id, rows[k].ended, k % 2 == 1);
    }
    work_sort(&work);
    assert_int_equal(work.count, UNIT_COUNT(rows));
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_text(rows[i].id, work.items[i]->call->id, rows[i].id);
        unit_same_int(rows[i].id, work.items[i]->call->ended, rows[i].ended);
        unit_same_int(rows[i].id, work.items[i]->recorded, i % 2 == 1);
        assert_null(work.items[i]->message.body);
        assert_null(work.items[i]->suspicion);
    }
    assert_ptr_equal(work_first_open(&work), work.items[0]);
    work_clear(&work);
}

static void test_the_first_open_call_is_found(void **state)
{
    (void)state;
    struct work work = { .count = 0 };
    assert_null(work_first_open(&work));
    add(&work, "a", 1, true);
    assert_null(work_first_open(&work));
    add(&work, "b", 2, false);
    add(&work, "c", 3, false);
    assert_string_equal(work_first_open(&work)->call->id, "b");
    work_clear(&work);
}

/* The index is rebuilt when the work grows, and finds each call by its id. */
static void test_the_later_version_of_a_call_counts(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct work work = { .count = 0 };
    char id[32];
    for (int round = 0; round < 3; round++) {
        static const int64_t ends[] = { 10, 20, 5 };
        for (int i = 0; i < COUNT; i++) {
            (void)snprintf(id, sizeof id, "%05d.1", COUNT - 1 - i);
            add(&work, id, ends[round], round == 0);
        }
        assert_int_equal(work.count, COUNT);
    }
    work_sort(&work);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(id, sizeof id, "%05d.1", i);
        unit_same_text(id, work.items[i]->call->id, id);
        unit_same_int(id, work.items[i]->call->ended, 20);
        unit_true(id, work.items[i]->recorded); /* the ledger still has the call */
    }
    add(&work, "00000.1", 20, false); /* the same end: the last row counts */
    assert_int_equal(work.count, COUNT);
    work_clear(&work);
}

static void test_with_the_same_end_the_last_row_counts(void **state)
{
    (void)state;
    struct work work = { .count = 0 };
    struct call call = call_of("a", 7);
    call.status = "NA";
    work_add(&work, &call, &unknown, false);
    call.status = "SALE";
    work_add(&work, &call, &unknown, false);
    assert_int_equal(work.count, 1);
    assert_string_equal(work.items[0]->call->status, "SALE");
    work_clear(&work);
}

static void test_work_copies_texts_of_any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = { 16000, 382, 1, 0, 16383, 16384, 2, 20000, 63, 8191, 8190, 8192, 70000 };
    static char text[70001];
    char id[16];
    static const struct call_shape shape = { .extras = { { .name = "comments" } } };
    struct call_record record = { .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 99 };
    struct work work = { .count = 0 };
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        memset(text, 'a' + (int)i, lengths[i]);
        text[lengths[i]] = '\0';
        (void)snprintf(id, sizeof id, "%zu", i);
        struct call call = { .id = id, .ended = (int64_t)i, .age = 77, .shape = &shape, .extras = { text } };
        work_add(&work, &call, &record, false);
    }
    memset(id, '!', sizeof id - 1);
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        char row[40], want[16], letter[2] = { (char)('a' + (int)i), '\0' };
        (void)snprintf(row, sizeof row, "%zu: %zu characters", i, lengths[i]);
        (void)snprintf(want, sizeof want, "%zu", i);
        const struct work_item *item = work.items[i];
        unit_same_text(row, item->call->id, want);
        unit_same_int(row, item->call->age, 77);
        unit_same_int(row, strlen(call_extra(item->call, "comments")), lengths[i]);
        unit_same_int(row, strspn(call_extra(item->call, "comments"), letter), lengths[i]);
        unit_same_int(row, (int64_t)item->record.fingerprint, 99);
        assert_null(item->call->status);
    }
    work_clear(&work);
}

static void test_cleared_work_can_be_used_again(void **state)
{
    (void)state;
    struct work work = { .count = 0 };
    work_sort(&work);
    work_clear(&work);
    add(&work, "1.1", 1, true);
    work_sort(&work);
    assert_int_equal(work.count, 1);
    work_clear(&work);
    assert_int_equal(work.count, 0);
    assert_int_equal(work.capacity, 0);
    assert_null(work.items);
    add(&work, "1.1", 2, false);
    assert_int_equal(work.items[0]->call->ended, 2);
    work_clear(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_is_sorted_by_end_then_id),
        cmocka_unit_test(test_the_first_open_call_is_found),
        cmocka_unit_test(test_the_later_version_of_a_call_counts),
        cmocka_unit_test(test_with_the_same_end_the_last_row_counts),
        cmocka_unit_test(test_work_copies_texts_of_any_length),
        cmocka_unit_test(test_cleared_work_can_be_used_again),
    };
    return cmocka_run_group_tests_name("work", tests, NULL, NULL);
}
