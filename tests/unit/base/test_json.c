/* Tests of json: building, printing and reading. */
#include "../unit.h"

#include "base/json.h"

static void test_json_prints_members_in_order_without_blanks(void **state)
{
    (void)state;
    struct json *object = json_object();
    char *text = json_print(object);
    assert_string_equal(text, "{}");
    free(text);
    json_add_text(object, "text", "a b");
    json_add_text(object, "empty", "");
    json_add_text(object, "none", NULL);
    json_add_int(object, "number", -7);
    json_add_bool(object, "yes", true);
    json_add_bool(object, "no", false);
    json_add_null(object, "null");
    text = json_print(object);
    assert_string_equal(text, "{\"text\":\"a b\",\"empty\":\"\",\"none\":null,\"number\":-7,\"yes\":true,\"no\":false,"
                              "\"null\":null}");
    free(text);
    json_free(object);
}

static void test_json_prints_large_integers_exactly(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *want;
    } rows[] = {
        { 0, "{\"n\":0}" },
        { 1729771200, "{\"n\":1729771200}" },
        { INT64_C(9007199254740993), "{\"n\":9007199254740993}" }, /* 2^53 + 1: a double cannot hold it */
        { INT64_MAX, "{\"n\":9223372036854775807}" },
        { INT64_MIN, "{\"n\":-9223372036854775808}" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct json *object = json_object();
        json_add_int(object, "n", rows[i].number);
        char *text = json_print(object);
        unit_same_text(rows[i].want, text, rows[i].want);
        free(text);
        json_free(object);
    }
}

static void test_json_text_is_escaped_and_always_valid_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "\"\\/", "{\"t\":\"\\\"\\\\/\"}" },
        { "\n\r\t\b\f", "{\"t\":\"\\n\\r\\t\\b\\f\"}" },
        { "\x01\x1F", "{\"t\":\"\\u0001\\u001f\"}" },
        { "Z\xC3\xBC\xF0\x9F\x93\x9E", "{\"t\":\"Z\xC3\xBC\xF0\x9F\x93\x9E\"}" },
        { "a\xFF\xC0\x80", "{\"t\":\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}" },
        { "\xED\xA0\x80", "{\"t\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}" },
        { "\xE2\x82", "{\"t\":\"\xEF\xBF\xBD\xEF\xBF\xBD\"}" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct json *object = json_object();
        json_add_text(object, "t", rows[i].text);
        char *text = json_print(object);
        unit_same_text(rows[i].text, text, rows[i].want);
        free(text);
        json_free(object);
    }
}

static void test_json_nests_objects_in_arrays(void **state)
{
    (void)state;
    struct json *object = json_object();
    json_add_int(json_add(object, "inner", json_object()), "number", 1);
    struct json *array = json_add(object, "list", json_array());
    json_add_text(json_append(array, json_object()), "text", "a");
    (void)json_append(array, json_object());
    (void)json_add(object, "none", json_array());
    char *text = json_print(object);
    assert_string_equal(text, "{\"inner\":{\"number\":1},\"list\":[{\"text\":\"a\"},{}],\"none\":[]}");
    free(text);
    json_free(object);
}

static void test_json_parse_reads_objects_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        { "{}", true },       { " {} \r\n", true },      { "{\"a\":{\"b\":[1,2]}}", true }, { "", false },
        { " ", false },       { "[]", false },           { "1", false },                  { "true", false },
        { "null", false },    { "\"{}\"", false },       { "{", false },                  { "}", false },
        { "{\"a\":1", false }, { "{\"a\":}", false },    { "{\"a\":1,}", false },         { "{a:1}", false },
        { "{'a':1}", false }, { "<html></html>", false }, { "{} trailing", false },       { "{}{}", false },
        { "{}<html>", false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct json *object = json_parse(rows[i].text);
        bool parsed = object != NULL;
        json_free(object);
        unit_same_int(rows[i].text, parsed, rows[i].want);
    }
}

