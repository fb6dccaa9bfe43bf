/* Tests of suspects: who is to blame for calls that failed, and what becomes of the calls. */
#include "../scene.h"

#include "../broken_ledger.h"
#include "base/log.h"
#include "engine/suspects.h"

#define MOST 6

/* Calls that have failed in a run. Every delay up to 4 s has no random part. */
static struct source source;
static struct engine engine;
static struct work work;
static struct work_item *room[MOST];
static struct suspects suspects;
static struct err err;

static int enter(void **state)
{
    int result = scene_enter(state);
    struct scene *scene = *state;
    scene->settings.retry_base = 1;
    source = memory_source_open(&scene->calls);
    engine = scene_engine(scene, &source, NULL);
    suspects = (struct suspects){ .engine = &engine, .items = room };
    return result;
}

static int leave(void **state)
{
    suspects_clear(&suspects);
    work_clear(&work);
    return scene_leave(state);
}
#define in_suspects(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static struct outcome failure(const char *reason)
{
    struct outcome outcome = scene_outcome(OUTCOME_RETRY);
    (void)snprintf(outcome.reason, sizeof outcome.reason, "%s", reason);
    return outcome;
}

static struct outcome refusal(const char *reason)
{
    struct outcome outcome = failure(reason);
    outcome.kind = OUTCOME_MISCONFIGURED;
    (void)snprintf(outcome.advice, sizeof outcome.advice, "; check the key");
    return outcome;
}

/* A call that has used up so many retries, in so many tries, and fails in this way. */
static struct work_item *fail_call(struct scene *scene, const char *id, int64_t attempts, int64_t tries,
                                   struct outcome outcome)
{
    struct call_record record = { .state = CALL_PENDING, .attempts = attempts, .tries = tries };
    work_add(&work, scene_add(scene, id, SCENE_NOW - 60), &record, true);
    struct work_item *item = work.items[work.count - 1];
    suspects_add(&suspects, item, &outcome);
    return item;
}

static int judge(void)
{
    return suspects_judge(&suspects, &err);
}

static void check_place(struct scene *scene, const char *row, const char *id)
{
    unit_same_text(row, scene_place(scene, LEDGER_DOUBT).uniqueid, id);
}

static void test_an_answer_blames_what_had_failed_when_its_request_began(void **state)
{
    struct scene *scene = *state;
    struct work_item *before = fail_call(scene, "before", 0, 0, failure("HTTP 500"));
    struct work_item *then = fail_call(scene, "then", 0, 0, failure("HTTP 500"));
    struct work_item *after = fail_call(scene, "after", 0, 0, failure("HTTP 500"));
    before->suspected_ms = 10.0;
    then->suspected_ms = 20.0;
    after->suspected_ms = 20.5;
    assert_int_equal(suspects_charge(&suspects, 20.0, &err), 0);
    assert_int_equal(suspects.count, 1);
    assert_ptr_equal(suspects.items[0], after);
    assert_non_null(after->suspicion);
    assert_null(before->suspicion);
    assert_int_equal(scene_record(scene, "before").attempts, 1);
    assert_int_equal(scene_record(scene, "then").attempts, 1);
    assert_int_equal(scene_record(scene, "after").state, CALL_UNKNOWN);
}

static void test_a_call_at_fault_is_rejected_after_its_last_retry(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *id;
        int64_t attempts;
        enum call_state want;
        const char *line;
    } rows[] = { { "first", 0, CALL_PENDING, "first: failed: HTTP 500 (attempt 1, next try in 1 s)" },
                 { "second", 1, CALL_PENDING, "second: failed: HTTP 500 (attempt 2, next try in 2 s)" },
                 { "third", 2, CALL_REJECTED, "third: failed: HTTP 500, after 3 attempts (rejected)" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        (void)fail_call(scene, rows[i].id, rows[i].attempts, 0, failure("HTTP 500"));
    engine.breaker.answered = true;
    assert_int_equal(judge(), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_int(rows[i].id, scene_record(scene, rows[i].id).state, rows[i].want);
        unit_same_int(rows[i].id, scene_record(scene, rows[i].id).attempts, rows[i].attempts + 1);
        scene_check_log(scene, rows[i].id, rows[i].line);
    }
    assert_int_equal(suspects.count, 0);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene->summary.in_doubt, 0);
}

