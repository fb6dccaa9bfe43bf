/* Tests of actions, actor and action_journal: what can be started over the page, and what remains of it. */
#include "../unit.h"
#include "../broken_ledger.h"

#include <glob.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/store.h"
#include "serve/action_journal.h"
#include "serve/actions.h"
#include "serve/actor.h"
#include "serve/api_actions.h"

static struct err err;

/* The words with blanks between them; NULL: refused. */
static const char *build(const char *action, const char *profile, const char *arguments)
{
    static char line[1000];
    struct actions_words words;
    struct json *object = arguments != NULL ? json_parse(arguments) : NULL;
    size_t used = 0;
    int result = actions_build(action, profile, object, &words, &err);
    json_free(object);
    if (result != 0)
        return words.list == NULL ? NULL : "(not freed)";
    line[0] = '\0';
    for (size_t i = 0; i < words.count; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", i > 0 ? " " : "", words.list[i]);
    assert_null(words.list[words.count]);
    actions_free(&words);
    return line;
}

static void test_actions_become_the_words_of_a_command(void **state)
{
    static const struct {
        const char *action, *profile, *arguments, *words;
    } rows[] = {
        { "sync", "default", NULL, "-- run" },
        { "sync", "acme", "{}", "--profile=acme -- run" },
        { "backfill", "default", "{\"from\":\"a b\",\"to\":\"--x\",\"force\":true}",
          "--from=a b --to=--x --force -- backfill" },
        { "backfill", "default", "{\"from\":1,\"to\":2,\"force\":false,\"campaign\":null}",
          "--from=1 --to=2 -- backfill" },
        { "failed_retry", "default", "{\"ids\":[\"--all\",7]}", "-- failed retry --all 7" },
        { "failed_drop", "default", "{\"all\":true}", "--yes --all -- failed drop" },
        { "checkpoint_set", "default", "{\"when\":\"now\",\"dry_run\":true}", "--yes --dry-run -- checkpoint set now" },
        { "settings_set", "default", "{\"key\":\"sync.settle\",\"value\":\"\"}", "-- settings set sync.settle " },
        { "reconcile", "default", "{\"days\":400}", "--days=400 -- reconcile" },
        { "why", "acme", "{\"id\":\"--all\"}", "--profile=acme -- why --all" },
        { "why", "default", "{}", NULL },
        { "reconcile", "default", "{\"days\":0}", NULL },
        { "reconcile", "default", "{\"days\":401}", NULL },
        { "reconcile", "default", "{\"days\":true}", NULL },
        { "settings_set", "default", "{\"key\":\"sink.url\",\"value\":\"x\"}", NULL },
        { "settings_set", "default", "{\"key\":\"sync\",\"value\":\"x\"}", NULL },
        { "settings_set", "default", "{\"key\":\"sync.settle\"}", NULL },
        { "settings_set", "default", "{\"key\":\"sync.settle\",\"value\":\"a\\nb\"}", NULL },
        { "sync", "default", "{\"config\":\"/x\"}", NULL },
        { "sync", "../x", NULL, NULL },
        { "sync", "", NULL, NULL },
        { "run", "default", NULL, NULL },
        { "", "default", NULL, NULL },
        { "failed_retry", "default", "{\"ids\":[]}", NULL },
        { "failed_retry", "default", "{\"ids\":[{}]}", NULL },
        { "failed_retry", "default", "{\"ids\":[\"a\",\"b\\u0001\"]}", NULL },
        { "backfill", "default", "{\"from\":\"now\"}", NULL },
        { "backfill", "default", "{\"from\":\"12345678901234567890123456789012345678901\",\"to\":\"now\"}", NULL },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_text(rows[i].action, build(rows[i].action, rows[i].profile, rows[i].arguments), rows[i].words);
        if (rows[i].words == NULL)
            unit_same_int(rows[i].action, err.code, EX_USAGE);
    }
}

static void test_actions_each_begin_with_a_command_of_the_program(void **state)
{
    (void)state;
    assert_non_null(actions_name(0));
    for (size_t i = 0; actions_name(i) != NULL; i++)
        (void)build(actions_name(i), "default", NULL);
    assert_null(actions_name(1000));
}

/* ---- the process ---- */

/* A program that says what it was given, and ends with 3. */
static char *make_program(const char *directory)
{
    char *path = mem_copy(unit_path(directory, "program"));
    unit_write(path, "#!/bin/sh\necho \"by $DID_OPTIMIZER_SYNC_BY:\" \"$@\"\nprintf 'no end' >&2\n"
                     "[ \"$3\" != disable ] || sleep 60\nexit 3\n");
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

/* The next news within half a minute. */
static struct actor_news next(struct actor *actor)
{
    struct actor_news news = { .id = -1 };
    struct pollfd ready = { .fd = actor_socket(actor), .events = POLLIN };
    while (poll(&ready, 1, 30000) == 1) {
        int got = actor_receive(actor, &news);
        if (got != 0)
            return got > 0 ? news : (struct actor_news){ .id = -2 };
    }
    return news;
}

static void expect(struct actor *actor, int64_t id, const char *line)
{
    struct actor_news news = next(actor);
    unit_same_int(line, news.id, id);
    unit_same_int(line, news.is_end, false);
    unit_same_text(line, news.line, line);
}

static void test_actor_starts_the_command_and_tells_its_output(void **state)
{
    static char first[] = "--config=/x", second[] = "--state-dir", directory[] = "/s", third[] = "--dids=/d";
    char *const passed[] = { first, second, directory, third, NULL };
    char *program = make_program(*state);
    struct actor *actor = NULL;
    assert_int_equal(actor_start(program, passed, &actor, &err), 0);
    assert_int_equal(actor_ask(actor, 7, "ann", "acme", "sync", NULL, &err), 0);
    expect(actor, 7, "by ann: --state-dir=/s/profiles/acme --profile=acme -- run");
    expect(actor, 7, "no end");
    struct actor_news news = next(actor);
    assert_true(news.is_end);
    assert_int_equal(news.exit_code, 3);
    actor_stop(actor);
    free(program);
}

static void test_actor_checks_what_the_page_asks(void **state)
{
    char *const passed[] = { NULL };
    char *program = make_program(*state);
    struct actor *actor = NULL;
    struct json *arguments = json_parse("{\"config\":\"/x\"}");
    assert_int_equal(actor_start(program, passed, &actor, &err), 0);
    assert_int_equal(actor_ask(actor, 1, "ann", "default", "sh", NULL, &err), 0);
    expect(actor, 1, "there is no such action");
    assert_int_equal(next(actor).exit_code, EX_USAGE);
    assert_int_equal(actor_ask(actor, 2, "ann\nx", "default", "sync", NULL, &err), 0);
    assert_int_equal(next(actor).is_end, false);
    assert_int_equal(next(actor).exit_code, EX_USAGE);
    assert_int_equal(actor_ask(actor, 3, "ann", "default", "sync", arguments, &err), 0);
    assert_int_equal(next(actor).is_end, false);
    assert_int_equal(next(actor).exit_code, EX_USAGE);
    assert_int_equal(send(actor_socket(actor), "nonsense", 8, 0), 8); /* is not answered */
    assert_int_equal(actor_ask(actor, 4, "ann", "default", "sync", NULL, &err), 0);
    expect(actor, 4, "by ann: -- run");
    json_free(arguments);
    actor_stop(actor);
    free(program);
}

static void test_actor_runs_few_at_once_and_ends_them_with_the_page(void **state)
{
    static char option[] = "--config=/x"; /* the program's $3 is then the command */
    char *const passed[] = { option, NULL };
    char *program = make_program(*state);
    struct actor *actor = NULL;
    assert_int_equal(actor_start(program, passed, &actor, &err), 0);
    for (int64_t id = 1; id <= 5; id++)
        assert_int_equal(actor_ask(actor, id, "ann", "default", "disable", NULL, &err), 0);
    struct actor_news news = next(actor);
    while (news.id != 5 || news.is_end)
        news = next(actor);
    assert_int_equal(news.id, 5);
    unit_has("fifth", news.line, "4 commands are running");
    actor_stop(actor); /* returns, though what they have started sleeps on */
    free(program);
}

static void test_actor_that_cannot_start_the_program_says_so(void **state)
{
    char *const passed[] = { NULL };
    struct actor *actor = NULL;
    (void)state;
    assert_int_equal(actor_start("/nonexistent/program", passed, &actor, &err), 0);
    assert_int_equal(actor_ask(actor, 1, "ann", "default", "sync", NULL, &err), 0);
    unit_has("missing", next(actor).line, "could not start /nonexistent/program");
    assert_int_equal(next(actor).exit_code, EX_SOFTWARE);
    actor_stop(actor);
    actor_stop(NULL);
}

/* ---- the journal ---- */

static struct action_journal_row rows[3];
static char outputs[3][100];
static size_t row_count;

static void keep_row(void *context, const struct action_journal_row *row)
{
    (void)context;
    assert_true(row_count < UNIT_COUNT(rows));
    (void)snprintf(outputs[row_count], sizeof outputs[0], "%.99s", row->output);
    rows[row_count++] = *row;
}

static int64_t list(struct action_journal *journal, int64_t id, int64_t skip, int64_t most)
{
    int64_t total = 0;
    row_count = 0;
    assert_int_equal(action_journal_list(journal, id, skip, most, keep_row, NULL, &total, &err), 0);
    return total;
}

static void test_action_journal_keeps_who_did_what(void **state)
{
    struct action_journal *journal = NULL;
    const char *path = unit_path(*state, "journal.db");
    const struct action_journal_row row = { .began = 100, .user = "ann", .address = "local", .profile = "default",
                                            .action = "sync", .arguments = "{}" };
    int64_t id = 0;
    assert_int_equal(action_journal_open(path, &journal, &err), 0);
    for (int64_t i = 1; i <= 3; i++) {
        assert_int_equal(action_journal_begin(journal, &row, &id, &err), 0);
        assert_int_equal(id, i);
    }
    assert_int_equal(action_journal_line(journal, 2, "one", &err), 0);
    assert_int_equal(action_journal_line(journal, 2, "two", &err), 0);
    assert_int_equal(action_journal_end(journal, 2, 160, 75, &err), 0);
    assert_int_equal(list(journal, 0, 1, 1), 3);
    assert_int_equal(row_count, 1);
    assert_int_equal(rows[0].id, 2);
    assert_int_equal(rows[0].exit_code, 75);
    assert_int_equal(rows[0].ended, 160);
    assert_string_equal(outputs[0], "one\ntwo\n");
    action_journal_close(journal);
    assert_int_equal(action_journal_open(path, &journal, &err), 0); /* the others were lost with the page */
    (void)list(journal, 3, 0, 1);
    assert_int_equal(rows[0].ended, 100);
    assert_int_equal(rows[0].exit_code, -1);
    (void)list(journal, 4, 0, 1);
    assert_int_equal(row_count, 0);
    action_journal_close(journal);
}

/* Goal: a viewer who fetches recordings all day does not push out of the journal what administrators did. */
static void test_action_journal_keeps_what_administrators_did(void **state)
{
    struct action_journal *journal = NULL;
    struct action_journal_row row = { .began = 100, .user = "ann", .address = "local", .profile = "default",
                                      .action = "failed_drop", .arguments = "{}" };
    int64_t id = 0;
    assert_int_equal(action_journal_open(unit_path(*state, "journal.db"), &journal, &err), 0);
    assert_int_equal(action_journal_begin(journal, &row, &id, &err), 0);
    row.action = "recordings_fetch";
    for (int i = 0; i < ACTION_JOURNAL_FETCHES_MOST + 5; i++)
        assert_int_equal(action_journal_begin(journal, &row, &id, &err), 0);
    assert_int_equal(list(journal, 0, 0, 1), ACTION_JOURNAL_FETCHES_MOST + 1);
    assert_int_equal(rows[0].id, id);
    (void)list(journal, 1, 0, 1);
    assert_int_equal(row_count, 1);
    (void)list(journal, 2, 0, 1);
    assert_int_equal(row_count, 0);
    action_journal_close(journal);
}

/* Goal: the page starts again over a journal that somebody has damaged, and the file is kept. */
static void test_action_journal_begins_anew_over_a_damaged_file(void **state)
{
    struct action_journal *journal = NULL;
    const char *path = unit_path(*state, "journal.db");
    const struct action_journal_row row = { .began = 100, .user = "ann", .address = "local", .profile = "default",
                                            .action = "sync", .arguments = "{}" };
    int64_t id = 0;
    glob_t aside;
    assert_int_equal(action_journal_open(path, &journal, &err), 0);
    assert_int_equal(action_journal_begin(journal, &row, &id, &err), 0);
    action_journal_close(journal);
    unit_write(path, "SQLite format 3 was here, and then came something else: no page of this file can be read");
    assert_int_equal(action_journal_open(path, &journal, &err), 0);
    assert_int_equal(list(journal, 0, 0, 1), 0);
    assert_int_equal(action_journal_begin(journal, &row, &id, &err), 0);
    assert_int_equal(list(journal, 0, 0, 1), 1);
    action_journal_close(journal);
    assert_int_equal(glob(unit_path(*state, "journal.db.damaged-*"), 0, NULL, &aside), 0);
    assert_int_equal(aside.gl_pathc, 1);
    globfree(&aside);
}

/* Goal: the WAL of a file that is given up goes with it, and a missing one is no error. */
static void test_store_delete_journal_leaves_no_wal(void **state)
{
    const char *path = unit_path(*state, "gone.db"), *wal = unit_path(*state, "gone.db-wal");
    unit_write(wal, "of the old file");
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(store_delete_journal(path, &err), 0);
        assert_int_equal(access(wal, F_OK), -1);
    }
}

/* Goal: an action that could not begin is in the journal neither now nor after the next commit. */
static void test_action_journal_forgets_what_could_not_be_noted(void **state)
{
    struct action_journal *journal = NULL;
    const struct action_journal_row row = { .began = 1, .user = "ann", .address = "local", .profile = "default",
                                            .action = "sync", .arguments = "{}" };
    int64_t id = 0, noted = 0;
    bool failed = true;
    assert_int_equal(action_journal_open(unit_path(*state, "journal.db"), &journal, &err), 0);
    for (size_t nth = 1; failed && nth < 50; nth++) {
        broken_ledger_at(nth, 1);
        int result = action_journal_begin(journal, &row, &id, &err);
        failed = broken_ledger_has_failed();
        broken_ledger_at(0, 0);
        noted += result == 0;
        assert_int_equal(action_journal_begin(journal, &row, &id, &err), 0);
        noted++;
        assert_int_equal(list(journal, 0, 0, 3), noted);
    }
    assert_false(failed);
    action_journal_close(journal);
}

static void test_action_journal_is_bounded(void **state)
{
    struct action_journal *journal = NULL;
    const struct action_journal_row row = { .began = 100, .user = "ann", .address = "local", .profile = "default",
                                            .action = "sync", .arguments = "{}" };
    char line[1001];
    int64_t id = 0;
    memset(line, 'x', sizeof line);
    line[1000] = '\0';
    assert_int_equal(action_journal_open(unit_path(*state, "journal.db"), &journal, &err), 0);
    assert_int_equal(action_journal_begin(journal, &row, &id, &err), 0);
    for (int i = 0; i < 40; i++)
        assert_int_equal(action_journal_line(journal, id, line, &err), 0);
    assert_int_equal(action_journal_line(journal, id, "the last", &err), 0);
    assert_int_equal(action_journal_end(journal, id, 1, 0, &err), 0);
    (void)list(journal, id, 0, 1);
    assert_int_equal(strlen(outputs[0]), 99);
    action_journal_close(journal);
}

static void count_lines(void *context, const struct action_journal_row *row)
{
    int64_t *lines = context;
    *lines = 0;
    for (const char *at = strchr(row->output, '\n'); at != NULL; at = strchr(at + 1, '\n'))
        (*lines)++;
    if (row->ended != 0)
        *lines += 1000;
}

/* The page answers requests between two calls. */
static void test_api_actions_takes_some_news_at_once(void **state)
{
    enum { LINES = 200 };
    static char *const passed[] = { NULL };
    const struct action_journal_row row = { .began = 1, .user = "ann", .address = "local", .profile = "default",
                                            .action = "sync", .arguments = "{}" };
    struct serve serve = { .actor = NULL };
    int64_t id = 0, lines = 0, total = 0;
    char *program = mem_copy(unit_path(*state, "talker")), *done = mem_copy(unit_path(*state, "done"));
    char *script = mem_format("#!/bin/sh\nseq %d\ntouch '%s'\n", LINES, done);
    unit_write(program, script);
    assert_int_equal(chmod(program, 0755), 0);
    assert_int_equal(action_journal_open(unit_path(*state, "journal.db"), &serve.journal, &err), 0);
    assert_int_equal(action_journal_begin(serve.journal, &row, &id, &err), 0);
    assert_int_equal(actor_start(program, passed, &serve.actor, &err), 0);
    assert_int_equal(actor_ask(serve.actor, id, "ann", "default", "sync", NULL, &err), 0);
    while (access(done, F_OK) != 0) /* all lines are on their way */
        (void)usleep(10000);
    (void)usleep(300000);
    for (int64_t before = 0; lines < 1000; before = lines) {
        assert_true(api_actions_take_news(&serve));
        assert_int_equal(action_journal_list(serve.journal, id, 0, 1, count_lines, &lines, &total, &err), 0);
        assert_in_range(lines % 1000 - before, 0, API_ACTIONS_NEWS_MOST);
    }
    assert_int_equal(lines, 1000 + LINES);
    actor_stop(serve.actor);
    action_journal_close(serve.journal);
    free(script);
    free(done);
    free(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions_become_the_words_of_a_command),
        cmocka_unit_test(test_actions_each_begin_with_a_command_of_the_program),
        unit_test_in_directory(test_actor_starts_the_command_and_tells_its_output),
        unit_test_in_directory(test_actor_checks_what_the_page_asks),
        unit_test_in_directory(test_actor_runs_few_at_once_and_ends_them_with_the_page),
        unit_test_in_directory(test_actor_that_cannot_start_the_program_says_so),
        unit_test_in_directory(test_action_journal_keeps_who_did_what),
        unit_test_in_directory(test_action_journal_keeps_what_administrators_did),
        unit_test_in_directory(test_action_journal_begins_anew_over_a_damaged_file),
        unit_test_in_directory(test_store_delete_journal_leaves_no_wal),
        unit_test_in_directory(test_action_journal_forgets_what_could_not_be_noted),
        unit_test_in_directory(test_action_journal_is_bounded),
        unit_test_in_directory(test_api_actions_takes_some_news_at_once),
    };
    return cmocka_run_group_tests_name("actions", tests, NULL, NULL);
}
