/* Tests of enrich: a source looks up the extras of each call once, and the ledger keeps them until the call is
 * settled. */
#include "../scene.h"

#include "ledger/enriched.h"
#include "ledger/records.h"

#define MOST_STEPS 200

static struct outcome takes_nothing(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RETRY);
}

static struct outcome rejects(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_REJECTED);
}

/* Checks the extras of a call in the ledger; "": none. */
static void check_kept(struct scene *scene, const char *id, const char *want)
{
    struct err err;
    char *kept = NULL;
    assert_int_equal(enriched_read(scene_ledger(scene), id, &kept, &err), 0);
    unit_same_text(id, kept != NULL ? kept : "", want);
    free(kept);
}

/* Appends "LABEL VALUE ". */
static void write_counter(void *context, const char *label, int64_t value)
{
    char *text = context;
    size_t used = strlen(text);
    (void)snprintf(text + used, 100 - used, "%s %lld ", label, (long long)value);
}

/* Checks how many calls had a known extra and how many had not. */
static void check_counters(struct scene *scene, const char *want)
{
    struct err err;
    char text[100] = "";
    assert_int_equal(records_list_counters(scene_ledger(scene), TALLY_LOOKED_UP, write_counter, text, &err), 0);
    unit_same_text("looked up", text, want);
}

static void test_a_call_is_looked_up_once_and_kept_until_it_is_accepted(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 60);
    scene->calls.looked_up = "3125550100";
    scene->answer = takes_nothing;
    scene_run(scene);
    check_kept(scene, "a", "{\"did\":\"3125550100\"}");
    assert_int_equal(scene->summary.incomplete, 0);
    check_counters(scene, "did known 1 ");
    scene->calls.looked_up = "another";
    scene->calls.enrich_fails = true; /* no further look-up is needed */
    scene_pass(scene, 7200);
    scene_run(scene);
    assert_int_equal(scene->calls.enriched, 1);
    scene->answer = NULL;
    scene_pass(scene, 7200);
    scene_run(scene);
    assert_int_equal(scene->calls.enriched, 1);
    assert_int_equal(scene->sent_count, 3);
    for (size_t i = 0; i < scene->sent_count; i++)
        assert_string_equal(scene->sent[i].key, "a-03125550100");
    check_kept(scene, "a", "");
}

static void test_each_call_of_each_batch_is_looked_up(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 5, SCENE_NOW - 60, 1);
    scene->calls.looked_up = "1";
    scene_run(scene);
    assert_int_equal(scene->calls.enriched, 5);
    assert_int_equal(scene->sent_count, 5);
    for (size_t i = 0; i < scene->sent_count; i++) {
        char want[32];
        (void)snprintf(want, sizeof want, "a%zu-01", i);
        unit_same_text(scene->sent[i].id, scene->sent[i].key, want);
    }
}

static void test_an_unknown_extra_is_looked_up_once_too_and_counted(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 60);
    scene->calls.looked_up = "";
    scene->answer = takes_nothing;
    scene_run(scene);
    assert_int_equal(scene->summary.incomplete, 1);
    check_kept(scene, "a", "{\"did\":null}");
    scene->calls.looked_up = "3125550100";
    scene->answer = NULL;
    scene_pass(scene, 7200);
    scene_run(scene);
    assert_int_equal(scene->summary.incomplete, 0);
    assert_int_equal(scene->calls.enriched, 1);
    assert_string_equal(scene->sent[1].key, "a-0");
    check_counters(scene, "did unknown 1 ");
}

static void test_the_extras_of_a_settled_call_are_deleted(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "bad", SCENE_NOW - 60);
    scene->calls.looked_up = "3125550100";
    scene->answer = rejects;
    scene_run(scene);
    check_kept(scene, "bad", "");
    struct call *pending = scene_add(scene, "gone", SCENE_NOW - 50);
    (void)pending;
    scene->answer = takes_nothing;
    scene_run(scene);
    check_kept(scene, "gone", "{\"did\":\"3125550100\"}");
    scene_drop(scene, "gone");
    scene_pass(scene, 7200);
    scene_run(scene);
    check_kept(scene, "gone", "");
}

static void test_no_call_is_sent_without_its_extras_if_the_source_is_gone(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 60);
    scene->calls.looked_up = "3125550100";
    scene->calls.enrich_fails = true;
    scene_run(scene);
    assert_int_equal(scene->sent_count, 0);
    assert_int_equal(summary_exit_code(&scene->summary), EX_UNAVAILABLE);
    scene->calls.enrich_fails = false;
    scene_run(scene);
    assert_string_equal(scene->sent[0].key, "a-03125550100");
}

