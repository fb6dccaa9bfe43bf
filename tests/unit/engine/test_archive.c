/* Tests of archive: after a long outage, calls that the dialer has archived meanwhile are found and sent, each once. */
#include <signal.h>

#include "../scene.h"
#include "base/interrupt.h"

#define DAY 86400
#define HOUR 3600
#define ALL_MOST 60

/* ---- scenes ---- */

static void set_begins(struct scene *scene)
{
    for (size_t i = 0; i < scene->calls.count; i++)
        scene->calls.calls[i].began = scene->calls.calls[i].started;
}

/* The calls of the outage, an hour apart from its begin on, and those before it, which the archiver moves first. */
static void outage(struct scene *scene, bool shows_open, size_t hours)
{
    scene->calls.shows_open = shows_open;
    scene->settings.backfill_rate = 1000;
    set_begins(scene);
    scene_run(scene);
    scene_add_many(scene, "o", hours, SCENE_NOW + 60, HOUR);
    set_begins(scene);
    scene_pass(scene, (int64_t)hours * HOUR);
}

/* As the archiver does it: the calls that began before an epoch. */
static void archive_before(struct memory_source *calls, int64_t epoch)
{
    for (size_t i = 0; i < calls->count; i++)
        calls->archived[i] = calls->archived[i] || calls->calls[i].started < epoch;
}

static void run_until_done(struct scene *scene, int most)
{
    do {
        scene_run(scene);
        scene_pass(scene, 60);
    } while (scene->summary.stop == STOP_OUT_OF_TIME && --most > 0);
    unit_same_int("the run", scene->summary.stop, STOP_NONE);
}

/* A crash may repeat a message, under the same key. */
static void check_sent(struct scene *scene, const char *row, size_t most)
{
    for (size_t i = 0; i < scene->calls.count; i++) {
        size_t times = 0;
        const char *key = NULL;
        for (size_t k = 0; k < scene->sent_count; k++) {
            if (strcmp(scene->sent[k].id, scene->calls.calls[i].id) != 0)
                continue;
            times++;
            unit_same_text(row, scene->sent[k].key, key != NULL ? key : scene->sent[k].key);
            key = scene->sent[k].key;
        }
        if (times < 1 || times > most)
            fail_msg("%s: %s was sent %zu times", row, scene->calls.calls[i].id, times);
    }
}

static void check_sent_once(struct scene *scene, const char *row)
{
    check_sent(scene, row, 1);
}

/* ---- calls that were archived before the run ---- */

static void test_calls_that_were_archived_in_an_outage_are_sent_once(void **state)
{
    struct scene *scene = *state;
    for (int shows_open = 0; shows_open <= 1; shows_open++) {
        scene_begin_anew(scene);
        outage(scene, shows_open != 0, 72);
        archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
        scene_run(scene);
        unit_same_int("the run", scene->summary.stop, STOP_NONE);
        check_sent_once(scene, shows_open != 0 ? "by begin" : "by end");
        unit_same_int("in order", scene_file(scene).end_epoch, SCENE_NOW + 60 + 71 * HOUR);
        size_t reaches = scene->calls.reaches;
        scene_pass(scene, 60);
        (void)scene_add(scene, "next", scene->calls.now - 30);
        set_begins(scene);
        scene_run(scene);
        check_sent_once(scene, "the next run");
        unit_same_int("the next run asks for nothing", (int64_t)(scene->calls.reaches - reaches), 0);
    }
    scene_check_log(scene, "from when",
                    "may no longer have all of these calls: this run also reads memory's archive, from ");
    unit_same_int("once a run", (int64_t)scene_count_log(scene, "also reads memory's archive"), 2);
}

static void test_an_ordinary_run_does_not_ask(void **state)
{
    struct scene *scene = *state;
    scene->calls.shows_open = true;
    scene_add_many(scene, "a", 3, SCENE_NOW - 50, 5);
    scene_run(scene);
    scene_pass(scene, HOUR);
    scene_run(scene);
    scene_pass(scene, 70 * HOUR); /* no call comes at a weekend, but runs do */
    scene_run(scene);
    size_t reaches = scene->calls.reaches;
    assert_true(reaches > 0);
    scene_pass(scene, 60);
    scene_run(scene);
    assert_int_equal(scene->calls.reaches, reaches);
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW - 40);
}

