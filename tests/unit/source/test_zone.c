/* Tests of zone: the time zones that rows are written in. */
#include "../unit.h"

#include "source/zone.h"

#define HOUR 3600
#define NOW 1764000000

/* Adds rows written with an offset, one every step seconds, the first at NOW + from. server: the server's offset. */
static void add_rows(struct zone_sample *sample, int64_t offset, int64_t from, int count, int64_t step, int64_t server)
{
    for (int i = 0; i < count; i++) {
        int64_t started = NOW + from + i * step;
        zone_sample_add(sample, started + offset, started, started + server);
    }
}

static void check_offsets(const char *row, const struct zone *zone, const char *want)
{
    char names[ZONE_NAMES_SIZE];
    unit_same_text(row, zone_names(zone, names), want);
}

static void test_zone_is_what_the_rows_show_to_a_quarter_of_an_hour(void **state)
{
    (void)state;
    static const struct {
        int64_t offset;
        const char *want;
    } rows[] = { { 0, "UTC+00:00" }, { -8 * HOUR, "UTC-08:00" }, { 19800, "UTC+05:30" }, { 20700, "UTC+05:45" },
                 { 1, "UTC+00:00" }, { -449, "UTC+00:00" }, { 449, "UTC+00:00" }, { 450, "UTC+00:15" },
                 { -451, "UTC-00:15" }, { -12600, "UTC-03:30" }, { 14 * HOUR, "UTC+14:00" },
                 { -12 * HOUR, "UTC-12:00" }, { 14 * HOUR + 900, "" }, { -12 * HOUR - 900, "" }, { 86400, "" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[40];
        struct zone_sample sample = { .rows = 0 };
        struct zone zone = { .count = 0 };
        (void)snprintf(row, sizeof row, "%lld s", (long long)rows[i].offset);
        add_rows(&sample, rows[i].offset, 0, 3, 10, 0);
        zone_take(&zone, &sample, 1);
        check_offsets(row, &zone, rows[i].want);
    }
}

static void test_zone_ignores_a_row_without_both_times(void **state)
{
    (void)state;
    struct zone_sample sample = { .rows = 0 };
    zone_sample_add(&sample, 0, NOW, NOW);
    zone_sample_add(&sample, NOW, 0, NOW);
    zone_sample_add(&sample, 0, 0, 0);
    zone_sample_add(&sample, 5, 5, 5);
    zone_sample_add(&sample, NOW, UINT32_MAX, NOW);
    zone_sample_add(&sample, INT64_MIN / 2, NOW, NOW);
    assert_int_equal(sample.rows, 0);
}

static void test_zone_ignores_an_offset_with_too_few_rows(void **state)
{
    (void)state;
    struct zone_sample sample = { .rows = 0 };
    struct zone one = { .count = 0 }, two = { .count = 0 };
    add_rows(&sample, 0, 0, 60, 10, 0);
    add_rows(&sample, -7 * HOUR, 100, 2, 10, 0);
    add_rows(&sample, 3 * HOUR, 100, 1, 10, 0);
    zone_take(&one, &sample, 1);
    zone_take(&two, &sample, 2);
    check_offsets("from one row", &one, "UTC-07:00, UTC+00:00, UTC+03:00");
    check_offsets("from two rows", &two, "UTC-07:00, UTC+00:00");
    assert_int_equal(two.offsets[0].sec, 0);
    assert_int_equal(zone_spread(&one), 10 * HOUR);
    assert_true(zone_has(&two, -7 * HOUR + 3));
    assert_false(zone_has(&two, 3 * HOUR));
}

static void test_zone_keeps_the_most_frequent_offsets(void **state)
{
    (void)state;
    struct zone_sample sample = { .rows = 0 };
    struct zone zone = { .count = 0 };
    for (int i = 0; i < ZONE_MOST + 4; i++)
        add_rows(&sample, i * HOUR, 0, i + 1, 10, 0);
    zone_take(&zone, &sample, 1);
    assert_int_equal(zone.count, ZONE_MOST);
    assert_int_equal(zone.offsets[0].sec, (ZONE_MOST + 3) * HOUR);
    assert_false(zone_has(&zone, 3 * HOUR));
    zone_add(&zone, 3 * HOUR, NOW);
    assert_int_equal(zone.count, ZONE_MOST);
}

static void test_zone_problem_names_differing_zones(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        int64_t first, second, second_from, server;
        const char *want; /* NULL: no problem */
        int second_rows;
    } rows[] = {
        { "one zone, the server's", 5 * HOUR, 5 * HOUR, 0, 5 * HOUR, NULL, 5 },
        { "one zone, not the server's", 5 * HOUR, 5 * HOUR, 0, 0, "written in UTC+05:00, but the database server", 5 },
        { "two at once", 0, -7 * HOUR, 0, 0, "different time zones: UTC-07:00, UTC+00:00", 5 },
        { "two at once, an hour apart", 0, HOUR, 0, 0, "different time zones: UTC+00:00, UTC+01:00", 5 },
        { "summer time begins", 0, HOUR, 5000, HOUR, NULL, 200 },
        { "summer time ends", HOUR, 0, 5000, 0, NULL, 200 },
        { "moved by more than summer time", 0, 2 * HOUR, 5000, 0, "different time zones: UTC+00:00, UTC+02:00", 5 },
        { "a row of its own", 0, -7 * HOUR, 0, 0, NULL, 1 },
        { "two rows", 0, -7 * HOUR, 0, 0, "different time zones: UTC-07:00, UTC+00:00", 2 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char problem[ZONE_PROBLEM_SIZE];
        struct zone_sample sample = { .rows = 0 };
        struct zone zone = { .count = 0 };
        bool is_summer = strncmp(rows[i].row, "summer", 6) == 0;
        add_rows(&sample, rows[i].first, 0, 20, 10, is_summer ? rows[i].first : rows[i].server);
        add_rows(&sample, rows[i].second, rows[i].second_from, rows[i].second_rows, 10, rows[i].server);
        zone_take(&zone, &sample, 1);
        (void)zone_problem(&zone, problem);
        if (rows[i].want == NULL)
            unit_same_text(rows[i].row, problem, "");
        else
            unit_has(rows[i].row, problem, rows[i].want);
    }
}

static void test_zone_differs_from_the_server_s_by_more_than_half_of_two_rows_at_least(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        int unlike, like;
        bool is_problem;
    } rows[] = { { "one", 1, 0, false }, { "two", 2, 0, true }, { "half", 2, 2, false }, { "most", 3, 2, true } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char problem[ZONE_PROBLEM_SIZE];
        struct zone_sample sample = { .rows = 0 };
        struct zone zone = { .count = 0 };
        add_rows(&sample, HOUR, 0, rows[i].unlike, 10, 0);
        add_rows(&sample, HOUR, 500, rows[i].like, 10, HOUR);
        zone_take(&zone, &sample, 1);
        unit_true(rows[i].row, (*zone_problem(&zone, problem) != '\0') == rows[i].is_problem);
    }
}

