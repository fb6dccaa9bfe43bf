/* Tests of progress: where a run continues, and in which order the checkpoint becomes durable. */
#include "../scene.h"

#include "engine/progress.h"
#include "ledger/checkpoint.h"

#define NOW SCENE_NOW

static struct progress progress_in(struct scene *scene)
{
    return (struct progress){ .state_dir = scene->directory,
                              .ledger = scene_ledger(scene),
                              .legacy = unit_path(scene->directory, "legacy"),
                              .keeps_file = scene->dry_run };
}

static struct progress load(struct scene *scene)
{
    struct err err;
    struct progress progress = progress_in(scene);
    if (progress_load(&progress, &scene->settings, NOW, &err) != 0)
        fail_msg("%s", err.message);
    return progress;
}

static void check_place(const char *row, const struct position *got, int64_t end_epoch, const char *id)
{
    unit_same_int(row, got->end_epoch, end_epoch);
    unit_same_text(row, got->uniqueid, id);
}

static void set_places(struct scene *scene, int64_t copy, int64_t floor)
{
    struct err err;
    struct position place = position_at(copy, "c");
    assert_int_equal(ledger_set_place(scene_ledger(scene), LEDGER_CHECKPOINT, &place, &err), 0);
    place = position_at(floor, "f");
    assert_int_equal(ledger_set_place(scene_ledger(scene), LEDGER_FLOOR, &place, &err), 0);
    assert_int_equal(ledger_commit(scene_ledger(scene), &err), 0);
}

static void set_file(struct scene *scene, int64_t end_epoch, const char *id)
{
    char text[80];
    (void)snprintf(text, sizeof text, "%lld %s\n", (long long)end_epoch, id);
    unit_write(unit_path(scene->directory, "checkpoint"), text);
}

static void again(void **state)
{
    assert_int_equal(scene_leave(state), 0);
    assert_int_equal(scene_enter(state), 0);
}

/* file, copy: 0 means none. With a copy, the floor is at NOW - 900. */
static void test_a_run_continues_at_the_checkpoint(void **state)
{
    static const struct {
        const char *name;
        int64_t file, copy;
        const char *file_id;
        int64_t end;
        const char *id;
        int64_t floor;
        bool moved;
    } rows[] = {
        { "first run", 0, 0, "", NOW - 600, "", NOW - 600, false },
        { "file alone", NOW - 50, 0, "x", NOW - 50, "x", NOW - 50, false },
        { "copy alone", 0, NOW - 70, "", NOW - 70, "c", NOW - 900, false },
        { "copy ahead of the clock", 0, NOW + 1, "", NOW, "", NOW - 900, false },
        { "copy at the clock", 0, NOW, "", NOW, "c", NOW - 900, false },
        { "both the same", NOW - 70, NOW - 70, "c", NOW - 70, "c", NOW - 900, false },
        { "set forward", NOW - 50, NOW - 70, "x", NOW - 50, "x", NOW - 50, true },
        { "another call of that second", NOW - 70, NOW - 70, "d", NOW - 70, "d", NOW - 900, true },
        { "set back", NOW - 90, NOW - 70, "x", NOW - 90, "x", NOW - 900, true },
        { "set back behind the floor", NOW - 901, NOW - 70, "x", NOW - 901, "x", NOW - 901, true },
        { "within the clock's tolerance", NOW + 60, NOW - 70, "x", NOW + 60, "x", NOW + 60, true },
        { "the clock was set back", NOW + 500, NOW + 500, "c", NOW, "", NOW - 900, true },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        if (rows[i].copy != 0)
            set_places(scene, rows[i].copy, NOW - 900);
        if (rows[i].file != 0)
            set_file(scene, rows[i].file, rows[i].file_id);
        struct progress progress = load(scene);
        check_place(rows[i].name, &progress.checkpoint, rows[i].end, rows[i].id);
        unit_same_int(rows[i].name, progress.floor.end_epoch, rows[i].floor);
        unit_true(rows[i].name, progress.moved == rows[i].moved);
        unit_same_int(rows[i].name, scene_count_log(scene, "none yet"), rows[i].file == 0 && rows[i].copy == 0 ? 1 : 0);
        unit_same_int(rows[i].name, scene_count_log(scene, "not tried yet"), 0); /* no call was noted */
        scene_close(scene);
        struct position file = scene_file(scene), copy = scene_place(scene, LEDGER_CHECKPOINT),
                        floor = scene_place(scene, LEDGER_FLOOR);
        check_place(rows[i].name, &file, rows[i].end, rows[i].id);
        check_place(rows[i].name, &copy, rows[i].end, rows[i].id);
        unit_same_int(rows[i].name, floor.end_epoch, rows[i].floor);
        again(state);
    }
}

