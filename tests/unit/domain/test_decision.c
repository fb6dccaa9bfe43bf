/* Tests of decision: send, wait or skip. */
#include "../unit.h"

#include "domain/decision.h"

#define NOW INT64_C(1729771200)

static const struct settings_sync settings = {
    .campaigns = (char[]){ "" },
    .exclude_campaigns = (char[]){ "" },
    .resend_changed = true,
};

static const struct call_record unknown = { .state = CALL_UNKNOWN };

static const struct call_shape shape = { .extras = { { .name = "comments" },
                                                    { .name = "reason", .in_fingerprint = true } } };

static struct call make_call(enum call_finality finality, int64_t wait_until)
{
    return (struct call){ .id = "1729771000.1", .status = "SALE", .agent = "agent1", .length = 45, .ended = NOW - 10,
                          .age = 60, .finality = finality, .wait_until = wait_until,
                          .shape = &shape, .extras = { NULL, "CALLER" } };
}

static void test_decision_sends_final_calls_and_waits_for_the_others(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum call_finality finality;
        int64_t wait_until;
        enum decision_kind want;
    } rows[] = {
        { "ready", CALL_FINAL, 0, DECISION_SEND },
        { "ready, and a time that means nothing", CALL_FINAL, NOW + 100, DECISION_SEND },
        { "waits", CALL_NOT_FINAL, NOW + 100, DECISION_WAIT },
        { "waits another second", CALL_NOT_FINAL, NOW + 1, DECISION_WAIT },
        { "has waited", CALL_NOT_FINAL, NOW, DECISION_SEND },
        { "has waited for long", CALL_NOT_FINAL, NOW - 1000, DECISION_SEND },
        { "has not ended", CALL_NOT_ENDED, NOW - 1000, DECISION_SKIP },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call call = make_call(rows[i].finality, rows[i].wait_until);
        struct decision decision = decision_of(&call, &unknown, &settings, NOW);
        unit_same_int(rows[i].name, decision.kind, rows[i].want);
        unit_same_int(rows[i].name, decision.wait_until, rows[i].want == DECISION_WAIT ? rows[i].wait_until : 0);
    }
}

/* The ledger's record decides too. In a row, changed means that the status differs from the accepted one. */
static void test_decision_depends_on_the_record(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum call_finality finality;
        enum call_state known;
        bool sent_before, changed, resend_changed;
        enum decision_kind want;
    } rows[] = {
        { "accepted, unchanged", CALL_FINAL, CALL_ACCEPTED, true, false, true, DECISION_SKIP },
        { "accepted, unchanged, resend off", CALL_FINAL, CALL_ACCEPTED, true, false, false, DECISION_SKIP },
        { "accepted, changed", CALL_FINAL, CALL_ACCEPTED, true, true, true, DECISION_SEND },
        { "accepted, changed, resend off", CALL_FINAL, CALL_ACCEPTED, true, true, false, DECISION_SKIP },
        { "accepted, changed to not final", CALL_NOT_FINAL, CALL_ACCEPTED, true, true, true, DECISION_WAIT },
        { "accepted, changed to unsettled", CALL_NOT_FINAL, CALL_ACCEPTED, true, true, true, DECISION_WAIT },
        { "accepted though not final, still that", CALL_NOT_FINAL, CALL_ACCEPTED, true, false, true, DECISION_SKIP },
        { "pending", CALL_FINAL, CALL_PENDING, false, false, true, DECISION_SEND },
        { "pending, resend off", CALL_FINAL, CALL_PENDING, false, false, false, DECISION_SEND },
        { "pending for a change", CALL_FINAL, CALL_PENDING, true, true, true, DECISION_SEND },
        { "pending for a change that was taken back", CALL_FINAL, CALL_PENDING, true, false, true, DECISION_SKIP },
        { "waiting, final now", CALL_FINAL, CALL_WAITING, false, false, true, DECISION_SEND },
        { "waiting, still not final", CALL_NOT_FINAL, CALL_WAITING, false, false, true, DECISION_WAIT },
        { "waiting for a change, final now", CALL_FINAL, CALL_WAITING, true, true, true, DECISION_SEND },
        { "rejected", CALL_FINAL, CALL_REJECTED, false, false, true, DECISION_SKIP },
        { "rejected, not final now", CALL_NOT_FINAL, CALL_REJECTED, false, false, true, DECISION_SKIP },
        { "dropped", CALL_FINAL, CALL_DISCARDED, false, false, true, DECISION_SKIP },
        { "dropped change of an accepted call", CALL_FINAL, CALL_DISCARDED, true, true, true, DECISION_SKIP },
        { "rejected change of an accepted call", CALL_FINAL, CALL_REJECTED, true, true, true, DECISION_SKIP },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call call = make_call(rows[i].finality, NOW + 100);
        struct call_record record = { .state = rows[i].known, .sent_before = rows[i].sent_before };
        record.fingerprint = call_fingerprint(&call) + (rows[i].changed ? 1 : 0);
        struct settings_sync chosen = settings;
        chosen.resend_changed = rows[i].resend_changed;
        unit_same_int(rows[i].name, decision_of(&call, &record, &chosen, NOW).kind, rows[i].want);
    }
}

