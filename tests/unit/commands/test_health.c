/* Tests of health: the line and exit code for a monitoring system. For the verdict itself, see test_diagnosis.c. */
#include "../unit.h"

#include "base/clock.h"
#include "commands/health.h"
#include "ledger/diagnosis.h"
#include "ledger/enabled.h"
#include "ledger/ledger.h"

/* The line that health_command prints. The caller frees. */
static char *say(const char *directory, const struct options *options, int *ret_code)
{
    const char *path = unit_path(directory, "out");
    int saved = unit_catch_stream(STDOUT_FILENO, path);
    struct options with_paths = *options;
    with_paths.config.own = with_paths.config.dids = with_paths.config.astguiclient = "/nonexistent";
    *ret_code = health_command(&with_paths);
    unit_release_stream(STDOUT_FILENO, saved);
    return unit_read(path);
}

static void check_line(const char *row, const char *directory, const struct options *options, enum diagnosis_level want,
                       const char *want_line)
{
    int code = -1;
    char *line = say(directory, options, &code);
    unit_same_int(row, code, want);
    unit_has(row, line, want_line);
    free(line);
}

static void test_health_prints_one_line_for_the_monitoring_system(void **state)
{
    static const struct {
        const char *name, *uniqueid;
        enum call_state state;
    } calls[] = { { "pending", "1.1", CALL_PENDING }, { "waiting", "1.2", CALL_WAITING },
                  { "waiting", "1.3", CALL_WAITING }, { "rejected", "1.4", CALL_REJECTED },
                  { "rejected", "1.5", CALL_REJECTED }, { "rejected", "1.6", CALL_REJECTED } };
    const struct options options = { .state_dir = *state };
    const struct ledger_run failed_run = { .exit_code = EX_CONFIG, .message = "no key | 401 || ?" };
    struct ledger *ledger = NULL;
    struct ledger_repair repair;
    struct err err;
    int64_t run = 0;
    check_line("installed", *state, &options, DIAGNOSIS_CRITICAL,
               "CRITICAL - not enabled: cron sends no calls; do: did-optimizer-sync enable | freshness=");
    assert_int_equal(enabled_set(*state, true, &err), 0);
    check_line("nothing there yet", *state, &options, DIAGNOSIS_CRITICAL,
               "CRITICAL - no run yet; do: did-optimizer-sync check | freshness=U;300;900;0 pending=0 waiting=0 "
               "rejected=0 unsent=U\n");
    assert_int_equal(ledger_open(*state, LEDGER_WRITE, &ledger, &repair, &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(calls); i++) {
        /* The calls end in the future, so no count depends on when the test runs. */
        struct ledger_entry entry = { .uniqueid = calls[i].uniqueid, .record = { .state = calls[i].state },
                                      .end_epoch = clock_now_epoch() + 86400 };
        unit_same_int(calls[i].name, ledger_put(ledger, &entry, &err), 0);
    }
    assert_int_equal(ledger_run_start(ledger, "poll", &run, &err), 0);
    assert_int_equal(ledger_run_finish(ledger, run, &failed_run, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    ledger_close(ledger);
    check_line("counts", *state, &options, DIAGNOSIS_WARNING, "s;300;900;0 pending=1 waiting=2 rejected=3 unsent=U\n");
    check_line("a bar in the text does not begin the metrics", *state, &options, DIAGNOSIS_WARNING,
               "WARNING - the last run failed (exit 78): no key / 401 // ?; 3 calls are rejected; do: "
               "did-optimizer-sync check | freshness=");
}

static void test_health_takes_its_limits_from_the_command_line(void **state)
{
    static const struct {
        const char *warning, *critical;
        enum diagnosis_level want;
        const char *line;
    } rows[] = {
        { "10", "20", DIAGNOSIS_CRITICAL, "freshness=U;10;20;0 " },
        { "0", "0", DIAGNOSIS_CRITICAL, "freshness=U;0;0;0 " },
        { "900", NULL, DIAGNOSIS_CRITICAL, "freshness=U;900;900;0 " },
        { NULL, "300", DIAGNOSIS_CRITICAL, "freshness=U;300;300;0 " },
        { "901", NULL, DIAGNOSIS_UNKNOWN, "UNKNOWN - could not use --warning 901: it is more than --critical, 900\n" },
        { NULL, "299", DIAGNOSIS_UNKNOWN, "UNKNOWN - could not use --warning 300: it is more than --critical, 299\n" },
        { "soon", NULL, DIAGNOSIS_UNKNOWN, "UNKNOWN - could not use --warning soon: write a number of seconds\n" },
        { "-1", NULL, DIAGNOSIS_UNKNOWN, "UNKNOWN - could not use --warning -1: write a number of seconds\n" },
        { NULL, "15m", DIAGNOSIS_UNKNOWN, "UNKNOWN - could not use --critical 15m: write a number of seconds\n" },
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
    check_line("no directory above", *state, &options, DIAGNOSIS_UNKNOWN,
               "UNKNOWN - could not use the state directory ");
    unit_write(unit_path(*state, "file"), "");
    options.state_base = *state;
    options.state_dir = unit_path(*state, "file");
    (void)snprintf(options.own_paths.state_parent, sizeof options.own_paths.state_parent, "%s/profiles",
                   (const char *)*state);
    check_line("a file", *state, &options, DIAGNOSIS_UNKNOWN, "it is not a directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_health_prints_one_line_for_the_monitoring_system),
        unit_test_in_directory(test_health_takes_its_limits_from_the_command_line),
        unit_test_in_directory(test_health_is_unknown_where_the_state_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
