/* Tests of diagnosis: the verdict on the present state. */
#include "../unit.h"

#include "ledger/diagnosis.h"

#define NOW INT64_C(1729771200)

static const struct diagnosis_limits limits = { .warning = 300, .critical = 900 };

/* All is well; each test changes something. */
static struct standing well(void)
{
    return (struct standing){ .now = NOW,
                              .overview = { .first_run = NOW - 86400, .last_run = NOW - 12, .last_look = NOW - 12 } };
}

static void test_diagnosis_is_ok_when_nothing_is_wrong(void **state)
{
    (void)state;
    struct standing standing = well();
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_OK);
    assert_string_equal(diagnosis.text, "last run 12 s ago");
    assert_string_equal(diagnosis.action, "");
    char *line = diagnosis_line(&diagnosis);
    assert_string_equal(line, "last run 12 s ago");
    free(line);
}

static void test_diagnosis_expects_the_pauses_that_are_usual(void **state)
{
    (void)state;
    struct standing standing = well();
    standing.overview.last_run = standing.overview.last_look = NOW - 46800;
    standing.longest_pause = 46800;
    struct diagnosis_limits usual = diagnosis_usual_limits(&standing);
    assert_int_equal(diagnosis_of(&standing, &usual, NULL).level, DIAGNOSIS_OK);
    standing.overview.last_run -= 301;
    assert_int_equal(diagnosis_of(&standing, &usual, NULL).level, DIAGNOSIS_WARNING);
    standing.overview.last_run -= 600;
    assert_int_equal(diagnosis_of(&standing, &usual, NULL).level, DIAGNOSIS_CRITICAL);
    standing = well();
    standing.load_interval = 300; /* says nothing about runs */
    standing.oldest_pending = NOW - 600;
    assert_int_equal(diagnosis_of(&standing, &limits, NULL).level, DIAGNOSIS_OK);
    standing.oldest_pending = NOW - 601;
    assert_int_equal(diagnosis_of(&standing, &limits, NULL).level, DIAGNOSIS_WARNING);
    standing = well();
    standing.load_interval = 300;
    standing.overview.last_run = standing.overview.last_look = NOW - 301;
    assert_int_equal(diagnosis_of(&standing, &limits, NULL).level, DIAGNOSIS_WARNING);
}

