/* Tests of forward with a sink that takes whole batches, and only at times. */
#include "../scene.h"

#include "base/clock.h"
#include "ledger/records.h"

/* The sink and what it got. */
static struct {
    int64_t opens_at;
    size_t batches, last_count;
    struct outcome answer; /* of the first message; the others are accepted if it is */
} taker;

static void make(void *state, const struct call *call, uint32_t change, struct sink_message *ret_message)
{
    (void)state;
    (void)change;
    ret_message->body = strdup(call->id);
}

static int64_t opens_at(const void *state)
{
    (void)state;
    return taker.opens_at;
}

/* After a batch it is closed for a while. A batch that fails reports its first message. */
static int take(void *state, const struct sink_message *const *messages, size_t count,
                const struct sink_observer *observer, struct err *err)
{
    (void)state;
    (void)messages;
    (void)err;
    assert_true(observer->on_turn(observer->context) > 0);
    taker.batches++;
    taker.last_count = count;
    taker.opens_at = clock_now_epoch() + 300;
    for (size_t i = 0; i < (taker.answer.kind == OUTCOME_ACCEPTED ? count : 1); i++)
        observer->on_outcome(observer->context, i, &taker.answer);
    return 0;
}

static const struct sink_ops ops = { .type = "taker", .batch = 3, .opens_at = opens_at, .make = make, .send = take };
static const struct sink sink = { .ops = &ops };

static int enter(void **state)
{
    taker.opens_at = 0;
    taker.batches = taker.last_count = 0;
    taker.answer = scene_outcome(OUTCOME_ACCEPTED);
    return scene_enter(state);
}

/* Forwards all calls of the source, in batches of three. A run ends at deadline_ms. */
static void forward_until(struct scene *scene, int64_t deadline_ms)
{
    struct err err;
    static struct source source;
    struct work work = { .count = 0 };
    source = memory_source_open(&scene->calls);
    struct engine engine = scene_engine(scene, &source, &sink);
    engine.terms.deadline_ms = deadline_ms;
    for (size_t i = 0; i < scene->calls.count; i++)
        scene_take(&engine, &work, &scene->calls.calls[i]);
    assert_int_equal(forward_all(&engine, &work, &err), 0);
    assert_int_equal(engine_commit(&engine, &err), 0);
    work_clear(&work);
}

static void forward(struct scene *scene)
{
    forward_until(scene, clock_mono_ms() + 3600000);
}

static void test_long_work_does_not_wait_for_the_next_load(void **state)
{
    struct scene *scene = *state;
    taker.opens_at = clock_now_epoch() + 300;
    scene_add_many(scene, "a", 5, SCENE_NOW - 100, 1);
    forward_until(scene, INT64_MAX);
    assert_int_equal(taker.batches, 2);
    assert_int_equal(scene_record(scene, "a4").state, CALL_ACCEPTED);
}

static void test_calls_beyond_the_first_batch_become_pending_and_use_up_no_try(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 5, SCENE_NOW - 100, 1);
    forward(scene);
    assert_int_equal(taker.batches, 1);
    assert_int_equal(taker.last_count, 3);
    static const enum call_state want[] = { CALL_ACCEPTED, CALL_ACCEPTED, CALL_ACCEPTED, CALL_PENDING, CALL_PENDING };
    for (size_t i = 0; i < UNIT_COUNT(want); i++) {
        const char id[] = { 'a', (char)('0' + i), '\0' };
        unit_same_int(id, scene_record(scene, id).state, want[i]);
        unit_same_int(id, scene_record(scene, id).attempts, 0);
    }
    scene_check_log(scene, "log", "2 calls are pending until the next load");
}

