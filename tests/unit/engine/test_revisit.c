/* Tests of revisit: pending and waiting calls are read again by their ids. */
#include "../scene.h"

#include "../broken_ledger.h"
#include "ledger/watched.h"

static struct source source;
static struct sink sink;
static struct memory_sink memory;
static struct engine engine;
static struct work work;

static void begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    sink = scene_sink(scene, &memory);
    engine = scene_engine(scene, &source, &sink);
}

/* Sends the calls of the work. */
static void send(void)
{
    struct err err;
    if (forward_all(&engine, &work, &err) != 0 || engine_commit(&engine, &err) != 0)
        fail_msg("%s", err.message);
    work_clear(&work);
    memory_sink_free(&memory);
}

/* Reads all due and waiting calls again, and sends the calls that must be sent. */
static void check_revisit(struct scene *scene, const char *row, const char *want_ids)
{
    size_t before = scene->sent_count;
    begin(scene);
    for (size_t i = 0; i < scene->calls.count; i++)
        scene_revisit(&engine, &work, scene->calls.calls[i].id, scene->calls.calls[i].ended);
    send();
    unit_same_text(row, scene_ids(scene, before), want_ids);
}

static void put_state(struct scene *scene, const char *id, struct call_record record, int64_t due)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = record, .end_epoch = SCENE_NOW - 100, .due = due };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

/* The source no longer has these calls. */
static void test_a_call_without_a_row_is_forgotten_unless_it_may_be_archived(void **state)
{
    static const struct {
        const char *id;
        enum call_state before;
        const char *problem;
        enum call_state after;
        int64_t forgotten;
    } rows[] = {
        { "unknown", CALL_UNKNOWN, NULL, CALL_UNKNOWN, 0 },
        { "pending", CALL_PENDING, NULL, CALL_UNKNOWN, 1 },
        { "waiting", CALL_WAITING, NULL, CALL_UNKNOWN, 1 },
        { "accepted", CALL_ACCEPTED, NULL, CALL_ACCEPTED, 0 },
        { "pending2", CALL_PENDING, "the archive is damaged", CALL_PENDING, 0 },
        { "waiting2", CALL_WAITING, "the archive is damaged", CALL_WAITING, 0 },
        { "unknown2", CALL_UNKNOWN, "the archive is damaged", CALL_UNKNOWN, 0 },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        if (rows[i].before != CALL_UNKNOWN)
            put_state(scene, rows[i].id, (struct call_record){ .state = rows[i].before }, 0);
        scene->calls.archive_problem = rows[i].problem;
        begin(scene);
        scene_revisit(&engine, &work, rows[i].id, SCENE_NOW - 100);
        unit_same_int(rows[i].id, (int64_t)work.count, 0);
        unit_same_int(rows[i].id, engine_commit(&engine, &err), 0);
        unit_same_int(rows[i].id, scene_record(scene, rows[i].id).state, rows[i].after);
        unit_same_int(rows[i].id, scene->summary.forgotten, rows[i].forgotten);
    }
    scene_check_log(scene, "kept", "the archive is damaged");
    scene_check_log(scene, "forgotten", "pending: gone from the memory");
    assert_int_equal(scene->sent_count, 0);
}

static void test_an_open_call_is_found_in_the_archive(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "known", SCENE_NOW - 100);
    scene_archive(scene, "known");
    put_state(scene, "known", (struct call_record){ .state = CALL_PENDING }, 0);
    check_revisit(scene, "archive", "known");
}

/* Calls of a campaign that is not selected, and calls that the API already has. */
static void test_calls_out_of_scope_or_accepted_are_not_sent(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "new", SCENE_NOW - 100);
    (void)scene_add(scene, "open", SCENE_NOW - 99);
    (void)scene_add(scene, "had", SCENE_NOW - 98);
    uint64_t had = call_fingerprint(scene_call(scene, "had"));
    put_state(scene, "open", (struct call_record){ .state = CALL_PENDING, .attempts = 1 }, 0);
    put_state(scene, "had", (struct call_record){ .state = CALL_PENDING, .sent_before = true, .fingerprint = had }, 0);
    static char campaign[] = "TEST", none[] = "";
    scene->settings.exclude_campaigns = campaign;
    check_revisit(scene, "not selected", "");
    assert_int_equal(scene_record(scene, "new").state, CALL_UNKNOWN);
    assert_int_equal(scene_record(scene, "open").state, CALL_UNKNOWN);
    assert_int_equal(scene_record(scene, "had").state, CALL_ACCEPTED);
    assert_int_equal(scene->summary.forgotten, 0);
    scene->settings.exclude_campaigns = none;
    put_state(scene, "had", (struct call_record){ .state = CALL_PENDING, .sent_before = true, .fingerprint = had }, 0);
    check_revisit(scene, "the API has it", "new open");
    assert_int_equal(scene_record(scene, "had").state, CALL_ACCEPTED);
    check_revisit(scene, "all", "");
}