static void test_zone_mixed_with_an_old_zone_is_no_problem(void **state)
{
    (void)state;
    char problem[ZONE_PROBLEM_SIZE];
    struct zone zone;
    zone_read("0@1764000000m -25200@1764000000m server 0", &zone);
    assert_string_not_equal(zone_problem(&zone, problem), "");
    zone_read("0@1764000000m 3600@1764000000 -25200@1764000000m", &zone);
    unit_has("the mixed ones", zone_problem(&zone, problem), "different time zones: UTC-07:00, UTC+00:00. ");
    zone_read("0@1764000000m -25200@1764000000m", &zone);
    zone.count = 1;
    assert_string_equal(zone_problem(&zone, problem), "");
}

static void test_zone_spread_is_the_difference_of_the_zones(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = { { "", 0 }, { "19800@1", 0 }, { "-25200@1", 0 }, { "-25200@1 -18000@1", 7200 },
                 { "19800@1 3600@1 7200@1", 16200 }, { "-43200@1 50400@1", 26 * HOUR } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct zone zone;
        zone_read(rows[i].text, &zone);
        unit_same_int(rows[i].text, zone_spread(&zone), rows[i].want);
    }
}

static void test_zone_recalls_zones_in_recent_use(void **state)
{
    (void)state;
    struct zone_sample sample = { .rows = 0 };
    struct zone zone = { .count = 0 }, earlier = { .count = 0 };
    add_rows(&sample, 0, 0, 20, 10, 0);
    zone_take(&zone, &sample, 1);
    zone_add(&earlier, -7 * HOUR, NOW - 86400);
    zone_add(&earlier, -6 * HOUR, NOW - 3 * 86400);
    zone_add(&earlier, 0, NOW - 9 * 86400);
    earlier.offsets[0].mixed = earlier.offsets[2].mixed = true;
    zone_recall(&zone, &earlier);
    check_offsets("recalled", &zone, "UTC-07:00, UTC+00:00");
    char problem[ZONE_PROBLEM_SIZE];
    assert_non_null(strstr(zone_problem(&zone, problem), "different time zones"));
    assert_int_equal(zone.offsets[0].seen, NOW + 190);
}

