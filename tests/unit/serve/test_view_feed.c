/* Tests of view_feed: the view has what the ledgers have, whatever happens between. */
#include "view_scene.h"

#include <sqlite3.h>
#include "../broken_ledger.h"
#include "serve/view_file.h"

#include <signal.h>

#define TRIGGERS "SELECT count(*) FROM sqlite_master WHERE name LIKE '%touched_%'"

static const struct scene_call first = { "a", "CAMP", "5551234", "6001", "SALE", "answered", 1000, 10, CALL_ACCEPTED,
                                         CALL_OUTBOUND, NULL };

static void put_id(int at, const char *id, int64_t ended, enum call_state state)
{
    struct scene_call call = first;
    call.id = id;
    call.ended = ended;
    call.state = state;
    put_call(at, &call);
    commit(at);
}

static const char *all(void)
{
    static const struct view_query query = { .size = 100, .ascending = true };
    char next[VIEW_CURSOR_SIZE];
    return list(&query, next);
}

/* The sums of the charts, which triggers keep. */
static void add_bar(void *context, const struct view_bar *bar)
{
    *(int64_t *)context += bar->calls;
}

static void check(const char *ids)
{
    const struct view_chart chart = { .from = 0, .to = 100000000, .seconds = 3600 };
    int64_t calls = 0;
    assert_string_equal(all(), ids);
    assert_int_equal(view_chart(view, &chart, add_bar, &calls, &err), 0);
    assert_int_equal(calls, strlen(ids) / 2);
}

static void test_view_feed_follows_each_change(void **state)
{
    (void)state;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    put_id(1, "b", 2000, CALL_PENDING);
    step_until_done();
    check("a b ");
    put_id(0, "c", 1500, CALL_WAITING);
    put_id(1, "b", 500, CALL_ACCEPTED);
    int64_t before = view_feed_changes(feed);
    step_until_done();
    check("b a c ");
    assert_true(view_feed_changes(feed) > before);
    assert_int_equal(ledger_forget(ledgers[0], "a", &err), 0);
    commit(0);
    step_until_done();
    check("b c ");
    before = view_feed_changes(feed);
    step_until_done();
    assert_int_equal(view_feed_changes(feed), before);
}

static void test_view_feed_leaves_out_calls_that_the_ledger_forgot_by_age(void **state)
{
    const struct ledger_age age = { .before = 1500, .limit = 100 };
    (void)state;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    put_id(0, "b", 2000, CALL_ACCEPTED);
    step_until_done();
    assert_int_equal(ledger_prune(ledgers[0], &age, &err), 0);
    commit(0);
    step_until_done();
    check("b ");
}

/* Once a day, and after each start. */
static void test_view_feed_forgets_the_words_that_no_call_has(void **state)
{
    static const struct scene_call calls[] = {
        { "a", "OLD", "1", "6001", "XFER", "other", 1800, 1, CALL_REJECTED, CALL_OUTBOUND, NULL },
        { "b", "NEW", "1", "6002", "SALE", "answered", 5400, 1, CALL_ACCEPTED, CALL_OUTBOUND, NULL },
    };
    int64_t words = 0, halves = 0;
    struct store *store = NULL;
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(calls); i++)
        put_call(0, &calls[i]);
    commit(0);
    step_until_done();
    put_call(0, &(const struct scene_call){ "a", "NEW", "1", "6002", "SALE", "answered", 5400, 1, CALL_ACCEPTED,
                                            CALL_OUTBOUND, NULL });
    commit(0);
    step_until_done();
    view_feed_close(feed);
    open_feed();
    step_until_done();
    assert_int_equal(view_file_open_to_read(view_path, &store, &err), 0);
    assert_int_equal(store_number(store, "SELECT count(*) FROM word", &words, &err), 0);
    assert_int_equal(store_number(store, "SELECT count(*) FROM half", &halves, &err), 0);
    store_close(store);
    assert_int_equal(words, 1 + 4); /* no text, NEW, 6002, SALE, answered */
    assert_int_equal(halves, 1);
    put_call(0, &calls[0]); /* what was forgotten comes back as a new word */
    commit(0);
    step_until_done();
    const struct view_query query = { .filter = { .agent = "6001" }, .size = 9 };
    char next[VIEW_CURSOR_SIZE];
    assert_string_equal(list(&query, next), "a ");
}