/* The API accepted a call before. Then all calls in flight fail, and no call is left to test the API with. */
static void test_calls_that_fail_in_a_row_use_up_no_retry_without_a_probe(void **state)
{
    struct scene *scene = *state;
    engine.breaker.answered = true;
    for (size_t i = 0; i < BREAKER_FAILURES; i++)
        (void)fail_call(scene, (const char *[]){ "a", "b", "c", "d", "e" }[i], 2, 1, failure("HTTP 503"));
    assert_int_equal(judge(), 0);
    assert_int_equal(scene_record(scene, "a").state, CALL_PENDING);
    assert_int_equal(scene_record(scene, "e").attempts, 2);
    check_place(scene, "no doubt", "");
    scene_check_log(scene, "a",
                    "a: failed: HTTP 503 (5 calls failed in a row, and there was no other call to test the API with, "
                    "so no retry is used up; next try in 2 s)");
    assert_int_equal(scene->summary.stop, STOP_NONE);
}

/* The key is right, so a refusal is the call's own. */
static void test_a_refused_call_is_at_fault_where_others_are_accepted(void **state)
{
    struct scene *scene = *state;
    (void)fail_call(scene, "a", 0, 0, refusal("HTTP 403"));
    assert_int_equal(suspects_charge(&suspects, suspects.items[0]->suspected_ms, &err), 0);
    scene_check_log(scene, "a", "a: failed: HTTP 403, though the API accepts other calls (attempt 1, next try in 1 s)");
}

static void test_the_sink_may_ask_for_a_longer_pause(void **state)
{
    struct scene *scene = *state;
    struct outcome longer = failure("HTTP 503"), shorter = longer;
    longer.wait_sec = 3;
    shorter.wait_sec = 1;
    (void)fail_call(scene, "longer", 1, 0, longer);
    (void)fail_call(scene, "shorter", 1, 0, shorter);
    assert_int_equal(suspects_charge(&suspects, 1e300, &err), 0);
    scene_check_log(scene, "longer", "longer: failed: HTTP 503 (attempt 2, next try in 3 s)");
    scene_check_log(scene, "shorter", "shorter: failed: HTTP 503 (attempt 2, next try in 2 s)");
}

/* Calls that failed together are not tried together again. */
static void test_delays_differ_by_call_and_run(void **state)
{
    struct scene *scene = *state;
    int64_t delays[MOST];
    static const char *const ids[MOST] = { "a", "b", "c", "d", "e", "f" };
    bool differ = false;
    scene->settings.retry_base = 3000;
    for (size_t i = 0; i < MOST; i++)
        (void)fail_call(scene, ids[i], 0, 0, failure("HTTP 500"));
    assert_int_equal(suspects_charge(&suspects, 1e300, &err), 0);
    log_flush();
    char *log = unit_read(scene->log);
    const char *at = log;
    for (size_t i = 0; i < MOST; i++) {
        at = strstr(at, "next try in ");
        assert_non_null(at);
        delays[i] = strtoll(at + strlen("next try in "), NULL, 10);
        unit_in_range(delays[i], 2250, 3000);
        differ = differ || delays[i] != delays[0];
        at++;
    }
    assert_true(differ);
    free(log);
}

static void test_a_call_that_failed_alone_stays_in_doubt(void **state)
{
    struct scene *scene = *state;
    struct outcome outcome = failure("HTTP 500");
    (void)snprintf(outcome.advice, sizeof outcome.advice, "; look there");
    struct work_item *item = fail_call(scene, "a", 0, 2, outcome);
    assert_int_equal(judge(), 0);
    struct call_record record = scene_record(scene, "a");
    assert_int_equal(record.state, CALL_PENDING);
    assert_int_equal(record.attempts, 0);
    assert_null(item->suspicion);
    assert_int_equal(scene->summary.in_doubt, 1);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene_place(scene, LEDGER_DOUBT).end_epoch, SCENE_NOW - 60);
    check_place(scene, "in doubt", "a");
    scene_check_log(scene, "a", "a: failed: HTTP 500; look there (there was no other call to test the API with, so no "
                    "retry is used up; next try in 4 s, or after the next call that the API accepts)");
}

