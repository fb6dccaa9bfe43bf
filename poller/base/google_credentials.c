/* google_credentials: reads the file of a service account or of an OAuth client's user. */
#include <string.h>

#include "base/google_credentials.h"
#include "base/str.h"
#include "base/url.h"

#define DEFAULT_TOKEN_URI "https://oauth2.googleapis.com/token"

#define HOW_TO_GET_KEY "in the Google Cloud console, IAM & Admin, Service Accounts, Keys, make a JSON key"
#define HOW_TO_GET_USER                                                                                                \
    "write {\"type\":\"authorized_user\",\"client_id\":..,\"client_secret\":..,\"refresh_token\":..} into it"

/* A member of the file that is a text, and not empty. */
static int need(const struct google_credentials *credentials, const char *name, const char *remedy,
                const char **ret_text, struct err *err)
{
    *ret_text = json_text(credentials->file, name);
    if (*ret_text != NULL && **ret_text != '\0')
        return 0;
    return err_set(err, EX_CONFIG, "%s: %s is missing; %s", credentials->origin, name, remedy);
}

static int read_service_account(struct google_credentials *credentials, struct err *err)
{
    static const char remedy[] = HOW_TO_GET_KEY ", and copy the whole file";
    credentials->kind = GOOGLE_SERVICE_ACCOUNT;
    credentials->private_key_id = str_or_empty(json_text(credentials->file, "private_key_id"));
    return need(credentials, "client_email", remedy, &credentials->client_email, err) == 0
               ? need(credentials, "private_key", remedy, &credentials->private_key, err)
               : -1;
}

static int read_user(struct google_credentials *credentials, struct err *err)
{
    credentials->kind = GOOGLE_USER;
    if (need(credentials, "client_id", HOW_TO_GET_USER, &credentials->client_id, err) != 0 ||
        need(credentials, "client_secret", HOW_TO_GET_USER, &credentials->client_secret, err) != 0)
        return -1;
    return need(credentials, "refresh_token", HOW_TO_GET_USER, &credentials->refresh_token, err);
}

/* The key signs requests to this address, and the refresh token is sent to it. */
static int read_token_uri(struct google_credentials *credentials, struct err *err)
{
    const struct url_rules rules = { .what = "the address of Google's tokens", .setting = "token_uri",
                                     .exposed = "the token", .place = "(never, for Google)" };
    struct err why;
    const char *given = str_or_empty(json_text(credentials->file, "token_uri"));
    credentials->token_uri = *given != '\0' ? given : DEFAULT_TOKEN_URI;
    if (url_check(credentials->token_uri, &rules, &why) == 0)
        return 0;
    return err_set(err, EX_CONFIG, "%s: token_uri is no https address; write " DEFAULT_TOKEN_URI, credentials->origin);
}

int google_credentials_read(const char *text, const char *origin, struct google_credentials *ret_credentials,
                            struct err *err)
{
    char shown[60];
    struct json *file = json_parse(text);
    *ret_credentials = (struct google_credentials){ .file = file, .origin = origin };
    if (file == NULL)
        return err_set(err, EX_CONFIG, "%s: the file is no JSON object; " HOW_TO_GET_KEY ", and copy the whole file",
                       origin);
    const char *type = str_or_empty(json_text(file, "type"));
    bool is_account = strcmp(type, "service_account") == 0, is_user = strcmp(type, "authorized_user") == 0;
    if (is_account || is_user)
        return (is_account ? read_service_account(ret_credentials, err) : read_user(ret_credentials, err)) == 0
                   ? read_token_uri(ret_credentials, err)
                   : -1;
    if (json_member(file, "installed") != NULL || json_member(file, "web") != NULL)
        return err_set(err, EX_CONFIG,
                       "%s: the file has an OAuth client, but no refresh token of a user; " HOW_TO_GET_USER, origin);
    return err_set(err, EX_CONFIG,
                   "%s: the file has the type `%s`, not service_account or authorized_user; " HOW_TO_GET_KEY, origin,
                   str_printable(type, shown, sizeof shown));
}

const char *google_credentials_name(const struct google_credentials *credentials)
{
    return credentials->kind == GOOGLE_USER ? credentials->client_id : credentials->client_email;
}

void google_credentials_clear(struct google_credentials *credentials)
{
    json_free_secret(credentials->file);
    *credentials = (struct google_credentials){ .file = NULL };
}
