/* Tests of message_key: the key by which a receiver recognizes a repeated message. */
#include "../unit.h"

#include "sink/message_key.h"

/* After an upgrade, retries must have the same keys as in earlier versions. */
static void test_message_key_keeps_its_form(void **state)
{
    (void)state;
    static const char sixty_three[] = "123456789012345678901234567890123456789012345678901234567890123";
    static const struct {
        const char *uniqueid, *body, *want;
        uint32_t change;
    } rows[] = {
        { "1729771100.5", "", "1729771100.5-cbf29ce484222325", 0 },
        { "1729771100.5", "foobar", "1729771100.5-85944171f73967e8", 0 },
        { "sys-1.5", "a", "sys-1.5-af63dc4c8601ec8c", 0 },
        { "", "a", "-af63dc4c8601ec8c", 0 },
        { "a b\r\nc:\"\\_\xFC\x7F", "a", "a_b__c______-af63dc4c8601ec8c", 0 },
        { sixty_three, "a", "123456789012345678901234567890123456789012345678901234567890123-af63dc4c8601ec8c", 0 },
        { "1234567890123456789012345678901234567890123456789012345678901234567890", "a",
          "123456789012345678901234567890123456789012345678901234567890123-af63dc4c8601ec8c", 0 },
        { sixty_three, "a",
          "123456789012345678901234567890123456789012345678901234567890123-af63dc4c8601ec8c-4294967295", UINT32_MAX },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char key[SINK_KEY_SIZE];
        message_key(rows[i].uniqueid, rows[i].body, rows[i].change, key);
        unit_same_text(rows[i].uniqueid, key, rows[i].want);
    }
}

static void test_message_key_holds_safe_characters_only(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char uniqueid[2] = { (char)byte, '\0' }, key[SINK_KEY_SIZE], row[32];
        message_key(uniqueid, "a", 0, key);
        (void)snprintf(row, sizeof row, "byte %d", byte);
        unit_same_int(row, strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"),
                      strlen(key));
        unit_same_int(row, strlen(key), 18);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_key_keeps_its_form),
        cmocka_unit_test(test_message_key_holds_safe_characters_only),
    };
    return cmocka_run_group_tests_name("message_key", tests, NULL, NULL);
}
