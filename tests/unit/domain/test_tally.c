/* Tests of tally: the counters and their names. */
#include "../unit.h"

#include "domain/tally.h"

#define MOST 64

struct counters {
    struct {
        char name[32], label[64];
        int64_t value;
    } items[MOST];
    int count, calls, refuse_at;
};

static int take(void *context, const char *name, const char *label, int64_t value, struct err *err)
{
    struct counters *counters = context;
    if (++counters->calls == counters->refuse_at)
        return err_set(err, EX_IOERR, "refused");
    assert_true(counters->count < MOST);
    (void)snprintf(counters->items[counters->count].name, sizeof counters->items[0].name, "%s", name);
    (void)snprintf(counters->items[counters->count].label, sizeof counters->items[0].label, "%s", label);
    counters->items[counters->count++].value = value;
    return 0;
}

static struct counters hand_out(const struct tally *tally)
{
    struct counters counters = { .count = 0 };
    struct err err;
    assert_int_equal(tally_each(tally, take, &counters, &err), 0);
    return counters;
}

/* The value of one counter; 0 if it was not reported. */
static int64_t value_of(const struct counters *counters, const char *name, const char *label)
{
    for (int i = 0; i < counters->count; i++)
        if (strcmp(counters->items[i].name, name) == 0 && strcmp(counters->items[i].label, label) == 0)
            return counters->items[i].value;
    return 0;
}

static void test_tally_reports_nothing_while_it_is_empty(void **state)
{
    (void)state;
    const struct tally tally = { .resent = 0 };
    assert_int_equal(hand_out(&tally).count, 0);
}

static void test_tally_counts_answers_by_status(void **state)
{
    (void)state;
    static const struct {
        int64_t status;
        const char *label;
    } rows[] = { { 200, "200" }, { 429, "429" }, { 599, "599" }, { 1, "1" }, { 0, "0" }, { -1, "0" }, { 600, "0" },
                 { 999, "0" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct tally tally = { .resent = 0 };
        tally_answer(&tally, rows[i].status, -1.0);
        tally_answer(&tally, rows[i].status, -1.0);
        struct counters counters = hand_out(&tally);
        unit_same_int(rows[i].label, counters.count, 1); /* a time below 0 is not counted */
        unit_same_int(rows[i].label, value_of(&counters, TALLY_ANSWERS, rows[i].label), 2);
    }
}

static void test_tally_counts_a_time_for_the_first_bound_above_it(void **state)
{
    (void)state;
    static const struct {
        double took_ms;
        const char *label;
        int64_t sum;
    } rows[] = { { 0.0, "5", 0 },
                 { 5.4, "5", 5 },
                 { 5.5, "10", 6 },
                 { 10.0, "10", 10 },
                 { 11.0, "25", 11 },
                 { 9999.0, "10000", 9999 },
                 { 10000.0, "10000", 10000 },
                 { 10001.0, "+Inf", 10001 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct tally tally = { .resent = 0 };
        tally_answer(&tally, 200, rows[i].took_ms);
        struct counters counters = hand_out(&tally);
        unit_same_int(rows[i].label, value_of(&counters, TALLY_REQUEST, rows[i].label), 1);
        unit_same_int(rows[i].label, value_of(&counters, TALLY_REQUEST_SUM, ""), rows[i].sum);
    }
    struct tally tally = { .resent = 0 };
    tally_answer(&tally, 1, 7.0);
    assert_int_equal(tally.request.sum_ms, 7);
    tally = (struct tally){ .resent = 0 };
    tally_answer(&tally, 0, 7.0); /* the time of a missing answer is not counted */
    struct counters counters = hand_out(&tally);
    assert_int_equal(counters.count, 1);
}

static void test_tally_counts_first_and_repeated_acceptances_separately(void **state)
{
    (void)state;
    struct tally tally = { .resent = 0 };
    tally_accepted(&tally, "answered", 10, false);
    tally_accepted(&tally, "answered", 11, false);
    tally_accepted(&tally, "busy", -5, false); /* the clocks differ */
    tally_accepted(&tally, "busy", 1, false);
    tally_accepted(&tally, "busy", 86401, true);
    tally_rejected(&tally, "busy");
    struct counters counters = hand_out(&tally);
    assert_int_equal(value_of(&counters, TALLY_CALLS, "accepted answered"), 2);
    assert_int_equal(value_of(&counters, TALLY_CALLS, "accepted busy"), 2);
    assert_int_equal(value_of(&counters, TALLY_CALLS, "rejected busy"), 1);
    assert_int_equal(value_of(&counters, TALLY_RESENT, ""), 1);
    assert_int_equal(value_of(&counters, TALLY_ACCEPTANCE, "10000"), 3);
    assert_int_equal(value_of(&counters, TALLY_ACCEPTANCE, "30000"), 1);
    assert_int_equal(value_of(&counters, TALLY_ACCEPTANCE_SUM, ""), 22000);
    assert_int_equal(counters.count, 7);
}

static void test_tally_shares_its_last_row_among_further_results(void **state)
{
    (void)state;
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i",
                                         "j", "k", "l", "m", "n", "o", "p", "q", "r" };
    struct tally tally = { .resent = 0 };
    for (size_t i = 0; i < UNIT_COUNT(names); i++)
        tally_rejected(&tally, names[i]);
    struct counters counters = hand_out(&tally);
    assert_int_equal(value_of(&counters, TALLY_CALLS, "rejected o"), 1);
    assert_int_equal(value_of(&counters, TALLY_CALLS, "rejected p"), 3); /* the last row is shared */
    assert_int_equal(counters.count, 16);
}

static void test_tally_stops_if_the_callback_fails(void **state)
{
    (void)state;
    struct tally tally = { .resent = 0 };
    tally_answer(&tally, 200, 7.0);
    tally_accepted(&tally, "busy", 20, false);
    tally_accepted(&tally, "busy", 20, true);
    tally_rejected(&tally, "busy");
    int all = hand_out(&tally).count;
    assert_int_equal(all, 8);
    for (int at = 1; at <= all; at++) {
        struct counters counters = { .refuse_at = at };
        struct err err = { .code = EX_OK };
        assert_int_equal(tally_each(&tally, take, &counters, &err), -1);
        assert_int_equal(counters.count, at - 1);
        assert_int_equal(counters.calls, at); /* the callback is not called again */
        assert_int_equal(err.code, EX_IOERR);
    }
}

static void test_tally_bounds_never_change(void **state)
{
    (void)state; /* the ledger's counters were counted with these bounds */
    static const int64_t request[] = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000 };
    static const int64_t acceptance_sec[] = { 10, 30, 60, 90, 120, 300, 600, 1800, 3600, 14400, 86400 };
    assert_int_equal(UNIT_COUNT(request), TALLY_BOUNDS - 1);
    for (int i = 0; i < TALLY_BOUNDS - 1; i++) {
        assert_int_equal(tally_request_bounds_ms()[i], request[i]);
        assert_int_equal(tally_acceptance_bounds_ms()[i], acceptance_sec[i] * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tally_reports_nothing_while_it_is_empty),
        cmocka_unit_test(test_tally_counts_answers_by_status),
        cmocka_unit_test(test_tally_counts_a_time_for_the_first_bound_above_it),
        cmocka_unit_test(test_tally_counts_first_and_repeated_acceptances_separately),
        cmocka_unit_test(test_tally_shares_its_last_row_among_further_results),
        cmocka_unit_test(test_tally_stops_if_the_callback_fails),
        cmocka_unit_test(test_tally_bounds_never_change),
    };
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