static void test_view_feed_goes_on_after_it_was_killed(void **state)
{
    (void)state;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    step_until_done();
    view_feed_close(feed);
    put_id(0, "b", 2000, CALL_ACCEPTED);
    assert_int_equal(ledger_forget(ledgers[0], "a", &err), 0);
    commit(0);
    open_feed();
    step_until_done();
    check("b ");
}

static void replace_ledger(int at)
{
    ledger_close(ledgers[at]);
    assert_int_equal(unlink(unit_path(state_dirs[at], "ledger.db")), 0);
    (void)unlink(unit_path(state_dirs[at], "ledger.db-wal"));
    (void)unlink(unit_path(state_dirs[at], "ledger.db-shm"));
    open_scene_ledger(at);
}

static void test_view_feed_begins_anew_when_a_ledger_was_replaced(void **state)
{
    (void)state;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    put_id(1, "b", 2000, CALL_ACCEPTED);
    step_until_done();
    replace_ledger(0);
    put_id(0, "c", 3000, CALL_ACCEPTED);
    step_until_done();
    check("b c ");
    struct ledger_repair repair;
    ledger_close(ledgers[0]);
    assert_int_equal(ledger_rebuild(state_dirs[0], &ledgers[0], &repair, &err), 0);
    assert_int_equal(ledger_forget(ledgers[0], "c", &err), 0);
    put_id(0, "d", 4000, CALL_ACCEPTED);
    step_until_done();
    check("b d ");
}

static void copy_file(const char *from, const char *to)
{
    size_t length = 0;
    char *bytes = unit_read_bytes(from, &length);
    assert_non_null(bytes);
    unit_write_bytes(to, bytes, length);
    free(bytes);
}

/* A backup has the token of this view, but older calls. later: runs write so many calls into the restored ledger before
 * the page comes back that its changes have the numbers of those which the view has. Only the last consumed change
 * tells them apart. */
static void restore_backup(void **state, int later, const char *wanted)
{
    const char *path = unit_path(state_dirs[0], "ledger.db"), *backup = unit_path(*state, "backup");
    put_id(0, "a", 1000, CALL_ACCEPTED);
    step_until_done();
    put_id(0, "b", 2000, CALL_ACCEPTED);
    step_until_done();
    view_feed_close(feed);
    ledger_close(ledgers[0]);
    copy_file(path, backup);
    open_scene_ledger(0);
    open_feed();
    for (int i = 0; i < 3; i++) { /* three turns of the feed */
        put_id(0, i == 0 ? "c" : i == 1 ? "d" : "e", 3000 + i, CALL_ACCEPTED);
        step_until_done();
    }
    check("a b c d e ");
    view_feed_close(feed);
    ledger_close(ledgers[0]);
    copy_file(backup, path);
    (void)unlink(unit_path(state_dirs[0], "ledger.db-wal"));
    (void)unlink(unit_path(state_dirs[0], "ledger.db-shm"));
    open_scene_ledger(0);
    for (int i = 0; i < later; i++)
        put_id(0, (const char[]){ (char)('m' + i), '\0' }, 4000 + i, CALL_ACCEPTED);
    open_feed();
    step_until_done();
    check(wanted);
}

static void test_view_feed_begins_anew_when_a_backup_was_restored(void **state)
{
    restore_backup(state, 0, "a b ");
}

static void test_view_feed_begins_anew_when_a_restored_backup_has_as_many_changes(void **state)
{
    restore_backup(state, 9, "a b m n o p q r s t u ");
}

static void test_view_feed_drops_the_calls_of_a_profile_that_is_gone(void **state)
{
    (void)state;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    put_id(1, "b", 2000, CALL_ACCEPTED);
    step_until_done();
    view_feed_close(feed);
    assert_int_equal(view_feed_open(view_path, profiles, 1, &feed, &err), 0);
    step_until_done();
    check("a ");
}

