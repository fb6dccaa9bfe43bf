/* Tests of the watch list: calls that had not ended when a scan found them. */
#include <unistd.h>

#include "../scene.h"

#include "../broken_ledger.h"
#include "engine/watch.h"
#include "ledger/watched.h"

/* Adds a call of a lead. ended 0: the call has not ended. */
static struct call *add(struct scene *scene, const char *id, const char *lead, int64_t began, int64_t ended)
{
    struct call *call = scene_add(scene, id, ended);
    call->kin = lead;
    call->began = call->started = began;
    call->age = scene->calls.now - began;
    call->finality = ended == 0 ? CALL_NOT_ENDED : CALL_FINAL;
    return call;
}

static void end(struct scene *scene, const char *id, int64_t ended)
{
    struct call *call = scene_call(scene, id);
    call->ended = ended;
    call->finality = CALL_FINAL;
}

static int64_t count(struct scene *scene)
{
    struct err err;
    int64_t number = -1;
    assert_int_equal(watched_count(scene_ledger(scene), &number, &err), 0);
    return number;
}

static int enter(void **state)
{
    int result = scene_enter(state);
    struct scene *scene = *state;
    scene->calls.shows_open = true;
    scene->settings.overlap = 100;
    return result;
}
#define in_watch(test) cmocka_unit_test_setup_teardown(test, enter, scene_leave)

static void check_run(struct scene *scene, const char *name, const char *ids)
{
    size_t before = scene->sent_count;
    scene_run(scene);
    unit_same_text(name, scene_ids(scene, before), ids);
    unit_same_int(name, scene->summary.stop, STOP_NONE);
}

static void test_a_call_of_hours_goes_out_with_the_first_run_after_its_end(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "long", "7", SCENE_NOW - 300, 0);
    (void)add(scene, "short", "8", SCENE_NOW - 60, SCENE_NOW - 30);
    check_run(scene, "under way", "short");
    assert_int_equal(count(scene), 1);
    scene_pass(scene, 3 * 3600);
    check_run(scene, "still under way", "");
    end(scene, "long", scene->calls.now - 6);
    check_run(scene, "ended", "long");
    assert_int_equal(count(scene), 0);
    check_run(scene, "once", "");
    assert_int_equal(scene_file(scene).end_epoch, scene->calls.now - 6);
}

/* A run treats a call that ended less than settle seconds ago as open. */
static void test_a_call_that_has_not_settled_is_watched(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 500, SCENE_NOW - 4);
    check_run(scene, "too early", "");
    scene_pass(scene, 600); /* the scan is beyond the call's begin */
    check_run(scene, "settled", "a");
}

static void test_a_scan_reads_on_from_the_last_one(void **state)
{
    struct scene *scene = *state;
    check_run(scene, "first", "");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SCANNED_TO), SCENE_NOW - 5);
    (void)add(scene, "late", "7", SCENE_NOW - 105, SCENE_NOW - 50);
    (void)add(scene, "later", "8", SCENE_NOW - 106, SCENE_NOW - 50);
    check_run(scene, "the overlap is 100 s", "late");
    assert_int_equal(scene_note(scene, "late_now"), 100);
}

/* After a day the overlap follows the latest row of that day. */
static void test_the_overlap_is_learned(void **state)
{
    struct scene *scene = *state;
    scene->settings.overlap = 600;
    check_run(scene, "first", "");
    (void)add(scene, "late", "7", SCENE_NOW - 5 - 300, SCENE_NOW - 50);
    check_run(scene, "as late as can be", "late");
    scene_pass(scene, 86400);
    check_run(scene, "the next day", "");
    (void)add(scene, "a", "7", scene->calls.now - 5 - 320, scene->calls.now - 50);
    (void)add(scene, "b", "8", scene->calls.now - 5 - 321, scene->calls.now - 50);
    check_run(scene, "300 s, and a margin", "a");
    scene_drop(scene, "b");
    scene_pass(scene, 86400);
    check_run(scene, "another day", "");
    scene_pass(scene, 86400);
    check_run(scene, "and one without late rows", "");
    (void)add(scene, "c", "7", scene->calls.now - 5 - 82, scene->calls.now - 50);
    (void)add(scene, "d", "8", scene->calls.now - 5 - 83, scene->calls.now - 50);
    check_run(scene, "the least", "c");
}