/* The source also hands out a call that nobody asked for, and the asked call twice. */
static void test_a_call_that_was_not_asked_for_is_ignored(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    (void)scene_add(scene, "A", SCENE_NOW - 99);
    struct call *again = scene_add(scene, "a", SCENE_NOW - 98);
    again->finality = CALL_NOT_FINAL;
    again->wait_until = SCENE_NOW + 50;
    put_state(scene, "a", (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    scene_revisit(&engine, &work, "a", SCENE_NOW - 100);
    send();
    assert_string_equal(scene_ids(scene, 0), "a");
    assert_int_equal(scene_record(scene, "a").state, CALL_ACCEPTED);
    assert_int_equal(scene->summary.waiting, 0);
    assert_int_equal(scene_record(scene, "A").state, CALL_UNKNOWN);
}

static struct ledger_stretch whole(void)
{
    return (struct ledger_stretch){ .after = position_at(INT64_MIN, ""), .ended_from = INT64_MIN,
                                    .ended_before = INT64_MAX, .with_waiting = true };
}

/* A batch has three calls. Full batches are sent while reading goes on; the rest stays in the work. */
static void test_all_calls_of_a_stretch_are_sent_in_batches(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 8, SCENE_NOW - 100, 0); /* all end in the same second */
    for (size_t i = 0; i < scene->calls.count; i++)
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 8);
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2 a3 a4 a5");
    assert_int_equal(work.count, 2);
    assert_null(work_first_open(&work));
    assert_string_equal(stretch.after.uniqueid, "a7");
    send();
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2 a3 a4 a5 a6 a7");
    assert_int_equal(scene_record(scene, "a7").state, CALL_ACCEPTED);
}

/* Waiting calls do not fill a batch, so the calls after them are read too. */
static void test_waiting_calls_go_on_waiting(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 7, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 7; i++) {
        struct call *call = &scene->calls.calls[i];
        put_state(scene, call->id, (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
        call->finality = i == 5 ? CALL_FINAL : CALL_NOT_FINAL;
        call->wait_until = SCENE_NOW + 50;
    }
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 7);
    send();
    assert_string_equal(scene_ids(scene, 0), "a5");
    assert_int_equal(scene->summary.waiting, 0); /* none is newly waiting */
    assert_int_equal(scene_record(scene, "a6").state, CALL_WAITING);
}

/* A slow server lets a run read one batch. The oldest of many waiting calls may wait for hours. */
static void test_each_call_has_its_turn(void **state)
{
    static const struct {
        size_t count;
        const char *sent;
    } runs[] = {
        { 3, "" }, { 3, "" }, { 3, "a7" }, { 3, "a0" }, { 3, "" }, { 5, "a8" }
    }; /* the last two, and a batch */
    struct scene *scene = *state;
    struct err err;
    size_t count = 0;
    scene_add_many(scene, "a", 9, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 9; i++) {
        struct call *call = &scene->calls.calls[i];
        put_state(scene, call->id, (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
        call->finality = CALL_NOT_FINAL;
        call->wait_until = SCENE_NOW + 50;
    }
    scene_call(scene, "a7")->finality = CALL_FINAL;
    scene->calls.may_read = 3;
    for (size_t run = 0; run < sizeof runs / sizeof *runs; run++) {
        size_t before = scene->sent_count;
        struct ledger_stretch stretch = whole();
        begin(scene);
        assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
        assert_int_equal(count, runs[run].count);
        send();
        unit_same_text("sent", scene_ids(scene, before), runs[run].sent);
        if (run == 2)
            scene_call(scene, "a0")->finality = scene_call(scene, "a8")->finality = CALL_FINAL;
    }
    scene->calls.may_read = 0;
    struct ledger_stretch stretch = whole();
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 6); /* each of those that are left, once */
    send();
    stretch = whole();
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 6);
    assert_string_equal(stretch.after.uniqueid, "a6"); /* from the first one again */
    send();
}

static struct outcome limits(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RATE_LIMITED);
}

static void test_a_stop_ends_revisit(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene->answer = limits;
    scene_add_many(scene, "a", 9, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 9; i++)
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_string_equal(scene_ids(scene, 0), "a0");
    assert_int_equal(scene->summary.stop, STOP_RATE_LIMITED);
    work_clear(&work);
    memory_sink_free(&memory);
}