static void test_where_the_live_table_goes_back_far_enough_the_archive_is_not_read(void **state)
{
    struct scene *scene = *state;
    outage(scene, true, 72);
    scene_add_many(scene, "old", 5, SCENE_NOW - 20 * HOUR, 60); /* out of scope */
    set_begins(scene);
    scene->calls.archive_refused = "";
    scene_run(scene);
    assert_int_equal(scene->sent_count, 72);
    assert_true(scene->calls.reaches > 0);
    assert_int_equal(scene_count_log(scene, "archive"), 0);
}

/* A host with a wrong clock writes rows that no archiver has seen. */
static void test_a_row_of_years_ago_does_not_show_how_far_the_table_goes(void **state)
{
    struct scene *scene = *state;
    outage(scene, true, 72);
    archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
    (void)scene_add(scene, "odd", SCENE_NOW - 900 * (int64_t)DAY);
    set_begins(scene);
    scene_run(scene);
    assert_int_equal(scene->sent_count, 72);
}

static void test_a_row_dated_too_early_does_not_show_how_far_the_table_goes(void **state)
{
    struct scene *scene = *state;
    for (int shows_open = 0; shows_open <= 1; shows_open++) {
        scene_begin_anew(scene);
        outage(scene, shows_open != 0, 72);
        archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
        (void)scene_add(scene, "odd", SCENE_NOW - 10 * (int64_t)DAY); /* out of scope */
        set_begins(scene);
        scene_run(scene);
        unit_same_int(shows_open != 0 ? "by begin" : "by end", (int64_t)scene->sent_count, 72);
        scene_pass(scene, 60);
        scene_run(scene);
        unit_same_int("the next run", (int64_t)scene->sent_count, 72);
    }
}

/* ---- calls that got another id and were archived then ---- */

static void rename_call(struct scene *scene, const char *id, const char *new_id)
{
    struct call *call = scene_call(scene, id);
    call->id = new_id;
    call->status = "SALE";
    call->ended = call->ended != 0 ? call->ended : call->began + 60;
    call->finality = CALL_FINAL;
}

static void test_a_call_that_was_open_got_another_id_and_was_archived(void **state)
{
    struct scene *scene = *state;
    for (size_t may_read = 0; may_read <= 12; may_read += 4) {
        scene_begin_anew(scene);
        scene->calls.may_read = may_read;
        scene->settings.backfill_rate = 1000;
        struct call *open = scene_add(scene, "old-id", SCENE_NOW - 600);
        open->kin = "lead 1";
        open->ended = 0;
        outage(scene, true, 72);
        scene_add(scene, "later", SCENE_NOW + 70 * HOUR + 5)->kin = "lead 1";
        set_begins(scene);
        rename_call(scene, "old-id", "new-id");
        archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
        run_until_done(scene, 100);
        check_sent_once(scene, "under its new id");
    }
}

static void add_open(struct scene *scene)
{
    scene_add(scene, "old-id", SCENE_NOW - 600)->ended = 0;
}

static void add_waiting(struct scene *scene)
{
    struct call *waiting = scene_add(scene, "old-id", SCENE_NOW - 30);
    waiting->status = "DISPO";
    waiting->finality = CALL_NOT_FINAL;
    waiting->wait_until = SCENE_NOW + 4 * HOUR;
    waiting->started = SCENE_NOW - 3 * HOUR;
}

static void test_a_call_that_waited_got_another_id_and_was_archived(void **state)
{
    struct scene *scene = *state;
    add_waiting(scene);
    outage(scene, true, 72);
    assert_int_equal(scene->sent_count, 0);
    rename_call(scene, "old-id", "new-id");
    archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
    scene_run(scene);
    check_sent_once(scene, "under its new id");
}

static size_t looks_left;

static void interrupt_at_last_look(struct memory_source *calls)
{
    (void)calls;
    if (looks_left > 0 && --looks_left == 0) {
        interrupt_install();
        raise(SIGTERM);
    }
}