/* VICIdial rewrites the id of a row when the agent hangs up. */
static void test_a_call_with_a_rewritten_id_is_sent_under_its_new_id(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "old", "7", SCENE_NOW - 300, 0);
    (void)add(scene, "earlier", "7", SCENE_NOW - 300 - 3601, SCENE_NOW - 590); /* an earlier call of the same lead */
    check_run(scene, "under way", "earlier");
    scene_pass(scene, 3600);
    scene_drop(scene, "old");
    (void)add(scene, "new", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way still", "");
    assert_int_equal(count(scene), 1);
    end(scene, "new", scene->calls.now - 10);
    check_run(scene, "ended", "new");
    check_run(scene, "once", "");
}

/* The API is down after the run has found the new id, so the call is not sent. */
static void test_a_rewritten_id_survives_an_outage(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "old", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 3600);
    scene_drop(scene, "old");
    (void)add(scene, "new", "7", SCENE_NOW - 300, scene->calls.now - 20);
    for (size_t at = 1; scene_run_apart(scene, at) == false; at++)
        assert_in_range(at, 1, 500);
    scene->sent_count = 0;
    scene_run(scene);
    assert_int_equal(scene_record(scene, "new").state, CALL_ACCEPTED);
}

static void test_a_waiting_call_with_a_rewritten_id_is_sent_under_its_new_id(void **state)
{
    struct scene *scene = *state;
    struct call *call = add(scene, "old", "7", SCENE_NOW - 300, SCENE_NOW - 20);
    call->finality = CALL_NOT_FINAL;
    call->wait_until = SCENE_NOW + 86400;
    check_run(scene, "waits", "");
    assert_int_equal(scene_record(scene, "old").state, CALL_WAITING);
    scene_pass(scene, 3600);
    scene_drop(scene, "old");
    (void)add(scene, "new", "7", SCENE_NOW - 300, SCENE_NOW - 20);
    check_run(scene, "found by its lead", "new");
    assert_int_equal(scene_record(scene, "old").state, CALL_UNKNOWN);
    assert_int_equal(count(scene), 0);
}

static void test_a_call_that_is_deleted_is_forgotten(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "gone", NULL, SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_drop(scene, "gone");
    check_run(scene, "gone", "");
    assert_int_equal(count(scene), 0);
}

/* Rows that never end, as after a crash of the dialer. */
static void test_a_stuck_call_is_given_up(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "stuck", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 14100);
    check_run(scene, "at the horizon", "");
    assert_int_equal(count(scene), 1);
    scene_pass(scene, 1);
    check_run(scene, "beyond it", "");
    assert_int_equal(count(scene), 0);
}

static void test_calls_of_other_campaigns_are_not_watched(void **state)
{
    struct scene *scene = *state;
    char other[] = "OTHER";
    scene->settings.exclude_campaigns = other;
    add(scene, "a", "7", SCENE_NOW - 300, 0)->campaign = other;
    check_run(scene, "not selected", "");
    assert_int_equal(count(scene), 0);
}

static void test_a_call_below_the_floor_leaves_the_list(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    end(scene, "a", SCENE_NOW - 700); /* before the first run */
    check_run(scene, "out of scope", "");
    assert_int_equal(count(scene), 0);
}

/* The checkpoint is beyond the end of a call that the dialer writes late. Then the API is down, and later the ledger is
 * lost. The checkpoint file says how far back to read. */
static struct outcome is_down(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RETRY);
}

static void test_a_call_that_the_checkpoint_has_passed_is_pending_first(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 300, 0);
    (void)add(scene, "b", "8", SCENE_NOW - 300, SCENE_NOW - 20);
    check_run(scene, "b", "b");
    scene_pass(scene, 60);
    end(scene, "a", SCENE_NOW - 30);
    scene->answer = is_down;
    scene_run(scene);
    assert_int_equal(scene_record(scene, "a").state, CALL_PENDING);
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW - 20);
}

