/* Tests of config: the source and the range of each value. The problems are in test_config_problems.c. */
#include "../unit.h"

#include <libgen.h>

#include "config/config.h"

#define DIDS_KEY "[general]\napi_key = k-123\n"

static const char *const environment[] = {
    "API_KEY",          "DID_OPTIMIZER_API_URL", "VICIDIAL_DB_HOST", "VICIDIAL_DB_USER", "VICIDIAL_DB_PASSWORD",
    "VICIDIAL_DB_NAME", "VICIDIAL_DB_PORT",
};

static int enter(void **state)
{
    for (size_t i = 0; i < UNIT_COUNT(environment); i++)
        (void)unsetenv(environment[i]);
    return unit_create_directory(state);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, enter, unit_remove_directory)

/* Writes each file that has a text, and loads the files. Problems fail the test, unless ret_problems counts them. */
static struct config load(const char *directory, const char *dids, const char *astguiclient, const char *own,
                          int *ret_problems)
{
    struct {
        char path[512];
        const char *text;
    } files[] = { { "", dids }, { "", astguiclient }, { "", own } };
    static const char *const names[] = { "dids.conf", "astguiclient.conf", "own.conf" };
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        (void)snprintf(files[i].path, sizeof files[i].path, "%s/%s", directory, names[i]);
        (void)unlink(files[i].path);
        if (files[i].text != NULL)
            unit_write(files[i].path, files[i].text);
    }
    struct config_paths paths = { .dids = files[0].path, .astguiclient = files[1].path, .own = files[2].path };
    struct config config;
    struct config_problems problems;
    config_load(&paths, &config, &problems);
    for (int i = 0; i < problems.count && ret_problems == NULL; i++)
        print_error("%s\n", problems.texts[i]);
    if (ret_problems != NULL)
        *ret_problems = problems.count;
    else
        assert_int_equal(problems.count, 0);
    config_problems_free(&problems);
    return config;
}

/* ---- layers ---- */

static const struct field {
    const char *dids, *astguiclient, *own, *environment, *initial;
    size_t offset;
    bool number;
} fields[] = {
    { "db_host", "VARDB_server", "host", "VICIDIAL_DB_HOST", "localhost", offsetof(struct config, database.host),
      false },
    { "db_user", "VARDB_user", "user", "VICIDIAL_DB_USER", "cron", offsetof(struct config, database.user), false },
    { "db_pass", "VARDB_pass", "password", "VICIDIAL_DB_PASSWORD", "1234", offsetof(struct config, database.password),
      false },
    { "db_name", "VARDB_database", "name", "VICIDIAL_DB_NAME", "asterisk", offsetof(struct config, database.name),
      false },
    { "db_port", "VARDB_port", "port", "VICIDIAL_DB_PORT", "3306", offsetof(struct config, database.port), true },
};

static const char *value_of(const struct config *config, const struct field *field)
{
    static char number[32];
    const char *at = (const char *)config + field->offset;
    if (!field->number)
        return *(char *const *)(const void *)at;
    (void)snprintf(number, sizeof number, "%lld", (long long)*(const int64_t *)(const void *)at);
    return number;
}

enum { LAYER_DIDS = 1, LAYER_ASTGUICLIENT = 2, LAYER_OWN = 4, LAYER_ENVIRONMENT = 8, LAYERS = 16 };

/* Each of the five values with each of the 16 subsets of the layers: the highest layer present must win. */
static void test_config_takes_each_database_value_from_the_highest_layer(void **state)
{
    for (size_t i = 0; i < UNIT_COUNT(fields); i++) {
        const struct field *field = &fields[i];
        for (int layers = 0; layers < LAYERS; layers++) {
            char dids[200] = DIDS_KEY, ast[100] = "", own[100] = "[database]\n", row[60];
            if (layers & LAYER_DIDS)
                (void)snprintf(dids, sizeof dids, DIDS_KEY "%s = 1001\n", field->dids);
            if (layers & LAYER_ASTGUICLIENT)
                (void)snprintf(ast, sizeof ast, "%s => 1002\n", field->astguiclient);
            if (layers & LAYER_OWN)
                (void)snprintf(own, sizeof own, "[database]\n%s = 1003\n", field->own);
            if (layers & LAYER_ENVIRONMENT)
                (void)setenv(field->environment, "1004", 1);
            const char *want = layers & LAYER_ENVIRONMENT    ? "1004"
                               : layers & LAYER_OWN          ? "1003"
                               : layers & LAYER_ASTGUICLIENT ? "1002"
                               : layers & LAYER_DIDS         ? "1001"
                                                             : field->initial;
            struct config config = load(*state, dids, ast, own, NULL);
            (void)snprintf(row, sizeof row, "%s, layers %d", field->own, layers);
            unit_same_text(row, value_of(&config, field), want);
            config_free(&config);
            (void)unsetenv(field->environment);
        }
    }
}