static void test_an_impossible_checkpoint_file_is_moved_aside(void **state)
{
    static const char *const texts[] = { "no checkpoint\n", NULL };
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct scene *scene = *state;
        set_places(scene, NOW - 70, NOW - 900);
        set_file(scene, NOW + 61, "x"); /* ahead of the clock */
        if (texts[i] != NULL)
            unit_write(unit_path(scene->directory, "checkpoint"), texts[i]);
        struct progress progress = load(scene);
        check_place("aside", &progress.checkpoint, NOW - 70, "c");
        assert_false(progress.moved);
        scene_check_log(scene, "aside", "checkpoint.");
        check_place("aside", &(struct position){ .end_epoch = scene_file(scene).end_epoch }, NOW - 70, "");
        again(state);
    }
}

/* The link may be an attack, so the program neither follows nor moves it. */
static void test_a_link_instead_of_the_checkpoint_file_ends_the_run(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct progress progress = progress_in(scene);
    assert_int_equal(symlink("elsewhere", unit_path(scene->directory, "checkpoint")), 0);
    assert_int_equal(progress_load(&progress, &scene->settings, NOW, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
}

static void test_a_dry_run_changes_nothing(void **state)
{
    struct scene *scene = *state;
    set_places(scene, NOW - 70, NOW - 900);
    set_file(scene, NOW + 61, "x");
    scene_close(scene);
    scene->dry_run = true;
    struct progress progress = load(scene);
    check_place("dry", &progress.checkpoint, NOW - 70, "c");
    assert_int_equal(scene_file(scene).end_epoch, NOW + 61);
    set_file(scene, NOW - 20, "x");
    progress = load(scene);
    check_place("dry, forward", &progress.floor, NOW - 20, "x");
    assert_false(progress_look(&progress));
    struct err err;
    progress.checkpoint = position_at(NOW - 5, "y");
    assert_int_equal(progress_save(&progress, &err), 0);
    assert_int_equal(scene_file(scene).end_epoch, NOW - 20);
    set_file(scene, NOW - 10, "person");
    assert_false(progress_look(&progress));
    set_file(scene, NOW - 901, "x"); /* behind the floor */
    progress = load(scene);
    check_place("dry, back", &progress.floor, NOW - 901, "x");
}

static void put(struct scene *scene, const char *id, int64_t ended, int64_t attempts)
{
    struct err err;
    struct ledger_attempt attempt = { .answer = 500 };
    struct ledger_entry entry = { .uniqueid = id, .record = { .state = CALL_PENDING, .attempts = attempts },
                                  .end_epoch = ended, .attempt = attempts > 0 ? &attempt : NULL };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

/* Setting the checkpoint forward skips calls, also calls that were only noted. */
static void test_setting_the_checkpoint_forward_forgets_noted_calls(void **state)
{
    struct scene *scene = *state;
    set_places(scene, NOW - 70, NOW - 900);
    put(scene, "noted", NOW - 200, 0);
    put(scene, "tried", NOW - 200, 1);
    put(scene, "later", NOW - 30, 0);
    set_file(scene, NOW - 50, "x");
    struct progress progress = load(scene);
    assert_int_equal(scene_record(scene, "noted").state, CALL_UNKNOWN);
    assert_int_equal(scene_record(scene, "tried").state, CALL_PENDING);
    assert_int_equal(scene_record(scene, "later").state, CALL_PENDING);
    check_place("before", &progress.before, NOW - 70, "c");
    assert_int_equal(progress.skips_from, NOW - 900); /* a call was pending */
    scene_check_log(scene, "log", "1 of the");
    scene_check_log(scene, "log", "(1729771150 x)");
}

static void test_a_jump_skips_from_the_old_checkpoint_or_a_pending_call(void **state)
{
    struct scene *scene = *state;
    struct position at = position_at(1000, ""), low = position_at(500, ""), high = position_at(990, "");
    assert_int_equal(progress_skips_from(scene_ledger(scene), &at, &low, 100), 900);
    assert_int_equal(progress_skips_from(scene_ledger(scene), &at, &high, 100), 990);
    assert_int_equal(progress_skips_from(scene_ledger(scene), &at, NULL, 100), 900);
    put(scene, "a", 700, 0);
    assert_int_equal(progress_skips_from(scene_ledger(scene), &at, &low, 100), 500);
    assert_int_equal(progress_skips_from(scene_ledger(scene), &at, NULL, 100), 900);
}

static void set_note(struct scene *scene, const char *name, int64_t value)
{
    struct err err;
    assert_int_equal(ledger_set_note(scene_ledger(scene), name, value, &err), 0);
}

/* After a rebuild of the ledger, one run reads the last sweep_window seconds again. */
static void test_after_a_rebuild_one_run_reads_sweep_window_again(void **state)
{
    struct scene *scene = *state;
    set_file(scene, NOW - 70, "x");
    set_note(scene, LEDGER_NOTE_START_OVER, 1);
    set_note(scene, LEDGER_NOTE_SCANNED_TO, NOW - 50);
    struct progress progress = load(scene);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SCANNED_TO), 0);
    check_place("again", &progress.checkpoint, NOW - 70 - 14400, "");
    check_place("again", &progress.floor, NOW - 70 - 14400, "");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_START_OVER), 0);
    assert_int_equal(scene_place(scene, LEDGER_START).end_epoch, 0); /* unknown */
    progress = load(scene);
    check_place("once", &progress.checkpoint, NOW - 70 - 14400, "");
}

