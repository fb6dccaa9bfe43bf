/* Tests of forward: what it writes down of each call, for the next runs and for people. */
#include "../scene.h"

#include <sqlite3.h>

#include "base/log.h"
#include "ledger/records.h"

static struct source source;
static struct sink sink;
static struct memory_sink memory;
static struct engine engine;

static void begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    sink = scene_sink(scene, &memory);
    engine = scene_engine(scene, &source, &sink);
}

/* Takes all calls of the source, with what begin has set up. */
static void take_all(struct scene *scene)
{
    struct err err;
    struct work calls = { .count = 0 };
    for (size_t i = 0; i < scene->calls.count; i++)
        scene_revisit(&engine, &calls, scene->calls.calls[i].id, scene->calls.calls[i].ended);
    assert_int_equal(forward_all(&engine, &calls, &err), 0);
    assert_int_equal(engine_commit(&engine, &err), 0);
    work_clear(&calls);
    memory_sink_free(&memory);
}

static void run(struct scene *scene)
{
    begin(scene);
    take_all(scene);
}

static void put(struct scene *scene, const char *id, struct call_record record, int64_t due)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = record, .end_epoch = SCENE_NOW - 9, .due = due };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

/* ---- what is told of a call ---- */

static struct {
    struct records_call call;
    char reason[600], status[20], result[20], agent[20], campaign[20], phone[20];
} told;

static void keep(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text != NULL ? text : "(none)");
}

static void on_call(void *context, const struct records_call *call)
{
    (void)context;
    told.call = *call;
    keep(told.reason, sizeof told.reason, call->reason);
    keep(told.status, sizeof told.status, call->last.status);
    keep(told.result, sizeof told.result, call->last.result);
    keep(told.agent, sizeof told.agent, call->last.agent);
    keep(told.campaign, sizeof told.campaign, call->campaign);
    keep(told.phone, sizeof told.phone, call->phone);
}

static void look_up(struct scene *scene, const char *id)
{
    struct err err;
    memset(&told, 0, sizeof told);
    assert_int_equal(records_find_call(scene_ledger(scene), id, on_call, NULL, &err), 0);
}

static struct outcome as_its_id_says(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    if (strncmp(sent->id, "bad", 3) == 0)
        return scene_outcome(OUTCOME_RETRY);
    if (strncmp(sent->id, "wrong", 5) == 0)
        return scene_outcome(OUTCOME_MISCONFIGURED);
    return scene_outcome(strncmp(sent->id, "no", 2) == 0 ? OUTCOME_REJECTED : OUTCOME_ACCEPTED);
}

static void test_what_the_ledger_keeps(void **state)
{
    static const struct {
        const char *id;
        int64_t attempts; /* before */
        enum call_state state;
        const char *reason;
        int64_t answer, attempts_after;
    } rows[] = {
        { "a", 0, CALL_ACCEPTED, "(none)", 201, 0 },
        { "b", 2, CALL_ACCEPTED, "(none)", 201, 0 },
        { "no", 0, CALL_REJECTED, "HTTP 422", 422, 0 },
        { "bad", 0, CALL_PENDING, "HTTP 500", 500, 1 },
        { "bad2", 1, CALL_PENDING, "HTTP 500", 500, 2 },
        { "bad3", 2, CALL_REJECTED, "HTTP 500, after 3 attempts", 500, 3 },
        { "wrong", 0, CALL_PENDING, "HTTP 403, though the API accepts other calls", 403, 1 },
    };
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        (void)scene_add(scene, rows[i].id, SCENE_NOW - 100 + (int64_t)i);
        put(scene, rows[i].id, (struct call_record){ .state = CALL_PENDING, .attempts = rows[i].attempts }, 0);
    }
    run(scene);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        look_up(scene, rows[i].id);
        unit_same_int(rows[i].id, told.call.record.state, rows[i].state);
        unit_same_text(rows[i].id, told.reason, rows[i].reason);
        unit_same_int(rows[i].id, told.call.record.attempts, rows[i].attempts_after);
        unit_same_int(rows[i].id, told.call.last.answer, rows[i].answer);
        unit_same_int(rows[i].id, told.call.last.took_ms, 4);
        unit_same_int(rows[i].id, told.call.end_epoch, SCENE_NOW - 100 + (int64_t)i);
        unit_same_text(rows[i].id, told.status, "SALE");
        unit_same_text(rows[i].id, told.result, "answered");
        unit_same_text(rows[i].id, told.agent, "6666");
        unit_same_text(rows[i].id, told.campaign, "TEST");
        unit_same_text(rows[i].id, told.phone, "3125550100");
        unit_true(rows[i].id, told.call.record.sent_before == (rows[i].state == CALL_ACCEPTED));
    }
}

