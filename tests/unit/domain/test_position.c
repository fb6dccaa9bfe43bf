/* Tests of position: the order of finished calls. */
#include "../unit.h"

#include "domain/position.h"

static void test_position_orders_by_time_then_uniqueid_byte_by_byte(void **state)
{
    (void)state;
    static const struct {
        int64_t a_epoch;
        const char *a;
        int64_t b_epoch;
        const char *b;
        int want;
    } rows[] = {
        { 100, "1.1", 100, "1.1", 0 },
        { 100, "", 100, "", 0 },
        { 100, "", 100, "1.1", -1 }, /* "" comes before every call of that second */
        { 100, "9.9", 101, "1.1", -1 },
        { 101, "", 100, "9.9", 1 },
        { 100, "1.10", 100, "1.9", -1 }, /* the order of text, not of numbers */
        { 100, "1.1", 100, "1.10", -1 },
        { 100, "A", 100, "a", -1 },
        { 100, "a", 100, "\xFF", -1 },
        { -1, "x", 0, "", -1 },
        { INT64_MIN, "", INT64_MAX, "", -1 },
        { INT64_C(4294967296), "", 1, "", 1 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct position a = position_at(rows[i].a_epoch, rows[i].a), b = position_at(rows[i].b_epoch, rows[i].b);
        int forth = position_compare(&a, &b), back = position_compare(&b, &a);
        char row[80];
        (void)snprintf(row, sizeof row, "(%lld %s) and (%lld %s)", (long long)rows[i].a_epoch, rows[i].a,
                       (long long)rows[i].b_epoch, rows[i].b);
        unit_same_int(row, (forth > 0) - (forth < 0), rows[i].want);
        unit_same_int(row, (back > 0) - (back < 0), -rows[i].want);
    }
}

static void test_position_copies_the_uniqueid_and_cuts_a_long_one(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 20, POSITION_UNIQUEID_SIZE - 1, POSITION_UNIQUEID_SIZE, 300 };
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        char uniqueid[301], row[32];
        memset(uniqueid, '7', lengths[i]);
        uniqueid[lengths[i]] = '\0';
        struct position position = position_at(42, uniqueid);
        memset(uniqueid, 'x', lengths[i]);
        size_t kept = lengths[i] < POSITION_UNIQUEID_SIZE ? lengths[i] : POSITION_UNIQUEID_SIZE - 1;
        (void)snprintf(row, sizeof row, "%zu characters", lengths[i]);
        unit_same_int(row, position.end_epoch, 42);
        unit_same_int(row, strlen(position.uniqueid), kept);
        unit_same_int(row, strspn(position.uniqueid, "7"), kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_position_orders_by_time_then_uniqueid_byte_by_byte),
        cmocka_unit_test(test_position_copies_the_uniqueid_and_cuts_a_long_one),
    };
    return cmocka_run_group_tests_name("position", tests, NULL, NULL);
}
