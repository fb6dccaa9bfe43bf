/* Tests of backlog: when old calls are sent, and that a run sends each of them once. */
#include "../scene.h"

#include "../broken_ledger.h"
#include "engine/backlog.h"

#define NOW SCENE_NOW

static struct source source;
static struct sink sink;
static struct memory_sink memory;
static struct engine engine;

static struct backlog start(struct scene *scene, int64_t rate)
{
    source = memory_source_open(&scene->calls);
    sink = scene_sink(scene, &memory);
    engine = scene_engine(scene, &source, &sink);
    return backlog_start(&engine, rate);
}

/* Adds a pending call. */
static void put(struct scene *scene, const char *id, int64_t ended)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = { .state = CALL_PENDING }, .end_epoch = ended };
    (void)scene_add(scene, id, ended);
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

static void put_many(struct scene *scene, size_t count, int64_t first_end)
{
    static char ids[100][24];
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%02zu", i);
        put(scene, ids[i], first_end + (int64_t)i);
    }
}

static const char *due(struct backlog *backlog)
{
    static char text[400];
    struct err err;
    struct work list = { .count = 0 };
    size_t used = 0, count = 0;
    *text = '\0';
    assert_int_equal(backlog_due(backlog, &list, &count, &err), 0);
    assert_int_equal(count, list.count);
    work_sort(&list);
    for (size_t i = 0; i < list.count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? " " : "", list.items[i]->call->id);
    work_clear(&list);
    return text;
}

static int send_all(struct backlog *backlog, int64_t until_ms)
{
    struct err err;
    int result = backlog_send(backlog, until_ms, &err);
    memory_sink_free(&memory);
    return result == 0 ? engine_commit(&engine, &err) : -1;
}

/* After an outage, half of the first batch comes from another place. The batch is no larger than usual. */
static void test_a_mixed_batch_is_no_larger_than_others(void **state)
{
    struct scene *scene = *state;
    scene->settings.batch_size = 10;
    put_many(scene, 100, NOW - 3700);
    size_t full = 0;
    for (int64_t run = 1; run <= 20; run++) { /* the other place differs in each run, and may be near the end */
        struct backlog backlog = start(scene, 4);
        engine.run = run;
        engine.breaker.must_probe = true;
        const char *ids = due(&backlog);
        unit_has("the oldest two", ids, "00 01 ");
        assert_true(strlen(ids) <= strlen("00 01 50 51"));
        full += strlen(ids) == strlen("00 01 50 51");
    }
    assert_true(full >= 10);
}

static int read_mixed(void *context, struct err *err)
{
    struct work list = { .count = 0 };
    size_t count = 0;
    struct backlog backlog = start(context, 4);
    engine.breaker.must_probe = true;
    int result = backlog_due(&backlog, &list, &count, err);
    work_clear(&list);
    return result;
}

static void test_an_error_in_a_mixed_batch_is_returned(void **state)
{
    put_many(*state, 20, NOW - 3700);
    assert_true(broken_ledger_sweep("mixed", read_mixed, NULL, *state) >= 5);
}

/* The lowest rate is one call a second. */
static void test_a_rate_of_one_call_a_second_sends_calls(void **state)
{
    struct scene *scene = *state;
    put_many(scene, 3, NOW - 5000);
    struct backlog backlog = start(scene, 1);
    assert_string_equal(due(&backlog), "00");
}

/* If sending the recent calls has stopped the run, the run reads no old call. */
static void test_after_a_stop_no_old_call_is_read(void **state)
{
    static const enum summary_stop stops[] = { STOP_RATE_LIMITED, STOP_OUTAGE };
    struct scene *scene = *state;
    put(scene, "old", NOW - 5000);
    for (size_t i = 0; i < UNIT_COUNT(stops); i++) {
        struct backlog backlog = start(scene, 10);
        scene->summary.stop = stops[i];
        assert_string_equal(due(&backlog), "");
        assert_int_equal(scene->calls.fetched, 0);
    }
}

static void test_calls_that_ended_over_an_hour_ago_are_the_backlog(void **state)
{
    struct scene *scene = *state;
    put(scene, "old", NOW - 3601);
    put(scene, "new", NOW - 3600);
    struct backlog backlog = start(scene, 1000);
    assert_int_equal(backlog.ended_before, NOW - 3600);
    assert_string_equal(due(&backlog), "old new");
    assert_string_equal(backlog.done.uniqueid, "old");
    backlog = start(scene, 0);
    assert_int_equal(backlog.ended_before, INT64_MIN);
    assert_string_equal(due(&backlog), "old new"); /* without a rate no call is held back */
    assert_int_equal(send_all(&backlog, INT64_MAX), 0);
    assert_int_equal(scene->sent_count, 0);
}

static void test_a_batch_has_at_most_the_calls_of_one_second(void **state)
{
    struct scene *scene = *state;
    put_many(scene, 9, NOW - 5000);
    struct backlog backlog = start(scene, 1000);
    assert_string_equal(due(&backlog), "00 01 02"); /* batch_size */
    assert_string_equal(due(&backlog), "03 04 05");
    backlog = start(scene, 2);
    assert_string_equal(due(&backlog), "00 01");
    assert_int_equal(backlog.bucket.level, 0);
    assert_string_equal(backlog.done.uniqueid, "01");
}