static void test_diagnosis_finds_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t pending_age, waiting_age, run_age, exit_code, rejected, outage_age, limited_for;
        enum diagnosis_level want;
        const char *says, *action;
    } rows[] = {
        { "at the warning", 300, 0, 12, 0, 0, 0, 0, DIAGNOSIS_OK, "last run", "" },
        { "beyond the warning", 301, 0, 12, 0, 0, 0, 0, DIAGNOSIS_WARNING, "ended 5 min ago is not sent yet",
          "history" },
        { "at the critical", 900, 0, 12, 0, 0, 0, 0, DIAGNOSIS_WARNING, "ended 15 min ago", "history" },
        { "beyond the critical", 901, 0, 12, 0, 0, 0, 0, DIAGNOSIS_CRITICAL, "ended 15 min ago", "history" },
        { "waiting for hours", 0, 9000, 12, 0, 0, 0, 0, DIAGNOSIS_OK, "last run", "" },
        { "runs at the warning", 0, 0, 300, 0, 0, 0, 0, DIAGNOSIS_OK, "last run 300 s ago", "" },
        { "runs beyond the warning", 0, 0, 301, 0, 0, 0, 0, DIAGNOSIS_WARNING,
          "no run for 5 min, so newer calls are not known", "cron" },
        { "runs at the critical", 0, 0, 900, 0, 0, 0, 0, DIAGNOSIS_WARNING, "no run for 15 min", "cron" },
        { "no run", 0, 0, 901, 0, 0, 0, 0, DIAGNOSIS_CRITICAL, "no run for 15 min", "cron" },
        { "no run for an hour", 0, 0, 3599, 0, 0, 0, 0, DIAGNOSIS_CRITICAL, "no run for 59 min", "cron" },
        { "not sent for an hour", 3599, 0, 12, 0, 0, 0, 0, DIAGNOSIS_CRITICAL, "ended 59 min ago", "history" },
        { "partly sent", 0, 0, 12, 75, 0, 0, 0, DIAGNOSIS_OK, "last run", "" },
        { "failed, and then no more", 0, 0, 901, 78, 0, 0, 0, DIAGNOSIS_CRITICAL, "known; the last run failed",
          "cron" },
        { "failed", 0, 0, 12, 78, 0, 0, 0, DIAGNOSIS_WARNING, "the last run failed (exit 78)", "check" },
        { "one rejected", 0, 0, 12, 0, 1, 0, 0, DIAGNOSIS_WARNING, "1 call is rejected", "failed list" },
        { "rejected", 0, 0, 12, 0, 2, 0, 0, DIAGNOSIS_WARNING, "2 calls are rejected", "failed list" },
        { "api_down", 0, 0, 12, 69, 0, 60, 0, DIAGNOSIS_CRITICAL, "API down since", "check" },
        { "rate limited", 0, 0, 12, 75, 0, 0, 60, DIAGNOSIS_OK, "rate limited until", "" },
        { "rejected in an outage", 0, 0, 12, 0, 1, 60, 0, DIAGNOSIS_CRITICAL, "1 call is rejected", "check" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct standing standing = well();
        standing.oldest_pending = rows[i].pending_age != 0 ? NOW - rows[i].pending_age : 0;
        standing.oldest_unsent = rows[i].waiting_age != 0 ? NOW - rows[i].waiting_age : standing.oldest_pending;
        standing.overview.last_run = standing.overview.last_look = NOW - rows[i].run_age;
        standing.overview.last_run_exit_code = rows[i].exit_code;
        standing.overview.counts.rejected = rows[i].rejected;
        standing.outage_since = rows[i].outage_age != 0 ? NOW - rows[i].outage_age : 0;
        standing.wait_until = rows[i].limited_for != 0 ? NOW + rows[i].limited_for : 0;
        struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
        unit_same_int(rows[i].name, diagnosis.level, rows[i].want);
        unit_has(rows[i].name, diagnosis.text, rows[i].says);
        unit_has(rows[i].name, diagnosis.action, rows[i].action);
        unit_same_int(rows[i].name, diagnosis.action[0] != '\0', diagnosis.level != DIAGNOSIS_OK);
    }
}

static void test_diagnosis_of_a_log_that_cannot_be_written_is_a_warning(void **state)
{
    (void)state;
    struct standing standing = well();
    standing.log_fails = true;
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, "acme");
    assert_int_equal(diagnosis.level, DIAGNOSIS_WARNING);
    assert_string_equal(diagnosis.text, "the last run could not write its log, so the log's lines go to syslog");
    assert_string_equal(diagnosis.action, "did-optimizer-sync --profile acme check");
}

static void test_diagnosis_of_a_single_failed_call_is_a_warning(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t ended, oldest, pending, unsent, outage_since;
        enum diagnosis_level want;
        bool said;
    } rows[] = {
        { "just now", NOW - 20, NOW - 20, 1, 0, 0, DIAGNOSIS_WARNING, true },
        { "hours ago", NOW - 9000, NOW - 9000, 1, 0, 0, DIAGNOSIS_WARNING, true },
        { "beside an older one", NOW - 20, NOW - 9000, 2, 0, 0, DIAGNOSIS_CRITICAL, true },
        { "beside a newer one", NOW - 9000, NOW - 9000, 2, 0, 0, DIAGNOSIS_CRITICAL, true },
        { "beside unsent ones", NOW - 9000, NOW - 9000, 1, 3, 0, DIAGNOSIS_CRITICAL, true },
        { "in an outage", NOW - 9000, NOW - 9000, 1, 0, NOW - 60, DIAGNOSIS_CRITICAL, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct standing standing = well();
        standing.in_doubt = true;
        standing.doubtful_ended = rows[i].ended;
        standing.oldest_pending = standing.oldest_unsent = rows[i].oldest;
        standing.overview.counts.pending = rows[i].pending;
        standing.overview.last_run_unsent = rows[i].unsent;
        standing.outage_since = rows[i].outage_since;
        struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
        unit_same_int(rows[i].name, diagnosis.level, rows[i].want);
        unit_same_int(rows[i].name, strstr(diagnosis.text, "the API failed on a call") != NULL, rows[i].said);
    }
}