/* reconcile may write to the ledger, but leaves the places to the runs of cron. */
static void test_finding_the_places_changes_nothing(void **state)
{
    struct scene *scene = *state;
    struct err err;
    set_places(scene, NOW - 70, NOW - 900);
    set_note(scene, LEDGER_NOTE_START_OVER, 1);
    set_note(scene, LEDGER_NOTE_LAST_SWEEP, NOW - 80);
    set_file(scene, NOW - 20, "x");
    struct progress progress = progress_in(scene);
    assert_int_equal(progress_find(&progress, &scene->settings, NOW, &err), 0);
    check_place("lost", &progress.floor, NOW - 901, ""); /* calls that ended before the floor were never in scope */
    set_file(scene, NOW + 61, "x");
    assert_int_equal(progress_find(&progress, &scene->settings, NOW, &err), 0);
    check_place("damaged", &progress.checkpoint, NOW - 901, "");
    assert_int_equal(scene_file(scene).end_epoch, NOW + 61);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_START_OVER), 1);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LAST_SWEEP), NOW - 80);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_TAKEN_OVER), 0);
    assert_int_equal(scene_place(scene, LEDGER_CHECKPOINT).end_epoch, NOW - 70);
    assert_int_equal(scene_place(scene, LEDGER_FLOOR).end_epoch, NOW - 900);
}

static void test_a_dry_run_after_a_rebuild_changes_nothing(void **state)
{
    struct scene *scene = *state;
    struct err err;
    set_file(scene, NOW - 70, "x");
    set_note(scene, LEDGER_NOTE_START_OVER, 1);
    assert_int_equal(ledger_commit(scene_ledger(scene), &err), 0);
    scene_close(scene);
    scene->dry_run = true;
    struct progress progress = load(scene);
    check_place("it shows", &progress.checkpoint, NOW - 70 - 14400, "");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_START_OVER), 1);
    assert_int_equal(scene_file(scene).end_epoch, NOW - 70);
}

