/* Tests of pbx_time: zones, ISO 8601 and the time in a UUID. */
#include "../unit.h"

#include <time.h>

#include "source/pbx_time.h"

static struct pbx_zone zone_of(const char *name)
{
    struct pbx_zone zone;
    struct err err;
    unit_same_int(name, pbx_time_zone(name, "own.conf:7", &zone, &err), 0);
    return zone;
}

static void test_pbx_time_writes_a_moment_in_the_zone(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *want;
        int64_t epoch;
    } rows[] = {
        { "UTC", "2025-10-09 08:53:20", 1760000000 },
        { "Z", "2025-10-09 08:53:20", 1760000000 },
        { "Asia/Ho_Chi_Minh", "2025-10-09 15:53:20", 1760000000 },
        { "+07:00", "2025-10-09 15:53:20", 1760000000 },
        { "+0700", "2025-10-09 15:53:20", 1760000000 },
        { "-03", "2025-10-09 05:53:20", 1760000000 },
        { "-03:30", "2025-10-09 05:23:20", 1760000000 },
        { "Europe/Berlin", "2025-10-26 02:30:00", 1761438600 }, /* summer time, and an hour later ... */
        { "Europe/Berlin", "2025-10-26 02:30:00", 1761442200 }, /* ... the same again */
        { "America/New_York", "2030-07-01 08:00:00", 1909137600 }, /* a rule, no table */
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char out[PBX_TIME_SIZE];
        struct pbx_zone zone = zone_of(rows[i].zone);
        unit_same_text(rows[i].zone, pbx_time_local(&zone, rows[i].epoch, out), rows[i].want);
    }
}

static void test_pbx_time_leaves_the_zone_of_the_process_alone(void **state)
{
    (void)state;
    struct pbx_zone zone = zone_of("Asia/Ho_Chi_Minh"), here = zone_of("");
    (void)setenv("TZ", "America/New_York", 1);
    tzset();
    assert_int_equal(pbx_time_offset(&zone, 1760000000), 25200);
    assert_int_equal(pbx_time_offset(&here, 1760000000), -14400);
    assert_string_equal(getenv("TZ"), "America/New_York");
    (void)unsetenv("TZ");
    assert_int_equal(pbx_time_offset(&zone, 1760000000), 25200);
    assert_null(getenv("TZ"));
}

static void test_pbx_time_refuses_a_zone_that_this_host_does_not_know(void **state)
{
    (void)state;
    static const char *const names[] = { "Asia/Saigon/", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "+15:00",
                                         "+7", "+07:60", "+07:00x", "Asia/Ho Chi Minh", "7", ":UTC" };
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        struct pbx_zone zone;
        struct err err = { .code = EX_OK };
        unit_same_int(names[i], pbx_time_zone(names[i], "own.conf:7", &zone, &err), -1);
        unit_same_int(names[i], err.code, EX_CONFIG);
        unit_has(names[i], err.message, "own.conf:7: time_zone: ");
    }
}

static void test_pbx_time_reads_iso_8601(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want; /* 0: none */
    } rows[] = {
        { "2025-10-09T15:53:20+07:00", 1760000000 }, { "2025-10-09T08:53:20Z", 1760000000 },
        { "2025-10-09 08:53:20.123456Z", 1760000000 }, { "2025-10-09T15:53:20+0700", 1760000000 },
        { "2025-10-09T15:53:20 +07", 1760000000 }, { "2025-10-09T15:53:20", 1760000000 },
        { "2025-10-09T04:53:20-04:00", 1760000000 }, { "2016-12-31T23:59:60Z", 1483228800 },
        { "", 0 }, { "2025-10-09", 0 }, { "2025-10-09T15:53", 0 }, { "2025-02-30T00:00:00Z", 0 },
        { "2025-13-01T00:00:00Z", 0 }, { "2025-01-01T24:00:00Z", 0 }, { "2025-10-09T15:53:20+07:00x", 0 },
        { "2025-10-09T15:53:20+", 0 }, { "1970-01-01T00:00:00Z", 0 }, { "9999-01-01T00:00:00Z", 0 },
        { "20251009T155320Z", 0 }, { "0000-00-00 00:00:00", 0 },
    };
    struct pbx_zone zone = zone_of("Asia/Ho_Chi_Minh");
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int64_t epoch = 0;
        unit_true(rows[i].text, pbx_time_parse(rows[i].text, &zone, &epoch) == (rows[i].want != 0));
        unit_same_int(rows[i].text, epoch, rows[i].want);
    }
}

static void test_pbx_time_reads_the_time_of_version_1_uuids_only(void **state)
{
    (void)state;
    static const struct {
        const char *uuid;
        int64_t want;
    } rows[] = {
        { "c232ab00-9414-11ec-b3c8-9f6bdeced846", 1645557742 }, /* RFC 9562, A.1 */
        { "C232AB00-9414-11EC-B3C8-9F6BDECED846", 1645557742 },
        { "919108f7-52d1-4320-9bac-f847db4148a8", 0 }, /* version 4 */
        { "c232ab00-9414-11ec-73c8-9f6bdeced846", 0 }, /* another variant */
        { "c232ab00-9414-11ec-b3c8-9f6bdeced84", 0 },
        { "c232ab00-9414-11ec-b3c8-9f6bdeced8467", 0 },
        { "c232ab00-9414-11ec-b3c8-9f6bdeced84g", 0 },
        { "c232ab00x9414-11ec-b3c8-9f6bdeced846", 0 },
        { "00000000-0000-1000-8000-000000000000", 0 }, /* 1582 */
        { "ffffffff-ffff-1fff-bfff-ffffffffffff", 0 },
        { "", 0 },
        { "1700000000.12", 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].uuid, pbx_time_of_uuid(rows[i].uuid), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbx_time_writes_a_moment_in_the_zone),
        cmocka_unit_test(test_pbx_time_leaves_the_zone_of_the_process_alone),
        cmocka_unit_test(test_pbx_time_refuses_a_zone_that_this_host_does_not_know),
        cmocka_unit_test(test_pbx_time_reads_iso_8601),
        cmocka_unit_test(test_pbx_time_reads_the_time_of_version_1_uuids_only),
    };
    return cmocka_run_group_tests_name("pbx_time", tests, NULL, NULL);
}