/* A reopened row has no end. The call keeps its place in the order. */
static void test_a_reopened_call_keeps_its_place(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct position position = position_at(SCENE_NOW - 100, "a");
    struct call *call = scene_add(scene, "a", 0);
    call->finality = CALL_NOT_FINAL;
    call->wait_until = SCENE_NOW + 50;
    put_state(scene, "a", (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    assert_int_equal(revisit_call(&engine, &position, &work, &err), 0);
    assert_int_equal(work.count, 0);
    assert_int_equal(scene_record(scene, "a").state, CALL_WAITING);
    assert_int_equal(scene->summary.waiting, 1);
    call->finality = CALL_FINAL;
    assert_int_equal(revisit_call(&engine, &position, &work, &err), 0);
    assert_int_equal(work.items[0]->call->ended, SCENE_NOW - 100);
    work_clear(&work);
}

/* The row of a pending call has no end any more. The call stays pending, because the API never accepted it. */
static void test_a_pending_call_without_an_end_stays_pending(void **state)
{
    static const enum call_state states[] = { CALL_PENDING, CALL_WAITING };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(states); i++) {
        scene_begin_anew(scene);
        struct call *call = scene_add(scene, "a", SCENE_NOW - 100);
        put_state(scene, "a", (struct call_record){ .state = states[i] }, 0);
        call->finality = CALL_NOT_ENDED;
        check_revisit(scene, "it goes on", "");
        assert_int_equal(scene_record(scene, "a").state, states[i]);
        call->finality = CALL_FINAL;
        check_revisit(scene, "it has ended", "a");
    }
}

static void test_batches_of_a_single_call_are_all_sent(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene->settings.batch_size = 1;
    scene_add_many(scene, "a", 3, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 3; i++) {
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
        scene->calls.calls[i].finality = CALL_NOT_FINAL;
        scene->calls.calls[i].wait_until = SCENE_NOW + 50;
    }
    begin(scene);
    engine.terms.deadline_ms = clock_mono_ms() + 5000; /* ends the test if a list never ends */
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_int_equal(scene->summary.stop, STOP_NONE);
}

/* Each batch begins after the last call of the batch before, in the ledger's order. */
static void test_no_call_is_read_twice(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 7, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 7; i++) {
        struct call *call = &scene->calls.calls[i];
        const struct ledger_entry entry = { .uniqueid = call->id, .record = { .state = CALL_WAITING },
                                            .end_epoch = call->ended, .due = SCENE_NOW + 50 };
        assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
        call->finality = CALL_NOT_FINAL;
        call->wait_until = SCENE_NOW + 50;
    }
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 7);
}

static int cannot_send(void *state, const struct sink_message *const *messages, size_t count,
                       const struct sink_observer *observer, struct err *err)
{
    (void)state;
    (void)messages;
    (void)count;
    (void)observer;
    return err_set(err, EX_OSERR, "no request can be made");
}

static void test_an_error_of_the_sink_is_returned(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 4, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 4; i++)
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    struct sink_ops ops = *sink.ops;
    ops.send = cannot_send;
    sink.ops = &ops;
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), -1);
    assert_string_equal(err.message, "no request can be made");
    work_clear(&work);
}

static void test_an_error_of_the_source_is_returned(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    put_state(scene, "a", (struct call_record){ .state = CALL_PENDING }, 0);
    scene->calls.fails = true;
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    assert_int_equal(scene_record(scene, "a").state, CALL_PENDING);
    work_clear(&work);
}

/* Ids of Asterisk have up to 149 bytes. Ids of the same second differ in the last bytes only. */
static void test_long_ids_of_one_second_are_each_read(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    enum { COUNT = 7, LENGTH = 149 };
    static char ids[COUNT][LENGTH + 1];
    size_t count = 0;
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%0*zu", LENGTH, i);
        struct call *call = scene_add(scene, ids[i], SCENE_NOW - 100);
        put_state(scene, ids[i], (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
        call->finality = i == COUNT - 1 ? CALL_FINAL : CALL_NOT_FINAL;
        call->wait_until = SCENE_NOW + 50;
    }
    begin(scene);
    engine.terms.deadline_ms = clock_mono_ms() + 5000; /* ends the test if a list never ends */
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(count, COUNT);
    assert_int_equal(work.count, 1);
    assert_string_equal(work.items[0]->call->id, ids[COUNT - 1]);
    work_clear(&work);
    struct position doubtful = position_at(SCENE_NOW - 100, ids[COUNT - 1]);
    assert_int_equal(revisit_call(&engine, &doubtful, &work, &err), 0);
    assert_int_equal(work.count, 1);
    work_clear(&work);
}

/* A run reads waiting calls until its time is over, even if it sends none of them. */
static void test_the_end_of_the_run_s_time_ends_revisit(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 9, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 9; i++) {
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
        scene->calls.calls[i].finality = CALL_NOT_FINAL;
        scene->calls.calls[i].wait_until = SCENE_NOW + 50;
    }
    begin(scene);
    engine.terms.deadline_ms = clock_mono_ms();
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 0);
    assert_int_equal(scene->summary.stop, STOP_OUT_OF_TIME);
}

