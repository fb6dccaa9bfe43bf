/* Tests of forward: what becomes of a list of calls, in the ledger, in the summary and at the sink. */
#include "../scene.h"

#include "ledger/records.h"

struct work {
    struct source source;
    struct sink sink;
    struct memory_sink memory;
    struct forward forward;
    struct candidates calls;
};

static struct work *start(struct scene *scene)
{
    static struct work work;
    work = (struct work){ .source = memory_source_open(&scene->calls) };
    work.sink = scene_sink(scene, &work.memory);
    work.forward = scene_forward(scene, &work.source, &work.sink);
    return &work;
}

static int all(struct work *work, struct err *err)
{
    int result = forward_all(&work->forward, &work->calls, err);
    memory_sink_free(&work->memory);
    if (result == 0)
        result = forward_commit(&work->forward, err);
    return result;
}

/* Takes the calls that the source has, by their ids. */
static struct work *forward_of(struct scene *scene, const char *row, const char *want_ids)
{
    struct err err;
    size_t before = scene->sent_count;
    struct work *work = start(scene);
    for (size_t i = 0; i < scene->calls.count; i++)
        candidates_add(&work->calls, scene->calls.calls[i].id, scene->calls.calls[i].ended);
    unit_same_int(row, all(work, &err), 0);
    unit_same_text(row, scene_ids(scene, before), want_ids);
    return work;
}

static bool all_settled(const struct work *work)
{
    for (size_t i = 0; i < work->calls.count; i++)
        if (!work->calls.items[i].settled)
            return false;
    return true;
}

static void finish(struct work *work)
{
    candidates_clear(&work->calls);
}

/* ---- answers ---- */

/* The second word of an id says what becomes of it: "1-retry". */
static struct outcome as_its_id_says(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    static const char *const words[] = { [OUTCOME_ACCEPTED] = "taken",   [OUTCOME_SHOWN] = "shown",
                                         [OUTCOME_REJECTED] = "reject",  [OUTCOME_RETRY] = "retry",
                                         [OUTCOME_RATE_LIMITED] = "limit", [OUTCOME_MISCONFIGURED] = "wrong" };
    (void)scene;
    (void)nth;
    struct outcome outcome = scene_outcome(OUTCOME_ACCEPTED);
    for (size_t i = 0; i < UNIT_COUNT(words); i++)
        if (strstr(sent->id, words[i]) != NULL)
            outcome = scene_outcome((enum outcome_kind)i);
    outcome.unreachable = strstr(sent->id, "unreachable") != NULL;
    outcome.blames_call = strstr(sent->id, "blamed") != NULL;
    outcome.wait_sec = strstr(sent->id, "long") != NULL ? 700 : 0;
    return outcome;
}

/* ---- the list ---- */

static int note_end(void *context, int64_t end_epoch, struct err *err)
{
    char *text = context;
    size_t used = strlen(text);
    (void)snprintf(text + used, 80 - used, "%lld ", (long long)(end_epoch - SCENE_NOW));
    return used > 10 ? err_set(err, EX_SOFTWARE, "enough") : 0;
}

static void test_it_goes_by_time_in_batches(void **state)
{
    struct scene *scene = *state;
    struct err err;
    char ends[80] = "";
    (void)scene_add(scene, "d", SCENE_NOW - 10);
    (void)scene_add(scene, "c", SCENE_NOW - 30);
    (void)scene_add(scene, "b", SCENE_NOW - 30);
    (void)scene_add(scene, "a", SCENE_NOW - 20);
    struct work *work = start(scene);
    work->forward.on_batch = note_end;
    work->forward.batch_context = ends;
    candidates_add(&work->calls, "d", SCENE_NOW - 10);
    candidates_add_row(&work->calls, scene_call(scene, "c"));
    candidates_add(&work->calls, "a", SCENE_NOW - 20);
    candidates_add(&work->calls, "b", SCENE_NOW - 30);
    assert_int_equal(all(work, &err), 0);
    assert_string_equal(scene_ids(scene, 0), "b c a d");
    assert_string_equal(ends, "-20 -10 ");
    assert_true(all_settled(work));
    assert_int_equal(scene->calls.fetched, 3); /* c was at hand */
    assert_int_equal(work->forward.uncommitted, 0);
    finish(work);
}