static void test_what_the_log_says(void **state)
{
    static const char *const lines[] = { "a: TEST/3125550100", "SALE (45s)", "no: failed: HTTP 422 (rejected)",
                                         "bad: failed: HTTP 500 (attempt 1, ", "gone from the dialer" };
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    (void)scene_add(scene, "no", SCENE_NOW - 90);
    (void)scene_add(scene, "bad", SCENE_NOW - 80);
    (void)scene_add(scene, "lost", SCENE_NOW - 70);
    put(scene, "lost", (struct call_record){ .state = CALL_PENDING }, 0);
    struct err err;
    struct work calls = { .count = 0 };
    begin(scene);
    for (size_t i = 0; i < scene->calls.count; i++)
        if (strcmp(scene->calls.calls[i].id, "lost") != 0)
            scene_take(&engine, &calls, &scene->calls.calls[i]);
    scene_drop(scene, "lost");
    scene_revisit(&engine, &calls, "lost", SCENE_NOW - 70);
    assert_int_equal(forward_all(&engine, &calls, &err), 0);
    work_clear(&calls);
    memory_sink_free(&memory);
    for (size_t i = 0; i < UNIT_COUNT(lines); i++)
        scene_check_log(scene, lines[i], lines[i]);
    assert_int_equal(scene->summary.forgotten, 1);
}

/* Each line about a call names the attempt and its answer, for whoever reads JSON. */
static void test_what_the_log_says_as_json(void **state)
{
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    log_configure(LOG_FORMAT_JSON, LOG_INFO);
    (void)scene_add(scene, "bad", SCENE_NOW - 100);
    (void)scene_add(scene, "a", SCENE_NOW - 90);
    put(scene, "bad", (struct call_record){ .state = CALL_PENDING, .attempts = 1 }, 0);
    run(scene);
    scene_check_log(scene, "attempt", "\"attempt\":2");
    scene_check_log(scene, "attempt", "\"attempt\":1");
    scene_check_log(scene, "answer", "500");
    log_configure(LOG_FORMAT_TEXT, LOG_INFO);
}

/* ---- doubt ---- */

/* Who was charged before counts not as one of two that fail, and tells the next run nothing of the API. */
static void test_a_call_that_was_charged_before(void **state)
{
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "bad1", SCENE_NOW - 100);
    put(scene, "bad1", (struct call_record){ .state = CALL_PENDING, .attempts = 1 }, 0);
    run(scene);
    assert_int_equal(scene->summary.in_doubt, 1);
    assert_int_equal(scene_record(scene, "bad1").attempts, 1);
    assert_int_equal(scene_place(scene, LEDGER_DOUBT).end_epoch, 0);
    (void)scene_add(scene, "bad2", SCENE_NOW - 90);
    run(scene);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene->summary.in_doubt, 2);
    assert_int_equal(scene_record(scene, "bad2").attempts, 0);
    assert_string_equal(scene_place(scene, LEDGER_DOUBT).uniqueid, "bad2");
    scene_check_log(scene, "the log", "HTTP 500 (");
}

static struct outcome waits(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    struct outcome outcome = scene_outcome(OUTCOME_RETRY);
    outcome.wait_sec = scene->every;
    return outcome;
}

/* An API that is down says until when. */
static void test_an_outage_with_a_wish(void **state)
{
    static const int64_t wishes[] = { 0, 1, 700 };
    struct scene *scene = *state;
    scene->answer = waits;
    scene_add_many(scene, "a", 2, SCENE_NOW - 100, 10);
    for (size_t i = 0; i < UNIT_COUNT(wishes); i++) {
        scene->every = wishes[i];
        run(scene);
        int64_t until = scene_note(scene, LEDGER_NOTE_WAIT_UNTIL);
        unit_same_int("stop", scene->summary.stop, STOP_OUTAGE);
        unit_true("until", wishes[i] == 0 ? until == 0 : until >= SCENE_NOW + wishes[i] && until <= SCENE_NOW + 720);
    }
}

static struct outcome limits(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    struct outcome outcome = scene_outcome(OUTCOME_RATE_LIMITED);
    outcome.wait_sec = scene->every;
    return outcome;
}