/* The call equals the last accepted version, but another version may have reached the API since. */
static void test_decision_sends_a_call_again_while_its_version_is_unknown(void **state)
{
    (void)state;
    const struct call ready = make_call(CALL_FINAL, 0), waits = make_call(CALL_NOT_FINAL, NOW + 100);
    const struct call_record record = { .state = CALL_PENDING, .sent_before = true, .version_unknown = 1,
                                        .fingerprint = call_fingerprint(&ready) };
    struct settings_sync off = settings;
    off.resend_changed = false;
    assert_int_equal(decision_of(&ready, &record, &settings, NOW).kind, DECISION_SEND);
    assert_int_equal(decision_of(&waits, &record, &settings, NOW).kind, DECISION_WAIT);
    assert_int_equal(decision_of(&ready, &record, &off, NOW).kind, DECISION_SKIP);
}

static void test_decision_resends_after_each_change_of_the_fingerprint(void **state)
{
    (void)state;
    const struct call call = make_call(CALL_FINAL, 0);
    const struct call_record record = { .state = CALL_ACCEPTED, .sent_before = true,
                                        .fingerprint = call_fingerprint(&call) };
    struct call status = call, length = call, agent = call, reason = call, comments = call, ended = call;
    status.status = "NI";
    length.length = 46;
    agent.agent = "agent2";
    reason.extras[1] = "AGENT";
    comments.extras[0] = "AUTO";
    ended.ended++;
    const struct {
        const char *name;
        const struct call *call;
        enum decision_kind want;
    } rows[] = {
        { "nothing", &call, DECISION_SKIP },        { "status", &status, DECISION_SEND },
        { "length", &length, DECISION_SEND },       { "agent", &agent, DECISION_SEND },
        { "an extra that is news", &reason, DECISION_SEND },
        { "another extra", &comments, DECISION_SKIP }, { "its end", &ended, DECISION_SKIP },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].name, decision_of(rows[i].call, &record, &settings, NOW).kind, rows[i].want);
}

