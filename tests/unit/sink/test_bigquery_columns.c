/* Tests of bigquery_columns: the line of a call, its hash and its key. */
#include "../unit.h"

#include <stdlib.h>
#include <time.h>

#include "sink/bigquery_columns.h"

static const struct bigquery_origin origin = { .tenant = "acme", .source = "vicidial" };
static struct disposition_map *map;

static struct sink_message message_of(const struct call *call, uint32_t change)
{
    struct sink_message message;
    bigquery_columns_message(&origin, call, map, change, &message);
    return message;
}

static const struct call one = { .id = "1729771100.7", .campaign = "SALES", .number = "3125550100", .agent = "O'\"N",
                                 .status = "A", .started = 1729771100, .ended = 1729771200, .length = -3 };

static void test_the_line_has_each_column_of_the_call(void **state)
{
    (void)state;
    struct sink_message message = message_of(&one, 0);
    static const char *const parts[] = { "{\"tenant\":\"acme\",\"source\":\"vicidial\",\"call_id\":\"1729771100.7\"",
                                         ",\"call_date\":\"2024-10-24\",\"direction\":\"outbound\"",
                                         "\"agent\":\"O'\\\"N\"",
                                         "\"started_at\":\"2024-10-24T11:58:20Z\"",
                                         "\"ended_at\":\"2024-10-24T12:00:00Z\"",
                                         "\"duration\":0",
                                         "\"billsec\":null",
                                         "\"extras\":\"{}\",\"row_hash\":\"" };
    for (size_t i = 0; i < UNIT_COUNT(parts); i++)
        unit_has(parts[i], message.body, parts[i]);
    sink_message_free(&message);
}

static void test_a_call_whose_source_knows_its_tenant_has_that_one(void **state)
{
    (void)state;
    static const struct call_shape shape = { .extras = { { .name = "tenant" } } };
    struct call call = one;
    call.shape = &shape;
    struct sink_message of_sink = message_of(&call, 0);
    call.extras[0] = "PK";
    struct sink_message of_call = message_of(&call, 0);
    unit_has("without", of_sink.body, "{\"tenant\":\"acme\",");
    unit_has("with", of_call.body, "{\"tenant\":\"PK\",");
    sink_message_free(&of_sink);
    sink_message_free(&of_call);
}

static void test_the_key_tells_a_repeated_message_from_a_change_back(void **state)
{
    (void)state;
    struct call other = one;
    other.status = "SALE";
    struct sink_message first = message_of(&one, 0), same = message_of(&one, 0), back = message_of(&one, 2),
                        changed = message_of(&other, 1);
    assert_string_equal(first.key, same.key);
    assert_string_equal(first.body, back.body);
    assert_string_not_equal(first.key, back.key);
    assert_memory_not_equal(first.key, changed.key, 32);
    assert_int_equal(bigquery_columns_change(&first), 0);
    assert_int_equal(bigquery_columns_change(&back), 2);
    sink_message_free(&first);
    sink_message_free(&same);
    sink_message_free(&back);
    sink_message_free(&changed);
}

static void test_the_day_of_a_call_without_a_start_is_that_of_its_end(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        struct call call;
        const char *day;
    } rows[] = {
        { "end", { .id = "a", .started = CALL_NO_NUMBER, .ended = 1729771200 }, "2024-10-24" },
        { "nothing", { .id = "a", .started = CALL_NO_NUMBER, .length = CALL_NO_NUMBER }, "1970-01-01" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sink_message message = message_of(&rows[i].call, 0);
        char *day = bigquery_columns_value(&message, "call_date");
        assert_string_equal(day, rows[i].day);
        free(day);
        unit_true(rows[i].row, bigquery_columns_value(&message, "answered_at") == NULL);
        sink_message_free(&message);
    }
}

static void test_the_day_is_that_of_utc_also_when_clocks_change(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t started;
        const char *day;
    } rows[] = {
        { "America/New_York", 1793502000, "2026-11-01" }, /* 23:00 on 31 October, EDT */
        { "America/New_York", 1793507400, "2026-11-01" }, /* 00:30, EDT */
        { "America/New_York", 1793511000, "2026-11-01" }, /* 01:30, EDT */
        { "America/New_York", 1793514600, "2026-11-01" }, /* 01:30 again, EST */
        { "America/New_York", 1793491199, "2026-10-31" }, /* the last second of a UTC day */
        { "America/New_York", 1793491200, "2026-11-01" }, /* the first one */
        { "Pacific/Auckland", 1793491199, "2026-10-31" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct call call = { .id = "a", .started = rows[i].started };
        assert_int_equal(setenv("TZ", rows[i].zone, 1), 0);
        tzset();
        struct sink_message message = message_of(&call, 0);
        char *day = bigquery_columns_value(&message, "call_date");
        assert_string_equal(day, rows[i].day);
        free(day);
        sink_message_free(&message);
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void test_a_time_that_bigquery_cannot_read_is_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *row, *day, *started;
        int64_t epoch;
    } rows[] = {
        { "the last day", "\"call_date\":\"2159-12-31\"", "\"started_at\":\"2159-12-31T23:59:59Z\"", 5995814399 },
        { "no partition", "\"call_date\":\"1970-01-01\"", "\"started_at\":\"2160-01-01T00:00:00Z\"", 5995814400 },
        { "the last time", "\"call_date\":\"1970-01-01\"", "\"started_at\":\"9999-12-31T23:59:59Z\"", 253402300799 },
        { "the year 10000", "\"call_date\":\"1970-01-01\"", "\"started_at\":null", 253402300800 },
        { "absurd", "\"call_date\":\"1970-01-01\"", "\"started_at\":null", INT64_MAX },
        { "the first day", "\"call_date\":\"1960-01-01\"", "\"started_at\":\"1960-01-01T00:00:00Z\"", -315619200 },
        { "too old", "\"call_date\":\"1970-01-01\"", "\"started_at\":null", -315619201 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct call call = { .id = "a", .started = rows[i].epoch };
        struct sink_message message = message_of(&call, 0);
        unit_has(rows[i].row, message.body, rows[i].day);
        unit_has(rows[i].row, message.body, rows[i].started);
        sink_message_free(&message);
    }
}

static void test_a_time_has_its_microseconds(void **state)
{
    (void)state;
    char text[BIGQUERY_TIME_SIZE];
    assert_string_equal(bigquery_columns_time(INT64_C(1729771200000007), text), "2024-10-24T12:00:00.000007Z");
}

static int make_map(void **state)
{
    (void)state;
    map = disposition_map_new();
    return 0;
}

static int free_map(void **state)
{
    (void)state;
    disposition_map_free(map);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_line_has_each_column_of_the_call),
        cmocka_unit_test(test_a_call_whose_source_knows_its_tenant_has_that_one),
        cmocka_unit_test(test_the_key_tells_a_repeated_message_from_a_change_back),
        cmocka_unit_test(test_the_day_of_a_call_without_a_start_is_that_of_its_end),
        cmocka_unit_test(test_the_day_is_that_of_utc_also_when_clocks_change),
        cmocka_unit_test(test_a_time_that_bigquery_cannot_read_is_left_out),
        cmocka_unit_test(test_a_time_has_its_microseconds),
    };
    return cmocka_run_group_tests(tests, make_map, free_map);
}