static void test_diagnosis_names_the_sink(void **state)
{
    (void)state;
    struct standing standing = well();
    (void)snprintf(standing.sink, sizeof standing.sink, "record store");
    standing.outage_since = NOW - 60;
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
    unit_has("outage", diagnosis.text, "record store down since 20");
    standing.outage_since = 0;
    standing.in_doubt = true;
    diagnosis = diagnosis_of(&standing, &limits, NULL);
    unit_has("doubt", diagnosis.text, "the record store failed on a call");
}

static void test_diagnosis_names_archived_calls_that_were_passed(void **state)
{
    (void)state;
    struct standing standing = well();
    standing.unread_from = NOW - 7200;
    standing.unread_to = NOW - 3600;
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_WARNING);
    assert_non_null(strstr(diagnosis.text, "were not sent, as the archive could not be read"));
    assert_non_null(strstr(diagnosis.action, "backfill --from '"));
}

/* Runs that cannot read the dialer's calls prove nothing about these calls. */
static void test_diagnosis_needs_runs_that_read_the_dialers_calls(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t look_age, first_run_age; /* look_age 0: no run ever read the calls */
        enum diagnosis_level want;
        const char *says;
        int64_t want_freshness;
    } rows[] = {
        { "a minute ago", 72, 9000, DIAGNOSIS_WARNING, "the last run failed (exit 69): gone", 72 },
        { "six minutes ago", 360, 9000, DIAGNOSIS_WARNING, "calls for 6 min: newer ones are not known", 360 },
        { "twenty minutes ago", 1200, 9000, DIAGNOSIS_CRITICAL, "calls for 20 min", 1200 },
        { "never, since a minute", 0, 72, DIAGNOSIS_WARNING, "the last run failed", 72 },
        { "never, since two hours", 0, 7200, DIAGNOSIS_CRITICAL, "calls for 120 min", 7200 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct standing standing = well();
        standing.overview.first_run = NOW - rows[i].first_run_age;
        standing.overview.last_look = rows[i].look_age != 0 ? NOW - rows[i].look_age : 0;
        standing.overview.last_run_exit_code = 69;
        standing.overview.last_run_unsent = RECORDS_UNKNOWN;
        (void)snprintf(standing.overview.last_run_message, sizeof standing.overview.last_run_message, "gone");
        struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
        unit_same_int(rows[i].name, diagnosis.level, rows[i].want);
        unit_has(rows[i].name, diagnosis.text, rows[i].says);
        unit_lacks(rows[i].name, diagnosis.text, "is not sent yet"); /* nothing is known about these calls */
        unit_same_int(rows[i].name, standing_freshness(&standing), rows[i].want_freshness);
        unit_same_int(rows[i].name, standing_unsent(&standing), RECORDS_UNKNOWN);
    }
}

static void test_diagnosis_counts_the_calls_after_the_checkpoint(void **state)
{
    (void)state;
    struct standing standing = well();
    standing.overview.last_run_unsent = 175;
    standing.overview.unsent_oldest = standing.oldest_pending = NOW - 400;
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_WARNING);
    unit_has("many", diagnosis.text, "at least 175 finished calls after the checkpoint are not sent yet");
    assert_int_equal(standing_freshness(&standing), 400);
    standing.overview.last_run_unsent = 1;
    diagnosis = diagnosis_of(&standing, &limits, NULL);
    unit_has("one", diagnosis.text, "at least 1 finished call after the checkpoint is not sent yet");
    standing.overview.last_run = NOW - 301; /* its count is out of date */
    assert_int_equal(standing_unsent(&standing), RECORDS_UNKNOWN);
    diagnosis = diagnosis_of(&standing, &limits, NULL);
    unit_lacks("long ago", diagnosis.text, "at least");
}

static void test_diagnosis_of_a_standby(void **state)
{
    (void)state;
    struct standing standing = well();
    standing.overview.last_run = standing.overview.last_look = NOW - 86400;
    standing.oldest_pending = NOW - 86400;
    standing.outage_since = NOW - 86400;
    standing.last_standby = standing.leader_seen = NOW - 20;
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_OK);
    assert_string_equal(diagnosis.text, "standby, another host sends the calls; last look 20 s ago");
    assert_int_equal(standing_freshness(&standing), 20);
    assert_int_equal(standing_unsent(&standing), RECORDS_UNKNOWN);
    standing.last_standby = standing.leader_seen = NOW - 1000;
    assert_int_equal(diagnosis_of(&standing, &limits, NULL).level, DIAGNOSIS_CRITICAL);
    standing.overview.last_run = standing.overview.last_look = NOW - 10; /* the host has taken over since then */
    assert_true(!standing_is_standby(&standing));
}