static void test_json_reads_only_texts_as_texts_and_booleans_as_booleans(void **state)
{
    (void)state;
    static const struct {
        const char *name, *want_text;
        bool want_true, want_false;
    } rows[] = {
        { "text", "x", false, false }, { "empty", "", false, false },    { "yes", NULL, true, false },
        { "no", NULL, false, true },   { "number", NULL, false, false }, { "null", NULL, false, false },
        { "list", NULL, false, false }, { "object", NULL, false, false }, { "missing", NULL, false, false },
        { "TEXT", NULL, false, false }, { "Yes", NULL, false, false },   { "inner", NULL, false, false },
        { "word", "true", false, false }, { "one", NULL, false, false },
    };
    struct json *object =
        json_parse("{\"text\":\"x\",\"empty\":\"\",\"yes\":true,\"no\":false,\"number\":1.5,\"null\":null,"
                   "\"list\":[\"x\"],\"object\":{\"inner\":\"x\"},\"word\":\"true\",\"one\":1}");
    assert_non_null(object);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_text(rows[i].name, json_text(object, rows[i].name), rows[i].want_text);
        unit_same_int(rows[i].name, json_is(object, rows[i].name, true), rows[i].want_true);
        unit_same_int(rows[i].name, json_is(object, rows[i].name, false), rows[i].want_false);
    }
    json_free(object);
    json_free(NULL);
}

static void test_json_nests_arrays_and_objects(void **state)
{
    (void)state;
    char word[] = "copied";
    struct json *object = json_object(), *array = json_array(), *inner = json_object();
    json_append_text(array, word);
    memset(word, '-', sizeof word - 1); /* an element is a copy */
    json_append_text(array, NULL);
    json_append_text(array, "a\xFF");
    json_append_int(array, INT64_MAX);
    json_append(array, json_array());
    json_add_bool(inner, "yes", true);
    json_append(array, inner);
    json_add(object, "list", array);
    char *text = json_print(object);
    assert_string_equal(text, "{\"list\":[\"copied\",null,\"a\xEF\xBF\xBD\",9223372036854775807,[],{\"yes\":true}]}");
    free(text);
    json_free(object);
}

static void test_json_distinguishes_lists_from_missing_and_other_values(void **state)
{
    (void)state;
    struct json *object = json_parse("{\"two\":[1,2],\"none\":[],\"null\":null,\"text\":\"\",\"inner\":{\"a\":1}}");
    static const struct {
        const char *name;
        bool is_list, is_null;
        size_t count;
    } rows[] = {
        { "two", true, false, 2 },    { "none", true, false, 0 },   { "null", false, true, 0 },
        { "text", false, false, 0 },  { "inner", false, false, 0 }, { "absent", false, true, 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct json *member = json_member(object, rows[i].name);
        unit_true(rows[i].name, json_is_list(member) == rows[i].is_list);
        unit_true(rows[i].name, json_is_null(member) == rows[i].is_null);
        unit_same_int(rows[i].name, json_count(member), rows[i].count);
    }
    json_free(object);
}

/* A test cannot read freed memory. So this one reads the borrowed text, which must not be cleared. */
static void test_json_free_secret_leaves_borrowed_texts(void **state)
{
    (void)state;
    char word[] = "borrowed";
    struct json *object = json_object();
    json_add_text(object, "word", word);
    json_free_secret(object);
    assert_string_equal(word, "borrowed");
    json_free_secret(NULL);
    json_free_secret(json_parse("{\"a\":\"b\",\"c\":1,\"d\":{\"e\":\"f\"}}"));
}

static void test_json_tells_each_kind_of_value(void **state)
{
    static const enum json_kind kinds[] = { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY,
                                            JSON_OBJECT };
    struct json *object = json_parse("{\"a\":null,\"b\":false,\"c\":true,\"d\":-1.5,\"e\":\"x\",\"f\":[1],\"g\":{}}");
    const struct json *member = json_first_member(object);
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(kinds); i++, member = json_next(member)) {
        const char name[] = { (char)('a' + i), '\0' };
        assert_string_equal(json_name(member), name);
        unit_same_int(name, json_kind(member), kinds[i]);
    }
    assert_null(member);
    assert_true(json_number(json_member(object, "d")) == -1.5);
    assert_string_equal(json_string(json_member(object, "e")), "x");
    assert_int_equal(json_kind(NULL), JSON_NULL);
    assert_null(json_first_member(json_member(object, "f")));
    assert_null(json_first_member(json_member(object, "g")));
    json_free(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_prints_members_in_order_without_blanks),
        cmocka_unit_test(test_json_prints_large_integers_exactly),
        cmocka_unit_test(test_json_text_is_escaped_and_always_valid_utf8),
        cmocka_unit_test(test_json_nests_objects_in_arrays),
        cmocka_unit_test(test_json_parse_reads_objects_only),
        cmocka_unit_test(test_json_nests_arrays_and_objects),
        cmocka_unit_test(test_json_reads_only_texts_as_texts_and_booleans_as_booleans),
        cmocka_unit_test(test_json_distinguishes_lists_from_missing_and_other_values),
        cmocka_unit_test(test_json_free_secret_leaves_borrowed_texts),
        cmocka_unit_test(test_json_tells_each_kind_of_value),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
