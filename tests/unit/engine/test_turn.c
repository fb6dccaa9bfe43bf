/* Tests of turn: long work that lets the minute's runs in, at the rate, and only where this host sends. */
#include "../scene.h"
#include "../unit_clock.h"

#include "../broken_ledger.h"
#include "base/lock.h"
#include "engine/turn.h"
#include "ledger/records.h"

static struct memory_source *opened_calls;
static struct memory_sink *opened_sink;

static int open_source(const struct source_settings *settings, void **ret_state, struct err *err)
{
    (void)settings;
    *ret_state = opened_calls;
    return opened_calls->fails ? err_set(err, EX_UNAVAILABLE, "it cannot be opened") : 0;
}

static int open_sink(const struct sink_settings *settings, void **ret_state, struct err *err)
{
    (void)settings;
    (void)err;
    *ret_state = opened_sink;
    return 0;
}

struct long_work {
    struct source_ops source_kind;
    struct sink_ops sink_kind;
    struct options options;
    struct resources resources;
    struct engine engine;
    struct summary summary;
    struct turn turn;
};

static struct memory_sink sink;
static struct long_work work;

/* What is asked of it while it pauses: whether a run could come in, and what it would see. */
static struct {
    const char *directory;
    size_t let_in, accepted;
} meanwhile;

static void look_in(void)
{
    struct err err;
    struct lock *lock = NULL;
    struct ledger *ledger = NULL;
    struct call_record record;
    if (meanwhile.directory == NULL || lock_acquire(meanwhile.directory, 0, &lock, &err) != 0 || lock == NULL)
        return;
    meanwhile.let_in++;
    assert_int_equal(ledger_open(meanwhile.directory, LEDGER_WRITE, &ledger, NULL, &err), 0);
    assert_int_equal(ledger_find(ledger, "sent", &record, &err), 0);
    meanwhile.accepted += record.state == CALL_ACCEPTED ? 1 : 0;
    ledger_close(ledger);
    lock_release(lock);
}

static void set_up(struct scene *scene, int64_t rate)
{
    static char type[] = "memory";
    opened_calls = &scene->calls;
    opened_sink = &sink;
    meanwhile.directory = scene->directory;
    meanwhile.let_in = meanwhile.accepted = 0;
    unit_clock_on_sleep = look_in;
    work = (struct long_work){ .source_kind = *memory_source_open(&scene->calls).ops,
                               .sink_kind = *scene_sink(scene, &sink).ops,
                               .options = { .state_dir = scene->directory },
                               .summary = { .stop = STOP_NONE } };
    work.source_kind.open = open_source;
    work.sink_kind.open = open_sink;
    work.resources = (struct resources){ .source_kind = &work.source_kind, .sink_kind = &work.sink_kind,
                                         .config = { .sync = scene->settings, .api = scene->api,
                                                     .source_type = type } };
    work.resources.config.sync.batch_size = 500;
    work.resources.config.sync.backfill_rate = rate;
    work.turn = (struct turn){ .options = &work.options, .resources = &work.resources, .engine = &work.engine,
                               .summary = &work.summary };
}

static void begin(struct scene *scene, int64_t rate)
{
    struct err err;
    set_up(scene, rate);
    if (turn_begin(&work.turn, "backfill", &err) != 0)
        fail_msg("%s", err.message);
}

static void end(void)
{
    struct err err;
    assert_int_equal(turn_end(&work.turn, 0, &err), 0);
    resources_close_state(&work.resources);
    source_close(&work.resources.source);
    meanwhile.directory = NULL;
}

static void pass(void)
{
    struct err err;
    if (turn_pass(&work.turn, &err) != 0)
        fail_msg("%s", err.message);
}

static bool is_locked(const struct scene *scene)
{
    struct err err;
    struct lock *lock = NULL;
    assert_int_equal(lock_acquire(scene->directory, 0, &lock, &err), 0);
    bool locked = lock == NULL;
    lock_release(lock);
    return locked;
}

