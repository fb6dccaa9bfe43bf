/* Tests of jwt. */
#include "../unit.h"

#include "../unit_key.h"
#include "base/base64.h"
#include "base/jwt.h"

/* The bytes of a part of a token, NUL-terminated. The caller frees them. */
static unsigned char *decode(const char *part, size_t length, size_t *ret_length)
{
    char *text = strndup(part, length);
    unsigned char *bytes = calloc(length + 1, 1);
    assert_true(text != NULL && bytes != NULL);
    assert_null(strpbrk(text, "+/="));
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    assert_true(base64_decode(text, length, bytes, ret_length));
    free(text);
    return bytes;
}

static void assert_part(const char *part, size_t length, const char *want)
{
    size_t got = 0;
    unsigned char *bytes = decode(part, length, &got);
    assert_string_equal((const char *)bytes, want);
    free(bytes);
}

static void check_token(const struct unit_key *key, const char *key_id, const char *header)
{
    struct err err;
    char *token = NULL;
    struct json *claims = json_object();
    json_add_text(claims, "iss", "a@b.example");
    json_add_int(claims, "iat", 1760000000);
    assert_int_equal(jwt_sign(claims, key_id, key->pem, &token, &err), 0);
    json_free(claims);

    const char *first = strchr(token, '.'), *second = strrchr(token, '.');
    assert_true(first != NULL && second > first && strchr(first + 1, '.') == second);
    assert_part(token, (size_t)(first - token), header);
    assert_part(first + 1, (size_t)(second - first - 1), "{\"iss\":\"a@b.example\",\"iat\":1760000000}");
    size_t length = 0;
    unsigned char *signature = decode(second + 1, strlen(second + 1), &length);
    assert_int_equal(length, 256);
    assert_true(unit_key_verifies(key, token, (size_t)(second - token), signature, length));
    assert_false(unit_key_verifies(key, token, (size_t)(second - token) - 1, signature, length));
    free(signature);
    free(token);
}

static void test_jwt_has_three_parts_and_a_good_signature(void **state)
{
    (void)state;
    struct unit_key key = unit_key_rsa(2048);
    check_token(&key, "k1", "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}");
    check_token(&key, "", "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
    unit_key_free(&key);
}

static void test_jwt_reports_the_problem_with_a_key(void **state)
{
    (void)state;
    struct err err;
    char *token = NULL;
    struct json *claims = json_object();
    assert_int_equal(jwt_sign(claims, "k1", "no key", &token, &err), -1);
    assert_null(token);
    assert_int_equal(err.code, EX_CONFIG);
    unit_has("no key", err.message, "copy it again");
    json_free(claims);
}

/* Made by Python's hmac: {"alg":"HS256","typ":"JWT"} and {"sub":"ann"}, with the secret "key". */
#define HS256 \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4ifQ.HYl7YunO5Rohhr3JEVx5eimO6xeIIC3T-H0448pgNfk"

static void test_jwt_hs256_is_what_others_make(void **state)
{
    (void)state;
    struct json *claims = json_object();
    json_add_text(claims, "sub", "ann");
    char *token = jwt_sign_hs256(claims, "key", 3);
    assert_string_equal(token, HS256);
    free(token);
    json_free(claims);
    claims = jwt_verify_hs256(HS256, "key", 3);
    assert_string_equal(json_text(claims, "sub"), "ann");
    json_free(claims);
}

static void test_jwt_hs256_refuses_what_was_not_signed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", ".", "..", "...", "a.b.c", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4ifQ",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4ifQ.",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJib2IifQ.HYl7YunO5Rohhr3JEVx5eimO6xeIIC3T-H0448pgNfk",
        HS256 "A", HS256 "=", HS256 ".",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.",           /* alg none */
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.bosbghxJBSKM66n_xSvTAk1cB1FxtJhlXx7HjNAJ4JA", /* alg none */
        /* signed, but the claims are a list */
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.WyJhbm4iXQ.058rgMAecX0gQgZIY7tJF1kuS6pRg2Y7KMkPVPRLTa8",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_true(rows[i], jwt_verify_hs256(rows[i], "key", 3) == NULL);
    assert_null(jwt_verify_hs256(HS256, "kex", 3));
    assert_null(jwt_verify_hs256(HS256, "key", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt_has_three_parts_and_a_good_signature),
        cmocka_unit_test(test_jwt_reports_the_problem_with_a_key),
        cmocka_unit_test(test_jwt_hs256_is_what_others_make),
        cmocka_unit_test(test_jwt_hs256_refuses_what_was_not_signed),
    };
    return cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
}