/* A walk reads some calls more than a batch, and each load job counts. */
static void test_a_small_rest_goes_with_its_batch(void **state)
{
    static const struct {
        size_t calls, batches, last_count;
    } rows[] = { { 20, 1, 20 }, { 22, 1, 22 }, { 23, 2, 3 }, { 42, 2, 22 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        scene_begin_anew(scene);
        taker.batches = 0;
        scene->settings.batch_size = 20;
        scene_add_many(scene, "a", rows[i].calls, SCENE_NOW - 100, 1);
        forward_until(scene, INT64_MAX);
        unit_same_int("batches", (int64_t)taker.batches, (int64_t)rows[i].batches);
        unit_same_int("calls", (int64_t)taker.last_count, (int64_t)rows[i].last_count);
    }
}

static void test_a_closed_sink_is_sent_nothing(void **state)
{
    struct scene *scene = *state;
    taker.opens_at = clock_now_epoch() + 300;
    scene_add_many(scene, "a", 2, SCENE_NOW - 100, 1);
    forward(scene);
    assert_int_equal(taker.batches, 0);
    assert_int_equal(scene_record(scene, "a1").state, CALL_PENDING);
    struct records_overview overview;
    struct err err;
    assert_int_equal(records_overview(scene_ledger(scene), &overview, &err), 0);
    /* By the source's clock, which is another one. */
    assert_in_range(overview.next_due, SCENE_NOW + 200, SCENE_NOW + 300);
}

/* Also where an earlier batch of the run was accepted: no single call is at fault. */
static void test_a_batch_that_fails_stops_the_run_and_charges_no_call(void **state)
{
    static const struct {
        enum outcome_kind kind;
        enum summary_stop stop;
        const char *message;
    } rows[] = { { OUTCOME_RETRY, STOP_OUTAGE, "is down" },
                 { OUTCOME_MISCONFIGURED, STOP_CONFIGURATION, "refuses the calls" },
                 { OUTCOME_RATE_LIMITED, STOP_RATE_LIMITED, "rate limited until" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        scene_begin_anew(scene);
        taker.batches = 0;
        taker.opens_at = 0;
        taker.answer = scene_outcome(rows[i].kind);
        scene_add_many(scene, "a", 3, SCENE_NOW - 100, 1);
        forward(scene);
        unit_same_int(rows[i].message, scene->summary.stop, rows[i].stop);
        unit_has(rows[i].message, scene->summary.message, rows[i].message);
        unit_same_int(rows[i].message, (int64_t)taker.batches, 1);
        unit_same_int(rows[i].message, scene_record(scene, "a0").state, CALL_UNKNOWN);
    }
}

static void test_what_was_read_is_sent_when_half_of_the_time_is_over(void **state)
{
    struct scene *scene = *state;
    static const struct sink_ops each = { .type = "each" };
    static const struct sink single = { .ops = &each };
    struct source source = memory_source_open(&scene->calls);
    int64_t now = clock_mono_ms();
    struct engine engine = scene_engine(scene, &source, &sink);
    engine.started_ms = now - 5000;
    engine.terms.deadline_ms = INT64_MAX;
    assert_false(engine_must_send_now(&engine)); /* a backfill has no end */
    engine.terms.deadline_ms = now + 3600000;
    assert_false(engine_must_send_now(&engine));
    engine.terms.deadline_ms = now + 4000;
    assert_true(engine_must_send_now(&engine));
    engine.route.sink = &single;
    assert_false(engine_must_send_now(&engine));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_calls_beyond_the_first_batch_become_pending_and_use_up_no_try, enter,
                                        scene_leave),
        cmocka_unit_test_setup_teardown(test_long_work_does_not_wait_for_the_next_load, enter, scene_leave),
        cmocka_unit_test_setup_teardown(test_what_was_read_is_sent_when_half_of_the_time_is_over, enter, scene_leave),
        cmocka_unit_test_setup_teardown(test_a_small_rest_goes_with_its_batch, enter, scene_leave),
        cmocka_unit_test_setup_teardown(test_a_closed_sink_is_sent_nothing, enter, scene_leave),
        cmocka_unit_test_setup_teardown(test_a_batch_that_fails_stops_the_run_and_charges_no_call, enter,
                                        scene_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
