/* Tests of options: commands, options, and the messages for mistakes. */
#include "../unit.h"

#include <getopt.h>

#include "config/options.h"

#define WORDS 20

/* Splits line at blanks and parses the words; "" means an empty word. */
static int parse(const char *line, struct options *ret_options, struct err *err)
{
    static char text[300]; /* static: struct options points into this text */
    static char *argv[WORDS + 2];
    int argc = 0;
    (void)snprintf(text, sizeof text, "did-optimizer-sync %s", line);
    for (char *word = strtok(text, " "); word != NULL && argc <= WORDS; word = strtok(NULL, " "))
        argv[argc++] = strcmp(word, "\"\"") == 0 ? word + 2 : word;
    argv[argc] = NULL;
    optind = 0; /* makes getopt_long start again */
    *err = (struct err){ .message = "" };
    return options_parse(argc, argv, ret_options, err);
}

static void test_options_default_to_a_run_with_the_documented_paths(void **state)
{
    (void)state;
    static const char *const rows[] = { "", "run", "--" };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct options options;
        struct err err;
        unit_same_int(rows[i], parse(rows[i], &options, &err), 0);
        unit_same_int(rows[i], options.command, COMMAND_RUN);
        unit_same_int(rows[i], options.argument_count, 0);
        unit_same_text(rows[i], options.config.astguiclient, "/etc/astguiclient.conf");
        unit_same_text(rows[i], options.config.dids, "/etc/asterisk/dids.conf");
        unit_same_text(rows[i], options.config.own, "/etc/did-optimizer-sync.conf");
        unit_same_text(rows[i], options.state_dir, "/var/lib/did-optimizer-sync");
        unit_same_text(rows[i], options.log, "/var/log/did-optimizer-sync.log");
        unit_true(rows[i], !options.config.required_astguiclient && !options.config.required_dids);
        unit_true(rows[i], !options.config.required_own && !options.cron && !options.dry_run);
        unit_true(rows[i], !options.json && !options.all && options.reason == NULL && options.before == NULL);
    }
}

static void test_options_take_every_path(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "--astguiclient a --dids b --config c --state-dir d --log e --cron --dry-run",
        "--astguiclient=a --dids=b --config=c --state-dir=d --log=e --cron --dry-run",
        "run --dry-run --cron --log e --state-dir d --config c --dids b --astguiclient a",
        "--log x --astguiclient a --dids b --config c --state-dir d run --log e --cron --dry-run",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct options options;
        struct err err;
        unit_same_int(rows[i], parse(rows[i], &options, &err), 0);
        unit_same_int(rows[i], options.command, COMMAND_RUN);
        unit_same_text(rows[i], options.config.astguiclient, "a");
        unit_same_text(rows[i], options.config.dids, "b");
        unit_same_text(rows[i], options.config.own, "c");
        unit_same_text(rows[i], options.state_dir, "d");
        unit_same_text(rows[i], options.log, "e");
        unit_true(rows[i], options.config.required_astguiclient && options.config.required_dids);
        unit_true(rows[i], options.config.required_own && options.cron && options.dry_run);
    }
}

static void test_options_require_only_the_named_files(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool astguiclient, dids, own;
    } rows[] = {
        { "--astguiclient a", true, false, false },
        { "--dids a", false, true, false },
        { "--config a", false, false, true },
        { "--log a --state-dir b", false, false, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct options options;
        struct err err;
        unit_same_int(rows[i].line, parse(rows[i].line, &options, &err), 0);
        unit_same_int(rows[i].line, options.config.required_astguiclient, rows[i].astguiclient);
        unit_same_int(rows[i].line, options.config.required_dids, rows[i].dids);
        unit_same_int(rows[i].line, options.config.required_own, rows[i].own);
    }
}