static struct outcome is_limited(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RATE_LIMITED);
}

/* After the outage these calls are too old for the watch list, but they have not been sent. */
static void test_calls_that_ended_in_a_long_outage_are_sent(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    end(scene, "a", SCENE_NOW + 20);
    scene->answer = is_limited;
    for (int i = 0; i < 3; i++) {
        scene_pass(scene, 4 * 3600);
        scene_run(scene);
    }
    scene->answer = NULL;
    scene_pass(scene, 60);
    scene_run(scene);
    assert_int_equal(scene_record(scene, "a").state, CALL_ACCEPTED);
    check_run(scene, "once", "");
    assert_int_equal(count(scene), 0);
}

static void test_a_rewritten_id_survives_a_longer_outage(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "old", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 8 * 3600);
    scene_drop(scene, "old");
    (void)add(scene, "new", "7", SCENE_NOW - 300, SCENE_NOW + 20);
    scene->answer = is_limited;
    scene_run(scene);
    scene->answer = NULL;
    scene_pass(scene, 60);
    scene_run(scene);
    assert_int_equal(scene_record(scene, "new").state, CALL_ACCEPTED);
}

static void test_a_waiting_call_with_an_id_rewritten_while_no_run_came_is_sent(void **state)
{
    struct scene *scene = *state;
    struct call *call = add(scene, "old", "7", SCENE_NOW - 300, SCENE_NOW - 20);
    call->finality = CALL_NOT_FINAL;
    call->wait_until = SCENE_NOW + 15000;
    check_run(scene, "waits", "");
    scene_pass(scene, 8 * 3600);
    scene_drop(scene, "old");
    (void)add(scene, "new", "7", SCENE_NOW - 300, SCENE_NOW - 20);
    check_run(scene, "found by its lead", "new");
}

static void test_a_watch_list_of_several_pages_is_read_whole(void **state)
{
    struct scene *scene = *state;
    enum { MANY = 600 };
    static char ids[MANY][16];
    scene->settings.batch_size = 300;
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "w%03zu", i);
        (void)add(scene, ids[i], "7", SCENE_NOW - 300, 0);
    }
    scene_run(scene);
    assert_int_equal(count(scene), MANY);
    scene_pass(scene, 3600);
    for (size_t i = 0; i < MANY; i++)
        end(scene, ids[i], scene->calls.now - 30);
    scene_run(scene);
    assert_int_equal(scene->summary.accepted, MANY);
    assert_int_equal(count(scene), 0);
}

/* A run may send for a long time after its scan. It has not read the calls that began after the scan. */
static struct outcome takes_long(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    (void)usleep(2100000);
    return scene_outcome(OUTCOME_ACCEPTED);
}

static void test_a_scan_has_not_read_what_began_after_it(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 60, SCENE_NOW - 30);
    scene->answer = takes_long;
    check_run(scene, "slow", "a");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SCANNED_TO), SCENE_NOW - 5);
}

/* On a server that is slow for hours, each run scans further than the run before, even if no call ended. */
static void test_a_slow_server_does_not_stop_the_scan(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 545, SCENE_NOW - 500);
    (void)add(scene, "watched", "8", SCENE_NOW - 50, 0);
    check_run(scene, "first", "a");
    scene_pass(scene, 60);
    (void)add(scene, "new", "9", SCENE_NOW + 10, SCENE_NOW + 20);
    scene->calls.may_read = 1; /* the watch list uses all of it */
    scene_run(scene);
    assert_int_equal(scene_record(scene, "new").state, CALL_ACCEPTED);
}

/* A busy site: what is read again takes all of the server's time, and each minute has new calls. */
static void test_a_scan_on_a_slow_server_keeps_pace(void **state)
{
    enum { EACH = 6, MINUTES = 5 };
    static char ids[EACH * MINUTES][16];
    struct scene *scene = *state;
    check_run(scene, "first", "");
    scene->calls.may_read = 1;
    for (size_t i = 0; i < EACH * MINUTES; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "c%02zu", i);
        int64_t began = SCENE_NOW + 1 + (int64_t)i * 60 / EACH;
        (void)add(scene, ids[i], "7", began, began + 3);
    }
    for (size_t minute = 1; minute <= MINUTES; minute++) {
        scene_pass(scene, 60);
        scene_run(scene);
        unit_in_range((int64_t)scene->sent_count, (int64_t)(EACH * minute) - 1, (int64_t)(EACH * minute));
    }
}