static void test_whoever_asks_after_a_batch_may_end_it(void **state)
{
    struct scene *scene = *state;
    struct err err;
    char ends[80] = "a long text";
    scene_add_many(scene, "a", 4, SCENE_NOW - 50, 1);
    struct work *work = start(scene);
    work->forward.on_batch = note_end;
    work->forward.batch_context = ends;
    for (size_t i = 0; i < 4; i++)
        candidates_add_row(&work->calls, &scene->calls.calls[i]);
    assert_int_equal(all(work, &err), -1);
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2");
    finish(work);
}

static int lose_source(void *context, int64_t end_epoch, struct err *err)
{
    struct scene *scene = context;
    (void)end_epoch;
    (void)err;
    scene->calls.fails = true;
    return 0;
}

/* The first batch is on disk, the second one cannot be read. */
static void test_a_source_that_fails(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 3, SCENE_NOW - 50, 1);
    struct work *work = start(scene);
    for (size_t i = 0; i < 3; i++)
        candidates_add_row(&work->calls, &scene->calls.calls[i]);
    candidates_add(&work->calls, "z", SCENE_NOW - 10);
    work->forward.on_batch = lose_source;
    work->forward.batch_context = scene;
    assert_int_equal(all(work, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    scene_close(scene); /* drops what is not committed */
    assert_int_equal(scene_record(scene, "a2").state, CALL_ACCEPTED);
    finish(work);
}

/* A row whose end moved while it was scanned is listed twice. */
static void test_a_call_that_is_listed_twice_is_sent_once(void **state)
{
    struct scene *scene = *state;
    struct err err;
    (void)scene_add(scene, "a", SCENE_NOW - 30);
    for (int later_first = 0; later_first < 2; later_first++) {
        struct call moved = *scene_call(scene, "a"), before = moved;
        moved.status = later_first ? "DNC" : "NA";
        moved.ended += 5;
        struct work *work = start(scene);
        size_t sent = scene->sent_count;
        candidates_add_row(&work->calls, later_first ? &moved : &before);
        candidates_add_row(&work->calls, later_first ? &before : &moved);
        assert_int_equal(all(work, &err), 0);
        assert_int_equal(scene->sent_count, sent + 1);
        unit_same_text("the later one counts", scene->sent[sent].status, moved.status);
        assert_true(all_settled(work));
        finish(work);
    }
}

static void put_state(struct scene *scene, const char *id, struct call_record record, int64_t due)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = record, .end_epoch = SCENE_NOW - 100, .due = due };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

/* Calls that the source no longer has. */
static void test_rows_that_are_gone(void **state)
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
        struct work *work = start(scene);
        candidates_add(&work->calls, rows[i].id, SCENE_NOW - 100);
        unit_same_int(rows[i].id, all(work, &err), 0);
        unit_true(rows[i].id, all_settled(work));
        unit_same_int(rows[i].id, scene_record(scene, rows[i].id).state, rows[i].after);
        unit_same_int(rows[i].id, scene->summary.forgotten, rows[i].forgotten);
        finish(work);
    }
    scene_check_log(scene, "kept", "the archive is damaged");
    scene_check_log(scene, "forgotten", "pending: gone from the dialer");
    assert_int_equal(scene->sent_count, 0);
}

static void test_an_open_call_is_found_in_the_archive(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "known", SCENE_NOW - 100);
    (void)scene_add(scene, "new", SCENE_NOW - 90);
    scene_archive(scene, "known");
    scene_archive(scene, "new");
    put_state(scene, "known", (struct call_record){ .state = CALL_PENDING }, 0);
    finish(forward_of(scene, "archive", "known"));
}

/* Calls of a campaign that is not selected, and those of which the API has the content already. */
static void test_what_needs_no_message(void **state)
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
    struct work *work = forward_of(scene, "not selected", "");
    assert_true(all_settled(work));
    finish(work);
    assert_int_equal(scene_record(scene, "new").state, CALL_UNKNOWN);
    assert_int_equal(scene_record(scene, "open").state, CALL_UNKNOWN);
    assert_int_equal(scene_record(scene, "had").state, CALL_ACCEPTED);
    assert_int_equal(scene->summary.forgotten, 0);
    scene->settings.exclude_campaigns = none;
    put_state(scene, "had", (struct call_record){ .state = CALL_PENDING, .sent_before = true, .fingerprint = had }, 0);
    finish(forward_of(scene, "the API has it", "new open"));
    assert_int_equal(scene_record(scene, "had").state, CALL_ACCEPTED);
    finish(forward_of(scene, "all", ""));
}

