/* Tests of jump: a person sets the checkpoint. Which finished calls does this skip or send again, and what does the
 * program report? */
#include "../scene.h"
#include "../unit_clock.h"

#include "engine/jump.h"

#define NOW SCENE_NOW

static void put(struct scene *scene, const char *id, enum call_state state, int64_t tries, bool sent_before)
{
    struct err err;
    const struct call *call = scene_call(scene, id);
    struct ledger_attempt attempt = { .answer = 500 };
    struct ledger_entry entry = { .uniqueid = id, .end_epoch = call->ended, .due = NOW,
                                  .record = { .state = state, .fingerprint = call_fingerprint(call) + 1,
                                              .sent_before = sent_before } };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
    entry.attempt = &attempt;
    for (int64_t i = 0; i < tries; i++)
        assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

static struct jump count(struct scene *scene, const struct position *before, const struct position *after, int64_t from)
{
    struct err err;
    struct source source = memory_source_open(&scene->calls);
    struct jump jump = { .before = *before, .after = *after, .from = from };
    if (jump_count(&jump, &source, scene_ledger(scene), &scene->settings, &err) != 0)
        fail_msg("%s", err.message);
    return jump;
}

static void check(const char *row, const struct jump *jump, int64_t calls, int64_t first, int64_t last)
{
    unit_same_int(row, jump->calls, calls);
    unit_same_int(row, jump->first, first);
    unit_same_int(row, jump->last, last);
    unit_true(row, !jump->more);
}

/* Positions are (end, uniqueid): calls that ended in the checkpoint's second compare by uniqueid. */
static void test_calls_between_two_checkpoints_are_counted(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 3, NOW - 100, 10); /* a0 a1 a2 at -100 -90 -80 */
    scene_add_many(scene, "b", 3, NOW - 50, 0);
    scene_add_many(scene, "c", 1, NOW - 40, 0);
    struct position low = position_at(NOW - 100, "a0"), high = position_at(NOW - 50, "b1");
    struct jump jump = count(scene, &low, &high, NOW - 95);
    check("forward", &jump, 4, NOW - 90, NOW - 50); /* a1 a2 b0 b1 */
    jump = count(scene, &low, &high, NOW - 100);
    check("forward, from further back", &jump, 5, NOW - 100, NOW - 50);
    jump = count(scene, &high, &low, 0);
    check("back", &jump, 4, NOW - 90, NOW - 50);
    jump = count(scene, &high, &high, 0);
    check("nowhere", &jump, 0, 0, 0);
}

/* A call that the ledger has as sent, rejected or waiting is neither skipped nor sent again. A call that was only noted
 * is skipped; no run needs the checkpoint to send it. */
static void test_known_calls_are_neither_skipped_nor_sent_again(void **state)
{
    static const struct {
        const char *name;
        enum call_state state;
        int64_t tries;
        bool sent_before;
        int64_t forward, back;
    } rows[] = {
        { "unknown", CALL_UNKNOWN, 0, false, 1, 1 },
        { "only noted", CALL_PENDING, 0, false, 1, 0 },
        { "tried", CALL_PENDING, 1, false, 0, 0 },
        { "changed, and noted", CALL_PENDING, 0, true, 0, 0 },
        { "waiting", CALL_WAITING, 0, false, 0, 0 },
        { "accepted, and changed since", CALL_ACCEPTED, 0, true, 1, 1 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        (void)scene_add(scene, "a", NOW - 50);
        if (rows[i].state != CALL_UNKNOWN)
            put(scene, "a", rows[i].state, rows[i].tries, rows[i].sent_before);
        struct position low = position_at(NOW - 60, ""), high = position_at(NOW - 40, "");
        (void)scene_add(scene, "later", NOW - 50); /* counted in every case */
        unit_same_int(rows[i].name, count(scene, &low, &high, NOW - 60).calls, 1 + rows[i].forward);
        unit_same_int(rows[i].name, count(scene, &high, &low, 0).calls, 1 + rows[i].back);
        unit_true(rows[i].name, !scene->calls.asked_whole); /* reading whole rows would cost the dialer more */
        assert_int_equal(scene_leave(state), 0);
        assert_int_equal(scene_enter(state), 0);
    }
}

static void test_only_calls_in_scope_count(void **state)
{
    struct scene *scene = *state;
    struct position low = position_at(NOW - 60, ""), high = position_at(NOW - 40, "");
    scene_add(scene, "a", NOW - 50)->finality = CALL_NOT_FINAL; /* a run would wait for its disposition */
    scene_call(scene, "a")->wait_until = NOW + 100;
    scene_add(scene, "b", NOW - 50)->campaign = "OTHER";
    assert_int_equal(count(scene, &low, &high, NOW - 60).calls, 2);
    static char campaigns[] = "TEST";
    scene->settings.campaigns = campaigns;
    assert_int_equal(count(scene, &low, &high, NOW - 60).calls, 1);
    put(scene, "a", CALL_ACCEPTED, 0, true);
    assert_int_equal(count(scene, &low, &high, NOW - 60).calls, 1);
    scene->settings.resend_changed = false;
    assert_int_equal(count(scene, &low, &high, NOW - 60).calls, 0);
}

/* The scan hands calls out roughly by time. */
static void test_the_range_is_from_the_earliest_to_the_latest_end(void **state)
{
    struct scene *scene = *state;
    static const int64_t ends[] = { 50, 70, 40, 60 };
    static const char *const ids[] = { "a", "b", "c", "d" };
    for (size_t i = 0; i < UNIT_COUNT(ends); i++)
        (void)memory_source_add(&scene->calls, ids[i], "SALE", NOW - ends[i]);
    struct position low = position_at(NOW - 100, ""), high = position_at(NOW - 10, "");
    struct jump jump = count(scene, &low, &high, NOW - 100);
    check("forward", &jump, 4, NOW - 70, NOW - 40);
}

static void test_counting_takes_seconds_at_most(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 3, NOW - 50, 1);
    scene->calls.slow_ms = 2600; /* the second call comes after the end of the time */
    struct position low = position_at(NOW - 100, ""), high = position_at(NOW - 10, "");
    struct jump jump = count(scene, &low, &high, NOW - 100);
    assert_int_equal(jump.calls, 2);
    assert_true(jump.more);
    high = position_at(NOW - 49, "z"); /* others may have ended in the last second too */
    jump = count(scene, &low, &high, NOW - 100);
    assert_true(jump.more);
}

