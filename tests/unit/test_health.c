/* Tests of health: from how things stand to what a monitoring plugin says. */
#include "unit.h"

#include "clock.h"
#include "enabled.h"
#include "health.h"
#include "ledger.h"

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
        { "no run for an hour", 0, 0, 3599, 0, 0, 0, 0, HEALTH_CRITICAL, "no run for 59 min" },
        { "not sent for an hour", 3599, 0, 12, 0, 0, 0, 0, HEALTH_CRITICAL, "ended 59 min ago" },
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
        assert_int_equal(strlen(small), size - 1);
        assert_memory_equal(small, text, size - 1); /* cut off at its end, and nowhere else */
        free(small);
    }
}

/* The line that health_command prints. The caller frees. */
static char *say(const char *directory, const struct options *options, int *ret_code)
{
    const char *path = unit_path(directory, "out");
    int saved = unit_catch_stream(STDOUT_FILENO, path);
    *ret_code = health_command(options);
    unit_let_go(STDOUT_FILENO, saved);
    return unit_read(path);
}

static void check_line(const char *row, const char *directory, const struct options *options, enum health want,
                       const char *want_line)
{
    int code = -1;
    char *line = say(directory, options, &code);
    unit_same_int(row, code, want);
    unit_has(row, line, want_line);
    free(line);
}

static void test_health_prints_one_line_for_the_plugin(void **state)
{
    static const struct {
        const char *name, *uniqueid;
        enum call_state state;
    } calls[] = { { "owed", "1.1", CALL_OWED }, { "held", "1.2", CALL_HELD }, { "held", "1.3", CALL_HELD },
                  { "set aside", "1.4", CALL_REJECTED }, { "set aside", "1.5", CALL_REJECTED },
                  { "set aside", "1.6", CALL_REJECTED } };
    const struct options options = { .state_dir = *state };
    const struct ledger_run figures = { .exit_code = EX_CONFIG, .message = "no key | 401 || ?" };
    struct ledger *ledger = NULL;
    struct ledger_repair repair;
    struct err err;
    int64_t run = 0;
    check_line("installed", *state, &options, HEALTH_CRITICAL,
               "CRITICAL - not enabled: no call is sent by itself (did-optimizer-sync enable) | freshness=");
    assert_int_equal(enabled_set(*state, true, &err), 0);
    check_line("nothing there yet", *state, &options, HEALTH_CRITICAL,
               "CRITICAL - no run yet | freshness=0s;300;900;0 owed=0 held=0 set_aside=0\n");
    assert_int_equal(ledger_open(*state, LEDGER_WRITE, &ledger, &repair, &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(calls); i++) {
        /* Of a clock that is ahead: no figure depends on when the test runs. */
        struct ledger_entry entry = { .uniqueid = calls[i].uniqueid, .record = { .state = calls[i].state },
                                      .end_epoch = clock_now_epoch() + 86400 };
        unit_same_int(calls[i].name, ledger_put(ledger, &entry, &err), 0);
    }
    assert_int_equal(ledger_run_start(ledger, "poll", &run, &err), 0);
    assert_int_equal(ledger_run_finish(ledger, run, &figures, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    ledger_close(ledger);
    check_line("a bar in the text is none for the machine", *state, &options, HEALTH_WARNING,
               "WARNING - the last run failed (exit 78): no key / 401 // ?; 3 calls are set aside (did-optimizer-sync "
               "failed list) | freshness=0s;300;900;0 owed=1 held=2 set_aside=3\n");
}

static void test_health_takes_its_limits_from_the_command_line(void **state)
{
    static const struct {
        const char *warning, *critical;
        enum health want;
        const char *line;
    } rows[] = {
        { "10", "20", HEALTH_CRITICAL, "freshness=0s;10;20;0 " },
        { "0", "0", HEALTH_CRITICAL, "freshness=0s;0;0;0 " },
        { "900", NULL, HEALTH_CRITICAL, "freshness=0s;900;900;0 " },
        { NULL, "300", HEALTH_CRITICAL, "freshness=0s;300;300;0 " },
        { "901", NULL, HEALTH_UNKNOWN, "UNKNOWN - could not take --warning 901: it is more than --critical, 900\n" },
        { NULL, "299", HEALTH_UNKNOWN, "UNKNOWN - could not take --warning 300: it is more than --critical, 299\n" },
        { "soon", NULL, HEALTH_UNKNOWN, "UNKNOWN - could not take --warning soon: write a number of seconds\n" },
        { "-1", NULL, HEALTH_UNKNOWN, "UNKNOWN - could not take --warning -1: write a number of seconds\n" },
        { NULL, "15m", HEALTH_UNKNOWN, "UNKNOWN - could not take --critical 15m: write a number of seconds\n" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct options options = { .state_dir = *state,
                                         .warning = rows[i].warning,
                                         .critical = rows[i].critical };
        check_line(rows[i].line, *state, &options, rows[i].want, rows[i].line);
    }
}

static void test_health_is_unknown_where_the_state_cannot_be_read(void **state)
{
    struct options options = { .state_dir = *state, .state_base = unit_path(*state, "missing") };
    check_line("no directory above", *state, &options, HEALTH_UNKNOWN, "UNKNOWN - could not use the state directory ");
    unit_write(unit_path(*state, "file"), "");
    options.state_base = *state;
    options.state_dir = unit_path(*state, "file");
    (void)snprintf(options.own_paths.state_parent, sizeof options.own_paths.state_parent, "%s/profiles",
                   (const char *)*state);
    check_line("a file", *state, &options, HEALTH_UNKNOWN, "it is not a directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health_is_ok_when_nothing_is_wrong),
        cmocka_unit_test(test_health_finds_what_is_wrong),
        cmocka_unit_test(test_health_names_all_that_is_wrong_and_fits_where_there_is_room),
        unit_test_in_directory(test_health_prints_one_line_for_the_plugin),
        unit_test_in_directory(test_health_takes_its_limits_from_the_command_line),
        unit_test_in_directory(test_health_is_unknown_where_the_state_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