static void stop_at(struct scene *scene, size_t looks, void (*add)(struct scene *scene))
{
    scene_begin_anew(scene);
    add(scene);
    outage(scene, true, 20);
    rename_call(scene, "old-id", "new-id");
    archive_before(&scene->calls, INT64_MAX);
    looks_left = looks;
    scene->calls.on_read = interrupt_at_last_look;
    (void)scene_run_apart(scene, SIZE_MAX);
    scene->calls.on_read = NULL;
    for (int runs = 0; runs < 2; runs++) { /* the first may note the call as pending */
        scene_pass(scene, 60);
        run_until_done(scene, 1);
    }
    check_sent(scene, "under its new id", 2);
}

/* Perhaps it stops between its first look at the archive and its second. */
static void test_a_run_that_is_stopped_does_not_lose_such_a_call(void **state)
{
    for (size_t looks = 1; looks <= 90; looks += UNIT_STRIDE) {
        stop_at(*state, looks, add_open);
        stop_at(*state, looks, add_waiting);
    }
}

/* ---- what the live table has ---- */

static void test_an_empty_live_table(void **state)
{
    struct scene *scene = *state;
    outage(scene, true, 30);
    archive_before(&scene->calls, INT64_MAX);
    scene_run(scene);
    check_sent_once(scene, "all is in the archive");
    (void)scene_add(scene, "next", scene->calls.now + 30);
    set_begins(scene);
    scene_pass(scene, 60);
    scene_run(scene);
    check_sent_once(scene, "the next run");
}

static void test_a_checkpoint_that_a_person_sets_far_back(void **state)
{
    struct scene *scene = *state;
    scene->calls.shows_open = true;
    scene->settings.backfill_rate = 1000;
    scene_add_many(scene, "o", 72, SCENE_NOW - 72 * HOUR, HOUR);
    set_begins(scene);
    archive_before(&scene->calls, SCENE_NOW - 24 * HOUR);
    scene_run(scene);
    assert_int_equal(scene->sent_count, 0);
    char text[32];
    (void)snprintf(text, sizeof text, "%lld\n", (long long)(SCENE_NOW - 60 * HOUR));
    unit_write(unit_path(scene->directory, "checkpoint"), text);
    scene_pass(scene, 60);
    scene_run(scene);
    assert_int_equal(scene->sent_count, 60);
    assert_string_equal(scene->sent[0].id, "o12");
}

static void test_a_dry_run_shows_them_too(void **state)
{
    struct scene *scene = *state;
    outage(scene, true, 72);
    archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
    scene->dry_run = true;
    scene_run(scene);
    check_sent_once(scene, "shown");
    scene->dry_run = false;
}

/* Rows are archived by their local time, and hosts may be in different zones. */
static void test_the_archive_has_later_calls_than_the_live_table(void **state)
{
    struct scene *scene = *state;
    outage(scene, true, 72);
    scene_add_many(scene, "p", 20, SCENE_NOW + 40 * HOUR, 50);
    set_begins(scene);
    archive_before(&scene->calls, SCENE_NOW + 40 * HOUR + 250);
    for (size_t i = 0; i < scene->calls.count; i++)
        if (scene->calls.calls[i].started < SCENE_NOW + 40 * HOUR + 700 && i % 2 == 0)
            scene->calls.archived[i] = true;
    scene_run(scene);
    check_sent_once(scene, "in either table");
}

/* The archiver keeps the first copy that it made of a row. */
static void test_an_older_copy_of_a_call_that_was_sent_is_not_sent(void **state)
{
    struct scene *scene = *state;
    scene->settings.sweep_window = HOUR;
    (void)scene_add(scene, "sent", SCENE_NOW - 30);
    outage(scene, true, 72);
    assert_int_equal(scene->sent_count, 1);
    archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
    scene_call(scene, "sent")->status = "DISPO";
    scene_run(scene);
    check_sent_once(scene, "as it was");
    assert_string_equal(scene->sent[0].status, "SALE");
}

/* ---- limits ---- */

