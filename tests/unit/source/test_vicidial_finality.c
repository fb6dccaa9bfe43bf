/* Tests of vicidial_finality: whether the status of a row is final, and how long the call waits otherwise. */
#include "../unit.h"

#include "domain/decision.h"
#include "source/vicidial_finality.h"

#define NOW INT64_C(1729771200)
#define HORIZON 15000
#define HOLD 120

static const struct settings_sync settings = {
    .campaigns = (char[]){ "" },
    .exclude_campaigns = (char[]){ "" },
    .not_final = (char[]){ "INCALL QUEUE DISPO" },
    .not_final_horizon = HORIZON,
    .unsettled = (char[]){ "DONEM PU AA AM UNKAM XFER" },
    .unsettled_hold = HOLD,
    .resend_changed = true,
};

static const struct call_record unknown = { .state = CALL_UNKNOWN };

/* ended_ago: seconds since the end of the call. */
struct row {
    const char *name, *status, *comments;
    int64_t ended_ago, age;
    enum decision_kind want;
    int64_t want_until; /* HOLD: relative to NOW */
};

static struct call make_call(const char *status, const char *comments, int64_t ended_ago, int64_t age,
                             const struct settings_sync *chosen)
{
    struct call call = { .id = "1729771000.1", .status = status, .agent = "agent1", .length = 45,
                         .ended = NOW - ended_ago, .age = age };
    vicidial_finality_set(&call, comments, NOW, 0, chosen);
    return call;
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct call call = make_call(rows[i].status, rows[i].comments, rows[i].ended_ago, rows[i].age, &settings);
        struct decision decision = decision_of(&call, &unknown, &settings, NOW);
        unit_same_int(rows[i].name, decision.kind, rows[i].want);
        if (rows[i].want == DECISION_WAIT)
            unit_same_int(rows[i].name, decision.wait_until - NOW, rows[i].want_until);
    }
}

