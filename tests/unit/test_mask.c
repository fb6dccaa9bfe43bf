/* Tests of mask: how much of a telephone number is shown. */
#include "unit.h"

#include "mask.h"

static void test_mask_leaves_the_last_four_digits_of_a_number(void **state)
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
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[80];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        mask_phone(text, rows[i].phone);
        unit_same_text(rows[i].text, text, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask_leaves_the_last_four_digits_of_a_number),
    };
    return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
