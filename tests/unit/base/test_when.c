/* Tests of when: times that people write. */
#include "../unit.h"

#include <time.h>

#include "base/clock.h"
#include "base/when.h"

#define NOW INT64_C(1729771200) /* 2024-10-24 12:00:00 UTC */

static const char new_york[] = "America/New_York", berlin[] = "Europe/Berlin", dublin[] = "Europe/Dublin",
                  utc[] = "UTC";

static void use_zone(const char *zone)
{
    time_t summer = 1720000000;
    struct tm local;
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    /* The C library silently uses UTC for an unknown time zone. */
    if (localtime_r(&summer, &local) == NULL || (strcmp(zone, utc) != 0 && local.tm_gmtoff == 0))
        fail_msg("the time zone %s is not installed (package tzdata)", zone);
}

struct row {
    const char *zone, *text;
    int64_t want;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = { .message = "" };
        int64_t epoch = 4711;
        char row[100];
        (void)snprintf(row, sizeof row, "'%s' in %s", rows[i].text, rows[i].zone);
        use_zone(rows[i].zone);
        int result = when_parse(rows[i].text, NOW, &epoch, &err);
        if (result != 0)
            print_error("%s: %s\n", row, err.message);
        unit_same_int(row, result, 0);
        unit_same_int(row, epoch, rows[i].want);
    }
}

