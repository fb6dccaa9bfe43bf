/* api_words: what a JSON API says about an error. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/api_words.h"

/* An API may repeat the header Authorization, or a part of it. */
static void hide_credentials(char *text, const char *scheme)
{
    size_t length = strlen(scheme);
    for (char *at = text; *at != '\0';) {
        if (strncasecmp(at, scheme, length) != 0) {
            at++;
            continue;
        }
        at += length;
        size_t hidden = strcspn(at, " \t\r\n\"'");
        memset(at, '*', hidden);
        at += hidden;
    }
}

/* A secret that is cut or changed would not be found, so the secrets are hidden first. */
const char *api_words_show(const char *text, const char *const secrets[API_WORDS_SECRETS], char *out, size_t size)
{
    char *shown = mem_copy(text);
    for (int i = 0; i < API_WORDS_SECRETS; i++)
        str_hide(shown, secrets[i]);
    hide_credentials(shown, "Basic ");
    hide_credentials(shown, "Bearer ");
    (void)str_printable(shown, out, size);
    free(shown);
    return out;
}

const char *api_words_of(const struct json *json, const char *const secrets[API_WORDS_SECRETS],
                         char out[API_WORDS_REASON_SIZE])
{
    static const char *const members[] = { "message", "error", "detail", "reason" };
    *out = '\0';
    for (size_t i = 0; json != NULL && *out == '\0' && i < sizeof members / sizeof members[0]; i++) {
        const struct json *member = json_member(json, members[i]);
        const char *text = json_text(json, members[i]);
        if (text == NULL && !json_is_null(member) && !json_is_list(member))
            text = json_text(member, "message");
        if (text != NULL)
            (void)api_words_show(text, secrets, out, API_WORDS_REASON_SIZE);
    }
    return out;
}

const char *api_words_reason(const char *body, const char *const secrets[API_WORDS_SECRETS],
                             char out[API_WORDS_REASON_SIZE])
{
    struct json *json = json_parse(body);
    (void)api_words_of(json, secrets, out);
    json_free(json);
    return out;
}