/* The watch list and the overlap of the scan both contain the call after its end. */
static void test_a_watched_call_is_found_once(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 30, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 60);
    end(scene, "a", SCENE_NOW + 20);
    check_run(scene, "ended", "a");
    assert_int_equal(scene->summary.found, 1);
}

/* The scan does not come to a call that began hours ago. In an outage the watch list alone knows of it. */
static void test_an_outage_leaves_watched_calls_unsent_too(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "6", SCENE_NOW - 300, 0);
    (void)add(scene, "long", "7", SCENE_NOW - 300, 0);
    (void)add(scene, "open", "8", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 3600);
    check_run(scene, "an hour later", "");
    scene_pass(scene, 60);
    end(scene, "a", scene->calls.now - 10);
    end(scene, "long", scene->calls.now - 20);
    (void)add(scene, "listed", "9", scene->calls.now - 50, 0);
    (void)add(scene, "new", "10", scene->calls.now - 30, scene->calls.now - 15);
    scene->answer = is_limited;
    scene_run(scene);
    assert_int_equal(scene->summary.unsent, 3);
    assert_int_equal(scene->summary.unsent_oldest, scene->calls.now - 20);
    scene_drop(scene, "open"); /* a run that sends will notice */
    end(scene, "listed", scene->calls.now - 10);
    scene_run(scene);
    assert_int_equal(scene->summary.unsent, 4);
    assert_int_equal(count(scene), 4);
}

static struct outcome is_shown(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_SHOWN);
}

/* A dry run leaves the ledger as it is, so neither the scan nor the sweep learns there what was shown. */
static void test_a_dry_run_shows_a_watched_call_once(void **state)
{
    struct scene *scene = *state;
    scene->settings.sweep_interval = 60;
    (void)add(scene, "long", "7", SCENE_NOW - 300, 0);
    (void)add(scene, "a", "8", SCENE_NOW - 30, 0);
    (void)add(scene, "b", "9", SCENE_NOW - 30, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 60);
    end(scene, "long", SCENE_NOW + 20);
    end(scene, "a", SCENE_NOW + 20);
    end(scene, "b", SCENE_NOW + 20);
    (void)add(scene, "new", "10", SCENE_NOW + 10, SCENE_NOW + 30);
    scene->dry_run = true;
    scene->answer = is_shown;
    check_run(scene, "dry", "a b long new");
    scene->dry_run = false;
    scene->answer = NULL;
    check_run(scene, "in earnest", "a b long new");
}

/* The kin may be a waiting call. It stays on the list, because the dialer may rewrite its id too. */
static void test_a_waiting_kin_stays_on_the_list(void **state)
{
    struct scene *scene = *state;
    struct call *call = add(scene, "waits", "7", SCENE_NOW - 300, SCENE_NOW - 20);
    call->finality = CALL_NOT_FINAL;
    call->wait_until = SCENE_NOW + 86400;
    (void)add(scene, "gone", "7", SCENE_NOW - 200, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 3600);
    scene_drop(scene, "gone");
    check_run(scene, "gone", "");
    scene_drop(scene, "waits");
    (void)add(scene, "new", "7", SCENE_NOW - 300, SCENE_NOW - 20);
    check_run(scene, "found by its lead", "new");
}

/* The dialer archives calls at night. Some sites archive all calls, even those that have just ended. */
static void test_a_call_archived_at_its_end_is_sent(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 300, 0);
    (void)add(scene, "open", "8", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 60);
    end(scene, "a", SCENE_NOW + 20);
    scene_archive(scene, "a");
    scene_archive(scene, "open"); /* the archived row never gets an end */
    check_run(scene, "archived", "a");
    assert_int_equal(count(scene), 0);
}