/* It says nothing of the API: the next one that fails alone is not the second of two. */
static void test_a_call_that_failed_before_does_not_count_against_the_api(void **state)
{
    struct scene *scene = *state;
    (void)fail_call(scene, "a", 1, 1, failure("HTTP 500"));
    struct outcome blames = failure("HTTP 500: bad value");
    blames.blames_call = true;
    (void)fail_call(scene, "b", 0, 0, blames);
    assert_int_equal(engine.breaker.open_in_a_row, 0);
    suspects.count = 1;
    assert_int_equal(judge(), 0);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    check_place(scene, "neither", "");
    suspects.items[suspects.count++] = work.items[1];
    assert_int_equal(judge(), 0);
    check_place(scene, "its first failure", "b");
}

static void test_two_calls_that_failed_stop_the_run(void **state)
{
    struct scene *scene = *state;
    (void)fail_call(scene, "a", 0, 0, failure("HTTP 500"));
    struct outcome outcome = failure("HTTP 502");
    (void)snprintf(outcome.advice, sizeof outcome.advice, "; look there");
    (void)fail_call(scene, "b", 0, 0, outcome);
    assert_int_equal(engine.breaker.open_in_a_row, 2);
    assert_int_equal(judge(), 0);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
    assert_string_equal(scene->summary.message, "the API is down: HTTP 502; look there; no call is lost, the next run "
                        "tries again");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_WAIT_UNTIL), 0);
    assert_int_equal(scene_record(scene, "a").state, CALL_UNKNOWN);
}

static void test_an_api_that_is_down_may_say_until_when(void **state)
{
    struct scene *scene = *state;
    static const int64_t waits[] = { 20, 90, 30 };
    static const char *const ids[] = { "a", "b", "c" };
    for (size_t i = 0; i < UNIT_COUNT(waits); i++) {
        struct outcome outcome = failure("HTTP 503");
        outcome.wait_sec = waits[i];
        (void)fail_call(scene, ids[i], 0, 0, outcome);
    }
    assert_int_equal(judge(), 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_WAIT_UNTIL), SCENE_NOW + 90);
    suspects_clear(&suspects);
    struct outcome outcome = failure("HTTP 503");
    outcome.wait_sec = 1;
    (void)fail_call(scene, "d", 0, 0, outcome);
    assert_int_equal(suspects_judge_probe(&suspects, &err), 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_WAIT_UNTIL), SCENE_NOW + 1);
}

/* No connection: one call tells. */
static void test_an_api_out_of_reach_stops_the_run_at_once(void **state)
{
    struct scene *scene = *state;
    struct outcome outcome = failure("connection refused");
    outcome.unreachable = true;
    (void)fail_call(scene, "a", 0, 0, outcome);
    assert_int_equal(judge(), 0);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
}

static void test_an_api_that_refuses_every_call(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *name;
        struct breaker breaker;
        size_t calls;
        const char *message;
    } rows[] = { { "two calls", { .doubt = false }, 2,
                   "the API refused 2 different calls in a row, the last: HTTP 403 for 3125550100; check the key; no "
                   "call is lost, calls are sent when that is fixed" },
                 { "one in an earlier run", { .doubt = true }, 1,
                   "the API refused 2 different calls in a row, the last: HTTP 403 for 3125550100; check the key; no "
                   "call is lost, calls are sent when that is fixed" },
                 { "since an earlier run", { .down = true }, 1,
                   "the API still refuses calls, the last: HTTP 403 for 3125550100; check the key; no call is lost, "
                   "calls are sent when that is fixed" } };
    static const char *const ids[] = { "a", "b" };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        scene->summary = (struct summary){ .stop = STOP_NONE };
        engine.breaker = rows[i].breaker;
        for (size_t k = 0; k < rows[i].calls; k++)
            (void)fail_call(scene, ids[k], 0, 0, refusal("HTTP 403 for 3125550100"));
        assert_int_equal(judge(), 0);
        unit_same_int(rows[i].name, scene->summary.stop, STOP_CONFIGURATION);
        unit_same_text(rows[i].name, scene->summary.message, rows[i].message);
        suspects_clear(&suspects);
        work_clear(&work);
    }
}