static void test_a_problem_is_logged_once_a_day(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *problem;
        size_t want; /* expected lines in the log so far */
    } rows[] = { { "did (no table)\n", 1 }, { "did (no table)\n", 1 }, { NULL, 1 }, { "did (no table)\n", 1 },
                 { "did (no table)\nother (refused)\n", 2 }, { "other (refused)\n", 2 }, { "did (refused)\n", 3 } };
    scene->calls.looked_up = "";
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        static char ids[UNIT_COUNT(rows)][8];
        (void)snprintf(ids[i], sizeof ids[i], "c%zu", i);
        (void)scene_add(scene, ids[i], SCENE_NOW - 50 + (int64_t)i);
        scene->calls.enrich_problem = rows[i].problem;
        scene_run(scene);
        unit_same_int(ids[i], (int64_t)scene_count_log(scene, "without some of their data"), (int64_t)rows[i].want);
    }
    scene_pass(scene, 86400);
    for (int i = 0; i < 2; i++) {
        (void)scene_add(scene, i == 0 ? "tomorrow" : "then", SCENE_NOW + 86340 + i);
        scene_run(scene);
        assert_int_equal(scene_count_log(scene, "without some of their data"), 4);
    }
}

static void test_the_log_says_what_to_do_about_a_problem(void **state)
{
    struct scene *scene = *state;
    static const struct {
        enum source_gap gap;
        const char *problem, *want;
    } rows[] = { { SOURCE_GAP_ABSENT, "did (a)\n", "data: did (a); nothing needs to be done" },
                 { SOURCE_GAP_SETUP, "did (b)\n", "did (b); `did-optimizer-sync check` says what to do" },
                 { SOURCE_GAP_BUSY, "did (c)\n", "did (c); the next run tries again" } };
    scene->calls.looked_up = "";
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        static char ids[UNIT_COUNT(rows)][8];
        (void)snprintf(ids[i], sizeof ids[i], "c%zu", i);
        (void)scene_add(scene, ids[i], SCENE_NOW - 50 + (int64_t)i);
        scene->calls.enrich_problem = rows[i].problem;
        scene->calls.enrich_gap = rows[i].gap;
        scene_run(scene);
        unit_same_int(rows[i].want, (int64_t)scene_count_log(scene, rows[i].want), 1);
    }
}

/* Wherever a run crashes, the next run sends a call again with the same content. */
static void test_a_repetition_after_a_crash_has_the_same_content(void **state)
{
    struct scene *scene = *state;
    size_t at = 1;
    for (bool ended = false; !ended; at++) {
        char row[32];
        (void)snprintf(row, sizeof row, "step %zu", at);
        assert_true(at < MOST_STEPS);
        scene_begin_anew(scene);
        scene_add_many(scene, "a", 5, SCENE_NOW - 60, 1); /* two batches */
        scene->calls.looked_up = "1";
        ended = scene_run_apart(scene, at);
        scene->calls.looked_up = "2";
        scene_run(scene);
        for (size_t i = 0; i < scene->sent_count; i++)
            for (size_t k = 0; k < i; k++)
                if (strcmp(scene->sent[i].id, scene->sent[k].id) == 0)
                    unit_same_text(row, scene->sent[i].key, scene->sent[k].key);
        unit_same_int(row, scene_record(scene, "a4").state, CALL_ACCEPTED);
    }
    assert_true(at > 10);
}

static void test_a_ledger_that_cannot_store_extras_ends_the_run(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 60);
    scene->calls.looked_up = "3125550100";
    scene_break(scene, "enriched");
    scene_run(scene);
    assert_int_equal(scene->sent_count, 0);
    assert_int_equal(summary_exit_code(&scene->summary), EX_IOERR);
}

static void test_a_source_that_looks_up_nothing_is_not_asked(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 60);
    scene_run(scene);
    assert_int_equal(scene->calls.enriched, 0);
    assert_string_equal(scene->sent[0].key, "a-0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_call_is_looked_up_once_and_kept_until_it_is_accepted),
        in_scene(test_each_call_of_each_batch_is_looked_up),
        in_scene(test_an_unknown_extra_is_looked_up_once_too_and_counted),
        in_scene(test_the_extras_of_a_settled_call_are_deleted),
        in_scene(test_no_call_is_sent_without_its_extras_if_the_source_is_gone),
        in_scene(test_a_problem_is_logged_once_a_day),
        in_scene(test_the_log_says_what_to_do_about_a_problem),
        in_scene(test_a_repetition_after_a_crash_has_the_same_content),
        in_scene(test_a_ledger_that_cannot_store_extras_ends_the_run),
        in_scene(test_a_source_that_looks_up_nothing_is_not_asked),
    };
    return cmocka_run_group_tests_name("enrich", tests, NULL, NULL);
}
