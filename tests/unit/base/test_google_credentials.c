/* Tests of google_credentials. The files: a service account's key from Google's console, and the file that gcloud
 * writes for a user. */
#include "../unit.h"

#include "base/google_credentials.h"

#define ACCOUNT                                                                                                     \
    "\"client_email\":\"sync@calls.iam.gserviceaccount.com\",\"private_key\":\"-----BEGIN PRIVATE KEY-----\\nMII\\n\""
#define USER "\"client_id\":\"1.apps.example\",\"client_secret\":\"GOCSPX-s\",\"refresh_token\":\"1//r\""

static void test_google_credentials_reads_a_service_account(void **state)
{
    (void)state;
    struct google_credentials credentials;
    struct err err;
    assert_int_equal(google_credentials_read("{\"type\":\"service_account\",\"private_key_id\":\"k1\"," ACCOUNT
                                             ",\"token_uri\":\"https://oauth2.example/token\",\"project_id\":\"p\"}",
                                             "/etc/key.json", &credentials, &err), 0);
    assert_int_equal(credentials.kind, GOOGLE_SERVICE_ACCOUNT);
    assert_string_equal(credentials.client_email, "sync@calls.iam.gserviceaccount.com");
    assert_string_equal(credentials.private_key, "-----BEGIN PRIVATE KEY-----\nMII\n");
    assert_string_equal(credentials.private_key_id, "k1");
    assert_string_equal(credentials.token_uri, "https://oauth2.example/token");
    assert_string_equal(google_credentials_name(&credentials), "sync@calls.iam.gserviceaccount.com");
    google_credentials_clear(&credentials);
    google_credentials_clear(&credentials);
}

static void test_google_credentials_reads_a_user(void **state)
{
    (void)state;
    struct google_credentials credentials;
    struct err err;
    assert_int_equal(google_credentials_read("{\"type\":\"authorized_user\"," USER "}", "/etc/user.json", &credentials,
                                             &err), 0);
    assert_int_equal(credentials.kind, GOOGLE_USER);
    assert_string_equal(credentials.client_id, "1.apps.example");
    assert_string_equal(credentials.client_secret, "GOCSPX-s");
    assert_string_equal(credentials.refresh_token, "1//r");
    assert_string_equal(credentials.token_uri, "https://oauth2.googleapis.com/token");
    assert_string_equal(google_credentials_name(&credentials), "1.apps.example");
    google_credentials_clear(&credentials);
}

static void test_google_credentials_says_what_is_wrong_with_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "", "the file is no JSON object" },
        { "{", "the file is no JSON object" },
        { "[]", "the file is no JSON object" },
        { "{}", "the file has the type ``, not service_account" },
        { "{\"type\":\"external_account\"}", "the type `external_account`, not service_account" },
        { "{\"type\":\"service_account\",\"private_key\":\"x\"}", "client_email is missing" },
        { "{\"type\":\"service_account\",\"client_email\":\"\",\"private_key\":\"x\"}", "client_email is missing" },
        { "{\"type\":\"service_account\",\"client_email\":\"a@b\"}", "private_key is missing" },
        { "{\"type\":\"service_account\",\"client_email\":\"a@b\",\"private_key\":7}", "private_key is missing" },
        { "{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\"}", "refresh_token is missing" },
        { "{\"type\":\"authorized_user\",\"client_id\":\"i\",\"refresh_token\":\"s\"}", "client_secret is missing" },
        { "{\"type\":\"authorized_user\",\"client_secret\":\"s\",\"refresh_token\":\"s\"}", "client_id is missing" },
        { "{\"installed\":{\"client_id\":\"i\"}}", "an OAuth client, but no refresh token" },
        { "{\"web\":{\"client_id\":\"i\"}}", "an OAuth client, but no refresh token" },
        { "{\"type\":\"authorized_user\"," USER ",\"token_uri\":\"http://oauth2.example/token\"}",
          "token_uri is no https" },
        { "{\"type\":\"service_account\"," ACCOUNT ",\"token_uri\":\"https://a@oauth2.example/\"}",
          "token_uri is no https" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct google_credentials credentials;
        struct err err = { .code = 0 };
        unit_same_int(rows[i].text, google_credentials_read(rows[i].text, "/etc/key.json", &credentials, &err), -1);
        unit_same_int(rows[i].text, err.code, EX_CONFIG);
        unit_has(rows[i].text, err.message, "/etc/key.json: ");
        unit_has(rows[i].text, err.message, rows[i].words);
        unit_lacks(rows[i].text, err.message, "GOCSPX");
        unit_lacks(rows[i].text, err.message, "MII");
        google_credentials_clear(&credentials);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_google_credentials_reads_a_service_account),
        cmocka_unit_test(test_google_credentials_reads_a_user),
        cmocka_unit_test(test_google_credentials_says_what_is_wrong_with_a_file),
    };
    return cmocka_run_group_tests_name("google_credentials", tests, NULL, NULL);
}
