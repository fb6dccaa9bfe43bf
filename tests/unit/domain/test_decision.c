/* Tests of decision: send, hold or skip. */
#include "../unit.h"

#include "domain/decision.h"

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

/* ended_ago: seconds since end_epoch. */
struct row {
    const char *name, *status, *comments;
    int64_t ended_ago, age_sec;
    enum decision_kind want;
    int64_t want_until; /* HOLD: relative to NOW */
};

static struct call make_call(const char *status, const char *comments, int64_t ended_ago, int64_t age_sec,
                             char *end_epoch, size_t size)
{
    (void)snprintf(end_epoch, size, "%lld", (long long)(NOW - ended_ago));
    return (struct call){ .value = { [CALL_UNIQUEID] = "1729771000.1",
                                     [CALL_STATUS] = status,
                                     [CALL_COMMENTS] = comments,
                                     [CALL_LENGTH_IN_SEC] = "45",
                                     [CALL_USER] = "agent1",
                                     [CALL_TERM_REASON] = "CALLER",
                                     [CALL_END_EPOCH] = end_epoch },
                          .age_sec = age_sec };
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char end_epoch[32];
        struct call call = make_call(rows[i].status, rows[i].comments, rows[i].ended_ago, rows[i].age_sec, end_epoch,
                                     sizeof end_epoch);
        struct decision decision = decision_of(&call, &unknown, &settings, NOW);
        unit_same_int(rows[i].name, decision.kind, rows[i].want);
        if (rows[i].want == DECISION_HOLD)
            unit_same_int(rows[i].name, decision.hold_until - NOW, rows[i].want_until);
    }
}

static void test_decision_sends_final_calls_at_once(void **state)
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