/* The first batch is always read. Otherwise a slow source would block open calls forever. */
static void test_the_source_s_time_ends_revisit_after_a_batch(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 9, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 9; i++) {
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_WAITING }, SCENE_NOW - 50);
        scene->calls.calls[i].finality = CALL_NOT_FINAL;
        scene->calls.calls[i].wait_until = SCENE_NOW + 50;
    }
    scene->calls.may_read = 1;
    begin(scene);
    scene->calls.read = 1; /* what came before the first batch took it all */
    engine.terms.deadline_ms = clock_mono_ms() + 60000;
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_int_equal(scene->summary.stop, STOP_NONE);
}

/* ---- calls whose id was rewritten ---- */

static bool is_watched(struct scene *scene, const char *id)
{
    struct err err;
    bool has = false;
    assert_int_equal(watched_has(scene_ledger(scene), id, &has, &err), 0);
    return has;
}

/* A call that waits; the dialer has no row of this id any more. */
static void put_vanished(struct scene *scene, const char *id, const char *lead, int64_t began)
{
    struct err err;
    const struct watched watched = { .id = id, .kin = lead, .began = began };
    put_state(scene, id, (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
    assert_int_equal(watched_add(scene_ledger(scene), &watched, &err), 0);
}

static void add_kin(struct scene *scene, const char *id, const char *lead, int64_t began)
{
    struct call *call = scene_add(scene, id, SCENE_NOW - 100);
    call->kin = lead;
    call->began = began;
}

static int revisit_whole(struct err *err)
{
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    return revisit_all(&engine, &stretch, &work, &count, err);
}

static void stage_vanished(struct scene *scene)
{
    scene->calls.shows_open = true;
    scene->settings.batch_size = 10;
    put_vanished(scene, "m.old", "7", SCENE_NOW - 300);
    put_vanished(scene, "a.old", "8", SCENE_NOW - 200);
    put_vanished(scene, "z.old", "9", SCENE_NOW - 100);
    put_vanished(scene, "none", NULL, SCENE_NOW - 90000);
}

static void test_kin_of_a_vanished_call_is_watched(void **state)
{
    struct scene *scene = *state;
    struct err err;
    stage_vanished(scene);
    add_kin(scene, "another", "7", SCENE_NOW - 300 - 3601);
    add_kin(scene, "first", "7", SCENE_NOW - 300 - 3600);
    add_kin(scene, "second", "8", SCENE_NOW - 200);
    add_kin(scene, "known", "9", SCENE_NOW - 100);
    put_state(scene, "known", (struct call_record){ .state = CALL_ACCEPTED }, 0);
    begin(scene);
    assert_int_equal(revisit_whole(&err), 0);
    assert_true(is_watched(scene, "first"));
    assert_true(is_watched(scene, "second"));
    assert_false(is_watched(scene, "another"));
    assert_false(is_watched(scene, "known"));
    assert_int_equal(engine.scan_again_from, 0);
    assert_int_equal(scene->summary.forgotten, 4);
}

static void test_kin_that_cannot_be_read_is_scanned_for(void **state)
{
    struct scene *scene = *state;
    struct err err;
    stage_vanished(scene);
    scene->calls.loses_kin = true;
    begin(scene);
    assert_int_equal(revisit_whole(&err), 0);
    assert_int_equal(engine.scan_again_from, SCENE_NOW - 300);
}

static void test_a_call_that_is_there_has_no_kin(void **state)
{
    struct scene *scene = *state;
    struct err err;
    stage_vanished(scene);
    static const char *const ids[] = { "m.old", "a.old", "z.old" };
    static const char *const leads[] = { "7", "8", "9" };
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        add_kin(scene, ids[i], leads[i], SCENE_NOW - 300);
        scene_call(scene, ids[i])->finality = CALL_NOT_FINAL;
        scene_call(scene, ids[i])->wait_until = SCENE_NOW + 50;
    }
    add_kin(scene, "other", "8", SCENE_NOW - 100);
    scene->calls.loses_kin = true;
    begin(scene);
    assert_int_equal(revisit_whole(&err), 0);
    assert_int_equal(engine.scan_again_from, 0);
    assert_int_equal(scene->summary.still_waiting, 3);
    assert_int_equal(scene->summary.forgotten, 1);
}

/* As before the error: the calls wait, no kin is watched. */
static void put_back(void *context)
{
    static const char *const kin[] = { "first", "second" };
    struct scene *scene = context;
    struct err err;
    work_clear(&work);
    for (size_t i = 0; i < UNIT_COUNT(kin); i++)
        assert_int_equal(watched_remove(scene_ledger(scene), kin[i], &err), 0);
    assert_int_equal(ledger_set_note(scene_ledger(scene), LEDGER_NOTE_SCANNED_TO, SCENE_NOW, &err), 0);
    stage_vanished(scene);
    engine.scan_again_from = 0;
}

static int act(void *context, struct err *err)
{
    (void)context;
    return revisit_whole(err);
}

static void test_no_error_of_the_ledger_is_swallowed(void **state)
{
    struct scene *scene = *state;
    put_back(scene);
    add_kin(scene, "first", "7", SCENE_NOW - 300);
    add_kin(scene, "second", "8", SCENE_NOW - 200);
    begin(scene);
    assert_in_range(broken_ledger_sweep("kin", act, put_back, scene), 10, 60);
    scene->calls.loses_kin = true;
    assert_in_range(broken_ledger_sweep("lost kin", act, put_back, scene), 10, 60);
}

/* No call is put off for longer than retry_cap, or than a sink may ask for: such a time is of another clock. */
static void test_a_due_time_beyond_the_longest_delay_is_due(void **state)
{
    static const struct {
        const char *id;
        int64_t retry_cap, delay;
        bool is_due;
    } rows[] = { { "cap", 3600, 3600, false }, { "beyond", 3600, 3601, true },
                 { "sink", 60, OUTCOME_WAIT_MAX_SEC, false }, { "beyond.sink", 60, OUTCOME_WAIT_MAX_SEC + 1, true } };
    struct scene *scene = *state;
    struct err err;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        scene_begin_anew(scene);
        (void)scene_add(scene, rows[i].id, SCENE_NOW - 100);
        put_state(scene, rows[i].id, (struct call_record){ .state = CALL_PENDING }, SCENE_NOW + rows[i].delay);
        scene->settings.retry_cap = rows[i].retry_cap;
        begin(scene);
        assert_int_equal(revisit_whole(&err), 0);
        unit_same_int(rows[i].id, (int64_t)work.count, rows[i].is_due);
        work_clear(&work);
    }
}

