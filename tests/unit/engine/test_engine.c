/* Tests of engine: when changes are durable, why a run stops, and the decision on a call. */
#include "../scene.h"
#include "../unit_clock.h"

#include "../broken_ledger.h"
#include "base/interrupt.h"
#include "base/mask.h"

static struct source source;

static struct engine begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    return scene_engine(scene, &source, NULL);
}

/* The value that another connection reads. */
static int64_t durable(const struct scene *scene)
{
    struct err err;
    struct ledger *ledger = NULL;
    int64_t value = 0;
    assert_int_equal(ledger_open(scene->directory, LEDGER_READ_ONLY, &ledger, NULL, &err), 0);
    assert_int_equal(ledger_read_note(ledger, "a", 0, &value, &err), 0);
    ledger_close(ledger);
    return value;
}

static void note(struct engine *engine, int64_t value)
{
    struct err err;
    assert_int_equal(engine_note(engine, "a", value, &err), 0);
}

static void commit_if_due(struct engine *engine)
{
    struct err err;
    assert_int_equal(engine_commit_if_due(engine, &err), 0);
}

static void test_a_change_is_durable_after_50_ms(void **state)
{
    struct scene *scene = *state;
    struct engine engine = begin(scene);
    unit_clock_pass(1000);
    commit_if_due(&engine); /* nothing is uncommitted */
    note(&engine, 1);
    commit_if_due(&engine);
    assert_int_equal(durable(scene), 0);
    unit_clock_pass(30);
    note(&engine, 2); /* the 50 ms begin here */
    unit_clock_pass(20);
    commit_if_due(&engine);
    assert_int_equal(durable(scene), 2);
    note(&engine, 3); /* the 50 ms of the next group begin here */
    commit_if_due(&engine);
    assert_int_equal(durable(scene), 2);
    unit_clock_pass(50);
    commit_if_due(&engine);
    assert_int_equal(durable(scene), 3);
}

static void test_a_thousand_changes_are_durable_at_once(void **state)
{
    struct scene *scene = *state;
    struct engine engine = begin(scene);
    note(&engine, 1);
    engine.first_uncommitted_ms = INT64_MAX; /* the time alone would not commit */
    for (int64_t i = 2; i <= 999; i++)
        note(&engine, i);
    commit_if_due(&engine);
    assert_int_equal(durable(scene), 0);
    note(&engine, 1000);
    commit_if_due(&engine);
    assert_int_equal(durable(scene), 1000);
    assert_int_equal(engine.uncommitted, 0);
}

static void test_each_kind_of_change_counts(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct engine engine = begin(scene);
    struct position place = position_at(SCENE_NOW, "");
    struct ledger_entry entry = { .uniqueid = "x", .record = { .state = CALL_PENDING } };
    assert_int_equal(engine_put(&engine, &entry, &err), 0);
    assert_int_equal(engine.uncommitted, 1);
    assert_int_equal(engine_forget(&engine, "x", &err), 0);
    assert_int_equal(engine.uncommitted, 2);
    assert_int_equal(engine_place(&engine, LEDGER_DOUBT, &place, &err), 0);
    assert_int_equal(engine.uncommitted, 3);
    broken_ledger_at(1, 1);
    assert_int_equal(engine_put(&engine, &entry, &err), -1);
    broken_ledger_at(1, 1);
    assert_int_equal(engine_commit(&engine, &err), -1);
    broken_ledger_at(0, 0);
    assert_int_equal(engine_commit(&engine, &err), 0);
    assert_int_equal(engine.uncommitted, 0);
}

/* ---- stops ---- */

static void test_the_first_reason_counts(void **state)
{
    struct engine engine = begin(*state);
    assert_true(engine_may_go_on(&engine));
    engine_stop(&engine, STOP_OUTAGE, NULL, "down for %d calls", 3);
    engine_stop(&engine, STOP_RATE_LIMITED, NULL, "limited");
    assert_int_equal(engine.summary->stop, STOP_OUTAGE);
    assert_string_equal(engine.summary->message, "down for 3 calls");
    assert_false(engine_may_go_on(&engine));
}

/* The log, the ledger and mails get only the text of the message, without the call. */
static void test_the_message_masks_the_number_of_its_call(void **state)
{
    struct engine engine = begin(*state);
    const struct call call = { .number = "3125550143" };
    mask_enable(true);
    engine_stop(&engine, STOP_OUTAGE, &call, "down: HTTP 500: no route to %s", call.number);
    mask_enable(false);
    assert_string_equal(engine.summary->message, "down: HTTP 500: no route to ******0143");
}

static void test_the_end_of_the_time_stops_the_run(void **state)
{
    struct engine engine = begin(*state);
    engine.terms.deadline_ms = clock_mono_ms() + 500;
    assert_true(engine_may_go_on(&engine));
    unit_clock_pass(500);
    assert_false(engine_may_go_on(&engine));
    assert_int_equal(engine.summary->stop, STOP_OUT_OF_TIME);
    assert_false(engine_may_go_on(&engine));
}

static void test_the_engine_uses_the_source_s_clock(void **state)
{
    struct engine engine = begin(*state);
    assert_int_equal(engine_now(&engine), SCENE_NOW);
    unit_clock_pass(7500);
    assert_int_equal(engine_now(&engine), SCENE_NOW + 7);
}

/* ---- the decision on a call ---- */

static void put_accepted(struct engine *engine, const struct call *call)
{
    struct err err;
    struct ledger_attempt attempt = { .answer = 201 };
    struct ledger_entry entry = { .uniqueid = call->id, .end_epoch = call->ended, .attempt = &attempt,
                                  .record = { .state = CALL_ACCEPTED, .sent_before = true,
                                              .fingerprint = call_fingerprint(call) } };
    assert_int_equal(ledger_put(engine->route.ledger, &entry, &err), 0);
}

/* `backfill --force` sends an accepted call again once: a call that was tried since the backfill began is done. */
static void test_force_sends_an_accepted_call_again_once(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct call_record record;
    struct decision decision;
    struct engine engine = begin(scene);
    const struct call *call = scene_add(scene, "a", SCENE_NOW - 50);
    assert_int_equal(engine_judge(&engine, call, &record, &decision, &err), 0);
    assert_int_equal(decision.kind, DECISION_SEND);
    assert_int_equal(record.state, CALL_UNKNOWN);
    put_accepted(&engine, call);
    assert_int_equal(engine_judge(&engine, call, &record, &decision, &err), 0);
    assert_int_equal(decision.kind, DECISION_SKIP);
    engine.terms.force_since = record.tried;
    assert_int_equal(engine_judge(&engine, call, &record, &decision, &err), 0);
    assert_int_equal(decision.kind, DECISION_SKIP);
    engine.terms.force_since = record.tried + 1;
    assert_int_equal(engine_judge(&engine, call, &record, &decision, &err), 0);
    assert_int_equal(decision.kind, DECISION_SEND);
    assert_true(record.sent_before); /* the record keeps what it had */
    broken_ledger_at(1, 1);
    assert_int_equal(engine_judge(&engine, call, &record, &decision, &err), -1);
    broken_ledger_at(0, 0);
    assert_int_equal(err.code, EX_IOERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_change_is_durable_after_50_ms),
        in_scene(test_a_thousand_changes_are_durable_at_once),
        in_scene(test_each_kind_of_change_counts),
        in_scene(test_the_first_reason_counts),
        in_scene(test_the_message_masks_the_number_of_its_call),
        in_scene(test_the_end_of_the_time_stops_the_run),
        in_scene(test_the_engine_uses_the_source_s_clock),
        in_scene(test_force_sends_an_accepted_call_again_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
