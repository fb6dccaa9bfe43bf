/* Tests of route: the types of source and sink in the settings, and the files that are read for them. */
#include "../unit.h"

#include "base/log.h"
#include "engine/route.h"

static struct config_paths paths_in(const char *directory, const char *own)
{
    struct config_paths paths = { .dids = unit_path(directory, "dids.conf"),
                                  .astguiclient = unit_path(directory, "astguiclient.conf"),
                                  .own = unit_path(directory, "own.conf") };
    (void)unsetenv("API_KEY");
    unit_write(paths.own, own);
    assert_int_equal(chmod(paths.own, 0600), 0);
    return paths;
}

/* The problems, one per line. */
static void load(const struct config_paths *paths, struct config *config, struct route_kinds *kinds,
                 unsigned *ret_parts, char *out, size_t size)
{
    struct config_problems problems;
    size_t used = 0;
    *out = '\0';
    route_load(paths, config, kinds, &problems);
    for (int i = 0; i < problems.count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s\n", problems.texts[i]);
    *ret_parts = problems.parts;
    config_problems_free(&problems);
}

static void test_route_names_each_setting_that_its_kinds_do_not_know(void **state)
{
    char said[4000];
    unsigned parts = 0;
    struct config config;
    struct route_kinds kinds;
    struct config_paths paths = paths_in(*state, "[source]\ncolour = red\n[sink]\nshape = round\nsize = 3\n");
    unit_write(paths.dids, "[general]\napi_key = k-123\n");
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    assert_string_equal(kinds.source->type, "vicidial");
    assert_string_equal(kinds.sink->type, "did-optimizer");
    unit_has("source", said, "own.conf:2: a source of the type vicidial has no setting 'colour' in [source]");
    unit_has("sink", said, "own.conf:4: a sink of the type did-optimizer has no setting 'shape' in [sink]");
    unit_has("sink", said, "own.conf:5: a sink of the type did-optimizer has no setting 'size' in [sink]");
    assert_int_equal(parts, CONFIG_API | CONFIG_DATABASE);
    config_free(&config);
    paths.without_api = true;
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    unit_has("without the sink", said, "'colour'");
    unit_lacks("without the sink", said, "in [sink]");
    config_free(&config);
}

/* A type knows only its own settings. The hint names each section that knows the setting. */
static void test_route_names_the_section_of_a_setting_in_a_wrong_one(void **state)
{
    static const struct {
        const char *own, *said;
    } rows[] = {
        { "[source]\nbatch_size = 5\n", "batch_size belongs in [sync]\n" },
        { "[sink]\nbatch_size = 5\n", "batch_size belongs in [sync]\n" },
        { "[source]\nphone_number = did\n", "phone_number belongs in [sink]\n" },
        { "[source]\ntype = asterisk-cdr\n[sink]\ntrunks = a\n", "trunks belongs in [source]\n" },
        { "[source]\ntype = asterisk-cdr\n[sync]\ntrunks = a\n", "this setting belongs in [source]; " },
        { "[sync]\nphone_number = did\n", "this setting belongs in [sink]; " },
    };
    static const char *const unknown[] = { "[source]\ncolour = red\n", "[source]\ntrunks = a\n",
                                           "[sink]\ntype = records\n[sync]\nphone_number = did\n",
                                           "[source]\ntype = x\n[sync]\ntrunks = a\n",
                                           "[sink]\ntype = y\n[sync]\nphone_number = did\n" };
    for (size_t i = 0; i < UNIT_COUNT(rows) + UNIT_COUNT(unknown); i++) {
        const char *own = i < UNIT_COUNT(rows) ? rows[i].own : unknown[i - UNIT_COUNT(rows)];
        char said[4000];
        unsigned parts = 0;
        struct config config;
        struct route_kinds kinds;
        struct config_paths paths = paths_in(*state, own);
        load(&paths, &config, &kinds, &parts, said, sizeof said);
        if (i < UNIT_COUNT(rows))
            unit_has(own, said, rows[i].said);
        else
            unit_lacks(own, said, "belongs in [s");
        config_free(&config);
    }
}

/* Values that [database] lacks come from the PBX's own file. The type has the results of Asterisk's dispositions. */
static void test_route_finds_the_account_of_a_pbx(void **state)
{
    char said[4000], own[1000];
    unsigned parts = 0;
    struct config config;
    struct route_kinds kinds;
    const char *file = unit_path(*state, "freepbx.conf");
    unit_write(file, "$amp_conf['AMPDBUSER'] = 'pbx';\n$amp_conf['AMPDBPASS'] = 'p-123';\n"
                     "$amp_conf['AMPDBHOST'] = 'db.example';\n$amp_conf['AMPDBPORT'] = '3307';\n");
    (void)snprintf(own, sizeof own, "[source]\ntype = asterisk-cdr\nfreepbx_conf = %s\n[sink]\ntype = records\n"
                                    "[dispositions]\nBUSY = dropped\n", file);
    struct config_paths paths = paths_in(*state, own);
    unit_write(paths.astguiclient, "VARDB_port => none\n"); /* not used: a PBX is no dialer */
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    assert_string_equal(said, "");
    assert_string_equal(config.database.user, "pbx");
    assert_string_equal(config.database.password, "p-123");
    assert_string_equal(config.database.host, "db.example");
    assert_string_equal(config.database.name, "asteriskcdrdb");
    assert_int_equal(config.database.port, 3307);
    assert_string_equal(disposition_result(config.dispositions, "CONGESTION"), "failed");
    assert_string_equal(disposition_result(config.dispositions, "BUSY"), "dropped");
    config_free(&config);
    (void)snprintf(own + strlen(own), sizeof own - strlen(own),
                   "[database]\nuser = u\npassword = p\nhost = h\nname = n\n");
    paths = paths_in(*state, own);
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    assert_string_equal(said, "");
    assert_string_equal(config.database.user, "u");
    assert_string_equal(config.database.password, "p");
    assert_string_equal(config.database.host, "h");
    assert_string_equal(config.database.name, "n");
    assert_int_equal(config.database.port, 3306);
    config_free(&config);
    unit_write(file, "nothing\n");
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    unit_has("empty", said, "has no user and password for a database");
    assert_int_equal(parts, CONFIG_DATABASE);
    config_free(&config);
}

static void test_route_says_which_kinds_there_are(void **state)
{
    char said[4000];
    unsigned parts = 0;
    struct config config;
    struct route_kinds kinds;
    struct config_paths paths = paths_in(*state, "[source]\ntype = x\n[sink]\ntype = y\n");
    unit_write(paths.dids, "[general]\napi_key = k-123\n");
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    unit_has("source", said, "own.conf:2: there is no source of the type 'x'");
    unit_has("sink", said, "own.conf:4: there is no sink of the type 'y'");
    assert_null(kinds.source);
    assert_null(kinds.sink);
    assert_int_equal(parts, CONFIG_API | CONFIG_DATABASE);
    config_free(&config);
}

/* The sink sends the dialer's own number, so that number must be looked up. */
static void test_route_reports_a_number_that_is_not_looked_up(void **state)
{
    static const struct {
        const char *own;
        bool contradicts;
    } rows[] = { { "", false },
                 { "[enrich]\ndid = no\n", false },
                 { "[sink]\nphone_number = did\n", false },
                 { "[sink]\nphone_number = did\n[enrich]\ndid = no\n", true } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char said[4000];
        unsigned parts = 0;
        struct config config;
        struct route_kinds kinds;
        struct config_paths paths = paths_in(*state, rows[i].own);
        unit_write(paths.dids, "[general]\napi_key = k-123\n");
        load(&paths, &config, &kinds, &parts, said, sizeof said);
        unit_true(rows[i].own, (strstr(said, "contradicts did = no in [enrich]") != NULL) == rows[i].contradicts);
        config_free(&config);
    }
}

/* ---- the route ---- */

/* Logs the value of each setting, and returns the log. The caller frees. */
static char *log_settings(const char *directory, const struct config *config, const struct route_kinds *kinds)
{
    const char *path = unit_path(directory, "log");
    log_open(path, LOG_TERMINAL_NONE);
    route_hide(config, kinds);
    log_info("the key is %s", config->api.key);
    for (size_t i = 0; i < config->source_params.count; i++)
        log_info("the source's %s is %s", config->source_params.items[i].key, config->source_params.items[i].value);
    for (size_t i = 0; i < config->sink_params.count; i++)
        log_info("%s is %s", config->sink_params.items[i].key, config->sink_params.items[i].value);
    log_close();
    return unit_read(path);
}

static void test_route_hides_secrets_and_nothing_else(void **state)
{
    char said[4000];
    unsigned parts = 0;
    struct config config;
    struct route_kinds kinds;
    struct config_paths paths = paths_in(*state, "[source]\ntype = asterisk-cdr\n[database]\nuser = u\npassword = p\n"
                                                 "[sink]\ntype = webhook\nsecret = "
                                                 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
                                                 "url = https://crm.example/calls\nsource = north\n");
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    assert_string_equal(said, "");
    assert_int_equal(config.sink_params.count, 3);
    char *text = log_settings(*state, &config, &kinds);
    unit_lacks("secret", text, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    unit_has("url", text, "url is https://crm.example/calls");
    unit_has("source", text, "source is north");
    free(text);
    config_free(&config);
}

static void test_route_hides_secrets_of_the_source(void **state)
{
    char said[4000];
    unsigned parts = 0;
    struct config config;
    struct route_kinds kinds;
    struct config_paths paths = paths_in(*state, "[source]\ntype = pbx-api\nkey = k-source-123\n"
                                                 "password = p-source-123\ndomain = pbx.example\n");
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    assert_int_equal(config.source_params.count, 3);
    char *text = log_settings(*state, &config, &kinds);
    unit_has("key", text, "the source's key is *****");
    unit_has("password", text, "the source's password is *****");
    unit_has("domain", text, "the source's domain is pbx.example");
    free(text);
    config_free(&config);
}

/* Even if the types are unknown, the key must be hidden. */
static void test_route_hides_the_key(void **state)
{
    char said[4000];
    unsigned parts = 0;
    struct config config;
    struct route_kinds kinds;
    struct config_paths paths = paths_in(*state, "[source]\ntype = x\n[sink]\ntype = y\n");
    unit_write(paths.dids, "[general]\napi_key = k-123\n");
    load(&paths, &config, &kinds, &parts, said, sizeof said);
    char *text = log_settings(*state, &config, &kinds);
    unit_has("key", text, "the key is *****");
    free(text);
    config_free(&config);
}

/* A sink learns the extras of this source's calls. */
static void test_route_tells_the_sink_of_the_source(void **state)
{
    static const char *const types[] = { "vicidial", "asterisk-cdr", "x" };
    for (size_t i = 0; i < UNIT_COUNT(types); i++) {
        char said[4000], own[200];
        unsigned parts = 0;
        struct config config;
        struct route_kinds kinds;
        (void)snprintf(own, sizeof own, "[source]\ntype = %s\n", types[i]);
        struct config_paths paths = paths_in(*state, own);
        load(&paths, &config, &kinds, &parts, said, sizeof said);
        struct sink_settings settings = route_sink_settings(&config, *state, "");
        unit_same_text(types[i], settings.source, types[i]);
        unit_true(types[i], settings.shape == (kinds.source != NULL ? kinds.source->shape : NULL));
        unit_true(types[i], (settings.shape != NULL) == (strcmp(types[i], "x") != 0));
        unit_same_text(types[i], settings.state_dir, *state);
        config_free(&config);
    }
}

/* The page reads the settings as root, and then parses what comes over the network. */
static void test_route_to_show_keeps_no_secret(void **state)
{
    static const char own[] = "[database]\npassword = s3cret\nuser = u\n[source]\ntype = pbx-api\n"
                              "url = https://pbx.example\npassword = s3cret\ndomain = d.example\npasword = s3cret\n"
                              "[sink]\ntype = webhook\nurl = https://hook.example/\nsecret = s3cret\n"
                              "[recordings]\nupload = s3\nbucket = b\nsecret_key = s3cret\n";
    struct config_problems problems;
    struct config config;
    struct route_kinds kinds;
    const struct config_paths paths = paths_in(*state, own);
    route_load_to_show(&paths, &config, &kinds, &problems);
    assert_int_equal(problems.count, 0);
    const struct params *all[] = { &config.source_params, &config.sink_params, &config.recordings_params };
    for (size_t i = 0; i < UNIT_COUNT(all); i++)
        for (size_t j = 0; j < all[i]->count; j++)
            unit_lacks(all[i]->items[j].key, all[i]->items[j].value, "s3cret");
    unit_same_text("password", config.database.password, "");
    unit_same_text("key", config.api.key, "");
    unit_same_text("user", config.database.user, "u");
    unit_same_text("url", params_text(&config.source_params, "url", ""), "https://pbx.example");
    unit_same_text("domain", params_text(&config.source_params, "domain", ""), "d.example");
    unit_same_text("bucket", params_text(&config.recordings_params, "bucket", ""), "b");
    config_problems_free(&problems);
    config_free(&config);
}

static void test_route_of_the_default_kinds_needs_a_key(void **state)
{
    struct config_paths paths = paths_in(*state, "");
    assert_false(route_is_set_up(&paths));
    unit_write(paths.dids, "[general]\napi_key = k-123\n");
    assert_true(route_is_set_up(&paths));
}

static void test_route_names_the_file_of_what_is_missing(void **state)
{
    struct err err;
    struct config_paths paths = paths_in(*state, "");
    (void)err_set(&err, EX_CONFIG, "the sink has no project: write it under [sink]");
    route_name_file(&paths, &err);
    assert_int_equal(strncmp(err.message, paths.own, strlen(paths.own)), 0);
    unit_has("text", err.message, ": the sink has no project: write it under [sink]");
    (void)err_set(&err, EX_CONFIG, "/x.conf:2: a wrong line");
    route_name_file(&paths, &err);
    assert_string_equal(err.message, "/x.conf:2: a wrong line");
}

static void test_route_with_a_wrong_line_is_set_up(void **state)
{
    struct err err;
    struct config_paths paths = paths_in(*state, "[sink]\ntype = recrods\n"); /* records needs no key */
    assert_true(route_is_set_up(&paths));
    assert_int_equal(route_check_lines(&paths, &err), -1);
    paths = paths_in(*state, "[sink]\ntype = records\n[sync]\nbatch_siz = 5\n");
    assert_int_equal(route_check_lines(&paths, &err), -1);
    assert_int_equal(err.code, EX_CONFIG);
    unit_has("place", err.message, ":4: there is no setting 'batch_siz' in [sync]");
    paths = paths_in(*state, ""); /* the runs may have API_KEY */
    assert_int_equal(route_check_lines(&paths, &err), 0);
    paths = paths_in(*state, "[sink]\ntype = records\n");
    assert_int_equal(route_check_lines(&paths, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_route_names_each_setting_that_its_kinds_do_not_know),
        unit_test_in_directory(test_route_names_the_section_of_a_setting_in_a_wrong_one),
        unit_test_in_directory(test_route_finds_the_account_of_a_pbx),
        unit_test_in_directory(test_route_says_which_kinds_there_are),
        unit_test_in_directory(test_route_reports_a_number_that_is_not_looked_up),
        unit_test_in_directory(test_route_hides_secrets_and_nothing_else),
        unit_test_in_directory(test_route_hides_secrets_of_the_source),
        unit_test_in_directory(test_route_hides_the_key),
        unit_test_in_directory(test_route_tells_the_sink_of_the_source),
        unit_test_in_directory(test_route_to_show_keeps_no_secret),
        unit_test_in_directory(test_route_with_a_wrong_line_is_set_up),
        unit_test_in_directory(test_route_names_the_file_of_what_is_missing),
        unit_test_in_directory(test_route_of_the_default_kinds_needs_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