static void test_zone_forgets_nothing_while_no_call_is_made(void **state)
{
    (void)state;
    struct zone zone = { .count = 0 }, earlier = { .count = 0 };
    zone_add(&zone, 0, 0); /* the server's offset, because there are no rows */
    zone_add(&earlier, -7 * HOUR, NOW - 300 * 86400LL);
    zone_recall(&zone, &earlier);
    check_offsets("after a pause", &zone, "UTC-07:00, UTC+00:00");
}

static void test_zone_says_when_a_call_was_made(void **state)
{
    (void)state;
    struct zone zone = { .count = 0 }, none = { .count = 0 };
    zone_add(&zone, 0, NOW);
    zone_add(&zone, -7 * HOUR, NOW);
    static const struct {
        const char *row;
        int64_t local, start, end, want;
        bool odd;
    } rows[] = {
        { "start_epoch", NOW, NOW, NOW + 60, NOW, false },
        { "start_epoch, west", NOW - 7 * HOUR, NOW, NOW + 60, NOW, false },
        { "in an unknown zone", NOW + 3 * HOUR, NOW, NOW + 60, NOW, true },
        { "no start", NOW, 0, NOW + 60, NOW, true },
        { "no start, west", NOW - 7 * HOUR, 0, NOW + 60, NOW, true },
        { "no start, no end", NOW, 0, 0, NOW, true },
        { "absurd start", NOW, 17, NOW + 60, NOW, true },
        { "a start days away", NOW, NOW - 5 * 86400, NOW + 60, NOW, true },
        { "no date", 0, NOW, NOW + 60, NOW, true },
        { "no date, a start days away", 0, NOW - 5 * 86400, NOW + 60, NOW + 60, true },
        { "no date, a start after the end", 0, NOW + 90, NOW + 60, NOW + 60, true },
        { "an end alone", 0, 0, NOW, NOW, true },
        { "nothing", 0, 0, 0, 0, true },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        bool odd = false;
        unit_same_int(rows[i].row, zone_made(&zone, rows[i].local, rows[i].start, rows[i].end, &odd), rows[i].want);
        unit_true(rows[i].row, odd == rows[i].odd);
    }
    bool odd = false;
    assert_int_equal(zone_made(&none, NOW, 0, NOW + 5, &odd), NOW);
}

