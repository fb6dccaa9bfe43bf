/* Tests of health: from how things stand to what a monitoring plugin says. */
#include "unit.h"

#include "health.h"

#define NOW INT64_C(1729771200)

static const struct health_limits limits = { .warning = 300, .critical = 900 };

/* All is well; each test changes something. */
static struct standing well(void)
{
    return (struct standing){ .now = NOW, .overview = { .last_run = NOW - 12 } };
}

static void test_health_is_ok_when_nothing_is_wrong(void **state)
{
    (void)state;
    char text[1024];
    struct standing standing = well();
    assert_int_equal(health_judge(&standing, &limits, text, sizeof text), HEALTH_OK);
    assert_string_equal(text, "last run 12 s ago");
}

static void test_health_finds_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t owed_age, held_age, run_age, exit_code, rejected, outage_age, silence;
        enum health want;
        const char *says;
    } rows[] = {
        { "at the warning", 300, 0, 12, 0, 0, 0, 0, HEALTH_OK, "last run" },
        { "beyond the warning", 301, 0, 12, 0, 0, 0, 0, HEALTH_WARNING, "ended 5 min ago is not sent yet" },
        { "at the critical", 900, 0, 12, 0, 0, 0, 0, HEALTH_WARNING, "ended 15 min ago" },
        { "beyond the critical", 901, 0, 12, 0, 0, 0, 0, HEALTH_CRITICAL, "ended 15 min ago" },
        { "held for hours", 0, 9000, 12, 0, 0, 0, 0, HEALTH_OK, "last run" },
        { "runs at the critical", 0, 0, 900, 0, 0, 0, 0, HEALTH_OK, "last run" },
        { "no run", 0, 0, 901, 0, 0, 0, 0, HEALTH_CRITICAL, "no run for 15 min" },
        { "some owed", 0, 0, 12, 75, 0, 0, 0, HEALTH_OK, "last run" },
        { "failed", 0, 0, 12, 78, 0, 0, 0, HEALTH_WARNING, "the last run failed (exit 78)" },
        { "set aside", 0, 0, 12, 0, 2, 0, 0, HEALTH_WARNING, "2 calls are set aside" },
        { "outage", 0, 0, 12, 69, 0, 60, 0, HEALTH_CRITICAL, "the API does not work since" },
        { "silence", 0, 0, 12, 75, 0, 0, 60, HEALTH_OK, "the API asks for silence until" },
        { "set aside in an outage", 0, 0, 12, 0, 1, 60, 0, HEALTH_CRITICAL, "1 calls are set aside" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[1024];
        struct standing standing = well();
        standing.oldest_owed = rows[i].owed_age != 0 ? NOW - rows[i].owed_age : 0;
        standing.oldest_unsent = rows[i].held_age != 0 ? NOW - rows[i].held_age : standing.oldest_owed;
        standing.overview.last_run = NOW - rows[i].run_age;
        standing.overview.last_run_exit_code = rows[i].exit_code;
        standing.overview.counts.rejected = rows[i].rejected;
        standing.outage_since = rows[i].outage_age != 0 ? NOW - rows[i].outage_age : 0;
        standing.wait_until = rows[i].silence != 0 ? NOW + rows[i].silence : 0;
        unit_same_int(rows[i].name, health_judge(&standing, &limits, text, sizeof text), rows[i].want);
        unit_has(rows[i].name, text, rows[i].says);
    }
}

static void test_health_names_all_that_is_wrong_and_fits_where_there_is_room(void **state)
{
    (void)state;
    struct standing standing = { .now = NOW, .outage_since = NOW - 60, .oldest_owed = NOW - 2000 };
    char text[1024];
    assert_int_equal(health_judge(&standing, &limits, text, sizeof text), HEALTH_CRITICAL);
    unit_has("all", text, "no run yet; the API does not work since ");
    unit_has("all", text, "; a call that ended 33 min ago");
    for (size_t size = 1; size < 80; size++) {
        char *small = malloc(size);
        assert_non_null(small);
        assert_int_equal(health_judge(&standing, &limits, small, size), HEALTH_CRITICAL);
        assert_true(strlen(small) < size);
        free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health_is_ok_when_nothing_is_wrong),
        cmocka_unit_test(test_health_finds_what_is_wrong),
        cmocka_unit_test(test_health_names_all_that_is_wrong_and_fits_where_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
