/* Tests of calls while one statement of the ledger fails. For each statement, the run gets the error. */
#include "../scene.h"

#include "../broken_ledger.h"

#define NOW SCENE_NOW

static void put(struct scene *scene, const char *id, struct call_record record)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = record, .end_epoch = NOW - 100 };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

static struct call *add_pending(struct scene *scene, const char *id)
{
    put(scene, id, (struct call_record){ .state = CALL_PENDING });
    return scene_add(scene, id, NOW - 100);
}

/* ---- the sink's answers, by the call's id ---- */

static struct outcome as_its_id_says(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    struct outcome outcome = scene_outcome(OUTCOME_ACCEPTED);
    if (strncmp(sent->id, "no", 2) == 0)
        outcome = scene_outcome(OUTCOME_REJECTED);
    else if (strncmp(sent->id, "busy", 4) == 0)
        outcome = scene_outcome(OUTCOME_RATE_LIMITED);
    else if (strncmp(sent->id, "bad", 3) == 0)
        outcome = scene_outcome(OUTCOME_RETRY);
    outcome.wait_sec = outcome.kind == OUTCOME_ACCEPTED ? 0 : 90;
    return outcome;
}

/* ---- the calls ---- */

static void accepted(struct scene *scene)
{
    (void)add_pending(scene, "a");
}

static void rejected(struct scene *scene)
{
    (void)add_pending(scene, "no");
}

static void rate_limited(struct scene *scene)
{
    (void)add_pending(scene, "busy");
}

static void in_doubt(struct scene *scene)
{
    (void)add_pending(scene, "bad");
}

static void charged(struct scene *scene)
{
    (void)add_pending(scene, "bad");
    (void)add_pending(scene, "good");
}

static void charged_for_the_last_time(struct scene *scene)
{
    charged(scene);
    put(scene, "bad", (struct call_record){ .state = CALL_PENDING, .attempts = 2 });
}

static void outage(struct scene *scene)
{
    (void)add_pending(scene, "bad1");
    (void)add_pending(scene, "bad2");
    (void)add_pending(scene, "bad3");
}

static void changed(struct scene *scene)
{
    (void)add_pending(scene, "a");
    put(scene, "a", (struct call_record){ .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 1 });
}

/* An earlier run tried the call with other content, and got no answer. */
static void tried_with_other_content(struct scene *scene)
{
    struct err err;
    const struct ledger_attempt attempt = { .answer = 500 };
    struct call *call = add_pending(scene, "a");
    const struct ledger_entry entry = { .uniqueid = "a", .record = { .state = CALL_PENDING }, .end_epoch = NOW - 100,
                                        .payload = "other content", .call = call, .attempt = &attempt };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

static void gone(struct scene *scene)
{
    (void)add_pending(scene, "a");
    scene_drop(scene, "a");
}

static void waits(struct scene *scene)
{
    struct call *call = add_pending(scene, "a");
    call->finality = CALL_NOT_FINAL;
    call->wait_until = NOW + 600;
}

static void has_it_already(struct scene *scene)
{
    struct call_record record = { .state = CALL_PENDING, .sent_before = true };
    record.fingerprint = call_fingerprint(add_pending(scene, "a"));
    put(scene, "a", record);
}

/* ---- a run with these calls ---- */

/* Reads the calls again, and sends those that must be sent. */
static int act(void *context, struct err *err)
{
    static const char *const ids[] = { "a", "no", "busy", "bad", "bad1", "bad2", "bad3", "good" };
    struct scene *scene = context;
    struct memory_sink memory;
    struct source source = memory_source_open(&scene->calls);
    struct sink sink = scene_sink(scene, &memory);
    struct engine engine = scene_engine(scene, &source, &sink);
    struct work work = { .count = 0 };
    int result = 0;
    for (size_t i = 0; i < UNIT_COUNT(ids) && result == 0; i++) {
        const struct position position = position_at(NOW - 100, ids[i]);
        result = revisit_call(&engine, &position, &work, err);
    }
    if (result == 0)
        result = forward_all(&engine, &work, err);
    if (result == 0)
        result = engine_commit(&engine, err);
    work_clear(&work);
    memory_sink_free(&memory);
    return result;
}

static void (*prepare)(struct scene *scene);

static void again(void *context)
{
    struct scene *scene = context;
    struct err err;
    scene_begin_anew(scene);
    scene->answer = as_its_id_says;
    prepare(scene);
    assert_int_equal(ledger_commit(scene_ledger(scene), &err), 0);
}

static void test_no_error_is_swallowed(void **state)
{
    static const struct {
        const char *name;
        void (*prepare)(struct scene *scene);
    } rows[] = {
        { "accepted", accepted },
        { "rejected", rejected },
        { "rate limited", rate_limited },
        { "in doubt", in_doubt },
        { "charged", charged },
        { "charged for the last time", charged_for_the_last_time },
        { "outage", outage },
        { "changed", changed },
        { "tried with other content", tried_with_other_content },
        { "gone", gone },
        { "waits", waits },
        { "has it already", has_it_already },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        prepare = rows[i].prepare;
        again(*state);
        /* Eight reads, at least one write, and the commit. */
        unit_true(rows[i].name, broken_ledger_sweep(rows[i].name, act, again, *state) >= 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { in_scene(test_no_error_is_swallowed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
