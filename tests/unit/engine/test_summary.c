/* Tests of summary: the exit code and the closing lines of a run. */
#include "../unit.h"

#include "base/log.h"
#include "engine/summary.h"

static void test_summary_exit_code_of_each_stop(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum summary_stop stop;
        int64_t pending_left;
        int want;
        int64_t limited_runs;
    } rows[] = {
        { "all done", STOP_NONE, 0, EX_OK, 0 },
        { "something pending", STOP_NONE, 1, EX_TEMPFAIL, 0 },
        { "much pending", STOP_NONE, INT64_C(5000000000), EX_TEMPFAIL, 0 },
        { "out of time", STOP_OUT_OF_TIME, 0, EX_TEMPFAIL, 0 },
        { "out of time, pending", STOP_OUT_OF_TIME, 3, EX_TEMPFAIL, 0 },
        { "interrupted", STOP_INTERRUPTED, 0, EX_TEMPFAIL, 0 },
        { "rate limited", STOP_RATE_LIMITED, 0, EX_TEMPFAIL, 0 },
        { "rate limited, for the second time", STOP_RATE_LIMITED, 0, EX_TEMPFAIL, 2 },
        { "rate limited, for the third time", STOP_RATE_LIMITED, 0, EX_UNAVAILABLE, 3 },
        { "rate limited for long, until now", STOP_NONE, 0, EX_OK, 3 },
        { "api_down", STOP_OUTAGE, 0, EX_UNAVAILABLE, 0 },
        { "outage, pending", STOP_OUTAGE, 3, EX_UNAVAILABLE, 0 },
        { "configuration", STOP_CONFIGURATION, 0, EX_CONFIG, 0 },
        { "configuration, pending", STOP_CONFIGURATION, 3, EX_CONFIG, 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct summary summary = { .stop = rows[i].stop, .pending_left = rows[i].pending_left,
                                   .limited_runs = rows[i].limited_runs };
        unit_same_int(rows[i].name, summary_exit_code(&summary), rows[i].want);
    }
}

static void test_summary_of_a_failure_keeps_its_code_and_message(void **state)
{
    (void)state;
    static const int codes[] = { EX_UNAVAILABLE, EX_SOFTWARE, EX_IOERR, EX_NOPERM, EX_CONFIG };
    for (size_t i = 0; i < UNIT_COUNT(codes); i++) {
        struct summary summary = { .stop = STOP_OUT_OF_TIME, .pending_left = 3, .message = "old" };
        struct err err;
        (void)err_set(&err, codes[i], "could not do it");
        summary_fail(&summary, &err);
        unit_same_int("failure", summary_exit_code(&summary), codes[i]);
        unit_same_text("failure", summary.message, "could not do it");
    }
}

static void test_summary_exit_code_ignores_other_counts(void **state)
{
    (void)state;
    struct summary summary = {
        .found = 9, .accepted = 8, .repeated = 7, .failed = 6, .waiting = 5, .rejected = 4, .forgotten = 3
    };
    assert_int_equal(summary_exit_code(&summary), EX_OK);
}

/* The lines that summary_report logs. The caller frees. */
static char *report(const char *directory, const struct summary *summary, int64_t duration_ms)
{
    const char *path = unit_path(directory, "log");
    (void)unlink(path);
    log_open(path, LOG_TERMINAL_NONE);
    summary_report(summary, duration_ms);
    log_close();
    return unit_read(path);
}

static void test_summary_line_is_the_one_operators_look_for(void **state)
{
    static const struct {
        struct summary summary;
        int64_t duration_ms;
        const char *want;
    } rows[] = {
        { { .accepted = 0 }, 0, "📊 Summary: 0 processed, 0 failed in 0.00s\n" },
        { { .accepted = 12, .failed = 3 }, 1234, "📊 Summary: 12 processed, 3 failed in 1.23s\n" },
        { { .accepted = 5, .repeated = 2 }, 50000, " in 50.00s, 2 of them already known to the API\n" },
        { { .accepted = 5, .repeated = 2, .sink = "webhook" }, 50000, " 2 of them already known to the webhook\n" },
        { { .waiting = 4 }, 10, "0 failed in 0.01s, 4 waiting until their disposition is final\n" },
        { { .rejected = 1 }, 10, " in 0.01s, 1 rejected\n" },
        { { .forgotten = 1, .pending_left = 2 }, 10, " in 0.01s, 1 gone from the source, 2 pending\n" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *text = report(*state, &rows[i].summary, rows[i].duration_ms);
        unit_has(rows[i].want, text, rows[i].want);
        free(text);
    }
}

static void test_summary_survives_huge_counts(void **state)
{
    struct summary summary = { .accepted = INT64_MAX, .repeated = INT64_MAX, .failed = INT64_MAX, .waiting = INT64_MAX,
                               .rejected = INT64_MAX, .forgotten = INT64_MAX, .pending_left = INT64_MAX };
    char *text = report(*state, &summary, INT64_MAX);
    unit_has("all of them", text, "9223372036854775807 of them already known to the API");
    unit_has("all of them", text, "9223372036854775807 pending\n");
    free(text);
}

static void test_summary_closing_line_says_how_it_ended(void **state)
{
    static const struct {
        enum summary_stop stop;
        int64_t pending_left;
        const char *want, *must_not;
        int64_t in_doubt, limited_runs;
    } rows[] = {
        { STOP_NONE, 0, " INFO  ✅ Sync completed successfully\n", "❌", 0, 0 },
        { STOP_NONE, 2, "tried again in a later run\n", "✅", 0, 0 },
        { STOP_NONE, 1, " WARN  ⚠ The API accepted no call in this run", "✅", 1, 0 },
        { STOP_RATE_LIMITED, 0, " ERROR ❌ why it stopped\n", "✅", 0, 3 },
        { STOP_OUT_OF_TIME, 0, " WARN  ⏸ why it stopped\n", "✅", 0, 0 },
        { STOP_INTERRUPTED, 0, " WARN  ⏸ why it stopped\n", "✅", 0, 0 },
        { STOP_RATE_LIMITED, 0, " WARN  ⏸ why it stopped\n", "✅", 0, 0 },
        { STOP_OUTAGE, 0, " ERROR ❌ why it stopped\n", "✅", 0, 0 },
        { STOP_CONFIGURATION, 0, " ERROR ❌ why it stopped\n", "✅", 0, 0 },
        { STOP_FAILED, 0, " ERROR ❌ why it stopped\n", "✅", 0, 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[32];
        struct summary summary = { .stop = rows[i].stop, .pending_left = rows[i].pending_left, .failure_code = 74,
                                   .in_doubt = rows[i].in_doubt, .limited_runs = rows[i].limited_runs,
                                   .message = "why it stopped" };
        char *text = report(*state, &summary, 10);
        (void)snprintf(row, sizeof row, "stop %d, %lld pending", (int)rows[i].stop, (long long)rows[i].pending_left);
        unit_has(row, text, rows[i].want);
        unit_lacks(row, text, rows[i].must_not);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_exit_code_of_each_stop),
        cmocka_unit_test(test_summary_of_a_failure_keeps_its_code_and_message),
        cmocka_unit_test(test_summary_exit_code_ignores_other_counts),
        unit_test_in_directory(test_summary_line_is_the_one_operators_look_for),
        unit_test_in_directory(test_summary_survives_huge_counts),
        unit_test_in_directory(test_summary_closing_line_says_how_it_ended),
    };
    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