/* The dialer's index is missing, or the party has too many calls: the scan goes back to the first begin. */
static void stage_lost_kin(struct scene *scene)
{
    scene->calls.shows_open = true;
    (void)add(scene, "z.old", "7", SCENE_NOW - 300, 0);
    (void)add(scene, "a.old", "8", SCENE_NOW - 200, 0);
    scene_run(scene);
    scene_pass(scene, 3600);
    scene_drop(scene, "z.old");
    scene_drop(scene, "a.old");
    scene->calls.loses_kin = true;
    (void)add(scene, "z.new", "7", SCENE_NOW - 300, scene->calls.now - 20);
    (void)add(scene, "a.new", "8", SCENE_NOW - 200, scene->calls.now - 10);
}

static void test_calls_whose_kin_cannot_be_read_are_scanned_for(void **state)
{
    struct scene *scene = *state;
    stage_lost_kin(scene);
    check_run(scene, "the scan goes back", "z.new a.new");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SCANNED_TO), scene->calls.now - 5);
    assert_int_equal(count(scene), 0);
}

static void test_the_scan_for_lost_kin_survives_a_crash(void **state)
{
    struct scene *scene = *state;
    bool ended = false;
    for (size_t at = 1; !ended; at++) {
        char row[32];
        (void)snprintf(row, sizeof row, "step %zu", at);
        assert_in_range(at, 1, 200);
        scene_begin_anew(scene);
        stage_lost_kin(scene);
        ended = scene_run_apart(scene, at);
        scene_run(scene);
        unit_same_int(row, scene_record(scene, "z.new").state, CALL_ACCEPTED);
        unit_same_int(row, scene_record(scene, "a.new").state, CALL_ACCEPTED);
    }
}

/* Two machines' clocks may date a call up to an hour apart. */
static void test_kin_that_began_up_to_an_hour_earlier_may_be_the_call(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "old", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 7200);
    scene_drop(scene, "old");
    (void)add(scene, "other", "7", SCENE_NOW - 300 - 3601, scene->calls.now - 20);
    (void)add(scene, "new", "7", SCENE_NOW - 300 - 3600, scene->calls.now - 20);
    check_run(scene, "the call", "new");
}

/* The archive's copy of a call may have the id that the call had then, so kin of its own speaks against the archive. */
static void test_the_archive_is_asked_for_a_call_without_kin(void **state)
{
    struct scene *scene = *state;
    static const char *const old[] = { "has.kin", "alone", "has.none" };
    static const char *const leads[] = { "7", "6", "8" };
    for (size_t i = 0; i < UNIT_COUNT(old); i++)
        (void)add(scene, old[i], leads[i], SCENE_NOW - 300, 0);
    (void)add(scene, "earlier", "9", SCENE_NOW - 400, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 7200);
    scene_drop(scene, "earlier");
    for (size_t i = 0; i < UNIT_COUNT(old); i++) {
        end(scene, old[i], scene->calls.now - 30);
        scene_archive(scene, old[i]);
    }
    (void)add(scene, "kin.7", "7", SCENE_NOW - 300 - 3600, scene->calls.now - 20);
    (void)add(scene, "not.8", "8", SCENE_NOW - 300 - 3601, scene->calls.now - 20);
    check_run(scene, "archived", "alone has.none kin.7 not.8");
    assert_int_equal(count(scene), 0);
}

static void test_the_archive_is_asked_for_a_single_call(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 60);
    end(scene, "a", SCENE_NOW + 20);
    scene_archive(scene, "a");
    check_run(scene, "archived", "a");
}

static void test_the_archive_is_not_asked_while_the_dialer_has_the_calls(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", "7", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "");
    scene_pass(scene, 60);
    check_run(scene, "under way still", "");
    assert_false(scene->calls.asked_archive);
}

/* A server's collation finds both by either id. */
static void test_ids_that_differ_in_case_are_two_calls(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "A", "7", SCENE_NOW - 300, SCENE_NOW - 20);
    (void)add(scene, "a", "8", SCENE_NOW - 300, 0);
    (void)add(scene, "b", "8", SCENE_NOW - 300, 0);
    (void)add(scene, "B", "8", SCENE_NOW - 300, 0);
    check_run(scene, "under way", "A");
    scene_pass(scene, 3600);
    end(scene, "a", scene->calls.now - 30);
    end(scene, "b", scene->calls.now - 20);
    end(scene, "B", scene->calls.now - 10);
    check_run(scene, "ended", "a b B");
}

