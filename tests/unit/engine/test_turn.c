/* Tests of turn: long work pauses for the runs of cron, sends at the rate, and works on the leader only. */
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

/* ---- a cluster: another host has the leader's lock, or nobody has ---- */

static struct {
    int64_t holder; /* the connection that holds the lock */
    size_t looks;
} cluster;

static void name_lock(const void *state, const char *profile, char out[LOCKS_NAME_SIZE])
{
    (void)state;
    (void)snprintf(out, LOCKS_NAME_SIZE, "calls%s", profile != NULL ? profile : "");
}

static int look(void *state, const char *name, bool count_servers, struct locks_look *ret_look, struct err *err)
{
    (void)state;
    (void)name;
    (void)count_servers;
    (void)err;
    cluster.looks++;
    *ret_look = (struct locks_look){ .now = SCENE_NOW, .holder = cluster.holder, .own = 1, .servers = 2 };
    return 0;
}

static int started(void *state, int64_t *ret_started, struct err *err)
{
    (void)state;
    (void)err;
    *ret_started = SCENE_NOW - 5000;
    return 0;
}

static const struct locks_ops cluster_locks = { .name = name_lock, .look = look, .started = started };

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

/* What a run would find during a pause: can it take the lock, and what does it read? */
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

static void test_a_batch_has_at_most_the_calls_of_a_turn(void **state)
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

static void test_long_work_begins(void **state)
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

/* As `status` and the page read it, while the work goes on. */
static struct run_progress progress_in_the_ledger(const struct scene *scene)
{
    struct err err;
    struct ledger *ledger = NULL;
    struct run_progress progress;
    assert_int_equal(ledger_open(scene->directory, LEDGER_READ_ONLY, &ledger, NULL, &err), 0);
    assert_int_equal(run_progress_read(ledger, &progress, &err), 0);
    ledger_close(ledger);
    return progress;
}

static void test_long_work_tells_how_far_it_is_in_each_turn(void **state)
{
    static const struct {
        int64_t reached, permille;
        double share;
    } rows[] = { { 150, 500, 0.5 }, { 300, 1000, 1.1 }, { 0, 0, -0.1 }, { INT64_MAX, 999, 0.9999 } };
    struct scene *scene = *state;
    begin(scene, 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        turn_tell(&work.turn, 100, 200, rows[i].reached, rows[i].share);
        unit_clock_pass(1000);
        pass();
        struct run_progress progress = progress_in_the_ledger(scene);
        assert_int_equal(progress.run, work.engine.run);
        assert_int_equal(progress.from, 100);
        assert_int_equal(progress.to, 200);
        assert_int_equal(progress.reached, rows[i].reached < 100 ? 100 : rows[i].reached > 200 ? 200 : rows[i].reached);
        assert_int_equal(progress.permille, rows[i].permille);
    }
    end();
    assert_int_equal(progress_in_the_ledger(scene).run, 0);
}

static void test_work_that_only_reads_needs_no_sink(void **state)
{
    struct err err;
    set_up(*state, 0);
    work.turn.only_looks = true;
    assert_int_equal(turn_begin(&work.turn, "reconcile", &err), 0);
    assert_null(work.resources.sink.ops);
    end();
}

/* A dry run does not take the lock. */
static void test_a_dry_run_does_not_block_runs(void **state)
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
    assert_true(meanwhile.let_in >= 1); /* the pause is a tenth of a second, in short sleeps */
    unit_in_range(clock_mono_ms() - before, 100, 190);
    meanwhile.let_in = 0;
    unit_clock_pass(700); /* the next turn begins */
    pass();
    assert_int_equal(meanwhile.let_in, 0);
    assert_true(is_locked(*state));
    end();
}

/* A run in a pause sees the outcomes of all sent calls. */
static void test_all_outcomes_are_durable_before_a_pause(void **state)
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

/* The rate is ten calls a second. After twenty calls the work waits, and lets runs in during the wait. */
static void test_long_work_keeps_to_the_rate(void **state)
{
    begin(*state, 10);
    pass();
    assert_int_equal(meanwhile.let_in, 0); /* the rate allows the first batch at once */
    work.summary.accepted = 15;
    work.summary.failed = 5;
    int64_t before = clock_mono_ms();
    pass();
    unit_in_range(clock_mono_ms() - before, 1900, 2200);
    assert_true(meanwhile.let_in >= 30); /* during the whole wait */
    before = clock_mono_ms();
    pass(); /* nothing was sent since then */
    assert_true(clock_mono_ms() - before < 100);
    end();
}

/* ---- on a cluster ---- */