static void test_a_limit_with_and_without_a_wish(void **state)
{
    static const int64_t wishes[] = { 0, 1, 700 }, most[] = { 75, 16, 715 }, least[] = { 60, 1, 700 };
    struct scene *scene = *state;
    scene->answer = limits;
    scene_add_many(scene, "a", 2, SCENE_NOW - 100, 10);
    for (size_t i = 0; i < UNIT_COUNT(wishes); i++) {
        scene->every = wishes[i];
        run(scene);
        unit_in_range(scene_note(scene, LEDGER_NOTE_WAIT_UNTIL), SCENE_NOW + least[i], SCENE_NOW + most[i]);
        unit_has("message", scene->summary.message, ": HTTP 429");
    }
}

/* Five in a row end sending but for one; then it is an outage, whatever blames the calls. */
static struct outcome blames(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    struct outcome outcome = scene_outcome(strcmp(sent->id, "good") == 0 ? OUTCOME_ACCEPTED : OUTCOME_RETRY);
    outcome.blames_call = true;
    return outcome;
}

static void test_five_in_a_row(void **state)
{
    struct scene *scene = *state;
    scene->answer = blames;
    scene->settings.batch_size = 20;
    scene_add_many(scene, "a", 12, SCENE_NOW - 100, 1);
    run(scene);
    assert_int_equal(scene->sent_count, 6);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
    assert_int_equal(scene->summary.failed, 6);
    assert_int_equal(scene_record(scene, "a0").state, CALL_UNKNOWN);
}

/* From the first outcome of a group on it is known since when one waits to be committed. */
static void test_since_when_something_waits(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct work calls = { .count = 0 };
    int64_t began_ms = clock_mono_ms();
    begin(scene);
    scene_take(&engine, &calls, scene_add(scene, "a", SCENE_NOW - 100));
    assert_int_equal(forward_all(&engine, &calls, &err), 0);
    work_clear(&calls);
    memory_sink_free(&memory);
    unit_in_range(engine.first_uncommitted_ms, began_ms, clock_mono_ms());
}

/* ---- counters ---- */

static void test_counters(void **state)
{
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    (void)scene_add(scene, "no", SCENE_NOW - 90);
    run(scene);
    assert_int_equal(engine.tally.answers[201], 1);
    assert_int_equal(engine.tally.answers[422], 1);
    assert_int_equal(engine.tally.resent, 0);
    assert_int_equal(engine.tally.results[0].accepted, 1);
    assert_int_equal(engine.tally.results[0].rejected, 1);
    assert_true(engine.tally.acceptance.sum_ms >= 100000);
    assert_int_equal(scene->summary.failed, 1);
    assert_int_equal(scene->summary.repeated, 0);
    scene_call(scene, "a")->status = "SALE2";
    begin(scene);
    engine.terms.of_the_past = true;
    take_all(scene);
    assert_int_equal(engine.tally.resent, 1);
    assert_int_equal(engine.tally.acceptance.sum_ms, 0);
}

/* ---- what is due ---- */

static size_t count_due(struct scene *scene, int64_t due, int64_t cap)
{
    struct err err;
    struct ledger_stretch all = { .after = position_at(INT64_MIN, ""), .ended_from = INT64_MIN,
                                  .ended_before = INT64_MAX };
    struct work work = { .count = 0 };
    size_t count = 0;
    scene->settings.retry_cap = cap;
    scene->settings.batch_size = 10;
    (void)scene_add(scene, "a", SCENE_NOW - 9);
    put(scene, "a", (struct call_record){ .state = CALL_PENDING }, due);
    begin(scene);
    assert_int_equal(revisit_all(&engine, &all, &work, &count, &err), 0);
    assert_int_equal(work.count, count);
    work_clear(&work);
    return count;
}

/* Later than any call is put off: the clock was set back. */
static void test_what_is_due(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(count_due(scene, SCENE_NOW, 3600), 1);
    assert_int_equal(count_due(scene, SCENE_NOW + 60, 3600), 0);
    assert_int_equal(count_due(scene, SCENE_NOW + 3600, 3600), 0);
    assert_int_equal(count_due(scene, SCENE_NOW + 3660, 3600), 1);
    assert_int_equal(count_due(scene, SCENE_NOW + 900, 60), 0);
    assert_int_equal(count_due(scene, SCENE_NOW + 960, 60), 1);
}