/* ---- the reader ---- */

static struct source source;

static struct engine begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    return scene_engine(scene, &source, NULL);
}

/* What a reader is told, and what it answers. */
struct reading {
    struct scene *scene;
    char ids[100];
    size_t pages;
    bool over;     /* nothing is to be done with the calls */
    int ended, page;
};

static int on_ended(void *context, const struct call *call, bool *ret_over, struct err *err)
{
    struct reading *reading = context;
    size_t used = strlen(reading->ids);
    (void)snprintf(reading->ids + used, sizeof reading->ids - used, "%s ", call->id);
    *ret_over = reading->over;
    return reading->ended == 0 ? 0 : err_set(err, EX_SOFTWARE, "no");
}

static int on_page(void *context, struct err *err)
{
    struct reading *reading = context;
    reading->pages++;
    return reading->page >= 0 ? reading->page : err_set(err, EX_SOFTWARE, "no");
}

static int read_watched(struct reading *reading, struct err *err)
{
    struct engine engine = begin(reading->scene);
    const struct watch_reader reader = { .ended_by = SCENE_NOW, .on_ended = on_ended, .on_page = on_page,
                                         .context = reading };
    return watch_read(&engine, &reader, err);
}

static void put_on_list(struct scene *scene, const char *id, const char *lead, int64_t began)
{
    struct err err;
    const struct watched watched = { .id = id, .kin = lead, .began = began };
    assert_int_equal(watched_remove(scene_ledger(scene), id, &err), 0);
    assert_int_equal(watched_add(scene_ledger(scene), &watched, &err), 0);
}

static void test_a_reader_gets_the_calls_that_have_ended_by_then(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct reading reading = { .scene = scene };
    static const char *const ids[] = { "1.open", "2.ended", "3.later" };
    static const int64_t ends[] = { 0, SCENE_NOW, SCENE_NOW + 1 };
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        (void)add(scene, ids[i], "7", SCENE_NOW - 300, ends[i]);
        put_on_list(scene, ids[i], "7", SCENE_NOW - 300);
    }
    assert_int_equal(read_watched(&reading, &err), 0);
    assert_string_equal(reading.ids, "2.ended ");
    assert_int_equal(reading.pages, 1);
    assert_int_equal(count(scene), 3); /* until the ledger has it */
    reading.over = true;
    assert_int_equal(read_watched(&reading, &err), 0);
    assert_int_equal(count(scene), 2);
}

static void test_a_reader_ends_the_reading(void **state)
{
    struct scene *scene = *state;
    struct err err;
    static char ids[501][16];
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        (void)snprintf(ids[i], sizeof ids[i], "w%03zu", i);
        (void)add(scene, ids[i], "7", SCENE_NOW - 300, 0);
        put_on_list(scene, ids[i], "7", SCENE_NOW - 300);
    }
    struct reading all = { .scene = scene }, first = { .scene = scene, .page = 1 };
    struct reading broken = { .scene = scene, .page = -1 };
    assert_int_equal(read_watched(&all, &err), 0);
    assert_int_equal(all.pages, 2);
    assert_int_equal(read_watched(&first, &err), 0);
    assert_int_equal(first.pages, 1);
    assert_int_equal(read_watched(&broken, &err), -1);
    assert_int_equal(err.code, EX_SOFTWARE);
    scene_drop(scene, "w500");
    struct reading page = { .scene = scene };
    assert_int_equal(read_watched(&page, &err), 0); /* and the last call is forgotten */
    assert_int_equal(read_watched(&page, &err), 0); /* exactly a page */
    assert_int_equal(page.pages, 3);
    end(scene, "w000", SCENE_NOW);
    struct reading refused = { .scene = scene, .ended = -1 };
    assert_int_equal(read_watched(&refused, &err), -1);
    assert_int_equal(refused.pages, 0);
}