static void test_decision_holds_what_is_not_final_up_to_the_horizon(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "in call", "INCALL", NULL, 5, 100, DECISION_HOLD, HORIZON - 100 },
        { "queue", "QUEUE", NULL, 5, 0, DECISION_HOLD, HORIZON },
        { "dispo", "DISPO", NULL, 5, 4 * 3600, DECISION_HOLD, HORIZON - 4 * 3600 },
        { "lower case", "dispo", NULL, 5, 100, DECISION_HOLD, HORIZON - 100 },
        { "empty status", "", NULL, 5, 100, DECISION_HOLD, HORIZON - 100 },
        { "NULL status", NULL, NULL, 5, 100, DECISION_HOLD, HORIZON - 100 },
        { "one second below", "DISPO", NULL, 5, HORIZON - 1, DECISION_HOLD, 1 },
        { "at the horizon", "DISPO", NULL, 5, HORIZON, DECISION_SEND, 0 },
        { "above", "DISPO", NULL, 5, HORIZON + 1, DECISION_SEND, 0 },
        { "empty status, at the horizon", "", NULL, 5, HORIZON, DECISION_SEND, 0 },
        { "REMOTE helps XFER only", "INCALL", "REMOTE", 5, 100, DECISION_HOLD, HORIZON - 100 },
        /* The age counts, not the end: the agent of a long call has as much time as any other. */
        { "just ended, made long ago", "DISPO", NULL, 0, HORIZON, DECISION_SEND, 0 },
        { "ended long ago, so it says", "DISPO", NULL, 2 * HORIZON, 100, DECISION_HOLD, HORIZON - 100 },
        /* Without a call_date the end is what counts. */
        { "unknown age, just ended", "DISPO", NULL, 10, -1, DECISION_HOLD, HORIZON - 10 },
        { "unknown age, one below", "DISPO", NULL, HORIZON - 1, -1, DECISION_HOLD, 1 },
        { "unknown age, at the horizon", "DISPO", NULL, HORIZON, -1, DECISION_SEND, 0 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_decision_holds_what_is_unsettled_for_a_moment_after_its_end(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "DONEM", "DONEM", NULL, 10, 60, DECISION_HOLD, HOLD - 10 },
        { "PU", "PU", NULL, 0, 60, DECISION_HOLD, HOLD },
        { "AA", "AA", NULL, 1, 60, DECISION_HOLD, HOLD - 1 },
        { "AM", "am", NULL, 1, 60, DECISION_HOLD, HOLD - 1 },
        { "UNKAM", "UNKAM", NULL, 1, 60, DECISION_HOLD, HOLD - 1 },
        { "one second below", "AA", NULL, HOLD - 1, 60, DECISION_HOLD, 1 },
        { "at the hold", "AA", NULL, HOLD, 60, DECISION_SEND, 0 },
        { "above", "AA", NULL, HOLD + 1, 60, DECISION_SEND, 0 },
        { "the end counts, not the age", "AA", NULL, 10, 99999, DECISION_HOLD, HOLD - 10 },
        { "unknown age", "AA", NULL, 10, -1, DECISION_HOLD, HOLD - 10 },
        { "AMD's 3 s in the future", "AA", NULL, -3, 60, DECISION_HOLD, HOLD + 3 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_decision_takes_a_remote_agents_transfer_for_final(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "an agent's transfer", "XFER", "AUTO", 10, 60, DECISION_HOLD, HOLD - 10 },
        { "without comments", "XFER", NULL, 10, 60, DECISION_HOLD, HOLD - 10 },
        { "a remote agent's call", "XFER", "REMOTE", 10, 60, DECISION_SEND, 0 },
        { "in small letters", "xfer", "remote", 10, 60, DECISION_SEND, 0 },
        { "more than REMOTE", "XFER", "REMOTE 1", 10, 60, DECISION_HOLD, HOLD - 10 },
        { "an agent's transfer, settled", "XFER", "AUTO", HOLD, 60, DECISION_SEND, 0 },
        { "REMOTE helps XFER only", "AA", "REMOTE", 10, 60, DECISION_HOLD, HOLD - 10 },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_decision_skips_calls_that_have_not_ended(void **state)
{
    (void)state;
    static const char *const ends[] = { NULL, "0", "", "-1", "x" };
    for (size_t i = 0; i < UNIT_COUNT(ends); i++) {
        struct call call = { .value = { [CALL_STATUS] = "SALE", [CALL_END_EPOCH] = ends[i] }, .age_sec = 60 };
        unit_same_int(ends[i] != NULL ? ends[i] : "NULL", decision_of(&call, &unknown, &settings, NOW).kind,
                      DECISION_SKIP);
        call.value[CALL_STATUS] = "INCALL";
        unit_same_int(ends[i] != NULL ? ends[i] : "NULL", decision_of(&call, &unknown, &settings, NOW).kind,
                      DECISION_SKIP);
    }
}

/* What is known of the call decides as well. changed: its status differs from what the API accepted. */
static void test_decision_weighs_what_is_known_of_the_call(void **state)
{
    (void)state;
    static const struct {
        const char *name, *status;
        enum call_state known;
        bool sent_before, changed, resend_changed;
        enum decision_kind want;
    } rows[] = {
        { "accepted, unchanged", "SALE", CALL_ACCEPTED, true, false, true, DECISION_SKIP },
        { "accepted, unchanged, resend off", "SALE", CALL_ACCEPTED, true, false, false, DECISION_SKIP },
        { "accepted, changed", "SALE", CALL_ACCEPTED, true, true, true, DECISION_SEND },
        { "accepted, changed, resend off", "SALE", CALL_ACCEPTED, true, true, false, DECISION_SKIP },
        { "accepted, changed to not final", "DISPO", CALL_ACCEPTED, true, true, true, DECISION_HOLD },
        { "accepted, changed to unsettled", "AA", CALL_ACCEPTED, true, true, true, DECISION_HOLD },
        { "accepted as DISPO at the horizon, still that", "DISPO", CALL_ACCEPTED, true, false, true, DECISION_SKIP },
        { "owed", "SALE", CALL_OWED, false, false, true, DECISION_SEND },
        { "owed, resend off", "SALE", CALL_OWED, false, false, false, DECISION_SEND },
        { "owed for a change", "SALE", CALL_OWED, true, true, true, DECISION_SEND },
        { "owed for a change that was taken back", "SALE", CALL_OWED, true, false, true, DECISION_SKIP },
        { "held, final now", "SALE", CALL_HELD, false, false, true, DECISION_SEND },
        { "held, still not final", "DISPO", CALL_HELD, false, false, true, DECISION_HOLD },
        { "held for a change, final now", "SALE", CALL_HELD, true, true, true, DECISION_SEND },
        { "rejected", "SALE", CALL_REJECTED, false, false, true, DECISION_SKIP },
        { "rejected, not final now", "DISPO", CALL_REJECTED, false, false, true, DECISION_SKIP },
        { "dropped", "SALE", CALL_DROPPED, false, false, true, DECISION_SKIP },
        { "dropped change of an accepted call", "SALE", CALL_DROPPED, true, true, true, DECISION_SKIP },
        { "rejected change of an accepted call", "SALE", CALL_REJECTED, true, true, true, DECISION_SKIP },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char end_epoch[32];
        struct call call = make_call(rows[i].status, NULL, 10, 60, end_epoch, sizeof end_epoch);
        struct call_record record = { .state = rows[i].known, .sent_before = rows[i].sent_before };
        record.fingerprint = call_fingerprint(&call) + (rows[i].changed ? 1 : 0);
        struct settings_sync chosen = settings;
        chosen.resend_changed = rows[i].resend_changed;
        unit_same_int(rows[i].name, decision_of(&call, &record, &chosen, NOW).kind, rows[i].want);
    }
}

static void test_decision_sees_each_change_that_counts(void **state)
{
    (void)state;
    static const struct {
        enum call_field field;
        const char *value;
        enum decision_kind want;
    } rows[] = {
        { CALL_STATUS, "NI", DECISION_SEND },        { CALL_LENGTH_IN_SEC, "46", DECISION_SEND },
        { CALL_USER, "agent2", DECISION_SEND },      { CALL_TERM_REASON, "AGENT", DECISION_SEND },
        { CALL_COMMENTS, "AUTO", DECISION_SKIP },    { CALL_END_EPOCH, "1729771195", DECISION_SKIP },
        { CALL_LIST_ID, "102", DECISION_SKIP },      { CALL_CALLED_COUNT, "9", DECISION_SKIP },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char end_epoch[32], row[32];
        struct call call = make_call("SALE", NULL, 10, 60, end_epoch, sizeof end_epoch);
        struct call_record record = { .state = CALL_ACCEPTED,
                                      .sent_before = true,
                                      .fingerprint = call_fingerprint(&call) };
        call.value[rows[i].field] = rows[i].value;
        (void)snprintf(row, sizeof row, "field %d", (int)rows[i].field);
        unit_same_int(row, decision_of(&call, &record, &settings, NOW).kind, rows[i].want);
    }
}

static void test_decision_obeys_the_settings(void **state)
{
    (void)state;
    char end_epoch[32];
    struct settings_sync own = settings;
    own.not_final = (char[]){ "WAIT" };
    own.unsettled = (char[]){ "" };
    own.not_final_horizon = 50;
    struct call call = make_call("WAIT", NULL, 10, 49, end_epoch, sizeof end_epoch);
    assert_int_equal(decision_of(&call, &unknown, &own, NOW).kind, DECISION_HOLD);
    call.age_sec = 50;
    assert_int_equal(decision_of(&call, &unknown, &own, NOW).kind, DECISION_SEND);
    call.age_sec = 0;
    call.value[CALL_STATUS] = "INCALL"; /* not in the list any more */
    assert_int_equal(decision_of(&call, &unknown, &own, NOW).kind, DECISION_SEND);
    call.value[CALL_STATUS] = "AA";
    assert_int_equal(decision_of(&call, &unknown, &own, NOW).kind, DECISION_SEND);
    own.not_final_horizon = own.unsettled_hold = 0;
    own.unsettled = settings.unsettled;
    call = make_call("", NULL, 0, 0, end_epoch, sizeof end_epoch); /* both spans off: nothing is held */
    assert_int_equal(decision_of(&call, &unknown, &own, NOW).kind, DECISION_SEND);
    call.value[CALL_STATUS] = "AA";
    assert_int_equal(decision_of(&call, &unknown, &own, NOW).kind, DECISION_SEND);
}

static void test_decision_leaves_campaigns_that_are_not_selected(void **state)
{
    (void)state;
    static const struct {
        const char *campaigns, *excluded, *campaign, *status;
        enum call_state known;
        bool sent_before;
        enum decision_kind want;
    } rows[] = {
        { "", "", "SALES", "SALE", CALL_UNKNOWN, false, DECISION_SEND },
        { "", "", NULL, "SALE", CALL_UNKNOWN, false, DECISION_SEND },
        { "SALES", "", "SALES", "SALE", CALL_UNKNOWN, false, DECISION_SEND },
        { "OTHER, sales", "", "Sales", "SALE", CALL_UNKNOWN, false, DECISION_SEND },
        { "SALES", "", "SALES2", "SALE", CALL_UNKNOWN, false, DECISION_LEAVE },
        { "SALES2", "", "SALES", "SALE", CALL_UNKNOWN, false, DECISION_LEAVE },
        { "SALES", "", "", "SALE", CALL_UNKNOWN, false, DECISION_LEAVE },
        { "SALES", "", NULL, "SALE", CALL_UNKNOWN, false, DECISION_LEAVE },
        { "", "TEST", "test", "SALE", CALL_UNKNOWN, false, DECISION_LEAVE },
        { "", "TEST", "SALES", "SALE", CALL_UNKNOWN, false, DECISION_SEND },
        { "", "TEST", "", "SALE", CALL_UNKNOWN, false, DECISION_SEND },
        { "SALES TEST", "TEST", "TEST", "SALE", CALL_UNKNOWN, false, DECISION_LEAVE },
        { "SALES TEST", "TEST", "SALES", "SALE", CALL_UNKNOWN, false, DECISION_SEND },
        { "OTHER", "", "SALES", "DISPO", CALL_UNKNOWN, false, DECISION_LEAVE }, /* not held either */
        { "OTHER", "", "SALES", "DISPO", CALL_HELD, false, DECISION_LEAVE },
        { "OTHER", "", "SALES", "SALE", CALL_OWED, false, DECISION_LEAVE },
        { "OTHER", "", "SALES", "SALE", CALL_OWED, true, DECISION_LEAVE },
        { "OTHER", "", "SALES", "SALE", CALL_ACCEPTED, true, DECISION_LEAVE }, /* though it has changed */
        { "OTHER", "", "SALES", "SALE", CALL_REJECTED, false, DECISION_SKIP }, /* a person decides on those */
        { "OTHER", "", "SALES", "SALE", CALL_DROPPED, false, DECISION_SKIP },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char end_epoch[32], row[200], campaigns[40], excluded[40];
        struct call call = make_call(rows[i].status, NULL, 10, 60, end_epoch, sizeof end_epoch);
        struct call_record record = { .state = rows[i].known, .sent_before = rows[i].sent_before };
        struct settings_sync chosen = settings;
        (void)snprintf(campaigns, sizeof campaigns, "%s", rows[i].campaigns);
        (void)snprintf(excluded, sizeof excluded, "%s", rows[i].excluded);
        chosen.campaigns = campaigns;
        chosen.exclude_campaigns = excluded;
        call.value[CALL_CAMPAIGN_ID] = rows[i].campaign;
        (void)snprintf(row, sizeof row, "%zu: %s of '%s' but '%s'", i, rows[i].campaign, campaigns, excluded);
        unit_same_int(row, decision_of(&call, &record, &chosen, NOW).kind, rows[i].want);
    }
    struct call running = { .value = { [CALL_CAMPAIGN_ID] = "TEST" } };
    assert_int_equal(decision_of(&running, &unknown, &settings, NOW).kind, DECISION_SKIP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decision_sends_final_calls_at_once),
        cmocka_unit_test(test_decision_holds_what_is_not_final_up_to_the_horizon),
        cmocka_unit_test(test_decision_holds_what_is_unsettled_for_a_moment_after_its_end),
        cmocka_unit_test(test_decision_takes_a_remote_agents_transfer_for_final),
        cmocka_unit_test(test_decision_skips_calls_that_have_not_ended),
        cmocka_unit_test(test_decision_weighs_what_is_known_of_the_call),
        cmocka_unit_test(test_decision_sees_each_change_that_counts),
        cmocka_unit_test(test_decision_obeys_the_settings),
        cmocka_unit_test(test_decision_leaves_campaigns_that_are_not_selected),
    };
    return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