static void test_vicidial_finality_of_most_calls_is_their_end(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "sale", "SALE", NULL, 2, 60, DECISION_SEND, 0 },
        { "no answer of length 0", "NA", NULL, 2, 2, DECISION_SEND, 0 },
        { "busy", "AB", "", 0, 0, DECISION_SEND, 0 },
        { "drop", "DROP", NULL, 2, 30, DECISION_SEND, 0 },
        { "ended in the future", "SALE", NULL, -3, 10, DECISION_SEND, 0 },
        { "of unknown age", "SALE", NULL, 2, -1, DECISION_SEND, 0 },
        { "a site's own status", "XYZ", NULL, 2, 60, DECISION_SEND, 0 },
        { "near a listed one", "INCAL", NULL, 2, 60, DECISION_SEND, 0 },
        { "near a listed one", "A", NULL, 2, 60, DECISION_SEND, 0 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_vicidial_finality_waits_for_what_is_not_final_up_to_the_horizon(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "in call", "INCALL", NULL, 5, 100, DECISION_WAIT, HORIZON - 100 },
        { "queue", "QUEUE", NULL, 5, 0, DECISION_WAIT, HORIZON },
        { "dispo", "DISPO", NULL, 5, 4 * 3600, DECISION_WAIT, HORIZON - 4 * 3600 },
        { "lower case", "dispo", NULL, 5, 100, DECISION_WAIT, HORIZON - 100 },
        { "empty status", "", NULL, 5, 100, DECISION_WAIT, HORIZON - 100 },
        { "NULL status", NULL, NULL, 5, 100, DECISION_WAIT, HORIZON - 100 },
        { "one second below", "DISPO", NULL, 5, HORIZON - 1, DECISION_WAIT, 1 },
        { "at the horizon", "DISPO", NULL, 5, HORIZON, DECISION_SEND, 0 },
        { "above", "DISPO", NULL, 5, HORIZON + 1, DECISION_SEND, 0 },
        { "empty status, at the horizon", "", NULL, 5, HORIZON, DECISION_SEND, 0 },
        { "REMOTE helps XFER only", "INCALL", "REMOTE", 5, 100, DECISION_WAIT, HORIZON - 100 },
        /* The age counts, not the end: VICIdial limits the agent's time from the begin of the call. */
        { "just ended, made long ago", "DISPO", NULL, 0, HORIZON, DECISION_SEND, 0 },
        { "ended long ago, so it says", "DISPO", NULL, 2 * HORIZON, 100, DECISION_WAIT, HORIZON - 100 },
        /* Without a call_date the end counts. */
        { "unknown age, just ended", "DISPO", NULL, 10, -1, DECISION_WAIT, HORIZON - 10 },
        { "unknown age, one below", "DISPO", NULL, HORIZON - 1, -1, DECISION_WAIT, 1 },
        { "unknown age, at the horizon", "DISPO", NULL, HORIZON, -1, DECISION_SEND, 0 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_vicidial_finality_waits_for_what_is_unsettled_for_a_moment_after_its_end(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "DONEM", "DONEM", NULL, 10, 60, DECISION_WAIT, HOLD - 10 },
        { "PU", "PU", NULL, 0, 60, DECISION_WAIT, HOLD },
        { "AA", "AA", NULL, 1, 60, DECISION_WAIT, HOLD - 1 },
        { "AM", "am", NULL, 1, 60, DECISION_WAIT, HOLD - 1 },
        { "UNKAM", "UNKAM", NULL, 1, 60, DECISION_WAIT, HOLD - 1 },
        { "one second below", "AA", NULL, HOLD - 1, 60, DECISION_WAIT, 1 },
        { "at the hold", "AA", NULL, HOLD, 60, DECISION_SEND, 0 },
        { "above", "AA", NULL, HOLD + 1, 60, DECISION_SEND, 0 },
        { "the end counts, not the age", "AA", NULL, 10, 99999, DECISION_WAIT, HOLD - 10 },
        { "unknown age", "AA", NULL, 10, -1, DECISION_WAIT, HOLD - 10 },
        { "AMD's 3 s in the future", "AA", NULL, -3, 60, DECISION_WAIT, HOLD + 3 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_vicidial_finality_of_a_remote_agents_transfer(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "an agent's transfer", "XFER", "AUTO", 10, 60, DECISION_WAIT, HOLD - 10 },
        { "without comments", "XFER", NULL, 10, 60, DECISION_WAIT, HOLD - 10 },
        { "a remote agent's call", "XFER", "REMOTE", 10, 60, DECISION_SEND, 0 },
        { "in small letters", "xfer", "remote", 10, 60, DECISION_SEND, 0 },
        { "more than REMOTE", "XFER", "REMOTE 1", 10, 60, DECISION_WAIT, HOLD - 10 },
        { "an agent's transfer, settled", "XFER", "AUTO", HOLD, 60, DECISION_SEND, 0 },
        { "REMOTE helps XFER only", "AA", "REMOTE", 10, 60, DECISION_WAIT, HOLD - 10 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_vicidial_finality_waits_for_calls_that_have_not_ended(void **state)
{
    (void)state;
    static const char *const statuses[] = { "SALE", "INCALL", "AA", "", NULL };
    for (size_t i = 0; i < UNIT_COUNT(statuses); i++) {
        struct call call = { .status = statuses[i], .age = 60, .finality = CALL_NOT_FINAL, .wait_until = 1 };
        vicidial_finality_set(&call, NULL, NOW, 0, &settings);
        unit_same_int(statuses[i], call.finality, CALL_NOT_ENDED);
        unit_same_int(statuses[i], decision_of(&call, &unknown, &settings, NOW).kind, DECISION_SKIP);
    }
    struct call first = { .status = "SALE", .ended = 1, .age = -1 };
    vicidial_finality_set(&first, NULL, NOW, 0, &settings);
    assert_int_equal(first.finality, CALL_FINAL);
}

static void test_vicidial_finality_obeys_the_settings(void **state)
{
    (void)state;
    struct settings_sync own = settings;
    own.not_final = (char[]){ "WAIT" };
    own.unsettled = (char[]){ "" };
    own.not_final_horizon = 50;
    assert_int_equal(make_call("WAIT", NULL, 10, 49, &own).wait_until, NOW + 1);
    assert_int_equal(make_call("WAIT", NULL, 10, 50, &own).wait_until, NOW);
    assert_int_equal(make_call("INCALL", NULL, 10, 0, &own).finality, CALL_FINAL); /* no longer in the list */
    assert_int_equal(make_call("AA", NULL, 10, 0, &own).finality, CALL_FINAL);
    own.not_final_horizon = own.unsettled_hold = 0;
    own.unsettled = settings.unsettled;
    struct call call = make_call("", NULL, 0, 0, &own); /* both durations are 0: no call waits */
    assert_int_equal(decision_of(&call, &unknown, &own, NOW).kind, DECISION_SEND);
    call = make_call("AA", NULL, 0, 0, &own);
    assert_int_equal(decision_of(&call, &unknown, &own, NOW).kind, DECISION_SEND);
}

/* In autumn, VICIdial's screens see a call as an hour younger. Without a call_date this makes no difference. */
static void test_vicidial_finality_gives_an_hour_more_where_the_clocks_went_back(void **state)
{
    (void)state;
    struct call call = { .status = "DISPO", .ended = NOW - 10, .age = 100 };
    vicidial_finality_set(&call, NULL, NOW, 3600, &settings);
    assert_int_equal(call.wait_until, NOW + HORIZON - 100 + 3600);
    call.age = -1;
    vicidial_finality_set(&call, NULL, NOW, 3600, &settings);
    assert_int_equal(call.wait_until, NOW + HORIZON - 10);
}

/* A status in both lists waits for the later of both times. */
static void test_vicidial_finality_waits_for_the_later_of_two_times(void **state)
{
    (void)state;
    struct settings_sync own = settings;
    own.unsettled = (char[]){ "DISPO" };
    assert_int_equal(make_call("DISPO", NULL, 10, 100, &own).wait_until, NOW + HORIZON - 100);
    assert_int_equal(make_call("DISPO", NULL, 10, HORIZON - 50, &own).wait_until, NOW + HOLD - 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vicidial_finality_of_most_calls_is_their_end),
        cmocka_unit_test(test_vicidial_finality_waits_for_what_is_not_final_up_to_the_horizon),
        cmocka_unit_test(test_vicidial_finality_waits_for_what_is_unsettled_for_a_moment_after_its_end),
        cmocka_unit_test(test_vicidial_finality_of_a_remote_agents_transfer),
        cmocka_unit_test(test_vicidial_finality_waits_for_calls_that_have_not_ended),
        cmocka_unit_test(test_vicidial_finality_obeys_the_settings),
        cmocka_unit_test(test_vicidial_finality_gives_an_hour_more_where_the_clocks_went_back),
        cmocka_unit_test(test_vicidial_finality_waits_for_the_later_of_two_times),
    };
    return cmocka_run_group_tests_name("vicidial_finality", tests, NULL, NULL);
}