/* A call that is gone stays on the list, and the next page is read. */
static void test_a_reader_that_only_looks_reads_every_page(void **state)
{
    struct scene *scene = *state;
    struct err err;
    static char ids[501][16];
    struct engine engine = begin(scene);
    struct reading reading = { .scene = scene };
    const struct watch_reader reader = { .ended_by = SCENE_NOW, .on_ended = on_ended, .on_page = on_page,
                                         .only_looks = true, .context = &reading };
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        (void)snprintf(ids[i], sizeof ids[i], "w%03zu", i);
        put_on_list(scene, ids[i], "7", SCENE_NOW - 300);
    }
    (void)add(scene, "w500", "7", SCENE_NOW - 300, SCENE_NOW);
    assert_int_equal(watch_read(&engine, &reader, &err), 0);
    assert_string_equal(reading.ids, "w500 ");
    assert_int_equal(count(scene), 501);
}

/* One of them has kin. */
static void test_a_full_page_of_calls_that_are_gone_is_forgotten(void **state)
{
    struct scene *scene = *state;
    struct err err;
    static char ids[500][16];
    struct reading reading = { .scene = scene };
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        (void)snprintf(ids[i], sizeof ids[i], "w%03zu", i);
        put_on_list(scene, ids[i], ids[i], SCENE_NOW - 300);
    }
    (void)add(scene, "new", "w499", SCENE_NOW - 300, SCENE_NOW);
    assert_int_equal(read_watched(&reading, &err), 0);
    assert_string_equal(reading.ids, "new ");
    assert_int_equal(count(scene), 1); /* the kin, until the ledger has it */
}

static void test_kin_that_was_read_needs_no_scan(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct reading reading = { .scene = scene };
    struct ledger_entry known = { .uniqueid = "known", .record = { .state = CALL_ACCEPTED }, .end_epoch = SCENE_NOW };
    put_on_list(scene, "old", "7", SCENE_NOW - 300);
    (void)add(scene, "open", "7", SCENE_NOW - 300, 0);
    (void)add(scene, "early", "7", SCENE_NOW - 300 - 3601, SCENE_NOW);
    (void)add(scene, "known", "7", SCENE_NOW - 300, SCENE_NOW);
    (void)add(scene, "new", "7", SCENE_NOW - 300, SCENE_NOW);
    assert_int_equal(ledger_put(scene_ledger(scene), &known, &err), 0);
    assert_int_equal(ledger_set_note(scene_ledger(scene), LEDGER_NOTE_SCANNED_TO, SCENE_NOW, &err), 0);
    assert_int_equal(read_watched(&reading, &err), 0);
    assert_string_equal(reading.ids, "new ");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SCANNED_TO), SCENE_NOW);
}

/* The calls of the list, the notes and the source, as they are before a reading. */
static void put_back(void *context)
{
    const struct reading *reading = context;
    struct err err;
    struct scene *scene = reading->scene;
    assert_int_equal(watched_remove(scene_ledger(scene), "new", &err), 0);
    assert_int_equal(ledger_set_note(scene_ledger(scene), LEDGER_NOTE_SCANNED_TO, SCENE_NOW, &err), 0);
    put_on_list(scene, "ended", "7", SCENE_NOW - 300);
    put_on_list(scene, "old", "8", SCENE_NOW - 300);
    put_on_list(scene, "gone", "9", SCENE_NOW - 300);
}

static int act(void *context, struct err *err)
{
    return read_watched(context, err);
}

static void test_no_error_of_the_ledger_is_swallowed(void **state)
{
    struct scene *scene = *state;
    struct reading reading = { .scene = scene, .over = true };
    (void)add(scene, "ended", "7", SCENE_NOW - 300, SCENE_NOW);
    (void)add(scene, "new", "8", SCENE_NOW - 300, SCENE_NOW);
    put_back(&reading);
    assert_in_range(broken_ledger_sweep("kin", act, put_back, &reading), 6, 20);
    scene->calls.loses_kin = true;
    assert_in_range(broken_ledger_sweep("lost kin", act, put_back, &reading), 6, 20);
}

