/* google_token: an access token for Google's APIs, and its renewal. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/google_answer.h"
#include "base/google_credentials.h"
#include "base/google_token.h"
#include "base/http.h"
#include "base/mem.h"

#define RENEW_EARLY_SEC 300 /* an upload may take minutes */

struct google_token {
    struct google_token_settings settings;
    struct google_credentials credentials;
    char *text;            /* NULL: none */
    int64_t renew_at_ms;   /* clock_mono_ms */
    bool follows_refusal;  /* it was asked for because the one before was refused */
};

/* One request for a token. */
struct attempt {
    const struct google_request *request;
    char *text;
    int64_t life_sec;
    int result;
    struct err *err;
};

int google_token_open(const struct google_token_settings *settings, struct google_token **ret_token, struct err *err)
{
    struct google_token *token = mem_zero(1, sizeof *token);
    token->settings = *settings;
    int result = google_credentials_read(settings->credentials, settings->origin, &token->credentials, err);
    if (result == 0 && token->credentials.kind == GOOGLE_USER && *settings->wish.subject != '\0')
        result = err_set(err, EX_CONFIG, "%s: only a service account acts for another person, not the user of an OAuth "
                         "client; remove %s from the settings", settings->origin, settings->wish.subject);
    if (result == 0)
        *ret_token = token;
    else
        google_token_close(token);
    return result;
}

static void on_answer(void *context, size_t index, const struct http_answer *answer)
{
    struct attempt *attempt = context;
    (void)index;
    attempt->result = google_answer_read(attempt->request, answer, &attempt->text, &attempt->life_sec, attempt->err);
}

static size_t on_turn(void *context)
{
    (void)context;
    return 1;
}

/* A connection of its own, because an hour passes until the next request. */
static int ask(const struct google_token *token, struct attempt *attempt)
{
    static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
                                           "Accept: application/json", NULL };
    struct http *http = http_open(&(struct http_settings){ .url = token->credentials.token_uri,
                                                           .headers = headers,
                                                           .ca_file = token->settings.ca_file,
                                                           .verify = true,
                                                           .timeout = token->settings.timeout,
                                                           .connect_timeout = token->settings.connect_timeout,
                                                           .connections = 1 });
    const struct http_request request = { .body = attempt->request->form };
    const struct http_observer observer = { .on_answer = on_answer, .on_turn = on_turn, .context = attempt };
    int result = http_run(http, &request, 1, &observer, attempt->err);
    http_close(http);
    return result == 0 ? attempt->result : result;
}

static void forget(struct google_token *token)
{
    mem_free_secret(token->text);
    token->text = NULL;
}

int google_token_get(struct google_token *token, const char **ret_text, struct err *err)
{
    char *form = NULL;
    if (token->text == NULL || clock_mono_ms() >= token->renew_at_ms) {
        struct google_request request = { .credentials = &token->credentials, .wish = &token->settings.wish,
                                          .now = clock_now_epoch() };
        if (google_grant_make(request.credentials, request.wish, request.now, &form, err) != 0)
            return -1;
        request.form = form;
        struct attempt attempt = { .request = &request, .result = -1, .err = err };
        int64_t asked_ms = clock_mono_ms();
        int result = ask(token, &attempt);
        mem_free_secret(form);
        if (result != 0)
            return -1;
        token->follows_refusal = token->follows_refusal && token->text == NULL;
        forget(token);
        token->text = attempt.text;
        token->renew_at_ms = asked_ms + (attempt.life_sec - RENEW_EARLY_SEC) * 1000;
    }
    *ret_text = token->text;
    return 0;
}

bool google_token_refused(struct google_token *token, const char *used)
{
    if (token->text == NULL || strcmp(token->text, used) != 0)
        return true; /* an earlier answer to the same token has said so */
    bool first = !token->follows_refusal;
    forget(token);
    token->follows_refusal = true;
    return first;
}

bool google_token_is_user(const struct google_token *token)
{
    return token->credentials.kind == GOOGLE_USER;
}

const char *google_token_name(const struct google_token *token)
{
    return google_credentials_name(&token->credentials);
}

void google_token_close(struct google_token *token)
{
    if (token == NULL)
        return;
    forget(token);
    google_credentials_clear(&token->credentials);
    free(token);
}
