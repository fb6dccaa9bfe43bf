/* Tests of secrets: a secret in a file of its own. */
#include "../unit.h"

#include "config/secrets.h"

static const struct param_spec specs[] = { { "token", true, "a secret" },
                                           { "place", false, "no secret" },
                                           { NULL, false, NULL } };

/* Reads `token_file = path`. Returns the value of token; *ret_text has the problems. */
static char *read_from(const char *path, bool set_twice, char *ret_text, size_t size)
{
    struct params params = { NULL, 0 };
    struct config_problems problems = { .code = EX_OK };
    if (set_twice)
        params_add(&params, "token", "another", "own.conf:2");
    params_add(&params, "token_file", path, "own.conf:3");
    params_add(&params, "place", "here", "own.conf:4");
    secrets_read(&params, specs, CONFIG_API, &problems);
    const struct param *param = &params.items[set_twice ? 1 : 0];
    assert_string_equal(param->key, "token");
    assert_string_equal(param->file, path);
    assert_string_equal(params_text(&params, "place", ""), "here");
    (void)snprintf(ret_text, size, "%s", problems.count > 0 ? problems.texts[0] : "");
    assert_int_equal(problems.parts, problems.count > 0 ? CONFIG_API : 0);
    char *value = strdup(param->value);
    config_problems_free(&problems);
    params_free(&params);
    return value;
}

static void test_secrets_reads_a_file_and_trims_white_space(void **state)
{
    static const char *const rows[][2] = { { "s3cret", "s3cret" }, { " s3cret \n", "s3cret" },
                                           { "\r\na b\n\nc\n", "a b\n\nc" }, { "", "" }, { " \n", "" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char problem[1300];
        const char *path = unit_path(*state, "token");
        unit_write(path, rows[i][0]);
        assert_int_equal(chmod(path, 0600), 0);
        char *value = read_from(path, false, problem, sizeof problem);
        unit_same_text(rows[i][0], value, rows[i][1]);
        if (*rows[i][1] == '\0')
            unit_has(rows[i][0], problem, "is empty; write the secret into it");
        else
            unit_same_text(rows[i][0], problem, "");
        free(value);
    }
}

static void test_secrets_reports_each_problem_of_a_file(void **state)
{
    char problem[1300];
    const char *path = unit_path(*state, "token");
    free(read_from(path, false, problem, sizeof problem));
    unit_has("missing", problem, "own.conf:3: token_file: there is no file /");
    free(read_from("token", false, problem, sizeof problem));
    unit_has("relative", problem, "own.conf:3: token_file: write the whole path");
    free(read_from(*state, false, problem, sizeof problem));
    unit_has("a directory", problem, "own.conf:3: token_file: ");
    unit_write(path, "s3cret");
    free(read_from(path, true, problem, sizeof problem));
    unit_has("twice", problem, "token is already set in own.conf:2; keep one of the two lines");
    assert_int_equal(chmod(path, 0666), 0);
    char *value = read_from(path, false, problem, sizeof problem);
    unit_has("everybody's", problem, "can be written by every user: chmod o-w it");
    unit_lacks("everybody's", problem, "s3cret");
    assert_string_equal(value, "");
    free(value);
    assert_int_equal(chmod(path, 0600), 0);
    unit_act_as_nobody();
    free(read_from(path, false, problem, sizeof problem));
    unit_act_as_self();
    if (geteuid() == 0)
        unit_has("root's", problem, "run as root, or let this user read it");
}

static void test_secrets_finds_the_file_that_every_user_may_read(void **state)
{
    const char *own = unit_path(*state, "own.conf"), *path = unit_path(*state, "token");
    unit_write(own, "");
    unit_write(path, "s3cret");
    static const struct {
        const char *key;
        bool from_file;
        mode_t own, file;
        int found; /* 0: no file, 1: own, 2: the secret's own file */
    } rows[] = { { "token", false, 0640, 0600, 0 }, { "token", false, 0644, 0600, 1 },
                 { "token_file", true, 0644, 0640, 0 }, { "token_file", true, 0640, 0644, 2 },
                 { "place", false, 0644, 0644, 0 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct params params = { NULL, 0 };
        struct config_problems problems = { .code = EX_OK };
        params_add(&params, rows[i].key, path, "own.conf:3");
        assert_int_equal(chmod(own, rows[i].own) + chmod(path, rows[i].file), 0);
        secrets_read(&params, specs, CONFIG_API, &problems);
        assert_int_equal(problems.count, 0);
        size_t at = 0;
        const char *found = secrets_readable_by_all(&params, specs, own, &at);
        unit_same_text(rows[i].key, found, rows[i].found == 0 ? NULL : rows[i].found == 1 ? own : path);
        params_free(&params);
    }
    struct params params = { NULL, 0 };
    size_t at = 0;
    params_add(&params, "token", "s3cret", "environment variable TOKEN");
    assert_null(secrets_readable_by_all(&params, specs, own, &at)); /* which every user may read */
    params_free(&params);
}

static void test_secrets_finds_each_file_and_a_password_in_an_address(void **state)
{
    const char *own = unit_path(*state, "own.conf");
    static const struct {
        const char *place;
        bool want;
    } rows[] = { { "https://host/a:b@c", false }, { "https://host", false }, { "a:b@c", false },
                 { "postgresql://user@host:5432/db", false }, { "postgresql://user:pw@host/db", true },
                 { "postgresql://host/db?password=pw", true } };
    unit_write(own, "");
    assert_int_equal(chmod(own, 0644), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct params params = { NULL, 0 };
        size_t at = 0;
        params_add(&params, "place", rows[i].place, "own.conf:3");
        params_add(&params, "token", "s3cret", "own.conf:4");
        unit_same_text(rows[i].place, secrets_readable_by_all(&params, specs, own, &at), own);
        unit_same_text(rows[i].place, secrets_readable_by_all(&params, specs, own, &at), rows[i].want ? own : NULL);
        params_free(&params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_secrets_reads_a_file_and_trims_white_space),
        unit_test_in_directory(test_secrets_reports_each_problem_of_a_file),
        unit_test_in_directory(test_secrets_finds_the_file_that_every_user_may_read),
        unit_test_in_directory(test_secrets_finds_each_file_and_a_password_in_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