static void test_view_feed_replaces_a_damaged_view_and_one_of_another_version(void **state)
{
    (void)state;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    step_until_done();
    view_feed_close(feed);
    unit_write(view_path, "This is no database, and it is longer than the header of one: .......................");
    (void)unlink(unit_path(*state, "view.db-wal"));
    open_feed();
    step_until_done();
    check("a ");
    view_feed_close(feed);
    struct store *store = NULL;
    assert_int_equal(store_open("x", view_path, STORE_WRITE, &store, &err), 0);
    assert_int_equal(store_execute(store, "PRAGMA user_version = 77", &err), 0);
    store_close(store);
    open_feed();
    step_until_done();
    check("a ");
}

/* Its first page alone stays as it was. */
static void damage_pages(void)
{
    enum { PAGE = 4096 };
    size_t length = 0;
    view_close(view);
    view_feed_close(feed); /* the last one to close it writes its journal back */
    feed = NULL;
    char *bytes = unit_read_bytes(view_path, &length);
    assert_true(bytes != NULL && length > 2 * PAGE);
    memset(bytes + PAGE, 0x55, length - PAGE);
    unit_write_bytes(view_path, bytes, length);
    free(bytes);
    view = view_open(view_path);
}

/* As the page's thread does. */
static bool feed_once_more(void)
{
    bool busy = true;
    int result = view_feed_open(view_path, profiles, LEDGERS, &feed, &err);
    while (result == 0 && busy)
        result = view_feed_step(feed, &busy, &err);
    if (result != 0) {
        view_feed_close(feed);
        feed = NULL;
    }
    return result == 0;
}

static void test_view_feed_replaces_a_view_that_is_damaged_within(void **state)
{
    (void)state;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    step_until_done();
    damage_pages();
    if (!feed_once_more()) {
        unit_has("error", err.message, "view.db");
        assert_true(feed_once_more());
    }
    check("a ");
}

