/* Tests of params: the settings that only one type of source or sink has. */
#include "../unit.h"

#include "domain/params.h"

static const struct param_spec specs[] = {
    { "url", true, "where calls go" },
    { "timeout", false, "seconds" },
    { "name.*", false, "another name for a member" },
    { NULL, false, NULL },
};

static struct params some(const char *key, const char *value)
{
    struct params params = { NULL, 0 };
    params_add(&params, "other", "x", "own.conf:1");
    params_add(&params, key, value, "own.conf:7");
    return params;
}

static void test_params_return_the_value_or_the_fallback(void **state)
{
    (void)state;
    struct params params = some("Url", "https://a.example");
    assert_string_equal(params_text(&params, "url", "none"), "https://a.example");
    assert_string_equal(params_find(&params, "URL")->origin, "own.conf:7");
    assert_string_equal(params_text(&params, "ur", "none"), "none");
    assert_string_equal(params_text(NULL, "url", "none"), "none");
    assert_null(params_find(NULL, "url"));
    params_free(&params);
    assert_int_equal(params.count, 0);
    params_free(&params);
}

static void test_params_accept_numbers_within_their_range(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t number; /* -1: refused */
    } rows[] = { { "1", 1 },    { "300", 300 }, { "+7", 7 },   { "0", -1 },
                 { "301", -1 }, { "", -1 },     { "ten", -1 }, { "1.5", -1 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        int64_t number = -1;
        struct params params = some("timeout", rows[i].value);
        unit_same_int(rows[i].value, params_integer(&params, "timeout", 10, 1, 300, &number, &err),
                      rows[i].number < 0 ? -1 : 0);
        unit_same_int(rows[i].value, number, rows[i].number);
        if (rows[i].number < 0) {
            unit_same_int(rows[i].value, err.code, EX_CONFIG);
            unit_has(rows[i].value, err.message, "own.conf:7: timeout: '");
            unit_has(rows[i].value, err.message, "is not a whole number from 1 to 300");
        }
        params_free(&params);
    }
    int64_t number = 0;
    assert_int_equal(params_integer(NULL, "timeout", 10, 1, 300, &number, NULL), 0);
    assert_int_equal(number, 10);
}

static void test_params_accept_the_usual_words_for_yes_and_no(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int yes; /* -1: refused */
    } rows[] = { { "yes", 1 }, { "ON", 1 }, { "0", 0 }, { "False", 0 }, { "", -1 }, { "maybe", -1 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        bool yes = rows[i].yes == 0;
        struct params params = some("verify", rows[i].value);
        unit_same_int(rows[i].value, params_yes_no(&params, "verify", true, &yes, &err), rows[i].yes < 0 ? -1 : 0);
        if (rows[i].yes < 0)
            unit_has(rows[i].value, err.message, "own.conf:7: verify: '");
        else
            unit_same_int(rows[i].value, yes, rows[i].yes);
        params_free(&params);
    }
    bool yes = false;
    assert_int_equal(params_yes_no(NULL, "verify", true, &yes, NULL), 0);
    assert_true(yes);
}

/* The row of specs that a key matches: as a setting, or as the file of a secret. */
static void test_params_find_the_settings_of_a_type_and_the_files_of_its_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *key, *spec, *secret;
    } rows[] = {
        { "url", "url", NULL },        { "URL", "url", NULL },       { "timeout", "timeout", NULL },
        { "name.id", "name.*", NULL }, { "name.", NULL, NULL },      { "name", NULL, NULL },
        { "url_file", NULL, "url" },   { "URL_FILE", NULL, "url" },  { "timeout_file", NULL, NULL },
        { "urls", NULL, NULL },        { "_file", NULL, NULL },      { "", NULL, NULL },
        { "xurl_file", NULL, NULL },   { "url_files", NULL, NULL },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct param_spec *spec = params_spec_of(specs, rows[i].key),
                                *secret = params_secret_of(specs, rows[i].key);
        unit_same_text(rows[i].key, spec != NULL ? spec->key : NULL, rows[i].spec);
        unit_same_text(rows[i].key, secret != NULL ? secret->key : NULL, rows[i].secret);
        struct err err = { .message = "" };
        struct params params = some(rows[i].key, "a secret value");
        bool known = rows[i].spec != NULL || rows[i].secret != NULL;
        unit_same_int(rows[i].key, params_check(&params.items[1], specs, "sink", "webhook", &err), known ? 0 : -1);
        if (!known) {
            unit_has(rows[i].key, err.message, "own.conf:7: a sink of the type webhook has no setting '");
            unit_has(rows[i].key, err.message, "its settings are: type, url (or url_file), timeout, name.*");
            unit_lacks(rows[i].key, err.message, "secret value");
        }
        params_free(&params);
    }
}

static void test_params_check_names_a_type_without_settings(void **state)
{
    (void)state;
    struct err err = { .message = "" };
    struct params params = some("url", "x");
    assert_int_equal(params_check(&params.items[1], NULL, "source", "vicidial", &err), -1);
    assert_string_equal(err.message, "own.conf:7: a source of the type vicidial has no setting 'url' in [source]; its "
                                     "only setting is: type");
    params_free(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params_return_the_value_or_the_fallback),
        cmocka_unit_test(test_params_accept_numbers_within_their_range),
        cmocka_unit_test(test_params_accept_the_usual_words_for_yes_and_no),
        cmocka_unit_test(test_params_find_the_settings_of_a_type_and_the_files_of_its_secrets),
        cmocka_unit_test(test_params_check_names_a_type_without_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