static void test_the_archive_is_read_further_by_each_run(void **state)
{
    struct scene *scene = *state;
    for (int shows_open = 0; shows_open <= 1; shows_open++) {
        scene_begin_anew(scene);
        outage(scene, shows_open != 0, 72);
        archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
        scene->calls.may_read = 10;
        int64_t last = scene_file(scene).end_epoch;
        for (int runs = 0; runs < 4; runs++) {
            scene_run(scene);
            unit_same_int("its time is used up", scene->summary.stop, STOP_OUT_OF_TIME);
            unit_same_int("it is not known how many are left", scene->summary.looked, false);
            unit_true("further", scene_file(scene).end_epoch > last);
            last = scene_file(scene).end_epoch;
            unit_true("no further than was read", last <= SCENE_NOW + 60 + (runs + 1) * 12 * HOUR);
            scene_pass(scene, 60);
        }
        scene->calls.may_read = 20; /* what was noted is read again before it is sent */
        run_until_done(scene, 30);
        scene->calls.may_read = 0;
        run_until_done(scene, 1);
        check_sent_once(scene, shows_open != 0 ? "by begin" : "by end");
    }
}

/* The time in which a call may be in either table is not read again by each run. */
static void test_the_end_of_the_archive_and_the_begin_of_the_live_table_are_read_in_one_run(void **state)
{
    struct scene *scene = *state;
    outage(scene, true, 20);
    scene_add_many(scene, "p", 60, SCENE_NOW + 10 * HOUR, 60);
    set_begins(scene);
    archive_before(&scene->calls, SCENE_NOW + 10 * HOUR + 1800);
    scene->calls.may_read = 15;
    run_until_done(scene, 100);
    assert_in_range(scene_count_log(scene, "also reads memory's archive"), 2, 6);
    scene->calls.may_read = 0;
    run_until_done(scene, 1);
    check_sent_once(scene, "later");
}

static void test_without_an_archive_the_live_table_goes_on(void **state)
{
    static const struct {
        const char *refused, *said;
        bool is_noted; /* until a backfill has read the archive */
    } ways[] = { { "", "there is no such table", false }, { "SELECT command denied", "SELECT command denied", true } };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(ways); i++) {
        scene_begin_anew(scene);
        outage(scene, true, 72);
        archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
        scene->calls.archive_refused = ways[i].refused;
        scene_run(scene);
        unit_same_int(ways[i].said, scene->summary.stop, STOP_NONE);
        unit_same_int(ways[i].said, (int64_t)scene->sent_count, 24);
        scene_check_log(scene, ways[i].said, ways[i].said);
        unit_same_int("one line", (int64_t)scene_count_log(scene, "Those calls are not sent"), (int64_t)i + 1);
        unit_true(ways[i].said, (scene_note(scene, LEDGER_NOTE_UNREAD_FROM) > 0) == ways[i].is_noted);
        unit_true(ways[i].said, (scene_note(scene, LEDGER_NOTE_UNREAD_TO) > SCENE_NOW + 48 * HOUR) == ways[i].is_noted);
    }
    scene_check_log(scene, "the command", "then send them: did-optimizer-sync backfill --from '");
}

static void test_a_source_that_is_gone_fails_the_run(void **state)
{
    struct scene *scene = *state;
    outage(scene, true, 72);
    archive_before(&scene->calls, SCENE_NOW + 48 * HOUR);
    int64_t before = scene_file(scene).end_epoch;
    scene->calls.fails = true;
    scene_run(scene);
    assert_int_equal(scene->summary.stop, STOP_FAILED);
    assert_int_equal(scene_file(scene).end_epoch, before);
    scene->calls.fails = false;
    scene_run(scene);
    check_sent_once(scene, "later");
}

/* ---- calls that are archived while a run reads ---- */

static struct archiver {
    uint64_t dice;
    int64_t cutoff, step; /* epoch; seconds that it moves on at most */
    int percent;          /* of the looks at a call before which it moves on */
} archiver;

static int64_t roll(int64_t most)
{
    archiver.dice = archiver.dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((archiver.dice >> 33) % (uint64_t)(most + 1));
}

