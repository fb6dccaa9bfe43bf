/* Tests of config: files that are missing or unreadable, paths that are not files, and secrets in messages. */
#include "../unit.h"

#include "config/config.h"

#define KEY "[general]\napi_key = k-123\n"

static int enter(void **state)
{
    static const char *const names[] = { "API_KEY", "DID_OPTIMIZER_API_URL", "VICIDIAL_DB_PASSWORD",
                                         "VICIDIAL_DB_PORT" };
    for (size_t i = 0; i < UNIT_COUNT(names); i++)
        (void)unsetenv(names[i]);
    return unit_create_directory(state);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, enter, unit_remove_directory)

struct files {
    char dids[512], astguiclient[512], own[512];
    struct config_paths paths;
};

static void name_files(struct files *files, const char *directory)
{
    (void)snprintf(files->dids, sizeof files->dids, "%s/dids.conf", directory);
    (void)snprintf(files->astguiclient, sizeof files->astguiclient, "%s/astguiclient.conf", directory);
    (void)snprintf(files->own, sizeof files->own, "%s/own.conf", directory);
    files->paths = (struct config_paths){ .dids = files->dids, .astguiclient = files->astguiclient, .own = files->own };
}

/* Loads the files. Writes the problems to texts, one per line; returns their code. */
static int load(const struct files *files, char *ret_texts, size_t size, int *ret_count)
{
    struct config config;
    struct config_problems problems;
    config_load(&files->paths, &config, &problems);
    size_t used = 0;
    ret_texts[0] = '\0';
    for (int i = 0; i < problems.count && used < size; i++)
        used += (size_t)snprintf(ret_texts + used, size - used, "%s\n", problems.texts[i]);
    *ret_count = problems.count;
    int code = problems.code;
    config_problems_free(&problems);
    config_free(&config);
    return code;
}

static void test_config_requires_the_named_files(void **state)
{
    struct files files;
    name_files(&files, *state);
    unit_write(files.dids, KEY);
    char texts[4000];
    int count = -1;
    assert_int_equal(load(&files, texts, sizeof texts, &count), EX_OK); /* the other two were not named */
    assert_int_equal(count, 0);
    files.paths.required_astguiclient = files.paths.required_own = true;
    assert_int_equal(load(&files, texts, sizeof texts, &count), EX_CONFIG);
    assert_int_equal(count, 2);
    unit_has("astguiclient", texts, files.astguiclient);
    unit_has("own", texts, files.own);
    unit_has("reason", texts, "there is no such file");

    assert_int_equal(unlink(files.dids), 0);
    files.paths.required_astguiclient = files.paths.required_own = false;
    files.paths.required_dids = true;
    assert_int_equal(load(&files, texts, sizeof texts, &count), EX_CONFIG);
    assert_int_equal(count, 2); /* the missing file, and the missing key */
    unit_has("dids", texts, files.dids);
}

static void test_config_refuses_a_directory_instead_of_a_file(void **state)
{
    struct files files;
    name_files(&files, *state);
    unit_write(files.dids, KEY);
    assert_int_equal(mkdir(files.own, 0755), 0);
    assert_int_equal(mkdir(files.astguiclient, 0755), 0);
    char texts[4000];
    int count = -1;
    assert_int_equal(load(&files, texts, sizeof texts, &count), EX_CONFIG);
    assert_int_equal(count, 2);
    unit_has("own", texts, files.own);
    unit_has("astguiclient", texts, files.astguiclient);
    unit_has("reason", texts, "a directory");
}

static void test_config_follows_symbolic_links(void **state)
{
    struct files files;
    name_files(&files, *state);
    unit_write(unit_path(*state, "elsewhere"), KEY);
    assert_int_equal(symlink("elsewhere", files.dids), 0);
    char texts[4000];
    int count = -1;
    assert_int_equal(load(&files, texts, sizeof texts, &count), EX_OK);
    assert_int_equal(count, 0);
}

static void test_config_exits_77_without_the_right_to_read_a_file(void **state)
{
    struct files files;
    name_files(&files, *state);
    unit_write(files.dids, "[general]\napi_timeout = x\n"); /* two ordinary problems too */
    unit_write(files.own, "[log]\nlevel = info\n");
    assert_int_equal(chmod(files.own, 0), 0);
    char texts[4000];
    int count = -1;
    unit_act_as_nobody();
    int code = load(&files, texts, sizeof texts, &count);
    unit_act_as_self();
    assert_int_equal(code, EX_NOPERM);
    assert_int_equal(count, 3);
    unit_has("path", texts, files.own);
    unit_has("remedy", texts, "let this user read it");
}

static void test_config_refuses_files_with_zero_bytes(void **state)
{
    struct files files;
    name_files(&files, *state);
    unit_write(files.dids, KEY);
    unit_write_bytes(files.own, "[log]\n\0level = info\n", 20);
    char texts[4000];
    int count = -1;
    assert_int_equal(load(&files, texts, sizeof texts, &count), EX_CONFIG);
    assert_int_equal(count, 1);
    unit_has("zero bytes", texts, files.own);
}