static void test_decision_skips_campaigns_that_are_not_selected(void **state)
{
    (void)state;
    static const struct {
        const char *campaigns, *excluded, *campaign;
        enum call_finality finality;
        enum call_state known;
        bool sent_before;
        enum decision_kind want;
    } rows[] = {
        { "", "", "SALES", CALL_FINAL, CALL_UNKNOWN, false, DECISION_SEND },
        { "", "", NULL, CALL_FINAL, CALL_UNKNOWN, false, DECISION_SEND },
        { "SALES", "", "SALES", CALL_FINAL, CALL_UNKNOWN, false, DECISION_SEND },
        { "OTHER, sales", "", "Sales", CALL_FINAL, CALL_UNKNOWN, false, DECISION_SEND },
        { "SALES", "", "SALES2", CALL_FINAL, CALL_UNKNOWN, false, DECISION_OUT_OF_SCOPE },
        { "SALES2", "", "SALES", CALL_FINAL, CALL_UNKNOWN, false, DECISION_OUT_OF_SCOPE },
        { "SALES", "", "", CALL_FINAL, CALL_UNKNOWN, false, DECISION_OUT_OF_SCOPE },
        { "SALES", "", NULL, CALL_FINAL, CALL_UNKNOWN, false, DECISION_OUT_OF_SCOPE },
        { "", "TEST", "test", CALL_FINAL, CALL_UNKNOWN, false, DECISION_OUT_OF_SCOPE },
        { "", "TEST", "SALES", CALL_FINAL, CALL_UNKNOWN, false, DECISION_SEND },
        { "", "TEST", "", CALL_FINAL, CALL_UNKNOWN, false, DECISION_SEND },
        { "SALES TEST", "TEST", "TEST", CALL_FINAL, CALL_UNKNOWN, false, DECISION_OUT_OF_SCOPE },
        { "SALES TEST", "TEST", "SALES", CALL_FINAL, CALL_UNKNOWN, false, DECISION_SEND },
        { "OTHER", "", "SALES", CALL_NOT_FINAL, CALL_UNKNOWN, false, DECISION_OUT_OF_SCOPE }, /* and it does not wait */
        { "OTHER", "", "SALES", CALL_NOT_FINAL, CALL_WAITING, false, DECISION_OUT_OF_SCOPE },
        { "OTHER", "", "SALES", CALL_FINAL, CALL_PENDING, false, DECISION_OUT_OF_SCOPE },
        { "OTHER", "", "SALES", CALL_FINAL, CALL_PENDING, true, DECISION_OUT_OF_SCOPE },
        { "OTHER", "", "SALES", CALL_FINAL, CALL_ACCEPTED, true, DECISION_OUT_OF_SCOPE }, /* although it has changed */
        { "OTHER", "", "SALES", CALL_FINAL, CALL_REJECTED, false, DECISION_SKIP }, /* an operator decides */
        { "OTHER", "", "SALES", CALL_FINAL, CALL_DISCARDED, false, DECISION_SKIP },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[200], campaigns[40], excluded[40];
        struct call call = make_call(rows[i].finality, NOW + 100);
        struct call_record record = { .state = rows[i].known, .sent_before = rows[i].sent_before };
        struct settings_sync chosen = settings;
        (void)snprintf(campaigns, sizeof campaigns, "%s", rows[i].campaigns);
        (void)snprintf(excluded, sizeof excluded, "%s", rows[i].excluded);
        chosen.campaigns = campaigns;
        chosen.exclude_campaigns = excluded;
        call.campaign = rows[i].campaign;
        (void)snprintf(row, sizeof row, "%zu: %s of '%s' but '%s'", i, rows[i].campaign, campaigns, excluded);
        unit_same_int(row, decision_of(&call, &record, &chosen, NOW).kind, rows[i].want);
    }
    struct call running = { .campaign = "TEST", .finality = CALL_NOT_ENDED };
    assert_int_equal(decision_of(&running, &unknown, &settings, NOW).kind, DECISION_SKIP);
}

static void test_decision_resends_only_the_changes_that_the_settings_name(void **state)
{
    (void)state;
    static const struct decision_accepted sale = { .status = "SALE", .agent = "1001", .length = 45 },
                                          never = { .status = NULL };
    static const struct {
        const char *name, *status, *agent;
        int64_t length;
        bool yes, final, ignoring; /* with resend_changed = yes; with resend_changed = final; with a receiver that
                                      ignores extras */
    } rows[] = {
        { "an extra alone", "SALE", "1001", 45, true, false, false },
        { "the agent", "SALE", "1002", 45, true, false, true },
        { "the length", "SALE", "1001", 46, true, false, true },
        { "the status", "NI", "1001", 45, true, true, true },
        { "no status any more", NULL, "1001", 45, true, true, true },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call call = { .status = rows[i].status, .agent = rows[i].agent, .length = rows[i].length };
        struct settings_sync yes = { .resend_changed = RESEND_YES }, final = { .resend_changed = RESEND_FINAL },
                             ignoring = { .resend_changed = RESEND_YES, .ignores_extras = true };
        unit_same_int(rows[i].name, decision_change_counts(&call, &sale, &yes), rows[i].yes);
        unit_same_int(rows[i].name, decision_change_counts(&call, &sale, &final), rows[i].final);
        unit_same_int(rows[i].name, decision_change_counts(&call, &sale, &ignoring), rows[i].ignoring);
        unit_true(rows[i].name, decision_change_counts(&call, &never, &final));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decision_resends_only_the_changes_that_the_settings_name),
        cmocka_unit_test(test_decision_sends_final_calls_and_waits_for_the_others),
        cmocka_unit_test(test_decision_depends_on_the_record),
        cmocka_unit_test(test_decision_sends_a_call_again_while_its_version_is_unknown),
        cmocka_unit_test(test_decision_resends_after_each_change_of_the_fingerprint),
        cmocka_unit_test(test_decision_skips_campaigns_that_are_not_selected),
    };
    return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