static void test_options_parse_every_command(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum command want;
        int want_count;
        const char *want_first; /* argument */
    } rows[] = {
        { "run", COMMAND_RUN, 0, NULL },
        { "check", COMMAND_CHECK, 0, NULL },
        { "status", COMMAND_STATUS, 0, NULL },
        { "checkpoint show", COMMAND_CHECKPOINT_SHOW, 0, NULL },
        { "checkpoint set 1729771200", COMMAND_CHECKPOINT_SET, 1, "1729771200" },
        { "checkpoint set \"\"", COMMAND_CHECKPOINT_SET, 1, "" },
        { "checkpoint reset", COMMAND_CHECKPOINT_RESET, 0, NULL },
        { "--state-dir d checkpoint --log - show", COMMAND_CHECKPOINT_SHOW, 0, NULL },
        { "failed list", COMMAND_FAILED_LIST, 0, NULL },
        { "failed list 1.1", COMMAND_FAILED_LIST, 1, "1.1" },
        { "failed retry 1.1 1.2 1.3", COMMAND_FAILED_RETRY, 3, "1.1" },
        { "report --html page", COMMAND_REPORT, 0, NULL },
        { "failed drop --log - 1.1 --state-dir d 1.2", COMMAND_FAILED_DROP, 2, "1.1" },
        { "history", COMMAND_HISTORY, 0, NULL },
        { "dispositions", COMMAND_DISPOSITIONS, 0, NULL },
        { "why 1.1", COMMAND_WHY, 1, "1.1" },
        { "metrics", COMMAND_METRICS, 0, NULL },
        { "health", COMMAND_HEALTH, 0, NULL },
        { "failed", COMMAND_FAILED_LIST, 0, NULL },
        { "failed --json --all", COMMAND_FAILED_LIST, 0, NULL },
        { "failed restore 1.1", COMMAND_FAILED_RESTORE, 1, "1.1" },
        { "help", COMMAND_HELP, 0, NULL },
        { "help failed drop", COMMAND_HELP, 2, "failed" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct options options;
        struct err err;
        unit_same_int(rows[i].line, parse(rows[i].line, &options, &err), 0);
        unit_same_int(rows[i].line, options.command, rows[i].want);
        unit_same_int(rows[i].line, options.argument_count, rows[i].want_count);
        if (rows[i].want_first != NULL)
            unit_same_text(rows[i].line, options.arguments[0], rows[i].want_first);
    }
}

static void test_options_help_and_version_override_any_command(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum command want;
    } rows[] = {
        { "--help", COMMAND_HELP },
        { "-h", COMMAND_HELP },
        { "-V", COMMAND_VERSION },
        { "-hV check", COMMAND_HELP },
        { "--version", COMMAND_VERSION },
        { "--help anything at all", COMMAND_HELP },
        { "check --help", COMMAND_HELP },
        { "bogus --version", COMMAND_VERSION },
        { "--version --dry-run --cron --json", COMMAND_VERSION },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct options options;
        struct err err;
        unit_same_int(rows[i].line, parse(rows[i].line, &options, &err), 0);
        unit_same_int(rows[i].line, options.command, rows[i].want);
    }
}

static void test_options_select_rejected_calls(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool json, all;
        const char *reason, *before;
    } rows[] = {
        { "status --json", true, false, NULL, NULL },
        { "failed list --json", true, false, NULL, NULL },
        { "failed retry --all", false, true, NULL, NULL },
        { "failed drop --reason 422 --before now", false, false, "422", "now" },
        { "--reason=422 --before=now failed list --json", true, false, "422", "now" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct options options;
        struct err err;
        unit_same_int(rows[i].line, parse(rows[i].line, &options, &err), 0);
        unit_same_int(rows[i].line, options.json, rows[i].json);
        unit_same_int(rows[i].line, options.all, rows[i].all);
        unit_same_text(rows[i].line, options.reason, rows[i].reason);
        unit_same_text(rows[i].line, options.before, rows[i].before);
    }
}

static void test_options_keep_the_texts_of_history_health_and_report(void **state)
{
    (void)state;
    struct options options;
    struct err err;
    assert_int_equal(parse("history --limit 5 --since now --json", &options, &err), 0);
    assert_string_equal(options.limit, "5");
    assert_string_equal(options.since, "now");
    assert_true(options.json);
    assert_int_equal(parse("metrics", &options, &err), 0);
    assert_int_equal(parse("health --warning 1 --critical=2", &options, &err), 0);
    assert_string_equal(options.warning, "1");
    assert_string_equal(options.critical, "2");
    assert_null(options.limit);
}