/* Content that came to no answer is sent under the same key again, until it is accepted. */
static struct outcome no_answer_for_na(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    return scene_outcome(strcmp(sent->status, "NA") == 0 && nth < 2 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

static void test_a_change_in_doubt_keeps_its_key(void **state)
{
    struct scene *scene = *state;
    scene->answer = no_answer_for_na;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    run(scene);
    scene_call(scene, "a")->status = "NA";
    run(scene);
    assert_int_equal(scene_record(scene, "a").state, CALL_PENDING);
    assert_int_not_equal(scene_record(scene, "a").version_unknown, 0);
    run(scene);
    assert_int_equal(scene_record(scene, "a").state, CALL_ACCEPTED);
    assert_string_equal(scene_ids(scene, 0), "a a a");
    assert_string_not_equal(scene->sent[0].key, scene->sent[1].key);
    assert_string_equal(scene->sent[1].key, scene->sent[2].key);
    assert_int_equal(scene_record(scene, "a").version_unknown, 0);
}

/* Each change after a try without an answer has a key of its own, also where the row goes back and forth: an API that keeps
 * to the keys would else give its answer of then, and stay at what it has. */
static struct outcome no_answer_until_the_last(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    return scene_outcome(nth < 4 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

static void test_content_that_comes_back_is_no_repetition(void **state)
{
    static const char *const statuses[] = { "NA", "SALE", "NA", "SALE", "SALE" };
    struct scene *scene = *state;
    scene->settings.max_attempts = 9;
    scene->answer = no_answer_until_the_last;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    for (size_t i = 0; i < UNIT_COUNT(statuses); i++) {
        scene_call(scene, "a")->status = statuses[i];
        run(scene);
        assert_string_equal(scene->sent[i].status, statuses[i]);
        for (size_t k = 0; k < i; k++)
            unit_true(statuses[i], (strcmp(scene->sent[i].key, scene->sent[k].key) == 0) == (i == 4 && k == 3));
    }
    assert_int_equal(scene_record(scene, "a").state, CALL_ACCEPTED);
    assert_int_equal(scene_record(scene, "a").version_unknown, 0);
    scene_check_log(scene, "in the ledger's words", "✓ a: ");
}

static void test_a_length_that_the_source_does_not_know(void **state)
{
    struct scene *scene = *state;
    scene_add(scene, "a", SCENE_NOW - 100)->length = CALL_NO_NUMBER;
    run(scene);
    scene_check_log(scene, "shown as none", "SALE (0s)");
}

static void count_try(struct scene *scene, const char *id, int by)
{
    char sql[120];
    sqlite3 *database = NULL;
    (void)snprintf(sql, sizeof sql, "UPDATE call SET tries = tries + %d WHERE uniqueid = '%s'", by, id);
    scene_close(scene);
    assert_int_equal(sqlite3_open(unit_path(scene->directory, "ledger.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* A run that crashed between the ledger's note and the request: nothing counts that try. */
static void test_a_try_that_a_crash_hid_has_a_key_of_its_own(void **state)
{
    static const char *const statuses[] = { "NA", "SALE", "NA", "SALE" };
    struct scene *scene = *state;
    struct err err;
    bool other = false;
    scene->settings.max_attempts = 9;
    scene->answer = no_answer_until_the_last;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    for (size_t i = 0; i < UNIT_COUNT(statuses); i++) {
        struct call_record before = scene_record(scene, "a");
        scene_call(scene, "a")->status = statuses[i];
        run(scene);
        for (size_t k = 0; k < i; k++)
            unit_true(statuses[i], strcmp(scene->sent[i].key, scene->sent[k].key) != 0);
        if (i == 0)
            continue;
        struct call_record hidden = scene_record(scene, "a"); /* its try is as if it had not been */
        unit_true(statuses[i], hidden.version_unknown > before.version_unknown);
        count_try(scene, "a", -1);
    }
    assert_int_equal(ledger_has_other_payload(scene_ledger(scene), "a", "a NA", &other, &err), 0);
    assert_true(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_what_the_ledger_keeps),
        in_scene(test_what_the_log_says),
        in_scene(test_what_the_log_says_as_json),
        in_scene(test_a_call_that_was_charged_before),
        in_scene(test_an_outage_with_a_wish),
        in_scene(test_a_limit_with_and_without_a_wish),
        in_scene(test_five_in_a_row),
        in_scene(test_since_when_something_waits),
        in_scene(test_counters),
        in_scene(test_what_is_due),
        in_scene(test_content_that_comes_back_is_no_repetition),
        in_scene(test_a_try_that_a_crash_hid_has_a_key_of_its_own),
        in_scene(test_a_length_that_the_source_does_not_know),
        in_scene(test_a_change_in_doubt_keeps_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