static void test_config_limits_the_size_of_a_file(void **state)
{
    size_t limit = (size_t)1 << 20;
    struct files files;
    name_files(&files, *state);
    unit_write(files.dids, KEY);
    char texts[4000], *big = malloc(limit + 1);
    int count = -1;
    assert_non_null(big);
    memset(big, '\n', limit + 1);
    unit_write_bytes(files.own, big, limit);
    assert_int_equal(load(&files, texts, sizeof texts, &count), EX_OK);
    unit_write_bytes(files.own, big, limit + 1);
    assert_int_equal(load(&files, texts, sizeof texts, &count), EX_CONFIG);
    unit_has("too large", texts, "larger than");
    free(big);
}

/* SECRET stands where people write a key or password, sometimes in a wrong place. X... makes the line too long. */
static const struct {
    const char *dids, *astguiclient, *own, *variable, *value;
} secrets[] = {
    { "[general]\napi_key SECRET\n", "", "", NULL, NULL },
    { "[general]\napi_key SECRET = 1\n", "", "", NULL, NULL },
    { "[general]\napi_key = SECRET \x01\n", "", "", NULL, NULL },
    { "[general]\napi_key = SECRET KEY\n", "", "", NULL, NULL },
    { "[general\napi_key = SECRET KEY\n", "", "", NULL, NULL },
    { "[other]\napi_key = SECRET\n", "", "", NULL, NULL },
    { "[general]\ndb_pass SECRET\n", "", "", NULL, NULL },
    { "[general]\napi_base_url = https://user:SECRET@a.example\n", "", "", NULL, NULL },
    { "[general]\napi_base_url = http://user:SECRET@localhost\n", "", "", NULL, NULL },
    { "[general]\napi_base_url = htp://user:SECRET@a.example\n", "", "", NULL, NULL },
    { KEY, "VARDB_pass => SECRET\nVARDB_port => x\n", "", NULL, NULL },
    { KEY, "", "password = SECRET\n", NULL, NULL },
    { KEY, "", "[sync]\npassword = SECRET\n", NULL, NULL },
    { KEY, "", "[database]\npassword SECRET\n", NULL, NULL },
    { KEY, "", "[database]\npasswort = SECRET\n", NULL, NULL },
    { KEY, "", "[database]\nport = x\npassword = SECRET\n", NULL, NULL },
    { KEY, "", "[database]\npassword = SECRET\npassword = SECRET\n", NULL, NULL },
    { KEY, "", "[api]\napi_key = SECRET\n", NULL, NULL },
    { KEY, "", "[api]\nkey = SECRET\n", NULL, NULL },
    { KEY, "", "", "API_KEY", "SECRET\nKEY" },
    { KEY "api_timeout = x\n", "", "", "API_KEY", "SECRET" },
    { KEY, "", "", "DID_OPTIMIZER_API_URL", "https://user:SECRET@a.example" },
    { KEY "api_timeout = x\n", "", "", "VICIDIAL_DB_PASSWORD", "SECRET" },
};

static void test_config_messages_never_show_a_secret(void **state)
{
    for (size_t i = 0; i < UNIT_COUNT(secrets); i++) {
        struct files files;
        char texts[8000], row[300];
        int count = 0;
        name_files(&files, *state);
        unit_write(files.dids, secrets[i].dids);
        unit_write(files.astguiclient, secrets[i].astguiclient);
        unit_write(files.own, secrets[i].own);
        if (secrets[i].variable != NULL)
            (void)setenv(secrets[i].variable, secrets[i].value, 1);
        (void)load(&files, texts, sizeof texts, &count);
        if (secrets[i].variable != NULL)
            (void)unsetenv(secrets[i].variable);
        (void)snprintf(row, sizeof row, "%zu: %s|%s|%s", i, secrets[i].dids, secrets[i].astguiclient, secrets[i].own);
        unit_true(row, count > 0);
        unit_lacks(row, texts, "SECRET");
    }
}

static void test_config_messages_never_show_a_secret_of_a_long_line(void **state)
{
    static const char *const starts[] = { "[general]\napi_key = ", "[general]\ndb_pass = ", "[database]\npassword = " };
    for (size_t i = 0; i < UNIT_COUNT(starts); i++) {
        struct files files;
        char line[5000], texts[4000];
        int count = 0;
        name_files(&files, *state);
        (void)snprintf(line, sizeof line, "%sSECRET%04100d\n", starts[i], 0);
        unit_write(files.dids, i < 2 ? line : KEY);
        unit_write(files.own, i < 2 ? "" : line);
        assert_int_equal(load(&files, texts, sizeof texts, &count), EX_CONFIG);
        unit_has(starts[i], texts, ":2: ");
        unit_has(starts[i], texts, "longer than 4096 characters");
        unit_lacks(starts[i], texts, "SECRET");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_config_requires_the_named_files),
        in_directory(test_config_refuses_a_directory_instead_of_a_file),
        in_directory(test_config_follows_symbolic_links),
        in_directory(test_config_exits_77_without_the_right_to_read_a_file),
        in_directory(test_config_refuses_files_with_zero_bytes),
        in_directory(test_config_limits_the_size_of_a_file),
        in_directory(test_config_messages_never_show_a_secret),
        in_directory(test_config_messages_never_show_a_secret_of_a_long_line),
    };
    return cmocka_run_group_tests_name("config_files", tests, NULL, NULL);
}