/* With the ledger, the program loses data that only the ledger had. The checkpoint file says how far back to read. */
static void test_without_a_ledger_the_checkpoint_file_says_where_to_begin(void **state)
{
    static const struct {
        const char *name;
        int64_t ended; /* of the pending call; 0: no pending call */
        int64_t from;
    } rows[] = {
        { "nothing was open", 0, NOW - 70 - 14400 },
        { "a call within the last hours", NOW - 14470, NOW - 70 - 14400 - 1 },
        { "the same", NOW - 14469, NOW - 70 - 14400 },
        { "an older one", NOW - 50000, NOW - 50001 },
        { "one at the checkpoint", NOW - 70, NOW - 70 - 14400 },
        { "one beyond it", NOW - 69, NOW - 70 - 14400 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        struct err err;
        set_file(scene, NOW - 70, "");
        struct progress progress = load(scene);
        assert_int_equal(progress_save_open(&progress, &err), 0);
        if (rows[i].ended != 0)
            put(scene, "open", rows[i].ended, 1);
        assert_int_equal(ledger_commit(scene_ledger(scene), &err), 0);
        assert_int_equal(progress_save_open(&progress, &err), 0);
        unit_same_int(rows[i].name, progress.oldest_unsent, rows[i].ended <= NOW - 70 ? rows[i].ended : 0);
        scene_close(scene);
        unit_same_int(rows[i].name, unlink(unit_path(scene->directory, "ledger.db")), 0);
        progress = load(scene);
        unit_same_int(rows[i].name, progress.checkpoint.end_epoch, rows[i].from);
        unit_same_int(rows[i].name, progress.floor.end_epoch, rows[i].from);
        again(state);
    }
}

static void test_a_checkpoint_before_the_start_moves_it_and_restarts_the_sweep(void **state)
{
    struct scene *scene = *state;
    (void)load(scene);
    assert_int_equal(scene_place(scene, LEDGER_START).end_epoch, NOW - 600);
    assert_int_not_equal(scene_note(scene, LEDGER_NOTE_TAKEN_OVER), 0);
    set_note(scene, LEDGER_NOTE_TAKEN_OVER, 5);
    set_note(scene, LEDGER_NOTE_LAST_SWEEP, NOW - 60);
    set_note(scene, LEDGER_NOTE_SWEPT_TO, NOW - 90);
    set_note(scene, LEDGER_NOTE_SCANNED_TO, NOW - 50);
    set_file(scene, NOW - 500, "x"); /* forward: the start does not move */
    (void)load(scene);
    assert_int_equal(scene_place(scene, LEDGER_START).end_epoch, NOW - 600);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LAST_SWEEP), NOW - 60);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SCANNED_TO), NOW - 50);
    set_file(scene, NOW - 700, "x"); /* back, before both */
    (void)load(scene);
    assert_int_equal(scene_place(scene, LEDGER_START).end_epoch, NOW - 700);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LAST_SWEEP), 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SWEPT_TO), 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SCANNED_TO), 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_TAKEN_OVER), 5);
}

/* After `checkpoint reset` only the start is known. The checkpoint of an older script no longer counts. */
static void test_an_older_scripts_checkpoint_is_for_the_first_run(void **state)
{
    struct scene *scene = *state;
    struct err err;
    char text[40];
    unit_write(unit_path(scene->directory, "legacy"), "what is that?\n");
    (void)load(scene);
    assert_int_equal(scene_count_log(scene, "WARN"), 1);
    scene_check_log(scene, "as the file has it", "(1729770600)\n");
    assert_int_equal(checkpoint_remove(scene->directory, &err), 0);
    assert_int_equal(ledger_delete_checkpoint(scene_ledger(scene), &err), 0);
    assert_int_equal(ledger_delete_place(scene_ledger(scene), LEDGER_START, &err), 0);
    (void)snprintf(text, sizeof text, "%lld.1", (long long)NOW - 300);
    unit_write(unit_path(scene->directory, "legacy"), text);
    struct progress progress = load(scene);
    assert_int_equal(progress.checkpoint.end_epoch, NOW - 300);
    assert_int_equal(checkpoint_remove(scene->directory, &err), 0);
    assert_int_equal(ledger_delete_checkpoint(scene_ledger(scene), &err), 0);
    progress = load(scene);
    assert_int_equal(progress.checkpoint.end_epoch, NOW - 600);
}

/* ---- a person changes the file during a run ---- */

