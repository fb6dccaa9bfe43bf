/* Tests of google_grant and google_answer: the body of a request for a token, and what its answer means. */
#include "../unit.h"

#include "../unit_key.h"
#include "base/base64.h"
#include "base/google_answer.h"
#include "base/google_grant.h"
#include "base/mem.h"

#define NOW INT64_C(1760000000)
#define DRIVE "https://www.googleapis.com/auth/drive"
#define FORM_BEGINS "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
#define FORM "grant_type=x&assertion=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhQGIuZXhhbXBsZSJ9.c2lnbmF0dXJlLW9mLWl0"

static const struct google_credentials account = {
    .kind = GOOGLE_SERVICE_ACCOUNT, .origin = "/etc/key.json", .client_email = "sync@calls.example",
    .private_key_id = "k1", .token_uri = "https://oauth2.googleapis.com/token",
};
static const struct google_credentials user = {
    .kind = GOOGLE_USER, .origin = "/etc/user.json", .client_id = "1.apps.example",
    .client_secret = "GOCSPX-secret&one", .refresh_token = "1//refresh-token",
    .token_uri = "https://oauth2.googleapis.com/token",
};
static const struct google_wish own = { .scope = DRIVE, .subject = "" };
static const struct google_wish boss = { .scope = DRIVE, .subject = "boss@example.com" };

/* ---- google_grant ---- */

/* The part of a form's assertion with this number, as text. The caller frees it. */
static char *claims_of(const char *form, int number)
{
    const char *part = form + strlen(FORM_BEGINS);
    while (number-- > 0)
        part = strchr(part, '.') + 1;
    size_t length = strcspn(part, "."), got = 0;
    unsigned char *bytes = calloc(length + 1, 1);
    assert_true(bytes != NULL && base64_decode(part, length, bytes, &got));
    return (char *)bytes;
}

static void check_claims(const struct google_wish *wish, const char *want)
{
    struct err err;
    struct unit_key key = unit_key_rsa(2048);
    struct google_credentials credentials = account;
    char *form = NULL;
    credentials.private_key = key.pem;
    assert_int_equal(google_grant_make(&credentials, wish, NOW, &form, &err), 0);
    assert_int_equal(strncmp(form, FORM_BEGINS, strlen(FORM_BEGINS)), 0);
    char *header = claims_of(form, 0), *claims = claims_of(form, 1);
    assert_string_equal(header, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}");
    assert_string_equal(claims, want);
    free(claims);
    free(header);
    mem_free_secret(form);
    unit_key_free(&key);
}

static void test_google_grant_signs_the_claims_of_a_service_account(void **state)
{
    (void)state;
    check_claims(&own, "{\"iss\":\"sync@calls.example\",\"scope\":\"" DRIVE "\","
                       "\"aud\":\"https://oauth2.googleapis.com/token\","
                       "\"iat\":1760000000,\"exp\":1760003600}");
    check_claims(&boss, "{\"iss\":\"sync@calls.example\",\"scope\":\"" DRIVE "\","
                        "\"aud\":\"https://oauth2.googleapis.com/token\","
                        "\"iat\":1760000000,\"exp\":1760003600,\"sub\":\"boss@example.com\"}");
}

static void test_google_grant_encodes_the_secrets_of_a_user(void **state)
{
    (void)state;
    struct err err;
    char *form = NULL;
    assert_int_equal(google_grant_make(&user, &own, NOW, &form, &err), 0);
    assert_string_equal(form, "grant_type=refresh_token&client_id=1.apps.example&client_secret=GOCSPX-secret%26one"
                              "&refresh_token=1%2F%2Frefresh-token");
    mem_free_secret(form);
}

static void test_google_grant_names_the_file_with_a_bad_key(void **state)
{
    (void)state;
    struct err err;
    char *form = NULL;
    struct google_credentials credentials = account;
    credentials.private_key = "secret, but no key";
    assert_int_equal(google_grant_make(&credentials, &own, NOW, &form, &err), -1);
    assert_null(form);
    assert_int_equal(err.code, EX_CONFIG);
    unit_has("key", err.message, "/etc/key.json: private_key: could not read the private key");
    unit_lacks("key", err.message, "secret");
}

/* ---- google_answer ---- */

