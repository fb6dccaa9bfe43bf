/* Tests of mask: which digits of a telephone number are visible. */
#include "../unit.h"

#include "base/mask.h"

static void test_mask_keeps_the_last_four_digits(void **state)
{
    (void)state;
    static const struct {
        const char *text, *phone, *want;
    } rows[] = {
        { "3125550001", "3125550001", "******0001" },
        { "A/3125550001 → 3125550001.", "3125550001", "A/******0001 → ******0001." },
        { "+13125550001", "3125550001", "+1******0001" },
        { "12345", "12345", "*2345" },
        { "1234", "1234", "1234" },
        { "5", "5", "5" },
        { "1111111111", "11111", "*1111*1111" },
        { "nothing here", "3125550001", "nothing here" },
        { "text", "", "text" },
        { "text", NULL, "text" },
        { "", "3125550001", "" },
        { "phone 312-555-0001 is bad", "3125550001", "phone ***-***-0001 is bad" },
        { "(312) 555-0001", "3125550001", "(***) ***-0001" },
        { "+1 (312) 555-0001, +1.312.555.0001", "3125550001", "+* (***) ***-0001, +*.***.***.0001" },
        { "+84 912 345 678", "0912345678", "+** *** **5 678" },
        { "+84912345678 and 912345678", "0912345678", "+*******5678 and *****5678" },
        { "0912345678", "+84 912 345 678", "******5678" },
        { "555-0001", "5550001", "***-0001" },
        { "312-555-00012 and 312-555-0002", "3125550001", "312-555-00012 and 312-555-0002" },
        { "312, 555, 0001", "3125550001", "312, 555, 0001" },
        { "31255500 01", "125500", "31255500 01" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[80];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        mask_phone(text, rows[i].phone);
        unit_same_text(rows[i].text, text, rows[i].want);
    }
}

static void test_mask_hides_values_that_an_api_text_quotes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "3125550001 is bad", "******0001 is bad" },
        { "zip: Path `zip` (`12345678901`) is longer", "zip: Path `zip` (`***********`) is longer" },
        { "Cast to Number failed for value \"Jane\" (type string) at path \"duration\"",
          "Cast to Number failed for value \"****\" (type string) at path \"duration\"" },
        { "Could not convert value 'Jane' to integer. Field: duration",
          "Could not convert value '****' to integer. Field: duration" },
        { "value \"a\" and value \"b\", (`c`)", "value \"*\" and value \"*\", (`*`)" },
        { "value \"cut off he", "value \"**********" },
        { "value \"", "value \"" }, { "(``)", "(``)" }, { "no value", "no value" }, { "", "" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[120];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        mask_api_text(text, "3125550001");
        unit_same_text(rows[i].text, text, rows[i].want);
    }
}

static void test_mask_numbers_hides_what_looks_like_a_telephone_number(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "no +84912345678.", "no +*******5678." },
        { "0912345678 and 5550001", "******5678 and ***0001" },
        { "555001 calls", "555001 calls" },
        { "call 1700000000.12", "call 1700000000.12" },
        { "12.1700000000", "12.1700000000" },
        { ".84912345678", ".*******5678" },
        { "2026-11-28 03:04:05", "2026-11-28 03:04:05" },
        { "\uff10\uff19\uff11\uff12\uff13\uff14\uff15\uff16.", "************\uff13\uff14\uff15\uff16." },
        { "x \u0660\u0669\u0661 \u0662\u0663\u0664\u0665", "x ****** \u0662\u0663\u0664\u0665" },
        { "\u06f0\u06f9\u06f12345", "******2345" },
        { "\uff10\uff11\uff12 calls", "\uff10\uff11\uff12 calls" },
        { "\xef\xbc", "\xef\xbc" },
        { "", "" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[80];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        mask_numbers(text);
        unit_same_text(rows[i].text, text, rows[i].want);
    }
    mask_numbers(NULL);
    mask_phone(NULL, "3125550001");
    mask_api_text(NULL, "3125550001");
}

static void test_mask_if_enabled_follows_the_setting(void **state)
{
    (void)state;
    static const char whole[] = "3125550001: Path `zip` (`12345`)";
    char text[80];
    for (int on = 0; on <= 1; on++) {
        (void)snprintf(text, sizeof text, "%s", whole);
        mask_enable(on != 0);
        mask_if_enabled(text, "3125550001");
        mask_if_enabled(NULL, "3125550001");
        assert_string_equal(text, on ? "******0001: Path `zip` (`*****`)" : whole);
    }
    mask_enable(false);
    (void)snprintf(text, sizeof text, "%s", whole);
    mask_if_enabled(text, "3125550001");
    assert_string_equal(text, whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask_keeps_the_last_four_digits),
        cmocka_unit_test(test_mask_hides_values_that_an_api_text_quotes),
        cmocka_unit_test(test_mask_numbers_hides_what_looks_like_a_telephone_number),
        cmocka_unit_test(test_mask_if_enabled_follows_the_setting),
    };
    return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