static void test_force_sends_what_is_accepted_again(void **state)
{
    struct scene *scene = *state;
    struct err err;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    finish(forward_of(scene, "first", "a"));
    int64_t tried = scene_record(scene, "a").tried;
    for (int64_t off = 0; off < 2; off++) {
        struct work *work = start(scene);
        size_t before = scene->sent_count;
        work->forward.force_since = tried + off;
        candidates_add(&work->calls, "a", SCENE_NOW - 100);
        assert_int_equal(all(work, &err), 0);
        assert_int_equal(scene->sent_count - before, (size_t)off);
        finish(work);
    }
    assert_string_equal(scene->sent[0].key, scene->sent[1].key);
    assert_int_equal(scene->summary.repeated, 1);
}

/* ---- outcomes ---- */

static void test_outcomes(void **state)
{
    static const struct {
        const char *ids[3], *sent;
        enum summary_stop stop;
        enum call_state state; /* of the first */
        int64_t attempts, failed, rejected, in_doubt;
        int64_t due_from, due_to; /* of the first, if it is pending */
    } rows[] = {
        { { "1-reject", "1-taken" }, "1-reject 1-taken", STOP_NONE, CALL_REJECTED, 0, 1, 1, 0, 0, 0 },
        { { "2-retry", "2-taken" }, "2-retry 2-taken", STOP_NONE, CALL_PENDING, 1, 1, 0, 0, 45, 62 },
        { { "3-wrong", "3-taken" }, "3-wrong 3-taken", STOP_NONE, CALL_PENDING, 1, 1, 0, 0, 45, 62 },
        { { "4-retry-long", "4-taken" }, "4-retry-long 4-taken", STOP_NONE, CALL_PENDING, 1, 1, 0, 0, 700, 702 },
        { { "5-retry", "5-reject" }, "5-retry 5-reject", STOP_NONE, CALL_PENDING, 1, 2, 1, 0, 45, 62 },
        { { "6-retry", "6-retry-b" }, "6-retry 6-retry-b", STOP_OUTAGE, CALL_UNKNOWN, 0, 2, 0, 0, 0, 0 },
        { { "7-wrong", "7-wrong-b" }, "7-wrong 7-wrong-b", STOP_CONFIGURATION, CALL_UNKNOWN, 0, 2, 0, 0, 0, 0 },
        { { "8-wrong", "8-retry" }, "8-wrong 8-retry", STOP_OUTAGE, CALL_UNKNOWN, 0, 2, 0, 0, 0, 0 },
        { { "9-retry" }, "9-retry", STOP_NONE, CALL_PENDING, 0, 1, 0, 1, 45, 62 },
        { { "10-retry-unreachable" }, "10-retry-unreachable", STOP_OUTAGE, CALL_UNKNOWN, 0, 1, 0, 0, 0, 0 },
        { { "11-retry-blamed", "11-retry" }, "11-retry-blamed 11-retry", STOP_NONE, CALL_PENDING, 0, 2, 0, 2, 45, 62 },
        { { "12-limit", "12-taken" }, "12-limit", STOP_RATE_LIMITED, CALL_UNKNOWN, 0, 1, 0, 0, 0, 0 },
        { { "13-shown", "13-taken" }, "13-shown 13-taken", STOP_NONE, CALL_UNKNOWN, 0, 0, 0, 0, 0, 0 },
    };
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *first = rows[i].ids[0];
        scene->calls.count = 0;
        for (size_t k = 0; k < 3 && rows[i].ids[k] != NULL; k++)
            (void)scene_add(scene, rows[i].ids[k], SCENE_NOW - 100 + (int64_t)k);
        struct work *work = forward_of(scene, first, rows[i].sent);
        unit_same_int(first, scene_record(scene, first).state, rows[i].state);
        unit_same_int(first, scene_record(scene, first).attempts, rows[i].attempts);
        unit_same_int(first, scene->summary.stop, rows[i].stop);
        unit_same_int(first, scene->summary.failed, rows[i].failed);
        unit_same_int(first, scene->summary.rejected, rows[i].rejected);
        unit_same_int(first, scene->summary.in_doubt, rows[i].in_doubt);
        unit_true(first, all_settled(work) == (rows[i].stop == STOP_NONE));
        finish(work);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_it_goes_by_time_in_batches),
        in_scene(test_whoever_asks_after_a_batch_may_end_it),
        in_scene(test_a_source_that_fails),
        in_scene(test_a_call_that_is_listed_twice_is_sent_once),
        in_scene(test_rows_that_are_gone),
        in_scene(test_an_open_call_is_found_in_the_archive),
        in_scene(test_what_needs_no_message),
        in_scene(test_force_sends_what_is_accepted_again),
        in_scene(test_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
