/* Tests of profile: names and paths. */
#include "../unit.h"

#include <getopt.h>

#include "config/profile.h"

static void test_profile_names_are_letters_digits_dashes_and_underscores(void **state)
{
    (void)state;
    static const char *const good[] = { "a", "acme", "Acme-2_b", "-", "0", "abcdefghijklmnopqrstuvwxyz012345" };
    static const char *const bad[] = { "", ".", "..", "a.b", "a/b", "../a", "a b", "a\n", "\xC3\xA9", "a'b",
                                       "abcdefghijklmnopqrstuvwxyz0123456" };
    for (size_t i = 0; i < UNIT_COUNT(good); i++)
        unit_true(good[i], profile_is_name(good[i]));
    for (size_t i = 0; i < UNIT_COUNT(bad); i++)
        unit_true(bad[i], !profile_is_name(bad[i]));
}

/* Parses a command line of at most 12 words. */
static int parse(const char *line, struct options *ret_options, struct err *err)
{
    static char text[300];
    static char *argv[16];
    int argc = 0;
    (void)snprintf(text, sizeof text, "did-optimizer-sync %s", line);
    for (char *word = strtok(text, " "); word != NULL && argc < 15; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    optind = 0;
    return options_parse(argc, argv, ret_options, err);
}

static void test_profile_sets_the_paths_that_are_not_named(void **state)
{
    (void)state;
    static const struct {
        const char *line, *own, *dids, *state_dir, *log, *state_base, *legacy;
    } rows[] = {
        { "--profile acme", "/etc/did-optimizer-sync.d/acme.conf", "/etc/asterisk/dids-acme.conf",
          "/var/lib/did-optimizer-sync/profiles/acme", "/var/log/did-optimizer-sync-acme.log",
          "/var/lib/did-optimizer-sync", "" },
        { "status --profile=B-1", "/etc/did-optimizer-sync.d/B-1.conf", "/etc/asterisk/dids-B-1.conf",
          "/var/lib/did-optimizer-sync/profiles/B-1", "/var/log/did-optimizer-sync-B-1.log",
          "/var/lib/did-optimizer-sync", "" },
        { "--profile acme --profiles-dir p --log -", "p/acme.conf", "/etc/asterisk/dids-acme.conf",
          "/var/lib/did-optimizer-sync/profiles/acme", "-", "/var/lib/did-optimizer-sync", "" },
        { "--config c --dids d --profile acme --state-dir s --log l --legacy-checkpoint x", "c", "d", "s", "l",
          NULL, "x" },
        { "run", "/etc/did-optimizer-sync.conf", "/etc/asterisk/dids.conf", "/var/lib/did-optimizer-sync",
          "/var/log/did-optimizer-sync.log", NULL, "/tmp/did-optimizer-last-check.txt" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct options options;
        struct err err = { .message = "" };
        unit_same_int(rows[i].line, parse(rows[i].line, &options, &err), 0);
        unit_same_text(rows[i].line, options.config.own, rows[i].own);
        unit_same_text(rows[i].line, options.config.dids, rows[i].dids);
        unit_same_text(rows[i].line, options.config.astguiclient, "/etc/astguiclient.conf");
        unit_same_text(rows[i].line, options.state_dir, rows[i].state_dir);
        unit_same_text(rows[i].line, options.log, rows[i].log);
        unit_same_text(rows[i].line, options.state_base, rows[i].state_base);
        unit_same_text(rows[i].line, options.legacy, rows[i].legacy);
        unit_same_int(rows[i].line, options.config.required_own, i < 4);
    }
}

static void test_profile_paths_derive_from_the_default_paths(void **state)
{
    (void)state;
    struct err err;
    struct options options = { .config = { .own = "o", .dids = "keys", .astguiclient = "a" },
                               .profiles_dir = "p",
                               .state_dir = "s",
                               .log = "/l/x.log.txt" };
    assert_int_equal(profile_select(&options, "acme", &err), 0);
    assert_string_equal(options.config.own, "p/acme.conf");
    assert_string_equal(options.config.dids, "keys-acme");
    assert_string_equal(options.state_dir, "s/profiles/acme");
    assert_string_equal(options.log, "/l/x.log.txt-acme");
    assert_string_equal(options.state_base, "s");
}

static void test_profile_paths_that_are_too_long_are_refused(void **state)
{
    (void)state;
    struct err err;
    char path[OPTIONS_PATH_SIZE];
    memset(path, 'x', sizeof path);
    path[sizeof path - 8] = '\0';
    struct options options = { .config = { .own = "o", .dids = "d", .astguiclient = "a" },
                               .profiles_dir = path,
                               .state_dir = "s",
                               .log = "l" };
    assert_int_equal(profile_select(&options, "acme", &err), -1);
    assert_int_equal(err.code, EX_USAGE);
}

static void test_profile_without_settings_exits_78_and_names_the_file(void **state)
{
    struct err err = { .message = "" };
    struct options options = { .config = { .own = "o", .dids = "d", .astguiclient = "a" },
                               .profiles_dir = *state,
                               .state_dir = "s",
                               .log = "l" };
    assert_int_equal(profile_check(&options, &err), 0); /* no profile is selected */
    assert_int_equal(profile_select(&options, "acme", &err), 0);
    assert_int_equal(profile_check(&options, &err), -1);
    assert_int_equal(err.code, EX_CONFIG);
    unit_has("the file", err.message, unit_path(*state, "acme.conf"));
    unit_write(unit_path(*state, "acme.conf"), "");
    assert_int_equal(profile_check(&options, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_names_are_letters_digits_dashes_and_underscores),
        cmocka_unit_test(test_profile_sets_the_paths_that_are_not_named),
        cmocka_unit_test(test_profile_paths_derive_from_the_default_paths),
        cmocka_unit_test(test_profile_paths_that_are_too_long_are_refused),
        unit_test_in_directory(test_profile_without_settings_exits_78_and_names_the_file),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
