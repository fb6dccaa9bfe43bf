/* Tests of route: the two kinds that the settings name, and what is read for them. */
#include "../unit.h"

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

/* The problems, one a line. */
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

/* What [database] leaves open comes from the PBX's own file, and results of Asterisk's dispositions from the kind. */
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
    (void)snprintf(own + strlen(own), sizeof own - strlen(own), "[database]\nuser = u\npassword = p\nhost = h\nname = n\n");
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
    unit_has("empty", said, "names no user and password of a database");
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

static void test_route_of_the_default_kinds_needs_a_key(void **state)
{
    struct config_paths paths = paths_in(*state, "");
    assert_false(route_is_set_up(&paths));
    unit_write(paths.dids, "[general]\napi_key = k-123\n");
    assert_true(route_is_set_up(&paths));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_route_names_each_setting_that_its_kinds_do_not_know),
        unit_test_in_directory(test_route_finds_the_account_of_a_pbx),
        unit_test_in_directory(test_route_says_which_kinds_there_are),
        unit_test_in_directory(test_route_of_the_default_kinds_needs_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
