/* Tests of hmac. */
#include "../unit.h"

#include "base/hmac.h"

/* RFC 4231, test cases 2, 1 and 6, and nothing at all; the results are those of Python's hmac, too. */
static void test_hmac_signs_as_its_rfc_says(void **state)
{
    (void)state;
    static const struct {
        int byte; /* -1: key as text */
        const char *key;
        size_t length;
        const char *text, *want;
    } rows[] = {
        { -1, "Jefe", 4, "what do ya want for nothing?",
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { 0x0B, NULL, 20, "Hi There",
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { 0xAA, NULL, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
        { -1, "", 0, "",
          "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unsigned char key[131], mac[HMAC_SHA256_SIZE];
        char hex[2 * HMAC_SHA256_SIZE + 1];
        memset(key, rows[i].byte, sizeof key);
        if (rows[i].key != NULL)
            memcpy(key, rows[i].key, rows[i].length);
        hmac_sha256(key, rows[i].length, rows[i].text, strlen(rows[i].text), mac);
        for (size_t k = 0; k < sizeof mac; k++)
            (void)snprintf(hex + 2 * k, 3, "%02x", mac[k]);
        unit_same_text(rows[i].text, hex, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac_signs_as_its_rfc_says),
    };
    return cmocka_run_group_tests_name("hmac", tests, NULL, NULL);
}