static void move_some(struct memory_source *calls)
{
    if (roll(99) >= archiver.percent)
        return;
    archiver.cutoff += roll(archiver.step);
    if (archiver.cutoff > calls->now - 3 * HOUR)
        archiver.cutoff = calls->now - 3 * HOUR;
    archive_before(calls, archiver.cutoff);
}

static void play(struct scene *scene, uint64_t seed, bool shows_open, bool crashes)
{
    char row[60];
    (void)snprintf(row, sizeof row, "seed %d, %s", (int)seed, shows_open ? "by begin" : "by end");
    scene_begin_anew(scene);
    scene->calls.may_read = 0;
    scene->calls.on_read = NULL;
    outage(scene, shows_open, ALL_MOST);
    archiver = (struct archiver){ .dice = seed * 7919 + 1, .cutoff = SCENE_NOW };
    archiver.cutoff += roll(50 * HOUR);
    archiver.step = roll(20 * HOUR);
    archiver.percent = (int)roll(20);
    archive_before(&scene->calls, archiver.cutoff);
    scene->calls.on_read = move_some;
    for (int runs = 0; runs < 3; runs++) {
        scene->calls.may_read = (size_t)(5 + roll(30));
        if (crashes)
            (void)scene_run_apart(scene, (size_t)(1 + roll(60)));
        else
            scene_run(scene);
        scene_pass(scene, 60);
    }
    scene->calls.may_read = 0;
    run_until_done(scene, 1);
    check_sent(scene, row, crashes ? 3 : 1);
}

static void test_calls_that_are_archived_while_a_run_reads_are_sent_once(void **state)
{
    for (uint64_t seed = 0; seed < 150; seed += UNIT_STRIDE)
        play(*state, seed, seed % 2 == 0, false);
}

static void test_a_run_that_crashes_loses_none_of_them(void **state)
{
    for (uint64_t seed = 0; seed < 100; seed += UNIT_STRIDE)
        play(*state, seed, seed % 2 == 0, true);
}

/* Every few minutes somebody's own job archives some calls: each run gets on all the same. */
static void test_an_archiver_that_never_rests(void **state)
{
    struct scene *scene = *state;
    outage(scene, true, ALL_MOST);
    archiver = (struct archiver){ .dice = 1, .cutoff = SCENE_NOW + 30 * HOUR, .step = 60, .percent = 100 };
    archive_before(&scene->calls, archiver.cutoff);
    scene->calls.on_read = move_some;
    scene_run(scene);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    check_sent_once(scene, "one run");
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW + 60 + (ALL_MOST - 1) * HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_calls_that_were_archived_in_an_outage_are_sent_once),
        in_scene(test_an_ordinary_run_does_not_ask),
        in_scene(test_where_the_live_table_goes_back_far_enough_the_archive_is_not_read),
        in_scene(test_a_row_of_years_ago_does_not_show_how_far_the_table_goes),
        in_scene(test_a_row_dated_too_early_does_not_show_how_far_the_table_goes),
        in_scene(test_a_call_that_was_open_got_another_id_and_was_archived),
        in_scene(test_a_call_that_waited_got_another_id_and_was_archived),
        in_scene(test_a_run_that_is_stopped_does_not_lose_such_a_call),
        in_scene(test_an_empty_live_table),
        in_scene(test_a_checkpoint_that_a_person_sets_far_back),
        in_scene(test_a_dry_run_shows_them_too),
        in_scene(test_the_archive_has_later_calls_than_the_live_table),
        in_scene(test_the_archive_is_read_further_by_each_run),
        in_scene(test_the_end_of_the_archive_and_the_begin_of_the_live_table_are_read_in_one_run),
        in_scene(test_without_an_archive_the_live_table_goes_on),
        in_scene(test_a_source_that_is_gone_fails_the_run),
        in_scene(test_calls_that_are_archived_while_a_run_reads_are_sent_once),
        in_scene(test_a_run_that_crashes_loses_none_of_them),
        in_scene(test_an_archiver_that_never_rests),
        in_scene(test_an_older_copy_of_a_call_that_was_sent_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