static void test_when_reads_local_times_in_every_written_form(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { utc, "2024-10-24 12:00:00", NOW },
        { new_york, "2024-10-24 12:00:00", 1729785600 },
        { berlin, "2024-10-24 12:00:00", 1729764000 },
        { new_york, "2024-01-15 12:00:00", 1705338000 },
        { new_york, "2024-07-15 12:00:00", 1721059200 },
        { dublin, "2024-07-15 12:00:00", 1721041200 },
        { dublin, "2024-01-15 12:00:00", 1705320000 },
        { berlin, "2024-10-24T12:34:00", 1729766040 },
        { berlin, "2024-10-24 12:34", 1729766040 },
        { berlin, "2024-10-24T12:34", 1729766040 },
        { new_york, "2024-10-24", 1729742400 },
        { utc, "2024-10-24 23:59:59", 1729814399 },
        { utc, "2024-10-24 00:00:00", 1729728000 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_when_a_local_time_that_occurs_twice_means_the_first(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { new_york, "2024-11-03 00:59:59", 1730609999 }, { new_york, "2024-11-03 01:00:00", 1730610000 },
        { new_york, "2024-11-03 01:30:00", 1730611800 }, { new_york, "2024-11-03 01:59:59", 1730613599 },
        { new_york, "2024-11-03 02:00:00", 1730617200 }, { berlin, "2024-10-27 01:59:59", 1729987199 },
        { berlin, "2024-10-27 02:00:00", 1729987200 },   { berlin, "2024-10-27 02:30:00", 1729989000 },
        { berlin, "2024-10-27 02:30", 1729989000 },      { berlin, "2024-10-27 03:00:00", 1729994400 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

/* In the time zone database Ireland's winter time is its DST, with a negative offset. */
static void test_when_a_repeated_time_means_the_first_where_dst_is_in_winter(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { dublin, "2024-10-27 01:30:00", 1729989000 },
        { dublin, "2024-10-27 02:00:00", 1729994400 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_when_a_skipped_local_time_means_the_moment_of_the_skip(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { new_york, "2024-03-10 01:59:59", 1710053999 }, { new_york, "2024-03-10 02:00:00", 1710054000 },
        { new_york, "2024-03-10 02:30:00", 1710054000 }, { new_york, "2024-03-10 02:59:59", 1710054000 },
        { new_york, "2024-03-10 03:00:00", 1710054000 }, { berlin, "2024-03-31 01:59:59", 1711846799 },
        { berlin, "2024-03-31 02:30:00", 1711846800 },   { berlin, "2024-03-31 03:00:00", 1711846800 },
    };
    check_rows(rows, UNIT_COUNT(rows));
    for (int second = 0; second < 3600; second += 11) { /* exact to the second, anywhere in the hour */
        char text[32];
        (void)snprintf(text, sizeof text, "2024-03-31 02:%02d:%02d", second / 60, second % 60);
        const struct row row = { berlin, text, 1711846800 };
        check_rows(&row, 1);
    }
}

static void test_when_counts_back_from_now(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { new_york, "now", NOW },
        { new_york, "NOW", NOW },
        { new_york, "0 seconds ago", NOW },
        { new_york, "1 second ago", NOW - 1 },
        { new_york, "5 minutes ago", NOW - 300 },
        { new_york, "1 hour ago", NOW - 3600 },
        { new_york, "1 hours ago", NOW - 3600 },
        { new_york, "36 Hours ago", NOW - 36 * 3600 },
        { new_york, "2 days ago", NOW - 2 * 86400 },
        { new_york, "3 weeks ago", NOW - 3 * 604800 },
        { new_york, "90  minutes  ago", NOW - 5400 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_when_reads_bare_epochs_from_the_year_2000_on(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { berlin, "1729771200", NOW },
        { berlin, "946684800", WHEN_EARLIEST },
        { berlin, "946684801", WHEN_EARLIEST + 1 },
        { berlin, "4102444800", INT64_C(4102444800) },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

/* Times that our own commands print, and ISO 8601, in any time zone of the host. */
static void test_when_reads_times_with_an_offset(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { berlin, "2024-10-24 12:00:00 +0000", NOW },      { berlin, "2024-10-24 08:00:00 -0400", NOW },
        { new_york, "2024-10-24 14:00:00 +0200", NOW },    { new_york, "2024-10-24 14:00:00+0200", NOW },
        { new_york, "2024-10-24T14:00:00+02:00", NOW },    { new_york, "2024-10-24T12:00:00Z", NOW },
        { new_york, "2024-10-24 12:00:00Z", NOW },         { new_york, "2024-10-24T12:00:00.000Z", NOW },
        { new_york, "2024-10-24T12:00:00,999Z", NOW },     { new_york, "2024-10-24T12:00Z", NOW },
        { utc, "2024-10-24 17:30:00 +0530", NOW },         { utc, "2024-10-24T01:30-10:30", NOW },
        { utc, "2024-10-24T14:00:00+02", NOW },            { utc, "2024-10-25 02:00:00 +14:00", NOW },
        { new_york, "2024-11-03 01:30:00 -0400", 1730611800 }, /* both times of the autumn hour ... */
        { new_york, "2024-11-03 01:30:00 -0500", 1730615400 }, /* ... can be written */
        { berlin, "2024-10-24 14:00:00.5", NOW },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_when_reads_times_that_clock_local_printed(void **state)
{
    (void)state;
    static const char *const zones[] = { "America/New_York", "Europe/Berlin", "UTC", "Asia/Kolkata" };
    for (size_t i = 0; i < UNIT_COUNT(zones); i++)
        for (int64_t epoch = 1730000000; epoch < 1731000000; epoch += 1799) { /* the clocks go back within this range */
            char local[CLOCK_TEXT_SIZE], iso[CLOCK_TEXT_SIZE];
            use_zone(zones[i]);
            const struct row rows[] = { { zones[i], clock_local(epoch, local, sizeof local), epoch },
                                        { zones[i], clock_iso(epoch, iso, sizeof iso), epoch } };
            check_rows(rows, UNIT_COUNT(rows));
        }
}

static void test_when_reads_today_and_yesterday(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { utc, "today", 1729728000 },          { utc, "Yesterday", 1729641600 },
        { new_york, "today", 1729742400 },     { new_york, "yesterday", 1729656000 },
        { berlin, "today", 1729720800 },       { berlin, "yesterday", 1729634400 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_when_accepts_dates_that_exist(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { utc, "2000-01-01", WHEN_EARLIEST },
        { utc, "2000-02-29", 951782400 },
        { utc, "2024-02-29", 1709164800 },
        { utc, "2100-12-31 23:59:59", INT64_C(4133980799) },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static const char *const refused[] = {
    "",
    " ",
    "garbage",
    "ago",
    "hour ago",
    "1 hour",
    "1 fortnight ago",
    "1 month ago",
    "1 h ago",
    "-1 hours ago",
    "+1 hours ago",
    "1.5 hours ago",
    "1 hour ago now",
    "1 hour ago\n",
    "1 hour",
    " 1 hour ago",
    "an hour ago",
    "1234567 days ago",
    "now ",
    " now",
    "2024-02-30",
    "2024-02-30 12:00:00",
    "2023-02-29",
    "2100-02-29",
    "2024-04-31",
    "2024-13-01",
    "2024-00-10",
    "2024-10-00",
    "2024-10-32",
    "2024-10-24 24:00:00",
    "2024-10-24 12:60:00",
    "2024-10-24 12:00:60",
    "2024-10-24 12",
    "2024-10",
    "2024-10-24 12:00:00 UTC",
    "2024-10-24 12:00:00x",
    "2024-10-24 12:00:00  Z",
    "2024-10-24 12:00:00 z",
    "2024-10-24 12:00:00 EST",
    "2024-10-24 12:00:00 -",
    "2024-10-24 12:00:00 -5",
    "2024-10-24 12:00:00 -050",
    "2024-10-24 12:00:00 -05:",
    "2024-10-24 12:00:00 -05:0",
    "2024-10-24 12:00:00 -05000",
    "2024-10-24 12:00:00 -0560",
    "2024-10-24 12:00:00 -1500",
    "2024-10-24 12:00:00 -0500 ",
    "2024-10-24 12:00:00 ago",
    "2024-10-24 12:00:00.",
    "2024-10-24 12:00:00.x",
    "2024-10-24 12:00.5",
    "2024-10-24Z",
    "2024-10-24 -0500",
    "today ",
    "yesterday 12:00",
    "tomorrow",
    "2024-10-24x",
    "24.10.2024",
    "10/24/2024",
    "2101-01-01",
    "1999-12-31 23:59:59",
    "0000-00-00 00:00:00",
    " 2024-10-24",
    "-2024-10-24",
    "+2024-10-24",
    "0",
    "1",
    "-1",
    "946684799",
    "-1729771200",
    "+1729771200",
    " 1729771200",
    "1729771200 ",
    "1729771200x",
    "1729771200.5",
    "0x671a3bc0",
    "9223372036854775808",
    "-9223372036854775808",
    "999999 weeks ago",
    "\xFF",
    ("2024-10-24\xC2\xA0"
     "12:00:00"),
};

static void test_when_refuses_other_text_and_lists_the_accepted_forms(void **state)
{
    (void)state;
    use_zone(utc);
    for (size_t i = 0; i < UNIT_COUNT(refused); i++) {
        struct err err = { .message = "" };
        int64_t epoch = 4711;
        unit_same_int(refused[i], when_parse(refused[i], NOW, &epoch, &err), -1);
        unit_same_int(refused[i], err.code, EX_USAGE);
        unit_same_int(refused[i], epoch, 4711);
        unit_has(refused[i], err.message, "could not ");
    }
    struct err err;
    int64_t epoch = 0;
    assert_int_equal(when_parse("sometime", NOW, &epoch, &err), -1);
    unit_has("sometime", err.message, "'sometime'");
    unit_has("sometime", err.message, "'2024-10-24 12:00:00'");
    unit_has("sometime", err.message, "'now'");
    unit_has("sometime", err.message, "ago");
    unit_has("sometime", err.message, "'yesterday'");
    unit_has("sometime", err.message, "-0500");
    assert_int_equal(when_parse("946684799", NOW, &epoch, &err), -1);
    unit_has("946684799", err.message, "before the year 2000");
}

static void test_when_message_cuts_a_long_text(void **state)
{
    (void)state;
    char text[5000];
    struct err err;
    int64_t epoch = 0;
    memset(text, '9', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(when_parse(text, NOW, &epoch, &err), -1);
    assert_true(strlen(err.message) < 300);
}

static void test_when_an_end_that_names_a_day_is_its_last_second(void **state)
{
    (void)state;
    static const struct {
        const char *host, *zone, *from, *to;
        int64_t first, last;
    } rows[] = {
        { "UTC", "", "2024-10-20", "2024-10-23", 1729382400, 1729727999 },
        { "UTC", "", "2024-10-23", "2024-10-23", 1729641600, 1729727999 },
        { "UTC", "Asia/Ho_Chi_Minh", "2024-10-20", "2024-10-23", 1729357200, 1729702799 },
        { "America/New_York", "<PBX>-07:00", "2024-10-20", "2024-10-23", 1729357200, 1729702799 },
        { "UTC", "Europe/Berlin", "2024-10-27", "2024-10-27", 1729980000, 1730069999 }, /* 25 hours */
        { "UTC", "", "yesterday", "yesterday", 1729641600, 1729727999 },
        { "UTC", "", "yesterday", "today", 1729641600, 1729814399 },
        { "UTC", "", "2024-10-20", "2024-10-23 00:00", 1729382400, 1729641600 },
        { "UTC", "Asia/Ho_Chi_Minh", "2 days ago", "1729641600", NOW - 172800, 1729641600 },
        { "UTC", "Asia/Ho_Chi_Minh", "2 days ago", "now", NOW - 172800, NOW },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        int64_t first = 0, last = 0;
        use_zone(rows[i].host);
        int result = when_parse_range(rows[i].zone, rows[i].from, rows[i].to, NOW, &first, &last, &err);
        unit_same_int(rows[i].to, result, 0);
        unit_same_int(rows[i].to, first, rows[i].first);
        unit_same_int(rows[i].to, last, rows[i].last);
        unit_same_text(rows[i].to, getenv("TZ"), rows[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when_reads_local_times_in_every_written_form),
        cmocka_unit_test(test_when_a_local_time_that_occurs_twice_means_the_first),
        cmocka_unit_test(test_when_a_repeated_time_means_the_first_where_dst_is_in_winter),
        cmocka_unit_test(test_when_a_skipped_local_time_means_the_moment_of_the_skip),
        cmocka_unit_test(test_when_counts_back_from_now),
        cmocka_unit_test(test_when_reads_bare_epochs_from_the_year_2000_on),
        cmocka_unit_test(test_when_reads_times_with_an_offset),
        cmocka_unit_test(test_when_reads_times_that_clock_local_printed),
        cmocka_unit_test(test_when_reads_today_and_yesterday),
        cmocka_unit_test(test_when_accepts_dates_that_exist),
        cmocka_unit_test(test_when_refuses_other_text_and_lists_the_accepted_forms),
        cmocka_unit_test(test_when_message_cuts_a_long_text),
        cmocka_unit_test(test_when_an_end_that_names_a_day_is_its_last_second),
    };
    return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