static struct source_reach reach_of(const struct zone *zone, const int64_t *made, size_t count)
{
    struct source_reach reach = zone_reach_none();
    for (size_t i = 0; i < count; i++)
        zone_reach_add(zone, made[i], 600, &reach);
    return reach;
}

/* Which rows are archived is decided by their local time. */
static void test_zone_reach_allows_for_all_zones_and_a_change_of_clocks(void **state)
{
    (void)state;
    struct zone one = { .count = 0 }, two = { .count = 0 };
    zone_add(&one, -5 * HOUR, 0);
    zone_add(&two, -5 * HOUR, 0);
    zone_add(&two, -8 * HOUR, 0);
    static const int64_t made[] = { 1000000 };
    struct source_reach of_one = reach_of(&one, made, 1), of_two = reach_of(&two, made, 1);
    unit_same_int("one zone, first", of_one.first, 1000000 - HOUR - 600);
    unit_same_int("one zone, whole", of_one.whole, 1000000 + HOUR + 600);
    unit_same_int("two zones, first", of_two.first, 1000000 - 4 * HOUR - 600);
    unit_same_int("two zones, whole", of_two.whole, 1000000 + 4 * HOUR + 600);
}

static void test_zone_reach_goes_by_all_of_the_rows(void **state)
{
    (void)state;
    struct zone zone = { .count = 0 };
    static const int64_t made[] = { 500000, 2000000, 400000, 1000000 };
    struct source_reach none = zone_reach_none(), some = reach_of(&zone, made, 4);
    unit_same_int("no rows, first", none.first, INT64_MAX);
    unit_same_int("no rows, whole", none.whole, INT64_MAX);
    unit_same_int("first", some.first, 400000 - HOUR - 600);
    unit_same_int("whole", some.whole, 2000000 + HOUR + 600);
}

static void test_zone_knows_by_how_much_the_clocks_went_back(void **state)
{
    (void)state;
    struct zone autumn = { .count = 0 }, spring = { .count = 0 }, far = { .count = 0 };
    zone_add(&autumn, -4 * HOUR, NOW);
    zone_add(&autumn, -5 * HOUR, NOW + 600);
    zone_add(&spring, -5 * HOUR, NOW);
    zone_add(&spring, -4 * HOUR, NOW + 600);
    zone_add(&far, 0, NOW);
    zone_add(&far, -7 * HOUR, NOW + 600);
    autumn.server_sec = far.server_sec = -5 * HOUR;
    spring.server_sec = -4 * HOUR;
    unit_same_int("before it, in autumn", zone_went_back(&autumn, -4 * HOUR), HOUR);
    unit_same_int("after it, in autumn", zone_went_back(&autumn, -5 * HOUR + 1), 0);
    unit_same_int("before it, in spring", zone_went_back(&spring, -5 * HOUR), 0);
    unit_same_int("after it, in spring", zone_went_back(&spring, -4 * HOUR), 0);
    unit_same_int("another host", zone_went_back(&far, 0), 0);
    unit_same_int("an unknown zone", zone_went_back(&autumn, 3 * HOUR), 0);
    autumn.server_sec = -4 * HOUR;
    unit_same_int("by the rows alone", zone_went_back(&autumn, -4 * HOUR), HOUR);
    autumn.offsets[1].seen = NOW - 600;
    unit_same_int("a host that wrote so before", zone_went_back(&autumn, -4 * HOUR), 0);
    autumn.count = 1;
    unit_same_int("nothing new", zone_went_back(&autumn, -4 * HOUR), 0);
    autumn.server_sec = -5 * HOUR;
    unit_same_int("no call since", zone_went_back(&autumn, -4 * HOUR), HOUR);
    autumn.offsets[0].unlike_server = true;
    unit_same_int("no call since, and not the server's zone", zone_went_back(&autumn, -4 * HOUR), 0);
}