static void test_only_an_open_call_is_reported_as_perhaps_archived(void **state)
{
    struct scene *scene = *state;
    put_state(scene, "accepted", (struct call_record){ .state = CALL_ACCEPTED }, 0);
    scene->calls.archive_problem = "the archive is damaged";
    begin(scene);
    scene_revisit(&engine, &work, "accepted", SCENE_NOW - 100);
    assert_int_equal(scene_count_log(scene, "perhaps archived"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_call_without_a_row_is_forgotten_unless_it_may_be_archived),
        in_scene(test_an_open_call_is_found_in_the_archive),
        in_scene(test_calls_out_of_scope_or_accepted_are_not_sent),
        in_scene(test_a_call_that_was_not_asked_for_is_ignored),
        in_scene(test_all_calls_of_a_stretch_are_sent_in_batches),
        in_scene(test_waiting_calls_go_on_waiting),
        in_scene(test_each_call_has_its_turn),
        in_scene(test_a_stop_ends_revisit),
        in_scene(test_a_reopened_call_keeps_its_place),
        in_scene(test_a_pending_call_without_an_end_stays_pending),
        in_scene(test_no_call_is_read_twice),
        in_scene(test_batches_of_a_single_call_are_all_sent),
        in_scene(test_an_error_of_the_sink_is_returned),
        in_scene(test_an_error_of_the_source_is_returned),
        in_scene(test_long_ids_of_one_second_are_each_read),
        in_scene(test_the_end_of_the_run_s_time_ends_revisit),
        in_scene(test_the_source_s_time_ends_revisit_after_a_batch),
        in_scene(test_kin_of_a_vanished_call_is_watched),
        in_scene(test_kin_that_cannot_be_read_is_scanned_for),
        in_scene(test_a_call_that_is_there_has_no_kin),
        in_scene(test_no_error_of_the_ledger_is_swallowed),
        in_scene(test_a_due_time_beyond_the_longest_delay_is_due),
        in_scene(test_only_an_open_call_is_reported_as_perhaps_archived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
