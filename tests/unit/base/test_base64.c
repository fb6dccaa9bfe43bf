/* Tests of base64. */
#include "../unit.h"

#include "base/base64.h"

/* The vectors of RFC 4648, section 10, and bytes that need the last two letters of the alphabet. */
static const struct {
    const char *bytes, *text;
} rows[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
             { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xFB\xEF\xFF", "++//" } };

static void test_base64_writes_and_reads_the_vectors_of_its_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[BASE64_SIZE(6)];
        unsigned char bytes[8] = { 0 };
        size_t length = 99;
        base64_encode((const unsigned char *)rows[i].bytes, strlen(rows[i].bytes), text);
        unit_same_text(rows[i].text, text, rows[i].text);
        unit_same_int(rows[i].text, BASE64_SIZE(strlen(rows[i].bytes)), strlen(rows[i].text) + 1);
        unit_true(rows[i].text, base64_decode(text, strlen(text), bytes, &length));
        unit_same_int(rows[i].text, length, strlen(rows[i].bytes));
        unit_same_text(rows[i].text, (const char *)bytes, rows[i].bytes);
        size_t bare = strcspn(text, "=");
        unit_true(rows[i].text, base64_decode(text, bare, bytes, &length));
        unit_same_int(rows[i].text, length, strlen(rows[i].bytes));
    }
}

static void test_base64_writes_the_alphabet_for_urls(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } urls[] = { { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "\xFB\xEF\xFF", "--__" },
                 { "\xFB\xEF", "--8" } };
    for (size_t i = 0; i < UNIT_COUNT(urls); i++) {
        char text[BASE64_SIZE(3)];
        size_t length = base64_encode_url((const unsigned char *)urls[i].bytes, strlen(urls[i].bytes), text);
        unit_same_int(urls[i].text, length, strlen(urls[i].text));
        unit_same_text(urls[i].text, text, urls[i].text);
    }
}

static void test_base64_refuses_other_text(void **state)
{
    (void)state;
    static const char *const refused[] = { "Z", "A", "Zg=", "Zg===", "Z===", "=", "==", "====", "Zm9v=",
                                           "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm-v", "Zm_v", "Zg==Zg==", "Zm\xC3\xBC" };
    for (size_t i = 0; i < UNIT_COUNT(refused); i++) {
        unsigned char bytes[16];
        size_t length = 0;
        unit_true(refused[i], !base64_decode(refused[i], strlen(refused[i]), bytes, &length));
    }
    unsigned char bytes[4];
    size_t length = 0;
    assert_false(base64_decode("Zm\0v", 4, bytes, &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64_writes_and_reads_the_vectors_of_its_rfc),
        cmocka_unit_test(test_base64_writes_the_alphabet_for_urls),
        cmocka_unit_test(test_base64_refuses_other_text),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