static void test_view_that_finds_its_file_damaged_lets_it_be_made_again(void **state)
{
    (void)state;
    static const struct view_query query = { .size = 100 };
    char next[VIEW_CURSOR_SIZE];
    put_id(0, "a", 1000, CALL_ACCEPTED);
    step_until_done();
    damage_pages();
    assert_int_equal(view_list(view, &query, show_id, NULL, next, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    assert_int_equal(view_list(view, &query, show_id, NULL, next, &err), -1);
    assert_int_equal(err.code, EX_TEMPFAIL);
    assert_true(feed_once_more());
    check("a ");
}

static void test_view_feed_notices_that_its_file_was_deleted(void **state)
{
    bool busy = false;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    step_until_done();
    assert_int_equal(unlink(view_path), 0);
    (void)unlink(unit_path(*state, "view.db-wal"));
    (void)unlink(unit_path(*state, "view.db-shm"));
    assert_int_equal(view_feed_step(feed, &busy, &err), -1);
    unit_has("error", err.message, "was deleted");
    view_feed_close(feed);
    assert_true(feed_once_more());
    check("a ");
}

static void note_profile(void *context, const struct view_profile *profile)
{
    (void)context;
    size_t used = strlen(shown);
    (void)snprintf(shown + used, sizeof shown - used, "%s %s %d/%d %s, ", profile->name,
                   profile->is_complete ? "complete" : "copying", (int)profile->copied, (int)profile->total,
                   profile->problem != NULL ? profile->problem : "");
}

/* Goal: whoever reads in the moment when the file is new, or of another version, is told to ask again. */
static void test_view_that_is_not_made_yet_says_so(void **state)
{
    static const char *const contents[] = { "", "PRAGMA user_version = 99;" };
    const char *path = unit_path(*state, "new.db");
    for (size_t i = 0; i < 2; i++) {
        sqlite3 *file = NULL;
        struct view *fresh = view_open(path);
        int64_t count = 0;
        assert_int_equal(sqlite3_open(path, &file), SQLITE_OK);
        assert_int_equal(sqlite3_exec(file, contents[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(file), SQLITE_OK);
        FILE *touched = fopen(path, "ab");
        assert_non_null(touched);
        (void)fclose(touched);
        (void)snprintf(err.message, sizeof err.message, "old");
        assert_int_equal(view_count(fresh, &(struct view_filter){ .profile = NULL }, &count, &err), -1);
        unit_same_int(contents[i], err.code, EX_TEMPFAIL);
        unit_has(contents[i], err.message, "ask again soon");
        view_close(fresh);
    }
}

static void test_view_feed_copies_many_calls_in_portions_and_tells_how_far_it_is(void **state)
{
    (void)state;
    bool busy = false;
    char id[20];
    for (int i = 0; i < 12000; i++) {
        struct scene_call call = first;
        (void)snprintf(id, sizeof id, "%06d", i);
        call.id = id;
        put_call(0, &call);
    }
    commit(0);
    char next[VIEW_CURSOR_SIZE];
    const struct view_query query = { .size = 10 };
    for (int i = 0; i < 2; i++) /* the first step begins, the second one copies */
        assert_int_equal(view_feed_step(feed, &busy, &err), 0);
    assert_true(busy);
    assert_int_equal(view_list(view, &query, show_id, NULL, next, &err), -1);
    assert_int_equal(err.code, EX_TEMPFAIL);
    *shown = '\0';
    assert_int_equal(view_list_profiles(view, NULL, note_profile, NULL, &err), 0);
    unit_has("progress", shown, "default copying 5000/12000");
    step_until_done();
    *shown = '\0';
    assert_int_equal(view_list_profiles(view, NULL, note_profile, NULL, &err), 0);
    unit_has("progress", shown, "default complete 12000/12000");
    *shown = '\0';
    assert_int_equal(view_list_profiles(view, "nobody", note_profile, NULL, &err), 0);
    assert_string_equal(shown, "");
    assert_int_equal(view_list_profiles(view, "default", note_profile, NULL, &err), 0);
    unit_has("progress of one", shown, "default complete 12000/12000");
    int64_t count = 0;
    const struct view_filter none = { .profile = NULL };
    assert_int_equal(view_count(view, &none, &count, &err), 0);
    assert_int_equal(count, 12000);
}

/* A ledger that cannot be read is the problem of its profile alone. */
static void test_view_feed_goes_on_with_the_other_ledgers(void **state)
{
    (void)state;
    ledger_close(ledgers[0]);
    ledgers[0] = NULL;
    unit_write(unit_path(state_dirs[0], "ledger.db"),
               "This is no database, and it is longer than the header of one: .......................");
    put_id(1, "b", 2000, CALL_ACCEPTED);
    step_until_done();
    check("b ");
    *shown = '\0';
    assert_int_equal(view_list_profiles(view, NULL, note_profile, NULL, &err), 0);
    unit_has("problem", shown, "could not read the ledger");
    assert_int_equal(unlink(unit_path(state_dirs[0], "ledger.db")), 0);
    open_scene_ledger(0);
    put_id(0, "a", 1000, CALL_ACCEPTED);
    step_until_done();
    check("a b ");
    *shown = '\0';
    assert_int_equal(view_list_profiles(view, NULL, note_profile, NULL, &err), 0);
    unit_lacks("problem", shown, "could not");
}

static void test_view_feed_can_be_forgotten(void **state)
{
    (void)state;
    int64_t triggers = 0;
    put_id(0, "a", 1000, CALL_ACCEPTED);
    step_until_done();
    assert_int_equal(view_feed_forget(profiles, LEDGERS, &err), 0);
    assert_int_equal(store_number(ledger_store(ledgers[0]), TRIGGERS, &triggers, &err), 0);
    assert_int_equal(triggers, 0);
    put_id(0, "b", 2000, CALL_ACCEPTED);
    step_until_done(); /* takes up again */
    check("a b ");
}

/* Each statement fails once: then the next steps repair it. */
static void test_view_feed_loses_nothing_when_a_statement_fails(void **state)
{
    (void)state;
    char want[200] = "a ", id[8];
    put_id(0, "a", 1, CALL_ACCEPTED);
    step_until_done();
    bool failed = true;
    for (size_t nth = 1; failed && nth < 200; nth++) {
        (void)snprintf(id, sizeof id, "%c", (char)('b' + nth % 20));
        if (strstr(want, id) != NULL)
            assert_int_equal(ledger_forget(ledgers[0], id, &err), 0);
        put_id(0, id, (int64_t)nth + 1, CALL_ACCEPTED);
        bool busy = false;
        broken_ledger_at(nth, 1);
        int result = view_feed_step(feed, &busy, &err);
        failed = broken_ledger_has_failed();
        broken_ledger_at(0, 0);
        (void)result; /* the view's failure; one of the ledger is noted as its problem */
        step_until_done();
        const struct view_filter none = { .profile = NULL };
        int64_t count = 0, known = 0;
        assert_int_equal(view_count(view, &none, &count, &err), 0);
        assert_int_equal(store_number(ledger_store(ledgers[0]), "SELECT count(*) FROM call", &known, &err), 0);
        unit_same_int("calls", count, known);
        unit_has("the new one", all(), id);
    }
    assert_false(failed);
}

/* In a child process: it feeds without end, and pauses nowhere. */
static void feed_without_end(void)
{
    struct view_feed *own = NULL;
    bool busy = false;
    if (view_feed_open(view_path, profiles, LEDGERS, &own, &err) == 0)
        while (view_feed_step(own, &busy, &err) == 0)
            continue;
    _exit(1);
}

/* kill -9 at any moment, while a run writes: nothing is missing afterwards, and nothing is there twice. */
static void test_view_feed_survives_kills_while_a_run_writes(void **state)
{
    (void)state;
    char id[20];
    int64_t count = 0, known = 0, number = 0;
    view_feed_close(feed);
    feed = NULL;
    srandom(1);
    for (int kills = 0; kills < 30; kills++) {
        (void)fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            feed_without_end();
        for (long writes = random() % 40; writes >= 0; writes--) {
            for (int i = 0; i < 20; i++) {
                struct scene_call call = first;
                (void)snprintf(id, sizeof id, "%05d", (int)(random() % 3000));
                call.id = id;
                call.ended = ++number;
                if (random() % 4 == 0)
                    assert_int_equal(ledger_forget(ledgers[0], id, &err), 0);
                else
                    put_call(0, &call);
            }
            commit(0);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(unit_wait(child), -1);
    }
    open_feed();
    step_until_done();
    const struct view_filter none = { .profile = NULL };
    assert_int_equal(view_count(view, &none, &count, &err), 0);
    assert_int_equal(store_number(ledger_store(ledgers[0]), "SELECT count(*) FROM call", &known, &err), 0);
    assert_int_equal(count, known);
    /* Each row has the call's last change. */
    struct store *both = NULL;
    int64_t differ = 0;
    assert_int_equal(store_open("the view", view_path, STORE_WRITE, &both, &err), 0);
    char *attach = mem_format("ATTACH '%s/ledger.db' AS ledger", state_dirs[0]);
    assert_int_equal(store_execute(both, attach, &err), 0);
    free(attach);
    assert_int_equal(store_number(both,
                                  "SELECT count(*) FROM ledger.call AS l LEFT JOIN main.call AS v USING (uniqueid) "
                                  "WHERE v.ended IS NOT l.end_epoch OR v.tries IS NOT l.tries",
                                  &differ, &err),
                     0);
    assert_int_equal(differ, 0);
    store_close(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_view_feed_follows_each_change),
        in_scene(test_view_feed_leaves_out_calls_that_the_ledger_forgot_by_age),
        in_scene(test_view_feed_forgets_the_words_that_no_call_has),
        in_scene(test_view_feed_goes_on_after_it_was_killed),
        in_scene(test_view_feed_begins_anew_when_a_ledger_was_replaced),
        in_scene(test_view_feed_begins_anew_when_a_backup_was_restored),
        in_scene(test_view_feed_begins_anew_when_a_restored_backup_has_as_many_changes),
        in_scene(test_view_feed_drops_the_calls_of_a_profile_that_is_gone),
        in_scene(test_view_feed_replaces_a_damaged_view_and_one_of_another_version),
        in_scene(test_view_feed_replaces_a_view_that_is_damaged_within),
        in_scene(test_view_that_finds_its_file_damaged_lets_it_be_made_again),
        in_scene(test_view_feed_notices_that_its_file_was_deleted),
        in_scene(test_view_that_is_not_made_yet_says_so),
        in_scene(test_view_feed_copies_many_calls_in_portions_and_tells_how_far_it_is),
        in_scene(test_view_feed_goes_on_with_the_other_ledgers),
        in_scene(test_view_feed_can_be_forgotten),
        in_scene(test_view_feed_loses_nothing_when_a_statement_fails),
        in_scene(test_view_feed_survives_kills_while_a_run_writes),
    };
    return cmocka_run_group_tests_name("view_feed", tests, NULL, NULL);
}
