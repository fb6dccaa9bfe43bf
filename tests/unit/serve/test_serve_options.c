/* Tests of serve_options and serve_settings: the command line and the file of the live page. */
#include "../unit.h"

#include "serve/serve_options.h"
#include "serve/serve_settings.h"

static struct serve_options options;
static struct err err;

static int parse(const char *line)
{
    static char room[400];
    static char *words[30];
    int count = 0;
    (void)snprintf(room, sizeof room, "%s", line);
    for (char *at = room; *at != '\0' && count < 29;) {
        words[count++] = at;
        at += strcspn(at, " ");
        if (*at == ' ')
            *at++ = '\0';
    }
    words[count] = NULL;
    return serve_options_parse(count, words, &options, &err);
}

static void test_serve_options_read_commands(void **state)
{
    static const struct {
        const char *line;
        enum serve_command command;
        const char *name, *problem; /* problem NULL: it is right */
    } rows[] = {
        { "serve", SERVE_RUN, NULL, NULL },
        { "serve run", SERVE_RUN, NULL, NULL },
        { "serve user add ann --role admin", SERVE_USER_ADD, "ann", NULL },
        { "serve --role=viewer user add bob", SERVE_USER_ADD, "bob", NULL },
        { "serve user list", SERVE_USER_LIST, NULL, NULL },
        { "serve user remove ann", SERVE_USER_REMOVE, "ann", NULL },
        { "serve user password ann", SERVE_USER_PASSWORD, "ann", NULL },
        { "serve token ann --days 7", SERVE_TOKEN, "ann", NULL },
        { "serve forget", SERVE_FORGET, NULL, NULL },
        { "serve --as-root run", SERVE_RUN, NULL, NULL },
        { "serve --help", SERVE_HELP, NULL, NULL },
        { "serve -V", SERVE_VERSION, NULL, NULL },
        { "serve user add ann", SERVE_RUN, NULL, "needs --role" },
        { "serve user add --role admin", SERVE_RUN, NULL, "needs the name" },
        { "serve user add ann --role root", SERVE_RUN, NULL, "admin or viewer" },
        { "serve token ann --role admin", SERVE_RUN, NULL, "cannot be used" },
        { "serve user list --days 3", SERVE_RUN, NULL, "cannot be used" },
        { "serve token ann --days 0", SERVE_RUN, NULL, "from 1 to 3650" },
        { "serve token ann --days 3651", SERVE_RUN, NULL, "from 1 to 3650" },
        { "serve token ann bob", SERVE_RUN, NULL, "one word too many" },
        { "serve user", SERVE_RUN, NULL, "no command 'user'" },
        { "serve user kill", SERVE_RUN, NULL, "no command 'user kill'" },
        { "serve forget ann", SERVE_RUN, NULL, "one word too many" },
        { "serve --page", SERVE_RUN, NULL, "needs a value" },
        { "serve --listen x", SERVE_RUN, NULL, "no option --listen" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int result = parse(rows[i].line);
        unit_same_int(rows[i].line, result, rows[i].problem == NULL ? 0 : -1);
        if (rows[i].problem != NULL) {
            unit_has(rows[i].line, err.message, rows[i].problem);
            continue;
        }
        unit_same_int(rows[i].line, (int)options.command, (int)rows[i].command);
        unit_same_text(rows[i].line, options.name, rows[i].name);
    }
}

static void test_serve_options_pass_the_paths_on(void **state)
{
    (void)state;
    assert_int_equal(parse("serve --config /a --state-dir=/b --serve-config /c user list --log /d"), 0);
    assert_string_equal(options.config, "/c");
    assert_string_equal(options.paths.config.own, "/a");
    assert_string_equal(options.paths.state_dir, "/b");
    assert_string_equal(options.paths.log, "/d");
    static const char *const wanted[] = { "--config", "/a", "--state-dir=/b", "--log", "/d" };
    assert_int_equal(options.passed_count, UNIT_COUNT(wanted));
    for (size_t i = 0; i < UNIT_COUNT(wanted); i++)
        assert_string_equal(options.passed[i], wanted[i]);
    assert_null(options.passed[UNIT_COUNT(wanted)]);
    assert_int_equal(parse("serve --log a --log b --log c --log d --log e --log f --log g --log h"), 0);
    assert_int_equal(parse("serve --log a --log b --log c --log d --log e --log f --log g --log h --log i"), -1);
    assert_non_null(strstr(err.message, "too many options"));
}

static struct serve_settings settings;

static int load(const char *directory, const char *text)
{
    char path[400];
    (void)snprintf(path, sizeof path, "%s/serve.conf", directory);
    unit_write(path, text);
    serve_settings_free(&settings);
    return serve_settings_load(path, false, &settings, &err);
}

static void test_serve_settings_have_defaults_and_take_values(void **state)
{
    assert_int_equal(serve_settings_load("/proc/nonexistent/x", false, &settings, &err), 0);
    assert_string_equal(settings.listen, "127.0.0.1:8470");
    assert_string_equal(settings.users, "/etc/did-optimizer-sync-serve.users");
    assert_false(settings.read_only);
    assert_int_equal(settings.session_hours, 12);
    assert_int_equal(load(*state, "[serve]\nlisten = unix:/x ; here\nread_only = yes\nsession_hours=168\n"
                                  "tls_certificate = /c\ntls_key = /k\nlogin_attempts = 1\nidle_minutes = 10080\n"), 0);
    assert_string_equal(settings.listen, "unix:/x");
    assert_string_equal(settings.tls_key, "/k");
    assert_true(settings.read_only);
    assert_int_equal(settings.session_hours, 168);
    assert_int_equal(settings.login_attempts, 1);
    serve_settings_free(&settings);
    assert_int_equal(serve_settings_load("/proc/nonexistent/x", true, &settings, &err), -1);
    serve_settings_free(&settings);
}

static void test_serve_settings_are_all_in_the_shipped_file(void **state)
{
    (void)state;
    char *shipped = unit_read("conf/did-optimizer-sync-serve.conf");
    char *manual = unit_read("packaging/man/did-optimizer-sync-serve.8");
    static const char *const keys[] = { "listen", "socket_group", "tls_certificate", "tls_key", "users", "read_only",
                                        "session_hours", "idle_minutes", "login_attempts" };
    for (size_t i = 0; i < UNIT_COUNT(keys); i++) {
        char line[60];
        (void)snprintf(line, sizeof line, "\n;%s =", keys[i]);
        unit_has(keys[i], shipped, line);
        unit_has(keys[i], manual, keys[i]);
    }
    free(manual);
    free(shipped);
}

static void test_serve_settings_name_file_and_line_of_a_mistake(void **state)
{
    static const struct {
        const char *text, *problem;
    } rows[] = {
        { "[serve]\nlisten_on = x\n", "serve.conf:2: there is no setting listen_on in [serve]" },
        { "[page]\nlisten = x\n", "serve.conf:2: there is no setting listen in [page]" },
        { "[serve]\nread_only = maybe\n", "serve.conf:2: read_only must be yes or no" },
        { "[serve]\nsession_hours = 169\n", "must be a whole number from 1 to 168" },
        { "[serve]\nsession_hours = 0\n", "must be a whole number from 1 to 168" },
        { "[serve]\nusers = a\nusers = b\n", "serve.conf:3: line 2 sets users already" },
        { "[serve]\nnonsense\nread_only = maybe\n", "serve.conf:2: 'nonsense'" },
        { "[serve]\ntls_key = x\n", "belong together" },
        { "[serve]\ntls_certificate = x\n", "belong together" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_int(rows[i].text, load(*state, rows[i].text), -1);
        unit_same_int(rows[i].text, err.code, EX_CONFIG);
        unit_has(rows[i].text, err.message, rows[i].problem);
    }
    serve_settings_free(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serve_options_read_commands),
        cmocka_unit_test(test_serve_options_pass_the_paths_on),
        unit_test_in_directory(test_serve_settings_have_defaults_and_take_values),
        cmocka_unit_test(test_serve_settings_are_all_in_the_shipped_file),
        unit_test_in_directory(test_serve_settings_name_file_and_line_of_a_mistake),
    };
    return cmocka_run_group_tests_name("serve_options", tests, NULL, NULL);
}