/* The longest call of the source, which is 14400 s here, or the sweep's window. */
static void test_how_long_a_call_is_watched(void **state)
{
    struct scene *scene = *state;
    struct engine engine = begin(scene);
    scene->settings.sweep_window = 14401;
    assert_int_equal(watch_horizon(&engine), 14401);
    scene->settings.sweep_window = 3600;
    assert_int_equal(watch_horizon(&engine), 14400);
}

/* In a run's engine, for its scan, and in the ledger, for the next run if this one is cut short. */
static void test_a_scan_goes_back_to_the_first_begin(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct engine engine = begin(scene);
    static const struct {
        int64_t began, from, scanned_to;
    } rows[] = { { 300, 300, 250 }, { 250, 250, 250 }, { 200, 200, 200 }, { 220, 200, 200 } };
    assert_int_equal(ledger_set_note(engine.route.ledger, LEDGER_NOTE_SCANNED_TO, 250, &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        assert_int_equal(watch_scan_again(&engine, rows[i].began, &err), 0);
        assert_int_equal(engine.scan_again_from, rows[i].from);
        assert_int_equal(scene_note(scene, LEDGER_NOTE_SCANNED_TO), rows[i].scanned_to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_watch(test_a_call_of_hours_goes_out_with_the_first_run_after_its_end),
        in_watch(test_a_call_that_has_not_settled_is_watched),
        in_watch(test_a_scan_reads_on_from_the_last_one),
        in_watch(test_the_overlap_is_learned),
        in_watch(test_a_call_with_a_rewritten_id_is_sent_under_its_new_id),
        in_watch(test_a_rewritten_id_survives_an_outage),
        in_watch(test_a_waiting_call_with_a_rewritten_id_is_sent_under_its_new_id),
        in_watch(test_a_call_that_is_deleted_is_forgotten),
        in_watch(test_a_stuck_call_is_given_up),
        in_watch(test_calls_of_other_campaigns_are_not_watched),
        in_watch(test_a_call_below_the_floor_leaves_the_list),
        in_watch(test_a_call_that_the_checkpoint_has_passed_is_pending_first),
        in_watch(test_calls_that_ended_in_a_long_outage_are_sent),
        in_watch(test_a_rewritten_id_survives_a_longer_outage),
        in_watch(test_a_waiting_call_with_an_id_rewritten_while_no_run_came_is_sent),
        in_watch(test_a_watch_list_of_several_pages_is_read_whole),
        in_watch(test_a_scan_has_not_read_what_began_after_it),
        in_watch(test_a_slow_server_does_not_stop_the_scan),
        in_watch(test_a_scan_on_a_slow_server_keeps_pace),
        in_watch(test_a_watched_call_is_found_once),
        in_watch(test_an_outage_leaves_watched_calls_unsent_too),
        in_watch(test_a_dry_run_shows_a_watched_call_once),
        in_watch(test_a_waiting_kin_stays_on_the_list),
        in_watch(test_a_call_archived_at_its_end_is_sent),
        in_watch(test_calls_whose_kin_cannot_be_read_are_scanned_for),
        in_watch(test_the_scan_for_lost_kin_survives_a_crash),
        in_watch(test_kin_that_began_up_to_an_hour_earlier_may_be_the_call),
        in_watch(test_the_archive_is_asked_for_a_call_without_kin),
        in_watch(test_the_archive_is_asked_for_a_single_call),
        in_watch(test_the_archive_is_not_asked_while_the_dialer_has_the_calls),
        in_watch(test_ids_that_differ_in_case_are_two_calls),
        in_watch(test_a_reader_gets_the_calls_that_have_ended_by_then),
        in_watch(test_a_reader_ends_the_reading),
        in_watch(test_no_error_of_the_ledger_is_swallowed),
        in_watch(test_a_reader_that_only_looks_reads_every_page),
        in_watch(test_a_full_page_of_calls_that_are_gone_is_forgotten),
        in_watch(test_kin_that_was_read_needs_no_scan),
        in_watch(test_how_long_a_call_is_watched),
        in_watch(test_a_scan_goes_back_to_the_first_begin),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