static int read_answer(const struct google_credentials *credentials, const struct google_wish *wish,
                       const struct http_answer *answer, char **ret_token, int64_t *ret_life, struct err *err)
{
    char *form = NULL;
    if (credentials->kind == GOOGLE_USER)
        assert_int_equal(google_grant_make(credentials, wish, NOW, &form, err), 0);
    const struct google_request request = { .credentials = credentials, .wish = wish,
                                            .form = form != NULL ? form : FORM, .now = NOW };
    int result = google_answer_read(&request, answer, ret_token, ret_life, err);
    mem_free_secret(form);
    return result;
}

static void test_google_answer_reads_a_token_and_its_lifetime(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t life;
    } rows[] = {
        { "{\"access_token\":\"ya29.a\",\"expires_in\":3599,\"token_type\":\"Bearer\"}", 3599 },
        { "{\"access_token\":\"ya29.a\",\"expires_in\":\"60\"}", 60 },
        { "{\"access_token\":\"ya29.a\"}", 1 },
        { "{\"access_token\":\"ya29.a\",\"expires_in\":-5}", 1 },
        { "{\"access_token\":\"ya29.a\",\"expires_in\":99999999}", 86400 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct http_answer answer = { .status = 200, .body = rows[i].body };
        struct err err;
        char *token = NULL;
        int64_t life = 0;
        unit_same_int(rows[i].body, read_answer(&account, &own, &answer, &token, &life, &err), 0);
        unit_same_text(rows[i].body, token, "ya29.a");
        unit_same_int(rows[i].body, life, rows[i].life);
        mem_free_secret(token);
    }
}

#define REFUSED(error, words) "{\"error\":\"" error "\",\"error_description\":\"" words "\"}"
#define CLOCK_WORDS "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. " \
                    "Check your iat and exp values in the JWT claim."

/* Each error has its own remedy. Only EX_UNAVAILABLE is worth a retry. */
static const struct refused {
    const struct google_credentials *credentials;
    const struct google_wish *wish;
    long status;
    int64_t date;
    const char *body;
    int code;
    const char *words;
} refusals[] = {
    { &account, &own, 400, NOW - 1000, REFUSED("invalid_grant", CLOCK_WORDS), EX_CONFIG,
      "clock is 1000 s ahead of Google's; set" },
    { &account, &own, 400, NOW + 1000, REFUSED("invalid_grant", CLOCK_WORDS), EX_CONFIG,
      "clock is 1000 s behind Google's; set" },
    { &account, &own, 400, NOW - 1000, REFUSED("invalid_grant", ""), EX_CONFIG, "clock is 1000 s ahead of Google's" },
    { &account, &own, 400, 0, REFUSED("invalid_grant", CLOCK_WORDS), EX_CONFIG,
      "this host's clock is wrong; set the clock" },
    { &account, &own, 400, NOW - 100, REFUSED("invalid_grant", "Invalid JWT Signature."), EX_CONFIG,
      "the key k1 of sync@calls.example was deleted" },
    { &account, &own, 400, NOW, REFUSED("invalid_grant", "Invalid grant: account not found"), EX_CONFIG,
      "there is no service account sync@calls.example any more" },
    { &account, &boss, 400, NOW, REFUSED("invalid_grant", "Invalid email or User ID"), EX_CONFIG,
      "no user boss@example.com" },
    { &account, &boss, 401, NOW, REFUSED("unauthorized_client", "Client is unauthorized"), EX_CONFIG,
      "may not act for boss@example.com; an administrator must add the account's client ID with the scope " DRIVE },
    { &account, &own, 401, NOW, REFUSED("unauthorized_client", "Client is unauthorized"), EX_CONFIG,
      "whether it is disabled" },
    { &account, &own, 400, NOW, REFUSED("invalid_scope", "Invalid OAuth scope"), EX_CONFIG,
      "does not know the scope " DRIVE },
    { &account, &own, 400, NOW, REFUSED("something_new", "Words"), EX_CONFIG,
      "check the account in /etc/key.json (Google says something_new: Words)" },
    { &user, &own, 400, NOW, REFUSED("invalid_grant", "Token has been expired or revoked."), EX_CONFIG,
      "the refresh token was revoked or has expired; get another one and put it into /etc/user.json. It lasts 7 days" },
    { &user, &own, 400, NOW - 1000, "{\"error\":\"invalid_grant\"}", EX_CONFIG, "the refresh token was revoked" },
    { &user, &own, 401, NOW, REFUSED("unauthorized_client", "Unauthorized"), EX_CONFIG,
      "does not belong to the OAuth client 1.apps" },
    { &user, &own, 401, NOW, REFUSED("invalid_client", "The OAuth client was not found."), EX_CONFIG,
      "the OAuth client 1.apps.example was deleted, or client_secret is wrong" },
    { &user, &own, 400, NOW, REFUSED("admin_policy_enforced", "x"), EX_CONFIG, "an administrator has forbidden" },
    { &account, &own, 500, NOW, REFUSED("internal_failure", "Backend Error"), EX_UNAVAILABLE,
      "HTTP 500: internal_failure; the next run" },
    { &account, &own, 503, NOW, "<html>", EX_UNAVAILABLE, "HTTP 503; the next run asks again" },
    { &account, &own, 429, NOW, "", EX_UNAVAILABLE, "HTTP 429; the next run" },
    { &account, &own, 404, NOW, "<html>", EX_CONFIG,
      "is not Google's token endpoint; correct token_uri in /etc/key.json" },
    { &account, &own, 302, NOW, "", EX_CONFIG, "answers HTTP 302 and is not Google's token endpoint" },
    { &account, &own, 200, NOW, "<html>", EX_CONFIG, "has no access token" },
    { &account, &own, 200, NOW, "{\"access_token\":\"\"}", EX_CONFIG, "has no access token" },
    { &account, &own, 200, NOW, "{\"access_token\":\"a\\nb: c\"}", EX_CONFIG, "has no access token" },
    /* Google's words repeat the secrets, both in plain text and encoded as in the request. */
    { &user, &own, 400, NOW,
      REFUSED("e", "GOCSPX-secret&one GOCSPX-secret%26one 1//refresh-token 1%2F%2Frefresh-token"), EX_CONFIG,
      "e: ***************** ******************* **************** ********************)" },
    { &account, &own, 400, NOW, REFUSED("e", "bad c2lnbmF0dXJlLW9mLWl0 of eyJpc3MiOiJhQGIuZXhhbXBsZSJ9 \\u001b[2J"),
      EX_CONFIG, "e: bad ******************** of **************************** ?[2J)" },
};

