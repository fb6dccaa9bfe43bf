/* Tests of json_writer: the bytes must equal those of cJSON. */
#include "../unit.h"

#include "base/json.h"
#include "base/json_writer.h"

/* An object with one member, as cJSON prints the object. The caller frees the text. */
static char *by_cjson(const char *text)
{
    struct json *object = json_object();
    json_add_text(object, "a", text);
    char *printed = json_print(object);
    json_free(object);
    return printed;
}

static void is_as_cjson_prints(const char *row, const char *text)
{
    struct json_writer writer = { .text = NULL };
    json_writer_add_text(&writer, "a", text);
    char *written = json_writer_end(&writer), *printed = by_cjson(text);
    unit_same_text(row, written, printed);
    free(written);
    free(printed);
}

static void test_json_writer_writes_each_byte_as_cjson_does(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char text[] = { 'x', (char)byte, 'y', '\0' }, row[24];
        (void)snprintf(row, sizeof row, "byte %d", byte);
        is_as_cjson_prints(row, text);
    }
}

static void test_json_writer_writes_texts_as_cjson_does(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "\"", "\\", "\"\\\b\f\n\r\t/", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x93\x9E", "caf\xE9", "\xE2\x82", "\x7F",
        "</script>", "\xED\xA0\x80", NULL,
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        is_as_cjson_prints(rows[i] != NULL ? rows[i] : "NULL", rows[i]);
}

static void test_json_writer_grows_with_the_text(void **state)
{
    (void)state;
    static const size_t lengths[] = { 100, 1000, 1023, 1024, 5000, 100000 };
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        char row[32], *text = calloc(lengths[i] + 1, 1);
        memset(text, i % 2 == 0 ? '\x01' : 'x', lengths[i]);
        (void)snprintf(row, sizeof row, "%zu bytes", lengths[i]);
        is_as_cjson_prints(row, text);
        free(text);
    }
}

static void test_json_writer_joins_members_in_their_order(void **state)
{
    (void)state;
    struct json_writer writer = { .text = NULL };
    json_writer_add_int(&writer, "least", INT64_MIN);
    json_writer_add_text(&writer, "text", "a");
    json_writer_add_known(&writer, "known", 0, -1);
    json_writer_add_known(&writer, "unknown", -1, -1);
    json_writer_add_int(&writer, "most", INT64_MAX);
    char *text = json_writer_end(&writer);
    unit_same_text("members", text, "{\"least\":-9223372036854775808,\"text\":\"a\",\"known\":0,\"unknown\":null,"
                                    "\"most\":9223372036854775807}");
    free(text);
    text = json_writer_end(&writer);
    unit_same_text("no member", text, "{}");
    free(text);
}

static void test_json_writer_grows_in_many_small_steps(void **state)
{
    (void)state;
    struct json_writer writer = { .text = NULL };
    struct json *object = json_object();
    for (int i = 0; i < 2000; i++) {
        json_writer_add_int(&writer, "n", i);
        json_add_int(object, "n", i);
    }
    char *written = json_writer_end(&writer), *printed = json_print(object);
    unit_same_text("2000 members", written, printed);
    free(written);
    free(printed);
    json_free(object);
}

static void test_json_writer_puts_pieces_of_any_json(void **state)
{
    struct json_writer writer = { .text = NULL };
    (void)state;
    json_writer_put(&writer, "[");
    json_writer_put_text(&writer, "a\"\xFF");
    json_writer_put(&writer, ",");
    json_writer_put_text(&writer, NULL);
    assert_string_equal(writer.text, "[\"a\\\"\xEF\xBF\xBD\",null");
    assert_int_equal(writer.length, strlen(writer.text));
    writer.length = 1; /* what comes after is given up */
    json_writer_put(&writer, "]");
    assert_string_equal(writer.text, "[]");
    free(writer.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_writer_writes_each_byte_as_cjson_does),
        cmocka_unit_test(test_json_writer_writes_texts_as_cjson_does),
        cmocka_unit_test(test_json_writer_grows_with_the_text),
        cmocka_unit_test(test_json_writer_joins_members_in_their_order),
        cmocka_unit_test(test_json_writer_grows_in_many_small_steps),
        cmocka_unit_test(test_json_writer_puts_pieces_of_any_json),
    };
    return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