static void test_only_the_leader_does_long_work(void **state)
{
    struct err err;
    set_up(*state, 0);
    work.source_kind.locks = &cluster_locks;
    cluster.holder = 7; /* another host holds the lock */
    assert_int_equal(turn_begin(&work.turn, "backfill", &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    unit_has("why", err.message, "another host sends the calls");
    resources_close_state(&work.resources);
    set_up(*state, 0);
    work.source_kind.locks = &cluster_locks;
    cluster.holder = 1;
    assert_int_equal(turn_begin(&work.turn, "backfill", &err), 0);
    cluster.holder = 7; /* another host takes over between two turns */
    unit_clock_pass(1000);
    assert_int_equal(turn_pass(&work.turn, &err), -1);
    unit_has("why", err.message, "another host sends the calls");
    end();
}

static void test_a_dry_run_does_not_need_the_leader(void **state)
{
    struct err err;
    set_up(*state, 0);
    (void)scene_ledger(*state);
    scene_close(*state);
    work.options.dry_run = true;
    work.source_kind.locks = &cluster_locks;
    cluster.holder = 7;
    cluster.looks = 0;
    assert_int_equal(turn_begin(&work.turn, "backfill", &err), 0);
    assert_int_equal(cluster.looks, 0);
    end();
}

/* ---- errors ---- */

static void test_an_error_at_the_begin_is_returned(void **state)
{
    struct scene *scene = *state;
    struct err err;
    set_up(scene, 0);
    scene->calls.fails = true;
    assert_int_equal(turn_begin(&work.turn, "backfill", &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    assert_int_equal(turn_end(&work.turn, -1, &err), -1); /* the work never began, so nothing is written */
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

/* A directory has the name of a file of the state. */
static void block(const char *name)
{
    const char *path = unit_path(work.options.state_dir, name);
    (void)remove(path);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void test_an_error_opening_the_state_is_returned(void **state)
{
    static const char *const names[] = { "lock", "ledger.db" };
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        struct err err;
        set_up(*state, 0);
        block(names[i]);
        unit_same_int(names[i], turn_begin(&work.turn, "backfill", &err), -1);
        unit_has(names[i], err.message, names[i]);
        unit_same_int(names[i], turn_end(&work.turn, -1, &err), -1);
        resources_close_state(&work.resources);
        assert_int_equal(rmdir(unit_path(work.options.state_dir, names[i])), 0);
    }
}

static void block_lock(void)
{
    block("lock");
    unit_clock_on_sleep = NULL;
}

static void test_an_error_reopening_the_state_is_returned(void **state)
{
    struct err err;
    begin(*state, 0);
    unit_clock_pass(1000);
    unit_clock_on_sleep = block_lock;
    assert_int_equal(turn_pass(&work.turn, &err), -1);
    unit_has("why", err.message, "lock");
    assert_int_equal(turn_end(&work.turn, -1, &err), -1);
    assert_int_equal(work.summary.stop, STOP_FAILED);
    resources_close_state(&work.resources);
    source_close(&work.resources.source);
}

static void test_an_error_in_a_turn_is_returned(void **state)
{
    struct scene *scene = *state;
    struct err err;
    begin(scene, 0);
    assert_int_equal(engine_note(&work.engine, "a", 1, &err), 0);
    meanwhile.directory = NULL;
    unit_clock_pass(1000);
    broken_ledger_at(1, 1); /* the commit fails */
    assert_int_equal(turn_pass(&work.turn, &err), -1);
    broken_ledger_at(0, 0);
    assert_int_equal(err.code, EX_IOERR);
    assert_int_equal(turn_end(&work.turn, -1, &err), -1);
    assert_int_equal(work.summary.failure_code, EX_IOERR);
    resources_close_state(&work.resources);
    source_close(&work.resources.source);
}

static void test_an_error_at_the_end_is_returned(void **state)
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
        cmocka_unit_test(test_a_batch_has_at_most_the_calls_of_a_turn),
        in_scene(test_long_work_begins),
        in_scene(test_long_work_tells_how_far_it_is_in_each_turn),
        in_scene(test_work_that_only_reads_needs_no_sink),
        in_scene(test_a_dry_run_does_not_block_runs),
        in_scene(test_a_turn_lasts_a_second),
        in_scene(test_all_outcomes_are_durable_before_a_pause),
        in_scene(test_long_work_keeps_to_the_rate),
        in_scene(test_only_the_leader_does_long_work),
        in_scene(test_a_dry_run_does_not_need_the_leader),
        in_scene(test_an_error_at_the_begin_is_returned),
        in_scene(test_an_error_opening_the_state_is_returned),
        in_scene(test_an_error_reopening_the_state_is_returned),
        in_scene(test_an_error_in_a_turn_is_returned),
        in_scene(test_an_error_at_the_end_is_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