static void test_how_large_a_batch_is(void **state)
{
    (void)state;
    static const int64_t rows[][3] = { /* batch_size, rate, batch */
        { 500, 0, 100 }, { 500, 1000, 100 }, { 500, 100, 100 }, { 500, 99, 99 }, { 500, 1, 1 }, { 50, 0, 50 },
        { 50, 20, 20 }, { 100, 0, 100 }, { 20, 50, 20 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        assert_int_equal(turn_batch(rows[i][0], rows[i][1]), rows[i][2]);
}

static void count_run(void *context, const struct records_run *run)
{
    ++*(int64_t *)context;
    assert_string_equal(run->kind, "backfill");
}

static void test_it_begins(void **state)
{
    struct scene *scene = *state;
    struct err err;
    int64_t runs = 0;
    begin(scene, 40);
    assert_true(is_locked(scene));
    assert_int_equal(work.resources.config.sync.batch_size, 40);
    assert_true(work.engine.terms.of_the_past);
    assert_int_equal(work.engine.clock.epoch, SCENE_NOW);
    assert_ptr_equal(work.engine.route.ledger, work.resources.ledger);
    assert_non_null(work.resources.sink.ops);
    end();
    assert_false(is_locked(scene));
    assert_int_equal(records_list_runs(scene_ledger(scene), 0, 10, count_run, &runs, &err), 0);
    assert_int_equal(runs, 1);
}

static void test_what_only_looks_needs_no_sink(void **state)
{
    struct err err;
    set_up(*state, 0);
    work.turn.only_looks = true;
    assert_int_equal(turn_begin(&work.turn, "reconcile", &err), 0);
    assert_null(work.resources.sink.ops);
    end();
}

/* A dry run takes no lock, and nobody asks who leads. */
static void test_a_dry_run_lets_nobody_wait(void **state)
{
    struct scene *scene = *state;
    struct err err;
    set_up(scene, 1);
    (void)scene_ledger(scene);
    scene_close(scene);
    work.options.dry_run = true;
    assert_int_equal(turn_begin(&work.turn, "backfill", &err), 0);
    assert_false(is_locked(scene));
    struct ledger *ledger = work.resources.ledger;
    work.summary.accepted = 500;
    unit_clock_pass(5000);
    pass();
    assert_ptr_equal(work.resources.ledger, ledger);
    assert_int_equal(meanwhile.let_in, 0);
    end();
}

/* ---- turns ---- */

static void test_a_turn_lasts_a_second(void **state)
{
    begin(*state, 0);
    pass();
    unit_clock_pass(900);
    pass();
    assert_int_equal(meanwhile.let_in, 0);
    unit_clock_pass(100);
    int64_t before = clock_mono_ms();
    pass();
    assert_true(meanwhile.let_in >= 1); /* for a tenth of a second, in naps */
    unit_in_range(clock_mono_ms() - before, 100, 190);
    meanwhile.let_in = 0;
    unit_clock_pass(700); /* the next one begins anew */
    pass();
    assert_int_equal(meanwhile.let_in, 0);
    assert_true(is_locked(*state));
    end();
}

/* Who comes in sees all that was sent. */
static void test_everything_is_durable_before_others_come_in(void **state)
{
    struct err err;
    begin(*state, 0);
    struct ledger_entry entry = { .uniqueid = "sent", .end_epoch = SCENE_NOW,
                                  .record = { .state = CALL_ACCEPTED, .sent_before = true } };
    assert_int_equal(engine_put(&work.engine, &entry, &err), 0);
    unit_clock_pass(1000);
    pass();
    assert_true(meanwhile.let_in > 0);
    assert_int_equal(meanwhile.accepted, meanwhile.let_in);
    assert_ptr_equal(work.engine.route.ledger, work.resources.ledger);
    end();
}

/* Ten a second: after twenty calls it waits, and lets others in for as long. */
static void test_the_rate(void **state)
{
    begin(*state, 10);
    pass();
    assert_int_equal(meanwhile.let_in, 0); /* the first batch may go at once */
    work.summary.accepted = 15;
    work.summary.failed = 5;
    int64_t before = clock_mono_ms();
    pass();
    unit_in_range(clock_mono_ms() - before, 1900, 2200);
    assert_true(meanwhile.let_in >= 30); /* all the time */
    before = clock_mono_ms();
    pass(); /* nothing was sent since */
    assert_true(clock_mono_ms() - before < 100);
    end();
}

/* ---- what fails ---- */

static void test_it_cannot_begin(void **state)
{
    struct scene *scene = *state;
    struct err err;
    set_up(scene, 0);
    scene->calls.fails = true;
    assert_int_equal(turn_begin(&work.turn, "backfill", &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    assert_int_equal(turn_end(&work.turn, -1, &err), -1); /* it never began: nothing is written */
    assert_int_equal(work.summary.stop, STOP_FAILED);
    assert_int_equal(work.summary.failure_code, EX_UNAVAILABLE);
    scene->calls.fails = false;
    set_up(scene, 0);
    work.options.state_dir = "/nowhere";
    assert_int_equal(turn_begin(&work.turn, "backfill", &err), -1);
    assert_int_equal(work.source_kind.open == open_source && work.resources.source.ops == NULL, 1);
    set_up(scene, 0);
    scene_break(scene, "run");
    assert_int_equal(turn_begin(&work.turn, "backfill", &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    resources_close_state(&work.resources);
}

static void test_a_turn_fails(void **state)
{
    struct scene *scene = *state;
    struct err err;
    begin(scene, 0);
    assert_int_equal(engine_note(&work.engine, "a", 1, &err), 0);
    meanwhile.directory = NULL;
    unit_clock_pass(1000);
    broken_ledger_at(1, 1); /* to commit */
    assert_int_equal(turn_pass(&work.turn, &err), -1);
    broken_ledger_at(0, 0);
    assert_int_equal(err.code, EX_IOERR);
    assert_int_equal(turn_end(&work.turn, -1, &err), -1);
    assert_int_equal(work.summary.failure_code, EX_IOERR);
    resources_close_state(&work.resources);
    source_close(&work.resources.source);
}

static void test_the_end_fails(void **state)
{
    struct err err;
    begin(*state, 0);
    broken_ledger_at(1, 1);
    assert_int_equal(turn_end(&work.turn, 0, &err), -1);
    broken_ledger_at(0, 0);
    assert_int_equal(err.code, EX_IOERR);
    assert_int_equal(turn_end(&work.turn, 0, &err), 0);
    assert_int_equal(work.summary.stop, STOP_NONE);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_large_a_batch_is),
        in_scene(test_it_begins),
        in_scene(test_what_only_looks_needs_no_sink),
        in_scene(test_a_dry_run_lets_nobody_wait),
        in_scene(test_a_turn_lasts_a_second),
        in_scene(test_everything_is_durable_before_others_come_in),
        in_scene(test_the_rate),
        in_scene(test_it_cannot_begin),
        in_scene(test_a_turn_fails),
        in_scene(test_the_end_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