static void test_zone_text_is_read_by_the_next_run(void **state)
{
    (void)state;
    static const char *const rows[] = { " server 3600", "-25200@1764000000m 0@1764000100mu server -28800",
                                        "19800@0u server 19800" };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[ZONE_TEXT_SIZE];
        struct zone zone;
        zone_read(rows[i], &zone);
        zone_write(&zone, text);
        unit_same_text(rows[i], text, rows[i]);
    }
}

static void test_zone_text_is_read_up_to_its_damage(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = { { "", "" }, { "x", "" }, { "17@5", "" }, { "-86400@5", "" }, { "0", "" }, { "0@5 900", "UTC+00:00" },
                 { "0!5", "" }, { "51300@5", "" }, { "-44100@5", "" }, { "50400@5", "UTC+14:00" },
                 { "0@5 0@6 900@7", "UTC+00:00, UTC+00:15" },
                 { "0@1 900@1 1800@1 2700@1 3600@1 4500@1 5400@1 6300@1 7200@1 8100@1",
                   "UTC+00:00, UTC+00:15, UTC+00:30, UTC+00:45, UTC+01:00, UTC+01:15, UTC+01:30, UTC+01:45" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct zone zone;
        zone_read(rows[i].text, &zone);
        check_offsets(rows[i].text, &zone, rows[i].want);
    }
}

static void test_zone_is_explained_by_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *memory, *names, *problem; /* problem: a part of it */
        int64_t first;
        size_t count;
    } rows[] = { { "", "x", "x", 99, 99 },
                 { " server 3600", "x", "x", 99, 99 },
                 { "19800@1764000000 server 19800", "UTC+05:30", "", 19800, 1 },
                 { "3600@1764000000u server 0", "UTC+01:00", "the database server's time zone is UTC+00:00", 3600, 1 },
                 { "0@1764000000m -25200@1764000000m server 0", "UTC-07:00, UTC+00:00",
                   "different time zones", 0, 2 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct source_zones zones = { .count = 99, .utc_offsets = { 99 }, .names = "x", .problem = "x" };
        unit_true(rows[i].memory, zone_explain(rows[i].memory, &zones) == (rows[i].count < 99));
        unit_same_int(rows[i].memory, (int64_t)zones.count, (int64_t)rows[i].count);
        unit_same_int(rows[i].memory, zones.utc_offsets[0], rows[i].first);
        unit_same_text(rows[i].memory, zones.names, rows[i].names);
        unit_has(rows[i].memory, zones.problem, rows[i].problem);
        unit_true(rows[i].memory, (*zones.problem == '\0') == (*rows[i].problem == '\0'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone_is_what_the_rows_show_to_a_quarter_of_an_hour),
        cmocka_unit_test(test_zone_ignores_a_row_without_both_times),
        cmocka_unit_test(test_zone_ignores_an_offset_with_too_few_rows),
        cmocka_unit_test(test_zone_keeps_the_most_frequent_offsets),
        cmocka_unit_test(test_zone_problem_names_differing_zones),
        cmocka_unit_test(test_zone_differs_from_the_server_s_by_more_than_half_of_two_rows_at_least),
        cmocka_unit_test(test_zone_mixed_with_an_old_zone_is_no_problem),
        cmocka_unit_test(test_zone_spread_is_the_difference_of_the_zones),
        cmocka_unit_test(test_zone_recalls_zones_in_recent_use),
        cmocka_unit_test(test_zone_forgets_nothing_while_no_call_is_made),
        cmocka_unit_test(test_zone_says_when_a_call_was_made),
        cmocka_unit_test(test_zone_reach_allows_for_all_zones_and_a_change_of_clocks),
        cmocka_unit_test(test_zone_reach_goes_by_all_of_the_rows),
        cmocka_unit_test(test_zone_knows_by_how_much_the_clocks_went_back),
        cmocka_unit_test(test_zone_text_is_read_by_the_next_run),
        cmocka_unit_test(test_zone_text_is_read_up_to_its_damage),
        cmocka_unit_test(test_zone_is_explained_by_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
