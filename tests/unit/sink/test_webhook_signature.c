/* Tests of webhook_signature. Python's hmac made the vectors. */
#include "../unit.h"

#include "sink/webhook_signature.h"

#define OLD "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"
#define NEW "whsec_yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uchISEhISEhISEhISEhISEhISEhISEhISEhISEhISEhIQ=="

/* The base64 of 60 bytes. */
#define SIXTY "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"

static void test_signature_equals_the_one_of_python(void **state)
{
    (void)state;
    static const struct {
        const char *secrets, *id;
        int64_t timestamp;
        const char *body, *want;
    } rows[] = {
        { OLD, "vicidial-1729771100_5-af63dc4c8601ec8c", 1729771200,
          "{\"id\":\"1729771100.5\",\"number\":\"3125550001\"}", "v1,TrzP7HyE3n2WXIlc6IXNE+xI9Wp/Il7Ro9dbt+tF2DQ=" },
        { OLD, "m", 1, "{\"comments\":\"größer\"}",
          "v1,BnJMODW2Fk4s1jJ5FrTDCX29el53bGeDaY46ZPudPuU=" },
        { NEW, "m", 1729771200, "",
          "v1,oW4/8eEQnbAIYagvl12yz8OopWGfwqr21p5K2QeqZkg=" },
        { " " OLD "\n" NEW "\n", "m", 1729771200, "{}",
          "v1,3Cw+hLkXi5FLtE3UgwmkQ/u0qH1vOcbnzvle3gZMVcc= "
          "v1,5MzNXTfpEBhNO2RUfdLAqdtF/TVn2Zj6cHz+XxW8haM=" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct webhook_secrets secrets;
        struct err err = { .message = "" };
        char out[WEBHOOK_SIGNATURE_SIZE];
        unit_same_int(rows[i].want, webhook_secrets_read(rows[i].secrets, "own.conf:3", &secrets, &err), 0);
        webhook_sign(&secrets, rows[i].id, rows[i].timestamp, rows[i].body, out);
        unit_same_text(rows[i].id, out, rows[i].want);
    }
}

static void test_signature_refuses_a_malformed_secret_without_showing_it(void **state)
{
    (void)state;
    static const struct {
        const char *secrets, *want;
    } rows[] = {
        { "", "secret is empty; copy it from the receiver, or make one" },
        { " \n", "secret is empty" },
        { "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u", "does not begin with whsec_" },
        { "whsec", "does not begin with whsec_" },
        { "WHSEC_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u", "does not begin with whsec_" },
        { OLD " MDEyMzQ1", "does not begin with whsec_" },
        { "whsec_", "has 0 bytes; Standard Webhooks asks for 24 to 64" },
        { "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", "has 23 bytes; Standard Webhooks asks for 24 to 64" },
        { "whsec_" SIXTY "eHh4eHg=", "has 65 bytes; Standard Webhooks asks for 24 to 64" },
        { "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u!", "is not base64" },
        { "whsec_" SIXTY SIXTY SIXTY SIXTY SIXTY, "is not base64" },
        { OLD " " OLD " " OLD " " OLD " " OLD, "has more than 4 secrets" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct webhook_secrets secrets;
        struct err err = { .message = "" };
        unit_same_int(rows[i].want, webhook_secrets_read(rows[i].secrets, "own.conf:3", &secrets, &err), -1);
        unit_same_int(rows[i].want, err.code, EX_CONFIG);
        unit_has(rows[i].secrets, err.message, "own.conf:3: ");
        unit_has(rows[i].secrets, err.message, rows[i].want);
        unit_lacks(rows[i].secrets, err.message, "MDEyMz");
        unit_same_int(rows[i].want, secrets.count, 0);
        unit_same_int(rows[i].want, secrets.items[0].bytes[0], 0);
    }
}

static void test_signature_accepts_up_to_four_secrets_of_24_to_64_bytes(void **state)
{
    (void)state;
    struct webhook_secrets secrets;
    assert_int_equal(webhook_secrets_read(OLD "\t" OLD "\r\n" OLD " whsec_" SIXTY "eHh4eA==", "x", &secrets, NULL), 0);
    assert_int_equal(secrets.count, 4);
    assert_int_equal(secrets.items[0].length, 24);
    assert_int_equal(secrets.items[3].length, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature_equals_the_one_of_python),
        cmocka_unit_test(test_signature_refuses_a_malformed_secret_without_showing_it),
        cmocka_unit_test(test_signature_accepts_up_to_four_secrets_of_24_to_64_bytes),
    };
    return cmocka_run_group_tests_name("webhook_signature", tests, NULL, NULL);
}