static void test_the_rest_is_sent_once(void **state)
{
    struct scene *scene = *state;
    put_many(scene, 9, NOW - 5000);
    put(scene, "new", NOW - 60);
    struct backlog backlog = start(scene, 1000);
    (void)due(&backlog);
    assert_int_equal(send_all(&backlog, clock_mono_ms() + 60000), 0);
    assert_string_equal(scene_ids(scene, 0), "03 04 05 06 07 08");
    assert_int_equal(scene_record(scene, "00").state, CALL_PENDING);
    assert_int_equal(scene_record(scene, "08").state, CALL_ACCEPTED);
}

/* The rate allows one call a second, so the second call would come after the end. */
static void test_sending_ends_in_time(void **state)
{
    struct scene *scene = *state;
    put_many(scene, 3, NOW - 5000);
    struct backlog backlog = start(scene, 1);
    backlog.bucket.level = 0;
    assert_int_equal(send_all(&backlog, clock_mono_ms() + 500), 0);
    assert_int_equal(scene->sent_count, 0);
    scene_check_log(scene, "it says so", "More calls that ended over an hour ago are pending");
    backlog = start(scene, 1);
    assert_int_equal(send_all(&backlog, clock_mono_ms()), 0); /* not even a call that the rate allows at once */
    assert_int_equal(scene->sent_count, 0);
}

static void test_sending_waits_for_the_rate(void **state)
{
    struct scene *scene = *state;
    put_many(scene, 6, NOW - 5000);
    struct backlog backlog = start(scene, 5); /* three calls at once, the next three after at least 200 ms */
    int64_t began_ms = clock_mono_ms();
    assert_int_equal(send_all(&backlog, began_ms + 60000), 0);
    assert_int_equal(scene->sent_count, 6);
    assert_true(clock_mono_ms() - began_ms >= 190);
}

static struct outcome limits(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    return scene_outcome(scene->sent_count < 4 ? OUTCOME_ACCEPTED : OUTCOME_RATE_LIMITED);
}

static void test_a_stop_ends_sending(void **state)
{
    struct scene *scene = *state;
    scene->answer = limits;
    put_many(scene, 9, NOW - 5000);
    struct backlog backlog = start(scene, 1000);
    assert_int_equal(send_all(&backlog, clock_mono_ms() + 60000), 0);
    assert_string_equal(scene_ids(scene, 0), "00 01 02 03 04");
    scene->calls.fails = true;
    scene_drop(scene, "05");
    backlog = start(scene, 1000);
    assert_int_equal(send_all(&backlog, clock_mono_ms() + 60000), -1);
}

/* After an outage, half of the first batch comes from another place, which differs in each run. */
static void test_after_an_outage_the_first_batch_is_mixed(void **state)
{
    struct scene *scene = *state;
    put_many(scene, 60, NOW - 9000);
    scene->settings.batch_size = 4;
    char second[20][8];
    size_t different = 0;
    for (int64_t run = 0; run < 20; run++) {
        struct backlog backlog = start(scene, 1000);
        backlog.ended_before = NOW - 8940;
        engine.run = run;
        engine.breaker.must_probe = true;
        const char *ids = due(&backlog);
        unit_same_int(ids, strncmp(ids, "00 01", 5), 0);
        unit_true(ids, strlen(ids) == 5 || strcmp(ids + 6, "01") > 0);
        (void)snprintf(second[run], sizeof second[run], "%s", strlen(ids) > 6 ? ids + 6 : "");
        different += run > 0 && strcmp(second[run], second[0]) != 0 ? 1 : 0;
    }
    assert_true(different > 10);
    scene->settings.batch_size = 3;
    struct backlog backlog = start(scene, 1000);
    engine.breaker.must_probe = true;
    backlog.ended_before = NOW - 8940;
    const char *ids = due(&backlog);
    unit_true(ids, strlen(ids) == 8 && strncmp(ids, "00 01", 5) == 0); /* two of the three calls are the oldest */
    scene_close(scene);
    struct err err;
    backlog = start(scene, 1000);
    engine.breaker.must_probe = true;
    for (size_t i = 0; i < scene->calls.count; i++)
        assert_int_equal(ledger_forget(scene_ledger(scene), scene->calls.calls[i].id, &err), 0);
    assert_string_equal(due(&backlog), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_after_a_stop_no_old_call_is_read),
        in_scene(test_a_rate_of_one_call_a_second_sends_calls),
        in_scene(test_a_mixed_batch_is_no_larger_than_others),
        in_scene(test_an_error_in_a_mixed_batch_is_returned),
        in_scene(test_calls_that_ended_over_an_hour_ago_are_the_backlog),
        in_scene(test_a_batch_has_at_most_the_calls_of_one_second),
        in_scene(test_the_rest_is_sent_once),
        in_scene(test_sending_ends_in_time),
        in_scene(test_sending_waits_for_the_rate),
        in_scene(test_a_stop_ends_sending),
        in_scene(test_after_an_outage_the_first_batch_is_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