/* An API that is down, and refused its last call, is down. */
static void test_an_outage_is_not_a_wrong_setting(void **state)
{
    struct scene *scene = *state;
    engine.breaker.down = true;
    (void)fail_call(scene, "a", 0, 0, failure("HTTP 500"));
    (void)fail_call(scene, "b", 0, 0, refusal("HTTP 403"));
    assert_int_equal(judge(), 0);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
}

static void test_the_probe_failed_too(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(suspects_judge_probe(&suspects, &err), 0);
    assert_int_equal(scene->summary.stop, STOP_CONFIGURATION);
    scene->summary.stop = STOP_NONE;
    (void)fail_call(scene, "a", 0, 0, failure("HTTP 500"));
    engine.breaker.answered = true; /* whatever was accepted before */
    assert_int_equal(suspects_judge_probe(&suspects, &err), 0);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
    assert_int_equal(judge(), 0); /* the API is to blame: no retry is used up */
    assert_int_equal(suspects.count, 1);
    scene->summary.stop = STOP_CONFIGURATION;
    assert_int_equal(judge(), 0);
    assert_int_equal(suspects.count, 1);
    scene->summary.stop = STOP_OUT_OF_TIME; /* says nothing of the API */
    assert_int_equal(judge(), 0);
    assert_int_equal(suspects.count, 0);
    assert_int_equal(scene_record(scene, "a").attempts, 1);
}

static void test_the_list_is_emptied(void **state)
{
    static const char *const ids[MOST] = { "a", "b", "c", "d", "e", "f" };
    for (size_t i = 0; i < MOST; i++)
        (void)fail_call(*state, ids[i], 0, 0, failure("HTTP 500"));
    suspects_clear(&suspects);
    assert_int_equal(suspects.count, 0);
    for (size_t i = 0; i < MOST; i++)
        assert_null(work.items[i]->suspicion);
    assert_int_equal(judge(), 0);
}

static void test_nothing_failed(void **state)
{
    struct scene *scene = *state;
    engine.breaker.down = true;
    engine.breaker.failures_in_a_row = 1; /* and was settled */
    assert_int_equal(judge(), 0);
    assert_int_equal(scene->summary.stop, STOP_NONE);
}

static void test_the_first_error_of_the_ledger_ends_it(void **state)
{
    struct scene *scene = *state;
    (void)fail_call(scene, "a", 0, 0, failure("HTTP 500"));
    (void)fail_call(scene, "b", 0, 0, failure("HTTP 500"));
    (void)scene_ledger(scene);
    broken_ledger_at(1, 1);
    assert_int_equal(suspects_charge(&suspects, 1e300, &err), -1);
    broken_ledger_at(0, 0);
    assert_int_equal(suspects.count, 0);
    assert_int_equal(scene_record(scene, "b").state, CALL_UNKNOWN);
    struct outcome outcome = failure("HTTP 503");
    outcome.wait_sec = 60;
    (void)fail_call(scene, "c", 0, 0, outcome);
    broken_ledger_at(1, 1);
    assert_int_equal(suspects_judge_probe(&suspects, &err), -1);
    broken_ledger_at(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_suspects(test_an_answer_blames_what_had_failed_when_its_request_began),
        in_suspects(test_a_call_at_fault_is_rejected_after_its_last_retry),
        in_suspects(test_calls_that_fail_in_a_row_use_up_no_retry_without_a_probe),
        in_suspects(test_a_refused_call_is_at_fault_where_others_are_accepted),
        in_suspects(test_the_sink_may_ask_for_a_longer_pause),
        in_suspects(test_delays_differ_by_call_and_run),
        in_suspects(test_a_call_that_failed_alone_stays_in_doubt),
        in_suspects(test_a_call_that_failed_before_does_not_count_against_the_api),
        in_suspects(test_two_calls_that_failed_stop_the_run),
        in_suspects(test_an_api_that_is_down_may_say_until_when),
        in_suspects(test_an_api_out_of_reach_stops_the_run_at_once),
        in_suspects(test_an_api_that_refuses_every_call),
        in_suspects(test_an_outage_is_not_a_wrong_setting),
        in_suspects(test_the_probe_failed_too),
        in_suspects(test_the_list_is_emptied),
        in_suspects(test_nothing_failed),
        in_suspects(test_the_first_error_of_the_ledger_ends_it),
    };
    return cmocka_run_group_tests_name("suspects", tests, NULL, NULL);
}
