/* google_answer: judges the answer of Google's token endpoint. The words of the errors are those of OAuth 2.0 (RFC
 * 6749, section 5.2) and of Google's guides for service accounts and for web servers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/google_answer.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define CLOCK_TOLERANCE_SEC 240 /* Google takes claims from a clock that is wrong by about five minutes */
#define LEAST_LIFE_SEC 1
#define LEAST_SECRET 16 /* characters; the names of grants are shorter, and Google's secrets are longer */
#define MOST_LIFE_SEC 86400

#define FAILED "could not get an access token from Google"

/* What an error answer says. */
struct refusal {
    char error[80], words[300]; /* printable, without secrets */
};

/* Hides each long part of the form, as it was sent: the parts of the assertion, and the secrets, percent-encoded. */
static void hide_values(char *text, const char *form)
{
    for (size_t length = 0; *form != '\0'; form += length + (form[length] != '\0')) {
        length = strcspn(form, "&=.");
        if (length >= LEAST_SECRET) {
            char *value = mem_copy_bytes(form, length);
            str_hide(text, value);
            mem_free_secret(value);
        }
    }
}

/* Copies Google's words, which may repeat a secret of the request. */
static void show(const char *text, const struct google_request *request, char *out, size_t size)
{
    char *copy = mem_copy(str_or_empty(text));
    hide_values(copy, request->form);
    str_hide(copy, request->credentials->client_secret);
    str_hide(copy, request->credentials->refresh_token);
    (void)str_printable(copy, out, size);
    mem_free_secret(copy);
}

static struct refusal read_refusal(const struct google_request *request, const struct http_answer *answer)
{
    struct refusal refusal = { .error = "" };
    struct json *json = json_parse(answer->body);
    show(json != NULL ? json_text(json, "error") : NULL, request, refusal.error, sizeof refusal.error);
    show(json != NULL ? json_text(json, "error_description") : NULL, request, refusal.words, sizeof refusal.words);
    json_free(json);
    return refusal;
}

/* ---- the remedy ---- */

/* The seconds by which this host's clock is ahead of Google's; 0: it is right, or Google's time is not known. */
static int64_t clock_error(const struct google_request *request, const struct http_answer *answer)
{
    int64_t ahead = answer->date != 0 ? request->now - answer->date : 0;
    return ahead > CLOCK_TOLERANCE_SEC || ahead < -CLOCK_TOLERANCE_SEC ? ahead : 0;
}

#define HOW_TO_SET_CLOCK "set the clock, for example with timedatectl set-ntp true"

static char *advise_on_claims(const struct google_request *request, const struct http_answer *answer,
                              const struct refusal *refusal)
{
    const struct google_credentials *credentials = request->credentials;
    int64_t ahead = clock_error(request, answer);
    if (ahead != 0)
        return mem_format("this host's clock is %" PRId64 " s %s Google's; " HOW_TO_SET_CLOCK,
                          ahead > 0 ? ahead : -ahead, ahead > 0 ? "ahead of" : "behind");
    if (strstr(refusal->words, "iat") != NULL)
        return mem_copy("this host's clock is wrong; " HOW_TO_SET_CLOCK);
    if (strstr(refusal->words, "not found") != NULL)
        return mem_format("there is no service account %s any more; make another one with a JSON key, and put the key "
                          "into %s",
                          credentials->client_email, credentials->origin);
    if (strstr(refusal->words, "email or User ID") != NULL)
        return mem_format("Google knows no user %s; correct the person for whom the service account acts",
                          request->wish->subject);
    return mem_format("the key %s of %s was deleted, or this host's clock is wrong; make another JSON key (Google "
                      "Cloud console, IAM & Admin, Service Accounts, Keys), and put it into %s",
                      credentials->private_key_id, credentials->client_email, credentials->origin);
}

static char *advise_on_refresh_token(const struct google_request *request)
{
    return mem_format("the refresh token was revoked or has expired; get another one and put it into %s. It lasts 7 "
                      "days while the OAuth consent screen is in Testing (publish the app), it ends when it is not "
                      "used for 6 months, and a user has at most 100 of a client",
                      request->credentials->origin);
}