/* Between two leaders no host sends calls: first a warning, later critical. */
static void test_diagnosis_of_a_standby_without_a_leader(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t led_age; /* how long ago another host led, or this host looked; 0: never */
        enum diagnosis_level want;
        int64_t want_freshness;
    } rows[] = {
        { "never", 0, DIAGNOSIS_WARNING, RECORDS_UNKNOWN },
        { "a minute ago", 80, DIAGNOSIS_WARNING, 80 },
        { "an hour ago", 3600, DIAGNOSIS_CRITICAL, 3600 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct standing standing = { .now = NOW, .last_standby = NOW - 20 };
        standing.leader_seen = rows[i].led_age != 0 ? NOW - rows[i].led_age : 0;
        struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
        unit_same_int(rows[i].name, diagnosis.level, rows[i].want);
        unit_has(rows[i].name, diagnosis.text, "no host of the cluster sends calls now");
        unit_same_int(rows[i].name, standing_freshness(&standing), rows[i].want_freshness);
    }
}

/* After one failed run, a standby must not report the time since it was last the leader. */
static void test_diagnosis_of_a_failed_run_of_a_standby(void **state)
{
    (void)state;
    struct standing standing = well();
    standing.overview.last_look = standing.oldest_pending = NOW - 86400;
    standing.overview.last_run_exit_code = 69;
    standing.last_standby = standing.leader_seen = NOW - 72;
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_WARNING);
    unit_has("text", diagnosis.text, "the last run failed (exit 69)");
    unit_lacks("text", diagnosis.text, "min");
    standing.last_standby = standing.leader_seen = NOW - 1200;
    diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_CRITICAL);
    unit_has("text", diagnosis.text, "calls for 20 min");
}

static void test_diagnosis_trusts_no_run_of_the_future(void **state)
{
    (void)state;
    struct standing standing = well();
    standing.overview.last_run = standing.overview.last_look = NOW + 300;
    assert_int_equal(diagnosis_of(&standing, &limits, NULL).level, DIAGNOSIS_OK);
    standing.overview.last_run = NOW + 301;
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_WARNING);
    unit_has("text", diagnosis.text, "lies 5 min in the future: this host's clock was set back");
}

static void test_diagnosis_names_the_worst_action_and_the_profile_s_command(void **state)
{
    (void)state;
    struct standing standing = { .now = NOW, .outage_since = NOW - 60, .oldest_pending = NOW - 2000 };
    standing.overview.counts.rejected = 3;
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, "acme");
    assert_int_equal(diagnosis.level, DIAGNOSIS_CRITICAL);
    unit_has("all", diagnosis.text, "no run yet; API down since ");
    unit_has("all", diagnosis.text, "; a call that ended 33 min ago is not sent yet; 3 calls are rejected");
    assert_string_equal(diagnosis.action, "did-optimizer-sync --profile acme check");
    standing = well();
    standing.overview.last_run_exit_code = 78;
    standing.oldest_pending = NOW - 2000; /* worse than the failed run, and found after it */
    diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_string_equal(diagnosis.action, "did-optimizer-sync history");
    char *line = diagnosis_line(&diagnosis);
    unit_has("line", line, "is not sent yet; do: did-optimizer-sync history");
    free(line);
    assert_string_equal(diagnosis_name(DIAGNOSIS_UNKNOWN), "UNKNOWN");
}

static void test_diagnosis_is_always_one_line(void **state)
{
    (void)state;
    struct standing standing = well();
    char profile[300];
    memset(profile, 'p', sizeof profile - 1);
    profile[sizeof profile - 1] = '\0';
    standing.overview.last_run_exit_code = 69;
    standing.overview.last_look = standing.oldest_pending = standing.outage_since = standing.overview.first_run = 1;
    memset(standing.overview.last_run_message, '\n', sizeof standing.overview.last_run_message - 1);
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, profile);
    assert_null(strchr(diagnosis.text, '\n'));
    assert_int_equal(strlen(diagnosis.action), sizeof diagnosis.action - 1);
}

