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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt_has_three_parts_and_a_good_signature),
        cmocka_unit_test(test_jwt_reports_the_problem_with_a_key),
    };
    return cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
}