static char *advise_on_client(const struct google_request *request)
{
    const struct google_credentials *credentials = request->credentials;
    const struct google_wish *wish = request->wish;
    if (credentials->kind == GOOGLE_USER)
        return mem_format("the refresh token does not belong to the OAuth client %s; get one with this client, and put "
                          "it into %s",
                          credentials->client_id, credentials->origin);
    if (*wish->subject == '\0')
        return mem_format("the service account %s may not get tokens for %s; see in the Google Cloud console whether "
                          "it is disabled",
                          credentials->client_email, wish->scope);
    return mem_format("%s may not act for %s; an administrator must add the account's client ID with the scope %s "
                      "(admin.google.com, Security, API controls, Domain-wide delegation)",
                      credentials->client_email, wish->subject, wish->scope);
}

/* Ownership: the caller frees the text. */
static char *advise(const struct google_request *request, const struct http_answer *answer,
                    const struct refusal *refusal)
{
    const struct google_credentials *credentials = request->credentials;
    if (strcmp(refusal->error, "invalid_grant") == 0)
        return credentials->kind == GOOGLE_SERVICE_ACCOUNT ? advise_on_claims(request, answer, refusal)
                                                           : advise_on_refresh_token(request);
    if (strcmp(refusal->error, "unauthorized_client") == 0)
        return advise_on_client(request);
    if (strcmp(refusal->error, "invalid_client") == 0 || strcmp(refusal->error, "deleted_client") == 0)
        return mem_format("the OAuth client %s was deleted, or client_secret is wrong; correct both in %s",
                          google_credentials_name(credentials), credentials->origin);
    if (strcmp(refusal->error, "invalid_scope") == 0)
        return mem_format("Google does not know the scope %s", request->wish->scope);
    if (strcmp(refusal->error, "admin_policy_enforced") == 0 || strcmp(refusal->error, "access_denied") == 0)
        return mem_format("an administrator has forbidden this access; ask the administrator to allow %s",
                          google_credentials_name(credentials));
    return mem_format("check the account in %s", credentials->origin);
}

/* ---- the answer ---- */

static int fail_with_status(const struct google_request *request, const struct http_answer *answer, struct err *err)
{
    const struct refusal refusal = read_refusal(request, answer);
    long status = answer->status;
    if (status == 429 || status == 408 || status >= 500)
        return err_set(err, EX_UNAVAILABLE, FAILED ": it answers HTTP %ld%s%s; the next run asks again",
                       status, *refusal.error != '\0' ? ": " : "", refusal.error);
    if (*refusal.error == '\0')
        return err_set(err, EX_CONFIG,
                       FAILED ": %s answers HTTP %ld and is not Google's token endpoint; correct token_uri in %s, or "
                              "write https://oauth2.googleapis.com/token",
                       request->credentials->token_uri, status, request->credentials->origin);
    char *remedy = advise(request, answer, &refusal);
    (void)err_set(err, EX_CONFIG, FAILED ": %.400s (Google says %s%s%s)", remedy, refusal.error,
                  *refusal.words != '\0' ? ": " : "", refusal.words);
    free(remedy);
    return -1;
}

/* The token goes into a header: a character of another kind could end the header. */
static bool is_token(const char *text)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++)
        if (text[length] <= ' ' || text[length] > '~')
            return false;
    return length > 0;
}

static int64_t read_life(const struct json *json)
{
    int64_t seconds = 0;
    char *text = json_text_or_number(json_member(json, "expires_in"));
    if (text == NULL || !str_to_int(text, &seconds) || seconds < LEAST_LIFE_SEC)
        seconds = LEAST_LIFE_SEC;
    free(text);
    return seconds < MOST_LIFE_SEC ? seconds : MOST_LIFE_SEC;
}

int google_answer_read(const struct google_request *request, const struct http_answer *answer, char **ret_token,
                       int64_t *ret_life_sec, struct err *err)
{
    const char *uri = request->credentials->token_uri;
    if (answer->failure != NULL)
        return err_set(err, EX_UNAVAILABLE, FAILED ": no answer from %s: %s; check the network%s. The next run asks "
                       "again", uri, answer->failure, strstr(answer->failure, "certificate") != NULL
                           ? ", and the certificates of this host" : "");
    if (answer->status != 200)
        return fail_with_status(request, answer, err);
    struct json *json = json_parse(answer->body);
    const char *token = json != NULL ? json_text(json, "access_token") : NULL;
    int result = 0;
    if (token != NULL && is_token(token)) {
        *ret_token = mem_copy(token);
        *ret_life_sec = read_life(json);
    } else {
        result = err_set(err, EX_CONFIG, FAILED ": the answer of %s has no access token, so it is not Google's token "
                         "endpoint; correct token_uri in %s, or write https://oauth2.googleapis.com/token",
                         uri, request->credentials->origin);
    }
    json_free_secret(json);
    return result;
}