static void test_google_answer_gives_each_error_its_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(refusals); i++) {
        const struct refused *row = &refusals[i];
        const struct http_answer answer = { .status = row->status, .body = row->body, .date = row->date };
        struct err err = { .code = 0 };
        char *token = NULL;
        int64_t life = 0;
        unit_same_int(row->words, read_answer(row->credentials, row->wish, &answer, &token, &life, &err), -1);
        unit_same_int(row->words, err.code, row->code);
        unit_has(row->words, err.message, "could not get an access token from Google: ");
        unit_has(row->words, err.message, row->words);
        unit_lacks(row->words, err.message, "GOCSPX");
        unit_lacks(row->words, err.message, "refresh-token");
        unit_lacks(row->words, err.message, "eyJpc3Mi");
    }
}

static void test_google_answer_gives_the_reason_why_no_answer_came(void **state)
{
    (void)state;
    struct err err;
    char *token = NULL;
    int64_t life = 0;
    struct http_answer answer = { .body = "", .failure = "Could not resolve host: oauth2.googleapis.com" };
    assert_int_equal(read_answer(&account, &own, &answer, &token, &life, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    unit_has("host", err.message, "no answer from https://oauth2.googleapis.com/token: Could not resolve host");
    unit_lacks("host", err.message, "certificates");
    answer.failure = "SSL certificate problem: self-signed";
    assert_int_equal(read_answer(&account, &own, &answer, &token, &life, &err), -1);
    unit_has("certificate", err.message, "certificates of this host. The next run asks again");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_google_grant_signs_the_claims_of_a_service_account),
        cmocka_unit_test(test_google_grant_encodes_the_secrets_of_a_user),
        cmocka_unit_test(test_google_grant_names_the_file_with_a_bad_key),
        cmocka_unit_test(test_google_answer_reads_a_token_and_its_lifetime),
        cmocka_unit_test(test_google_answer_gives_each_error_its_remedy),
        cmocka_unit_test(test_google_answer_gives_the_reason_why_no_answer_came),
    };
    return cmocka_run_group_tests_name("google_answer", tests, NULL, NULL);
}