static void test_an_error_of_source_or_ledger_is_returned(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct source source = memory_source_open(&scene->calls);
    struct jump jump = { .before = position_at(NOW - 60, ""), .after = position_at(NOW, "") };
    (void)scene_add(scene, "a", NOW - 50);
    scene->calls.fails = true;
    assert_int_equal(jump_count(&jump, &source, scene_ledger(scene), &scene->settings, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    scene->calls.fails = false;
    scene_break(scene, "call");
    assert_int_equal(jump_count(&jump, &source, scene_ledger(scene), &scene->settings, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
}

/* ---- the message ---- */

static void test_the_message_names_calls_and_range(void **state)
{
    (void)state;
    static const struct {
        int64_t before, after, calls;
        bool more;
        const char *wants, *lacks;
    } rows[] = {
        { 10, 20, 0, false, "no finished call is skipped", "counted" },
        { 10, 20, 0, true, "no finished call is skipped among those that were counted", "least" },
        { 20, 10, 0, false, "no additional finished call is sent", "counted" },
        { 20, 10, 0, true, "is sent among those that were counted", "least" },
        { 10, 20, 1, false, "1 finished call is skipped: not sent yet, and no run will send it. To send it: "
          "did-optimizer-sync --profile x backfill --from '2024-10-24 12:00:00 +0000' --to '2024-10-24 12:00:06 +0000'",
          "least" },
        { 10, 20, 2, false, "2 finished calls are skipped: not sent yet, and no run will send them. To send them: ",
          "least" },
        { 10, 20, 7, true, "at least 7 finished calls are skipped", " is " },
        { 20, 10, 1, false, "1 finished call will be sent with the next run: the ledger has no record that it "
          "was accepted", "least" },
        { 20, 10, 2, true, "at least 2 finished calls will be sent with the next run: the ledger has no record that "
          "they were accepted", "skip" },
    };
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[500];
        struct jump jump = { .before = position_at(rows[i].before, ""), .after = position_at(rows[i].after, ""),
                             .calls = rows[i].calls, .first = NOW, .last = NOW + 5, .more = rows[i].more };
        const char *said = jump_sentence(&jump, " --profile x", text, sizeof text);
        assert_ptr_equal(said, text);
        unit_has(rows[i].wants, text, rows[i].wants);
        unit_lacks(rows[i].wants, text, rows[i].lacks);
    }
}

/* ---- in the log ---- */

static void report(struct scene *scene, int64_t before, int64_t after, bool moved)
{
    struct source source = memory_source_open(&scene->calls);
    struct progress progress = { .ledger = scene_ledger(scene), .moved = moved, .before = position_at(before, ""),
                                 .checkpoint = position_at(after, ""), .skips_from = before };
    jump_report(&progress, &source, &scene->settings, "");
}

static void test_only_a_jump_with_calls_is_reported(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 2, NOW - 50, 10);
    report(scene, NOW - 60, NOW, false); /* nobody set the checkpoint */
    report(scene, NOW - 30, NOW, true);  /* no call is concerned */
    assert_int_equal(scene_count_log(scene, "WARN"), 0);
    report(scene, NOW - 60, NOW - 45, true);
    scene_check_log(scene, "forward", "⏩ 1 finished call is skipped");
    report(scene, NOW, NOW - 60, true);
    scene_check_log(scene, "back", "⏪ 2 finished calls will be sent");
    assert_int_equal(scene_count_log(scene, "WARN"), 2);
    scene->calls.fails = true;
    report(scene, NOW, NOW - 60, true);
    scene_check_log(scene, "fails", "could not be counted: the source in memory is out of reach");
    assert_int_equal(scene_count_log(scene, "WARN"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_calls_between_two_checkpoints_are_counted),
        in_scene(test_known_calls_are_neither_skipped_nor_sent_again),
        in_scene(test_only_calls_in_scope_count),
        in_scene(test_the_range_is_from_the_earliest_to_the_latest_end),
        in_scene(test_counting_takes_seconds_at_most),
        in_scene(test_an_error_of_source_or_ledger_is_returned),
        cmocka_unit_test(test_the_message_names_calls_and_range),
        in_scene(test_only_a_jump_with_calls_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
