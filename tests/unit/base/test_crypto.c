/* Tests of crypto. */
#include "../unit.h"

#include "../unit_key.h"
#include "base/crypto.h"

/* RFC 4231, test cases 2, 1 and 6, and an empty text with an empty key. Python's hmac gives the same results. */
static void test_crypto_hmac_equals_the_vectors_of_its_rfc(void **state)
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
        unsigned char key[131], mac[CRYPTO_SHA256_SIZE];
        char hex[CRYPTO_HEX_SIZE(CRYPTO_SHA256_SIZE)];
        memset(key, rows[i].byte, sizeof key);
        if (rows[i].key != NULL)
            memcpy(key, rows[i].key, rows[i].length);
        crypto_hmac_sha256(key, rows[i].length, rows[i].text, strlen(rows[i].text), mac);
        unit_same_text(rows[i].text, crypto_hex(mac, sizeof mac, hex), rows[i].want);
    }
}

/* The vectors of RFC 1321 and of FIPS 180-2. Each text is added in two pieces. */
static void test_crypto_digests_equal_the_vectors_of_their_standards(void **state)
{
    (void)state;
    static const struct {
        enum crypto_digest_kind kind;
        const char *first, *second, *want;
    } rows[] = {
        { CRYPTO_MD5, "", "", "d41d8cd98f00b204e9800998ecf8427e" },
        { CRYPTO_MD5, "message", " digest", "f96b697d7cb7938d525a2f31aaf161d0" },
        { CRYPTO_SHA256, "", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { CRYPTO_SHA256, "a", "bc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unsigned char bytes[CRYPTO_SHA256_SIZE];
        char hex[CRYPTO_HEX_SIZE(CRYPTO_SHA256_SIZE)];
        struct crypto_digest *digest = crypto_digest_begin(rows[i].kind);
        assert_non_null(digest);
        crypto_digest_add(digest, rows[i].first, strlen(rows[i].first));
        crypto_digest_add(digest, rows[i].second, strlen(rows[i].second));
        size_t size = crypto_digest_end(digest, bytes);
        unit_same_int(rows[i].want, size, rows[i].kind == CRYPTO_MD5 ? CRYPTO_MD5_SIZE : CRYPTO_SHA256_SIZE);
        unit_same_text(rows[i].want, crypto_hex(bytes, size, hex), rows[i].want);
    }
    crypto_digest_drop(crypto_digest_begin(CRYPTO_SHA256));
    crypto_digest_drop(NULL);
}

/* The vectors of RFC 7914, section 12. */
static void test_crypto_scrypt_equals_the_vectors_of_its_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *password, *salt;
        struct crypto_scrypt_cost cost;
        const char *want; /* the first 16 bytes; NULL: refused */
    } rows[] = {
        { "", "", { 16, 1, 1 }, "77d6576238657b203b19ca42c18a0497" },
        { "password", "NaCl", { 1024, 8, 16 }, "fdbabe1c9d3472007856e7190d01e9fe" },
        { "pleaseletmein", "SodiumChloride", { 16384, 8, 1 }, "7023bdcb3afd7348461c06cd81fd38eb" },
        { "password", "NaCl", { 1000, 8, 16 }, NULL },
        { "password", "NaCl", { 1048576, 8, 1 }, NULL },
        { "password", "NaCl", { 1024, 8, 0 }, NULL },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unsigned char bytes[64];
        char hex[CRYPTO_HEX_SIZE(16)];
        bool done = crypto_scrypt(rows[i].password, (const unsigned char *)rows[i].salt, strlen(rows[i].salt),
                                  &rows[i].cost, bytes, sizeof bytes);
        unit_true(rows[i].password, done == (rows[i].want != NULL));
        if (done)
            unit_same_text(rows[i].password, crypto_hex(bytes, 16, hex), rows[i].want);
    }
}

static void test_crypto_compares_and_makes_random_bytes(void **state)
{
    (void)state;
    unsigned char a[32], b[32];
    crypto_random(a, sizeof a);
    crypto_random(b, sizeof b);
    assert_false(crypto_equal(a, b, sizeof a));
    assert_true(crypto_equal(a, a, sizeof a));
    memcpy(b, a, sizeof a);
    b[31] ^= 1;
    assert_false(crypto_equal(a, b, sizeof a));
    assert_true(crypto_equal(a, b, sizeof a - 1));
}

static void test_crypto_rs256_verifies_with_the_public_key(void **state)
{
    (void)state;
    static const char text[] = "what is signed";
    struct err err;
    struct unit_key key = unit_key_rsa(2048);
    unsigned char *signature = NULL;
    size_t length = 0;
    assert_int_equal(crypto_sign_rs256(key.pem, text, strlen(text), &signature, &length, &err), 0);
    assert_int_equal(length, 256);
    assert_true(unit_key_verifies(&key, text, strlen(text), signature, length));
    signature[length - 1] ^= 1;
    assert_false(unit_key_verifies(&key, text, strlen(text), signature, length));
    free(signature);
    unit_key_free(&key);
}

static void assert_refused(const char *row, const char *pem, const char *words)
{
    struct err err = { .code = 0 };
    unsigned char *signature = NULL;
    size_t length = 0;
    unit_same_int(row, crypto_sign_rs256(pem, "text", 4, &signature, &length, &err), -1);
    unit_same_int(row, err.code, EX_CONFIG);
    unit_has(row, err.message, words);
    unit_true(row, signature == NULL);
    if (strlen(pem) > 100)
        unit_lacks(row, err.message, "MII");
}

static void test_crypto_rs256_refuses_an_unusable_key(void **state)
{
    (void)state;
    struct unit_key small = unit_key_rsa(1024), other = unit_key_pss(), good = unit_key_rsa(2048);
    char *locked = unit_key_encrypted(&good, "pass");
    assert_refused("1024 bits", small.pem, "not an RSA key of at least 2048 bits");
    assert_refused("RSA-PSS", other.pem, "not an RSA key");
    assert_refused("encrypted", locked, "it is encrypted; use a key without a password");
    assert_refused("nothing", "", "copy it again");
    assert_refused("words", "-----BEGIN PRIVATE KEY-----\nno base64!\n-----END PRIVATE KEY-----\n", "copy it again");
    good.pem[strlen(good.pem) / 2] = '\0';
    assert_refused("half", good.pem, "from its line -----BEGIN to its line -----END");
    free(locked);
    unit_key_free(&small);
    unit_key_free(&other);
    unit_key_free(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crypto_hmac_equals_the_vectors_of_its_rfc),
        cmocka_unit_test(test_crypto_digests_equal_the_vectors_of_their_standards),
        cmocka_unit_test(test_crypto_scrypt_equals_the_vectors_of_its_rfc),
        cmocka_unit_test(test_crypto_compares_and_makes_random_bytes),
        cmocka_unit_test(test_crypto_rs256_verifies_with_the_public_key),
        cmocka_unit_test(test_crypto_rs256_refuses_an_unusable_key),
    };
    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
