/* Tests of cron: whether the host's cron starts the runs. */
#include "../unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "commands/cron.h"

static char directory[] = "/tmp/test_cron.XXXXXX";

static const char *write_file(const char *name, const char *text)
{
    static char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
    return path;
}

#define LINE "* * * * * root did-optimizer-sync run --cron\n"

static void test_cron_finds_the_line_that_starts_a_run(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum cron_state want;
    } rows[] = {
        { LINE, CRON_ON },
        { "SHELL=/bin/sh\n\n# did-optimizer-sync, once a minute\n" LINE, CRON_ON },
        { "  \t" LINE, CRON_ON },
        { "*/5 1 * * * root did-optimizer-sync run\n", CRON_ON },
        { "@reboot root did-optimizer-sync run --every 5\n", CRON_ON },
        { "0 * * * * root did-optimizer-sync run\n", CRON_ON },
        { "#" LINE LINE, CRON_ON },
        { LINE "#" LINE, CRON_ON },
        { "#" LINE, CRON_OFF },
        { "##  " LINE, CRON_OFF },
        { "", CRON_NO_LINE },
        { "# did-optimizer-sync runs here\n", CRON_NO_LINE },
        { "MAILTO=did-optimizer-sync\n", CRON_NO_LINE },
        { "* * * * * root another\n", CRON_NO_LINE },
        { "* * * * * root did-optimizer-sync run", CRON_IGNORED },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].text, cron_inspect(write_file("a", rows[i].text)).state, rows[i].want);
}

static void test_cron_ignores_a_file_that_others_may_write(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        mode_t mode;
        enum cron_state want;
    } rows[] = { { "usual", 0644, CRON_ON },          { "private", 0600, CRON_ON },
                 { "to the group", 0664, CRON_IGNORED }, { "to all", 0646, CRON_IGNORED } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *path = write_file("a", LINE);
        assert_int_equal(chmod(path, rows[i].mode), 0);
        unit_same_int(rows[i].name, cron_inspect(path).state, rows[i].want);
    }
    assert_int_equal(cron_inspect("/nonexistent/a").state, CRON_NO_FILE);
    assert_int_equal(cron_inspect(directory).state, CRON_UNKNOWN);
    if (geteuid() == 0) {
        const char *path = write_file("a", LINE);
        assert_int_equal(chown(path, 12345, 12345), 0);
        struct cron cron = cron_inspect(path);
        assert_int_equal(cron.state, CRON_IGNORED);
        assert_string_equal(cron.problem, "root does not own it");
    }
}

static void test_cron_finds_words_in_active_lines(void **state)
{
    (void)state;
    assert_true(cron_has_line(write_file("a", "#* * * * * old.pl\n* * * * * old.pl\n"), "old.pl"));
    assert_false(cron_has_line(write_file("a", "#* * * * * old.pl\n"), "old.pl"));
    assert_false(cron_has_line(write_file("a", "# old.pl\n* * * * * new.pl\n"), "old.pl"));
    assert_false(cron_has_line("/nonexistent/a", "old.pl"));
}

static void make_process(const char *id, const char *name)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", directory, id);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/comm", id);
    (void)write_file(path, name);
}

static void test_cron_finds_the_daemon(void **state)
{
    (void)state;
    assert_int_equal(cron_daemon("/nonexistent"), CRON_DAEMON_UNKNOWN);
    /* process 1 is hidden, so other users' processes are too */
    assert_int_equal(cron_daemon(directory), CRON_DAEMON_UNKNOWN);
    make_process("1", "systemd\n");
    make_process("22", "sh\n");
    make_process("cron", "cron\n"); /* not a process */
    assert_int_equal(cron_daemon(directory), CRON_DAEMON_MISSING);
    make_process("333", "crond\n");
    assert_int_equal(cron_daemon(directory), CRON_DAEMON_RUNS);
    (void)write_file("333/comm", "cron\n");
    assert_int_equal(cron_daemon(directory), CRON_DAEMON_RUNS);
    (void)write_file("333/comm", "cronos\n");
    assert_int_equal(cron_daemon(directory), CRON_DAEMON_MISSING);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = { "a",        "1/comm", "1",    "22/comm", "22",
                                         "333/comm", "333",    "cron/comm", "cron" };
    char path[200];
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)remove(path);
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cron_finds_the_line_that_starts_a_run),
        cmocka_unit_test(test_cron_ignores_a_file_that_others_may_write),
        cmocka_unit_test(test_cron_finds_words_in_active_lines),
        cmocka_unit_test(test_cron_finds_the_daemon),
    };
    return cmocka_run_group_tests_name("cron", tests, make_directory, remove_directory);
}