static void test_config_takes_api_values_from_environment_then_dids_then_default(void **state)
{
    static const struct {
        const char *dids, *url, *key, *want_url, *want_key, *want_key_origin;
    } rows[] = {
        { DIDS_KEY, NULL, NULL, "http://localhost:5000", "k-123", "dids.conf:2" },
        { DIDS_KEY "api_base_url = https://d.example\n", NULL, NULL, "https://d.example", "k-123", "dids.conf:2" },
        { DIDS_KEY "api_base_url = https://d.example\n", "https://e.example", "k-env", "https://e.example", "k-env",
          "environment variable API_KEY" },
        { DIDS_KEY "api_base_url = https://d.example\n", "", "", "https://d.example", "k-123", "dids.conf:2" },
        { NULL, NULL, "k-env", "http://localhost:5000", "k-env", "environment variable API_KEY" },
        { DIDS_KEY "api_base_url =\n", NULL, NULL, "http://localhost:5000", "k-123", "dids.conf:2" },
        { DIDS_KEY "api_base_url = https://d.example/base///\n", NULL, NULL, "https://d.example/base", "k-123",
          "dids.conf:2" },
        { DIDS_KEY "api_key = k-later\n", NULL, NULL, "http://localhost:5000", "k-later", "dids.conf:3" },
        { DIDS_KEY "api_key =\n", NULL, NULL, "http://localhost:5000", "k-123", "dids.conf:2" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[16];
        (void)snprintf(row, sizeof row, "row %zu", i);
        if (rows[i].url != NULL)
            (void)setenv("DID_OPTIMIZER_API_URL", rows[i].url, 1);
        if (rows[i].key != NULL)
            (void)setenv("API_KEY", rows[i].key, 1);
        struct config config = load(*state, rows[i].dids, NULL, NULL, NULL);
        unit_same_text(row, config.api.base_url, rows[i].want_url);
        unit_same_text(row, config.api.key, rows[i].want_key);
        unit_has(row, config.api.key_origin, rows[i].want_key_origin);
        config_free(&config);
        (void)unsetenv("DID_OPTIMIZER_API_URL");
        (void)unsetenv("API_KEY");
    }
}

static void test_config_distinguishes_an_empty_from_a_missing_password(void **state)
{
    static const struct {
        const char *dids, *astguiclient, *own, *want_password, *want_host;
        int64_t want_port;
    } rows[] = {
        { DIDS_KEY "db_pass =\ndb_host =\n", "", "", "", "localhost", 3306 },
        { DIDS_KEY "db_pass = x\ndb_host = h\n", "VARDB_pass =>\nVARDB_server =>\n", "", "", "h", 3306 },
        { DIDS_KEY, "VARDB_pass => x\n", "[database]\npassword =\n", "", "localhost", 3306 },
        /* VICIdial too takes its default for an empty port */
        { DIDS_KEY "db_port = 3307\n", "VARDB_port =>\n", "", "1234", "localhost", 3306 },
        { DIDS_KEY "db_port =\n", "", "", "1234", "localhost", 3306 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[16];
        (void)snprintf(row, sizeof row, "row %zu", i);
        struct config config = load(*state, rows[i].dids, rows[i].astguiclient, rows[i].own, NULL);
        unit_same_text(row, config.database.password, rows[i].want_password);
        unit_same_text(row, config.database.host, rows[i].want_host);
        unit_same_int(row, config.database.port, rows[i].want_port);
        config_free(&config);
    }
}

static void test_config_needs_only_the_api_key(void **state)
{
    (void)setenv("API_KEY", "k-env", 1);
    struct config config = load(*state, NULL, NULL, NULL, NULL);
    (void)unsetenv("API_KEY");
    assert_string_equal(config.database.host, "localhost");
    assert_int_equal(config.api.timeout, 10);
    config_free(&config);
}

/* ---- dids.conf: other programs use it too ---- */

static void test_config_ignores_lines_of_other_programs_in_dids_conf(void **state)
{
    static const char *const rows[] = {
        "[general]\napi_key = k-123\napi_timeout = 7\n",
        "api_key = k-123\napi_timeout = 7\n",
        "[general]\napi_key => k-123\napi_timeout => 7\n",
        "[general]\napi_key=k-123\napi_timeout=>7\n",
        "[general]\n   api_key = k-123\n\tapi_timeout = 7\n",
        "[general]\r\napi_key = k-123\r\napi_timeout = 7\r\n",
        "\xEF\xBB\xBF[general]\napi_key = k-123\napi_timeout = 7\n",
        ("\xEF\xBB\xBF" "api_key = k-123\napi_timeout = 7\n"),
        "[General]\nAPI_KEY = k-123\nApi_Timeout = 7\n",
        "; x\n[general]\nfallback_did = 1\nunknown thing\n<xml>\napi_key = k-123 ; ours\napi_timeout = 7\n",
        "[other]\napi_key = k-other\napi_timeout = 9\ndb_host = h\n[general]\napi_key = k-123\napi_timeout = 7\n",
        "[general]\napi_key = k-123\napi_timeout = 7\n[other]\napi_key = k-other\napi_timeout = zz\ndb_host = h\n",
        "[general]\napi_key = k-123\napi_timeout = 7\nlog_level = 99\nbatch_size = -1\nformat = xml\n",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int problems = -1;
        struct config config = load(*state, rows[i], NULL, NULL, &problems);
        unit_same_int(rows[i], problems, 0);
        unit_same_text(rows[i], config.api.key, "k-123");
        unit_same_int(rows[i], config.api.timeout, 7);
        unit_same_text(rows[i], config.database.host, "localhost");
        unit_same_int(rows[i], config.sync.batch_size, 500);
        config_free(&config);
    }
}

/* The same rule for both files: only a password has no comment. */
static void test_config_removes_comments_from_values(void **state)
{
    struct config config = load(*state,
                                "[general] # ours\napi_key = k-1 # of March\napi_timeout = 7\t; seconds\n"
                                "api_base_url = https://a.example/x ;y\ndb_pass = p ; q # r\n",
                                "", "[sync]\nbatch_size = 400 # not 500\ncampaigns = A B ;C\n", NULL);
    assert_string_equal(config.api.key, "k-1");
    assert_int_equal(config.api.timeout, 7);
    assert_string_equal(config.api.base_url, "https://a.example/x");
    assert_string_equal(config.database.password, "p ; q # r");
    assert_int_equal(config.sync.batch_size, 400);
    assert_string_equal(config.sync.campaigns, "A B");
    config_free(&config);
    config = load(*state, DIDS_KEY, "", "[database]\npassword = p ; q # r\nhost = h # q\n", NULL);
    assert_string_equal(config.database.password, "p ; q # r");
    assert_string_equal(config.database.host, "h");
    config_free(&config);
}

static void test_config_accepts_a_long_list_of_campaigns(void **state)
{
    char own[4200] = "[sync]\ncampaigns = ", want[4096] = "";
    for (int i = 0; i < 400; i++)
        (void)snprintf(want + strlen(want), sizeof want - strlen(want), "%sCAMP%d", i > 0 ? " " : "", 1000 + i);
    (void)snprintf(own + strlen(own), sizeof own - strlen(own), "%s\n", want);
    struct config config = load(*state, DIDS_KEY, "", own, NULL);
    assert_string_equal(config.sync.campaigns, want);
    config_free(&config);
}

static void test_config_reads_yes_and_no_in_the_usual_words(void **state)
{
    static const struct {
        const char *word;
        bool want;
    } rows[] = {
        { "yes", true },   { "true", true }, { "1", true },  { "on", true },  { "YES", true }, { "On", true },
        { "no", false },   { "false", false }, { "0", false }, { "off", false }, { "No", false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char dids[80], own[120];
        (void)snprintf(dids, sizeof dids, DIDS_KEY "verify_ssl = %s\n", rows[i].word);
        (void)snprintf(own, sizeof own, "[sync]\nresend_changed = %s\n[api]\nallow_insecure_http = %s\n", rows[i].word,
                       rows[i].word);
        struct config config = load(*state, dids, NULL, own, NULL);
        unit_same_int(rows[i].word, config.api.verify_ssl, rows[i].want);
        unit_same_int(rows[i].word, config.sync.resend_changed, rows[i].want);
        unit_same_int(rows[i].word, config.api.allow_insecure_http, rows[i].want);
        config_free(&config);
    }
}

static void test_config_has_safe_defaults(void **state)
{
    struct config config = load(*state, DIDS_KEY, NULL, NULL, NULL);
    assert_true(config.api.verify_ssl);
    assert_false(config.api.allow_insecure_http);
    assert_true(config.sync.resend_changed);
    assert_string_equal(config.api.ca_file, "");
    assert_string_equal(config.database.socket, "");
    assert_string_equal(config.database.ssl_ca, "");
    assert_string_equal(config.sync.not_final, "INCALL QUEUE DISPO");
    assert_string_equal(config.sync.campaigns, "");
    assert_string_equal(config.sync.exclude_campaigns, "");
    assert_string_equal(config.sync.unsettled, "DONEM PU AA AM UNKAM XFER");
    assert_int_equal(config.log_format, LOG_FORMAT_TEXT);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_false(config.mask_phone);
    config_free(&config);
    config_free(&config); /* a second call does no harm */
}

static void test_config_makes_a_relative_path_absolute(void **state)
{
    char *here = getcwd(NULL, 0), want[600];
    struct config config = load(*state, DIDS_KEY, NULL, "[api]\nca_file = api.pem\n[database]\nsocket = x.sock\n"
                                "ssl_ca = tls/db.pem\n", NULL);
    (void)snprintf(want, sizeof want, "%s/api.pem", here);
    assert_string_equal(config.api.ca_file, want);
    (void)snprintf(want, sizeof want, "%s/x.sock", here);
    assert_string_equal(config.database.socket, want);
    (void)snprintf(want, sizeof want, "%s/tls/db.pem", here);
    assert_string_equal(config.database.ssl_ca, want);
    config_free(&config);
    free(here);
}

static void test_config_reads_texts_log_and_dispositions_of_our_own_file(void **state)
{
    static const char own[] = "[sync]\nnot_final = INCALL WAIT\nunsettled =\n"
                              "campaigns = SALES, TEST\nexclude_campaigns = TEST\n"
                              "[api]\nca_file = /etc/ca.pem\n"
                              "[database]\nsocket = /run/x.sock\nssl_ca = /etc/db.pem\n"
                              "[LOG]\nFORMAT = JSON\nlevel = Debug\nmask_phone = yes\n"
                              "[dispositions]\nAB = busy\nsale = completed\n* = no_answer\n";
    struct config config = load(*state, DIDS_KEY, NULL, own, NULL);
    assert_string_equal(config.sync.not_final, "INCALL WAIT");
    assert_string_equal(config.sync.campaigns, "SALES, TEST");
    assert_string_equal(config.sync.exclude_campaigns, "TEST");
    assert_string_equal(config.sync.unsettled, "");
    assert_string_equal(config.api.ca_file, "/etc/ca.pem");
    assert_string_equal(config.database.socket, "/run/x.sock");
    assert_string_equal(config.database.ssl_ca, "/etc/db.pem");
    assert_int_equal(config.log_format, LOG_FORMAT_JSON);
    assert_int_equal(config.log_level, LOG_DEBUG);
    assert_true(config.mask_phone);
    assert_string_equal(disposition_result(config.dispositions, "AB"), "busy");
    assert_string_equal(disposition_result(config.dispositions, "SALE"), "completed");
    assert_string_equal(disposition_result(config.dispositions, "DNC"), "dnc");
    assert_string_equal(disposition_result(config.dispositions, "XYZ"), "no_answer");
    config_free(&config);
}

/* ---- the shipped file ---- */

/* The file of the source tree; its path follows from the path of this program below build/. */
static char *shipped_file(void)
{
    char path[500] = "";
    assert_true(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    while (strlen(path) > 1) {
        (void)dirname(path);
        char *text = unit_read(unit_path(path, "conf/did-optimizer-sync.conf"));
        if (text != NULL)
            return text;
    }
    fail_msg("conf/did-optimizer-sync.conf is not found above this program");
    return NULL;
}

/* Removes the ';' of each `;key = value`. */
static void uncomment(char *text)
{
    for (char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (*line == ';')
            *line = ' ';
    }
}

#define NUMBER(key, member) { ";" key " = ", offsetof(struct config, member) }

static const struct {
    const char *line; /* the beginning of the line in the shipped file */
    size_t offset;
} numbers[] = {
    NUMBER("batch_size", sync.batch_size),
    NUMBER("time_budget", sync.time_budget),
    NUMBER("overlap", sync.overlap),
    NUMBER("splay", sync.splay),
    NUMBER("takeover_after", sync.takeover_after),
    NUMBER("settle", sync.settle),
    NUMBER("poll_window", sync.poll_window),
    NUMBER("first_run_lookback", sync.first_run_lookback),
    NUMBER("sweep_interval", sync.sweep_interval),
    NUMBER("sweep_window", sync.sweep_window),
    NUMBER("not_final_horizon", sync.not_final_horizon),
    NUMBER("unsettled_hold", sync.unsettled_hold),
    NUMBER("max_attempts", sync.max_attempts),
    NUMBER("retry_base", sync.retry_base),
    NUMBER("retry_cap", sync.retry_cap),
    NUMBER("retention_days", sync.retention_days),
    NUMBER("rejected_retention_days", sync.rejected_retention_days),
    NUMBER("backfill_rate", sync.backfill_rate),
    NUMBER("concurrency", api.concurrency),
    NUMBER("max_concurrency", api.max_concurrency),
    NUMBER("connect_timeout", api.connect_timeout),
    NUMBER("connect_timeout", database.connect_timeout),
    NUMBER("read_timeout", database.read_timeout),
    NUMBER("max_statement_time", database.max_statement_time),
    NUMBER("max_server_time", database.max_server_time),
};

static const char *const other_lines[] = {
    ";campaigns =",  ";exclude_campaigns =",
    ";not_final = ", ";unsettled = ", ";resend_changed = ", ";allow_insecure_http = ",
    ";ca_file =",    ";host = ",      ";user = ",           ";password =",
    ";name = ",      ";port = ",      ";socket =",          ";ssl_ca =",
    ";format = ",    ";level = ", ";mask_phone = ",
};

static void test_config_shipped_file_documents_every_setting(void **state)
{
    (void)state;
    char *shipped = shipped_file();
    for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
        unit_has(numbers[i].line, shipped, numbers[i].line);
    for (size_t i = 0; i < UNIT_COUNT(other_lines); i++)
        unit_has(other_lines[i], shipped, other_lines[i]);
    free(shipped);
}

static void test_config_shipped_file_shows_the_defaults(void **state)
{
    char *shipped = shipped_file();
    struct config untouched = load(*state, DIDS_KEY, NULL, shipped, NULL); /* the unchanged file is valid */
    config_free(&untouched);
    struct config defaults = load(*state, DIDS_KEY, NULL, NULL, NULL);
    uncomment(shipped);
    struct config shown = load(*state, DIDS_KEY, NULL, shipped, NULL);
    for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
        unit_same_int(numbers[i].line, *(int64_t *)(void *)((char *)&shown + numbers[i].offset),
                      *(int64_t *)(void *)((char *)&defaults + numbers[i].offset));
    for (size_t i = 0; i < UNIT_COUNT(fields); i++)
        if (strcmp(fields[i].own, "password") != 0) { /* the shipped file does not repeat VICIdial's default password */
            char want[40];
            (void)snprintf(want, sizeof want, "%s", value_of(&defaults, &fields[i]));
            unit_same_text(fields[i].own, value_of(&shown, &fields[i]), want);
        }
    assert_string_equal(shown.sync.not_final, defaults.sync.not_final);
    assert_string_equal(shown.sync.campaigns, defaults.sync.campaigns);
    assert_string_equal(shown.sync.exclude_campaigns, defaults.sync.exclude_campaigns);
    assert_string_equal(shown.sync.unsettled, defaults.sync.unsettled);
    assert_int_equal(shown.sync.resend_changed, defaults.sync.resend_changed);
    assert_int_equal(shown.api.allow_insecure_http, defaults.api.allow_insecure_http);
    assert_int_equal(shown.log_format, defaults.log_format);
    assert_int_equal(shown.log_level, defaults.log_level);
    assert_int_equal(shown.mask_phone, defaults.mask_phone);
    static const char *const statuses[] = { "SALE", "A", "DNC", "B", "NA", "NO", "BUSY", "DROP", "AMD", "anything" };
    for (size_t i = 0; i < UNIT_COUNT(statuses); i++)
        unit_same_text(statuses[i], disposition_result(shown.dispositions, statuses[i]),
                       disposition_result(defaults.dispositions, statuses[i]));
    config_free(&defaults);
    config_free(&shown);
    free(shipped);
}

/* ---- settings of one type, and files that the types do not use ---- */

static void test_config_keeps_each_setting_of_a_type_with_its_file_and_line(void **state)
{
    struct config config = load(*state, DIDS_KEY, NULL,
                                "[source]\ncolour = red\n[Sink]\nSecret = a ;b\nnote = c ;d\n[sink]\nempty =\n", NULL);
    assert_int_equal(config.source_params.count, 1);
    assert_string_equal(params_text(&config.source_params, "colour", ""), "red");
    assert_int_equal(config.sink_params.count, 3);
    assert_string_equal(params_text(&config.sink_params, "secret", ""), "a ;b");
    assert_string_equal(params_text(&config.sink_params, "note", ""), "c");
    assert_string_equal(params_text(&config.sink_params, "empty", "unset"), "");
    unit_has("place", params_find(&config.sink_params, "note")->origin, "/own.conf:5");
    config_free(&config);
}

static void test_config_refuses_a_setting_of_a_type_that_is_set_twice(void **state)
{
    int problems = 0;
    struct config config = load(*state, DIDS_KEY, NULL, "[sink]\nurl = a\nURL = b\n", &problems);
    assert_int_equal(problems, 1);
    config_free(&config);
}

static unsigned parts_of_the_test(const char *source_type, const char *sink_type)
{
    return (strcmp(source_type, "other") == 0 ? 0U : CONFIG_DATABASE) |
           (strcmp(sink_type, "other") == 0 ? 0U : CONFIG_API);
}

/* Each file and variable that depends on the type has a mistake. Without a problem, config has not read them. */
static void test_config_reads_only_the_files_that_the_types_use(void **state)
{
    static const struct {
        const char *own;
        unsigned parts;
        int problems;
        const char *host;
    } rows[] = {
        { "", CONFIG_API | CONFIG_DATABASE, 3, "from-astguiclient" },
        { "[sink]\ntype = other\n", CONFIG_DATABASE, 2, "from-astguiclient" },
        { "[source]\ntype = other\n", CONFIG_API, 1, "localhost" },
        { "[source]\ntype = other\n[sink]\ntype = other\n", 0, 0, "localhost" },
    };
    assert_int_equal(setenv("VICIDIAL_DB_PORT", "none", 1), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *dids = unit_path(*state, "dids.conf"), *astguiclient = unit_path(*state, "astguiclient.conf");
        const char *own = unit_path(*state, "own.conf");
        unit_write(dids, "[general]\n"); /* no key */
        unit_write(astguiclient, "VARDB_server => from-astguiclient\nVARDB_port => none\n");
        unit_write(own, rows[i].own);
        struct config_paths paths = { .dids = dids, .astguiclient = astguiclient, .own = own,
                                      .parts_of = parts_of_the_test };
        struct config config;
        struct config_problems problems;
        config_load(&paths, &config, &problems);
        unit_same_int(rows[i].own, problems.count, rows[i].problems);
        unit_same_int(rows[i].own, config.parts, rows[i].parts);
        unit_same_text(rows[i].own, config.database.host, rows[i].host);
        unit_same_int(rows[i].own, config_has_key(&paths), (rows[i].parts & CONFIG_API) == 0);
        config_problems_free(&problems);
        config_free(&config);
    }
    assert_int_equal(unsetenv("VICIDIAL_DB_PORT"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_config_takes_each_database_value_from_the_highest_layer),
        in_directory(test_config_takes_api_values_from_environment_then_dids_then_default),
        in_directory(test_config_distinguishes_an_empty_from_a_missing_password),
        in_directory(test_config_needs_only_the_api_key),
        in_directory(test_config_ignores_lines_of_other_programs_in_dids_conf),
        in_directory(test_config_reads_yes_and_no_in_the_usual_words),
        in_directory(test_config_removes_comments_from_values),
        in_directory(test_config_accepts_a_long_list_of_campaigns),
        in_directory(test_config_has_safe_defaults),
        in_directory(test_config_makes_a_relative_path_absolute),
        in_directory(test_config_reads_texts_log_and_dispositions_of_our_own_file),
        cmocka_unit_test(test_config_shipped_file_documents_every_setting),
        in_directory(test_config_shipped_file_shows_the_defaults),
        in_directory(test_config_keeps_each_setting_of_a_type_with_its_file_and_line),
        in_directory(test_config_refuses_a_setting_of_a_type_that_is_set_twice),
        in_directory(test_config_reads_only_the_files_that_the_types_use),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