static void test_options_refuse_and_name_unknown_words(void **state)
{
    (void)state;
    static const struct {
        const char *line, *want;
    } rows[] = {
        { "--bogus", "--bogus" },
        { "--bogus=1", "--bogus" },
        { "run --bogus", "--bogus" },
        { "--log a --bogus --cron", "--bogus" },
        { "-x", "no option -x" },
        { "-xy", "no option -x" },
        { "--cron -xy run", "no option -x" },
        { "--dry-run=yes", "--dry-run" },
        { "--c", "--c" }, /* short for both --config and --cron */
        { "--log", "--log needs a value" },
        { "--dids a --config", "--config needs a value" },
        { "check --state-dir", "--state-dir needs a value" },
        { "bogus", "'bogus'" },
        { "bogus words", "'bogus words'" },
        { "RUN", "'RUN'" },
        { "\"\"", "''" },
        { "checkpoint", "'checkpoint'" },
        { "checkpoint bogus", "'checkpoint bogus'" },
        { "checkpoint set", "checkpoint set needs an argument" },
        { "checkpoint set 1 hour ago", "'hour' is one word too many" },
        { "checkpoint show all", "'all' is one word too many" },
        { "checkpoint reset now", "'now' is one word too many" },
        { "run now", "'now' is one word too many" },
        { "check it", "'it' is one word too many" },
        { "run check", "'check' is one word too many" },
        { "status now", "'now' is one word too many" },
        { "why", "why needs an argument" },
        { "why 1.1 1.2", "'1.2' is one word too many" },
        { "status --limit 1", "--limit cannot be used with status" },
        { "--since now run", "--since cannot be used with run" },
        { "metrics --output a", "--output" },
        { "metrics --warning 1", "--warning cannot be used with metrics" },
        { "metrics --critical 1", "--critical cannot be used with metrics" },
        { "health --json", "--json cannot be used with health" },
        { "failed bogus", "'failed bogus'" },
        { "failed list --reason", "--reason needs a value" },
        { "failed list --before", "--before needs a value" },
        { "check --dry-run", "--dry-run cannot be used with check" },
        { "check --cron", "--cron cannot be used with check" },
        { "status --html page", "--html cannot be used with status" },
        { "--template page", "--template cannot be used with run" },
        { "--cron checkpoint show", "--cron cannot be used with checkpoint" },
        { "--dry-run checkpoint reset", "--dry-run cannot be used with checkpoint" },
        { "--dry-run failed retry 1.1", "--dry-run cannot be used with failed" },
        { "--json", "--json cannot be used with run" },
        { "failed retry 1.1 --json", "--json cannot be used with failed" },
        { "run --all", "--all cannot be used with run" },
        { "status --reason x", "--reason cannot be used with status" },
        { "check --before now", "--before cannot be used with check" },
        { "--every", "--every needs a value" },
        { "--profile", "--profile needs a value" },
        { "--profile a.b", "'a.b' is no profile name" },
        { "check --profile a/b", "'a/b' is no profile name" },
        { "--profile a --all-profiles", "--profile cannot be used with --all-profiles" },
        { "--all-profiles --dry-run", "--dry-run cannot be used with --all-profiles" },
        { "status --all-profiles", "--all-profiles cannot be used with status" },
        { "--every 0", "--every takes a whole number of seconds from 1 to 3600" },
        { "--every 3601", "--every takes" },
        { "--every 5s", "--every takes" },
        { "check --every 5", "--every cannot be used with check" },
        { "--every 5 --cron", "--cron cannot be used with --every" },
        { "run --every 5 --dry-run", "--dry-run cannot be used with --every" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct options options;
        struct err err;
        unit_same_int(rows[i].line, parse(rows[i].line, &options, &err), -1);
        unit_same_int(rows[i].line, err.code, EX_USAGE);
        unit_has(rows[i].line, err.message, rows[i].want);
        unit_has(rows[i].line, err.message, "--help");
    }
}

static void test_options_after_two_dashes_are_arguments(void **state)
{
    (void)state;
    struct options options;
    struct err err;
    assert_int_equal(parse("-- checkpoint set --bogus", &options, &err), 0);
    assert_int_equal(options.command, COMMAND_CHECKPOINT_SET);
    assert_string_equal(options.arguments[0], "--bogus");
}

static void test_options_help_names_every_option_and_exit_code(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "--dry-run",
        "--cron",
        "--every SECONDS",
        "--profile NAME",
        "--all-profiles",
        "--profiles-dir DIR",
        "--astguiclient FILE",
        "--dids FILE",
        "--config FILE",
        "--state-dir DIR",
        "--log FILE",
        "--help",
        "--version",
        "run ",
        "check ",
        "checkpoint show",
        "checkpoint set WHEN",
        "checkpoint reset",
        "status ",
        "failed list",
        "retry",
        "failed drop",
        "--json",
        "--all",
        "--reason TEXT",
        "--before WHEN",
        "/etc/astguiclient.conf",
        "/etc/asterisk/dids.conf",
        "/etc/did-optimizer-sync.conf",
        "/var/lib/did-optimizer-sync",
        "/var/log/did-optimizer-sync.log",
        "0 done",
        "64 ",
        "69 ",
        "70 ",
        "74 ",
        "75 ",
        "77 ",
        "78 ",
    };
    for (size_t i = 0; i < UNIT_COUNT(parts); i++)
        unit_has(parts[i], options_help(), parts[i]);
    size_t width = 0;
    for (const char *line = options_help(); *line != '\0'; line += width + 1) {
        width = strcspn(line, "\n");
        unit_true(line, width <= 110);
        unit_true("the help ends with a line end", line[width] == '\n');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_default_to_a_run_with_the_documented_paths),
        cmocka_unit_test(test_options_take_every_path),
        cmocka_unit_test(test_options_require_only_the_named_files),
        cmocka_unit_test(test_options_parse_every_command),
        cmocka_unit_test(test_options_help_and_version_override_any_command),
        cmocka_unit_test(test_options_select_rejected_calls),
        cmocka_unit_test(test_options_keep_the_texts_of_history_health_and_report),
        cmocka_unit_test(test_options_refuse_and_name_unknown_words),
        cmocka_unit_test(test_options_after_two_dashes_are_arguments),
        cmocka_unit_test(test_options_help_names_every_option_and_exit_code),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