static void test_diagnosis_names_what_fails_after_the_calls(void **state)
{
    (void)state;
    struct standing standing = well();
    standing.steps[STEP_STAFF] = (struct step_failure){ .since = NOW - 600, .code = 78, .message = "no right" };
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_WARNING);
    unit_has("text", diagnosis.text, "staff and groups are not copied since ");
    unit_has("text", diagnosis.text, ": no right");
    unit_has("action", diagnosis.action, "check");
    standing.overview.last_run_exit_code = 78; /* of the same failure, which is told once */
    (void)snprintf(standing.overview.last_run_message, sizeof standing.overview.last_run_message, "no right (since)");
    diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_null(strstr(diagnosis.text, "the last run failed"));
    (void)snprintf(standing.overview.last_run_message, sizeof standing.overview.last_run_message, "another");
    diagnosis = diagnosis_of(&standing, &limits, NULL);
    unit_has("text", diagnosis.text, "the last run failed (exit 78): another; staff and groups are not copied since ");
    standing.overview.last_run_exit_code = 0;
    standing.last_standby = NOW; /* the leader does all that */
    standing.leader_seen = NOW;
    diagnosis = diagnosis_of(&standing, &limits, NULL);
    assert_int_equal(diagnosis.level, DIAGNOSIS_OK);
}

static void test_diagnosis_blames_wrong_settings_and_not_cron(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t run_age; /* 0: no run yet */
        bool off;
        enum diagnosis_level want;
        const char *says, *action;
    } rows[] = {
        { "never ran", 0, false, DIAGNOSIS_CRITICAL, "the settings are wrong: x.conf:2: bad; no run yet", "check" },
        { "an old run", 400, false, DIAGNOSIS_WARNING, "the settings are wrong: x.conf:2: bad; no run for 6 min",
          "check" },
        { "a very old run", 4000, false, DIAGNOSIS_CRITICAL, "the settings are wrong: x.conf:2: bad; no run", "check" },
        { "runs say how they are", 12, false, DIAGNOSIS_OK, "last run 12 s ago", "" },
        { "off", 4000, true, DIAGNOSIS_CRITICAL, "not enabled: cron sends no calls", "enable" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct standing standing = well();
        (void)snprintf(standing.settings_problem, sizeof standing.settings_problem, "x.conf:2: bad");
        standing.off = rows[i].off;
        standing.overview.last_run = rows[i].run_age != 0 ? NOW - rows[i].run_age : 0;
        struct diagnosis diagnosis = diagnosis_of(&standing, &limits, NULL);
        unit_same_int(rows[i].name, diagnosis.level, rows[i].want);
        unit_check_true(rows[i].name, strncmp(diagnosis.text, rows[i].says, strlen(rows[i].says)) == 0, diagnosis.text,
                        __FILE__, __LINE__);
        unit_has(rows[i].name, diagnosis.action, rows[i].action);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diagnosis_is_ok_when_nothing_is_wrong),
        cmocka_unit_test(test_diagnosis_expects_the_pauses_that_are_usual),
        cmocka_unit_test(test_diagnosis_finds_what_is_wrong),
        cmocka_unit_test(test_diagnosis_of_a_log_that_cannot_be_written_is_a_warning),
        cmocka_unit_test(test_diagnosis_of_a_single_failed_call_is_a_warning),
        cmocka_unit_test(test_diagnosis_names_the_sink),
        cmocka_unit_test(test_diagnosis_names_archived_calls_that_were_passed),
        cmocka_unit_test(test_diagnosis_needs_runs_that_read_the_dialers_calls),
        cmocka_unit_test(test_diagnosis_counts_the_calls_after_the_checkpoint),
        cmocka_unit_test(test_diagnosis_of_a_standby),
        cmocka_unit_test(test_diagnosis_of_a_standby_without_a_leader),
        cmocka_unit_test(test_diagnosis_of_a_failed_run_of_a_standby),
        cmocka_unit_test(test_diagnosis_trusts_no_run_of_the_future),
        cmocka_unit_test(test_diagnosis_names_the_worst_action_and_the_profile_s_command),
        cmocka_unit_test(test_diagnosis_is_always_one_line),
        cmocka_unit_test(test_diagnosis_names_what_fails_after_the_calls),
        cmocka_unit_test(test_diagnosis_blames_wrong_settings_and_not_cron),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