static void test_a_file_written_by_a_person_is_not_replaced(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct progress progress = load(scene);
    assert_false(progress_look(&progress));
    set_file(scene, NOW - 10, "person");
    progress.checkpoint = position_at(NOW - 100, "run");
    assert_int_equal(progress_save(&progress, &err), 0);
    assert_true(progress.set_by_hand);
    struct position file = scene_file(scene), copy = scene_place(scene, LEDGER_CHECKPOINT);
    check_place("the person's", &file, NOW - 10, "person");
    check_place("the run's", &copy, NOW - 100, "run");
    assert_true(progress_look(&progress));
    progress.checkpoint = position_at(NOW - 90, "run");
    assert_int_equal(progress_save(&progress, &err), 0);
    file = scene_file(scene);
    check_place("still the person's", &file, NOW - 10, "person");
}

static void test_a_change_by_a_person_is_noticed(void **state)
{
    struct scene *scene = *state;
    struct progress progress = load(scene);
    unit_write(unit_path(scene->directory, "checkpoint"), ""); /* as during `date >checkpoint` */
    assert_false(progress_look(&progress));
    assert_int_equal(unlink(unit_path(scene->directory, "checkpoint")), 0);
    assert_false(progress_look(&progress));
    set_file(scene, NOW - 10, "person");
    assert_true(progress_look(&progress));
    assert_true(progress.set_by_hand);
    assert_true(progress_look(&progress));
    assert_int_equal(scene_count_log(scene, "changed by hand"), 1);
}

/* ---- standby ---- */

static void test_a_standby_host_follows_the_leader(void **state)
{
    static const struct {
        const char *name;
        int64_t file, settled, end, start;
    } rows[] = {
        { "not known: it stays", NOW - 70, 0, NOW - 70, 0 },
        { "forward", NOW - 70, NOW - 20, NOW - 20, NOW - 20 },
        { "back", NOW - 70, NOW - 400, NOW - 400, NOW - 400 },
        { "too far back", NOW - 70, 1000, NOW - 30 * 86400, NOW - 30 * 86400 },
        { "too long ago", NOW - 31 * 86400, 0, NOW - 30 * 86400, NOW - 30 * 86400 },
        { "just not", NOW - 30 * 86400, 0, NOW - 30 * 86400, 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        struct err err;
        set_places(scene, rows[i].file, rows[i].file - 100);
        set_file(scene, rows[i].file, "c");
        set_note(scene, LEDGER_NOTE_LAST_SWEEP, NOW - 60);
        struct progress progress = progress_in(scene);
        assert_int_equal(progress_stand_by(&progress, &scene->settings, NOW, rows[i].settled, &err), 0);
        unit_same_int(rows[i].name, progress.checkpoint.end_epoch, rows[i].end);
        unit_same_int(rows[i].name, progress.floor.end_epoch, rows[i].start != 0 ? rows[i].end : rows[i].file - 100);
        unit_same_int(rows[i].name, scene_file(scene).end_epoch, rows[i].end);
        unit_same_int(rows[i].name, scene_place(scene, LEDGER_START).end_epoch, rows[i].start);
        unit_same_int(rows[i].name, scene_note(scene, LEDGER_NOTE_LAST_SWEEP), rows[i].start != 0 ? 0 : NOW - 60);
        again(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_run_continues_at_the_checkpoint),
        in_scene(test_an_impossible_checkpoint_file_is_moved_aside),
        in_scene(test_a_link_instead_of_the_checkpoint_file_ends_the_run),
        in_scene(test_a_dry_run_changes_nothing),
        in_scene(test_finding_the_places_changes_nothing),
        in_scene(test_setting_the_checkpoint_forward_forgets_noted_calls),
        in_scene(test_a_jump_skips_from_the_old_checkpoint_or_a_pending_call),
        in_scene(test_after_a_rebuild_one_run_reads_sweep_window_again),
        in_scene(test_a_dry_run_after_a_rebuild_changes_nothing),
        in_scene(test_without_a_ledger_the_checkpoint_file_says_where_to_begin),
        in_scene(test_a_checkpoint_before_the_start_moves_it_and_restarts_the_sweep),
        in_scene(test_an_older_scripts_checkpoint_is_for_the_first_run),
        in_scene(test_a_file_written_by_a_person_is_not_replaced),
        in_scene(test_a_change_by_a_person_is_noticed),
        in_scene(test_a_standby_host_follows_the_leader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
