/* Any bytes as a credentials file, and as the answer to a request for a token: status, Date, body. No secret of the
 * request is in an error. */
#include "fuzz.h"

#include "base/google_answer.h"
#include "base/mem.h"

#define SECRET "GOCSPX-a-secret&of=it"
#define REFRESH "1//a-refresh-token"
#define SIGNATURE "c2lnbmF0dXJlLW9mLWl0"

static void read_credentials(const char *text)
{
    struct google_credentials credentials;
    struct err err = { .message = "" };
    if (google_credentials_read(text, "/etc/key.json", &credentials, &err) == 0) {
        HOLDS(*google_credentials_name(&credentials) != '\0' && *credentials.token_uri != '\0');
        HOLDS(credentials.kind == GOOGLE_SERVICE_ACCOUNT ? *credentials.private_key != '\0'
                                                         : *credentials.refresh_token != '\0');
    } else {
        HOLDS(err.code == EX_CONFIG);
        fuzz_printable(err.message, sizeof err.message);
    }
    google_credentials_clear(&credentials);
}

static void read_answer(const struct google_credentials *credentials, const char *form,
                        const struct http_answer *answer)
{
    static const struct google_wish wish = { .scope = "drive", .subject = "" };
    const struct google_request request = {
        .credentials = credentials, .wish = &wish, .form = form, .now = 1760000000
    };
    struct err err = { .message = "" };
    char *token = NULL;
    int64_t life = 0;
    if (google_answer_read(&request, answer, &token, &life, &err) == 0) {
        HOLDS(answer->status == 200 && *token != '\0' && strpbrk(token, " \r\n") == NULL && life >= 1 && life <= 86400);
        mem_free_secret(token);
        return;
    }
    HOLDS(err.code == EX_CONFIG || err.code == EX_UNAVAILABLE);
    fuzz_printable(err.message, sizeof err.message);
    if (credentials->kind == GOOGLE_USER)
        HOLDS(strstr(err.message, SECRET) == NULL && strstr(err.message, REFRESH) == NULL);
    else
        HOLDS(strstr(err.message, SIGNATURE) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct google_credentials account = {
        .kind = GOOGLE_SERVICE_ACCOUNT,
        .origin = "/etc/key.json",
        .client_email = "a@b.example",
        .private_key_id = "k1",
        .token_uri = "https://oauth2.example/token",
    };
    static const struct google_credentials user = {
        .kind = GOOGLE_USER, .origin = "/etc/user.json", .client_id = "1.apps.example", .client_secret = SECRET,
        .refresh_token = REFRESH, .token_uri = "https://oauth2.example/token",
    };
    char *file = fuzz_part(&data, &size), *status = fuzz_part(&data, &size), *date = fuzz_part(&data, &size);
    char *body = fuzz_part(&data, &size);
    int64_t number = 0, epoch = 0;
    read_credentials(file);
    const struct http_answer answer = {
        .status = str_to_int(status, &number) && number > 0 ? (long)(number % 600) : 200,
        .date = str_to_int(date, &epoch) && epoch > 0 && epoch < INT64_C(1) << 40 ? epoch : 0,
        .body = body
    };
    read_answer(&account, "grant_type=jwt&assertion=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0." SIGNATURE, &answer);
    read_answer(&user,
                "grant_type=refresh_token&client_secret=GOCSPX-a-secret%26of%3Dit&refresh_token=1%2F%2Fa-refresh-token",
                &answer);
    free(body);
    free(date);
    free(status);
    free(file);
    return 0;
}
