/* recording_settings: the settings in [recordings] that all places share. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/url.h"
#include "config/environment.h"
#include "recording/recording_settings.h"

#define TIMEOUT_SEC 60
#define CONCURRENCY 4
#define CONCURRENCY_MOST 64
#define SPOOL_MB 1024
#define MAX_ATTEMPTS 10

/* ---- where recordings are ---- */

/* The scheme, host and port of an address, without its path. */
static char *host_of(const char *url)
{
    const char *host = strstr(url, "://");
    size_t length = host != NULL ? (size_t)(host + 3 - url) : 0;
    return mem_format("%.*s", (int)(length + strcspn(url + length, "/")), url);
}

static int check_url(const struct param *url, const struct params *params, const struct params *source, struct err *err)
{
    bool insecure = false, insecure_source = false;
    struct err why;
    if (params_yes_no(params, "allow_insecure_http", false, &insecure, err) != 0 ||
        params_yes_no(source, "allow_insecure_http", false, &insecure_source, err) != 0)
        return -1;
    const struct url_rules rules = { .what = "url", .setting = "url", .exposed = "the key and every recording",
                                     .place = "under [recordings]",
                                     .allow_insecure_http = insecure || insecure_source };
    return url_check(url->value, &rules, &why) == 0 ? 0
                                                    : err_set(err, why.code, "%s: %.900s", url->origin, why.message);
}

static char *without_slash(char *url)
{
    for (size_t length = strlen(url); length > 0 && url[length - 1] == '/'; length--)
        url[length - 1] = '\0';
    return url;
}

static int read_url(const struct params *params, const struct params *source, struct recording_settings *settings,
                    struct err *err)
{
    const struct param *own = params_find(params, "url"), *other = params_find(source, "url");
    if (params_yes_no(params, "allow_insecure_http", false, &settings->allow_insecure_http, err) != 0)
        return -1;
    if (own == NULL && other == NULL) /* the source says where each recording is */
        return 0;
    if (check_url(own != NULL ? own : other, params, source, err) != 0)
        return -1;
    settings->url = without_slash(own != NULL ? mem_copy(own->value) : host_of(other->value));
    settings->source.url = settings->url;
    return 0;
}

/* ---- the key ---- */

static char *basic(const char *user, const char *password)
{
    char *pair = mem_format("%s:%s", user, password);
    char *coded = mem_zero(BASE64_SIZE(strlen(pair)), 1);
    base64_encode((const unsigned char *)pair, strlen(pair), coded);
    char *header = mem_format("Authorization: Basic %s", coded);
    mem_free_secret(coded);
    mem_free_secret(pair);
    return header;
}

static bool is_same_host(const char *url, const char *other)
{
    struct http_url a, b;
    return http_read_url(url, &a) && http_read_url(other, &b) && strcasecmp(a.host, b.host) == 0 &&
           strncasecmp(url, other, 5) == 0; /* a key of https must not go over http */
}

static int read_key(const struct params *params, const struct params *source, struct recording_settings *settings,
                    struct err *err)
{
    const struct param *key = params_find(params, "key"), *url = params_find(source, "url"),
                       *user = params_find(source, "user"), *own_user = params_find(params, "user");
    if (own_user != NULL && strchr(own_user->value, ':') != NULL)
        return err_set(err, EX_CONFIG, "%s: user must not contain a colon", own_user->origin);
    if (settings->url == NULL && (key != NULL || own_user != NULL))
        return err_set(err, EX_CONFIG, "%s: a key or a user needs `url = https://HOST` in [recordings]: it goes to no "
                       "other address", (key != NULL ? key : own_user)->origin);
    bool same = url != NULL && settings->url != NULL && is_same_host(settings->url, url->value);
    if (key == NULL && same)
        key = params_find(source, "key");
    for (const char *at = key != NULL ? key->value : ""; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at)) /* a line end in a header would begin another header */
            return err_set(err, EX_CONFIG, "%s: the key contains a control character; write it in one line",
                           key->origin);
    if (key != NULL && *key->value != '\0')
        settings->authorization = mem_format("Authorization: Bearer %s", key->value);
    else if (own_user != NULL)
        settings->authorization = basic(own_user->value, params_text(params, "password", ""));
    else if (key == NULL && same && user != NULL)
        settings->authorization = basic(user->value, params_text(source, "password", ""));
    settings->source.authorization = settings->authorization;
    settings->source.ca_file = params_text(params, "ca_file", same ? params_text(source, "ca_file", "") : "");
    return 0;
}

/* ---- the rest ---- */

static int read_folders(const struct params *params, enum name_folders *ret_folders, struct err *err)
{
    static const char *const words[] = { [NAME_FOLDERS_NONE] = "none", [NAME_FOLDERS_YEAR] = "year",
                                         [NAME_FOLDERS_MONTH] = "month" };
    const struct param *folders = params_find(params, "subfolders");
    for (int i = NAME_FOLDERS_NONE; i <= NAME_FOLDERS_MONTH; i++)
        if (strcasecmp(folders != NULL ? folders->value : "none", words[i]) == 0) {
            *ret_folders = (enum name_folders)i;
            return 0;
        }
    return err_set(err, EX_CONFIG, "%s: subfolders: '%.40s' is none of none, year, month", folders->origin,
                   folders->value);
}

static int read_name(const struct params *params, struct recording_settings *settings, struct err *err)
{
    const struct param *name = params_find(params, "name");
    struct err why;
    settings->name = name != NULL ? name->value : NAME_DEFAULT;
    return name_check(settings->name, &why) == 0
               ? 0 : err_set(err, EX_CONFIG, "%s: %s", name != NULL ? name->origin : "", why.message);
}

static int read_limits(const struct params *params, struct recording_settings *settings, struct err *err)
{
    int64_t megabytes = 0;
    if (params_integer(params, "concurrency", CONCURRENCY, 1, CONCURRENCY_MOST, &settings->concurrency, err) != 0 ||
        params_integer(params, "rate", 0, 0, 100000, &settings->rate, err) != 0 ||
        params_integer(params, "spool_mb", SPOOL_MB, 1, 10000000, &megabytes, err) != 0 ||
        params_integer(params, "max_attempts", MAX_ATTEMPTS, 1, 1000, &settings->max_attempts, err) != 0 ||
        params_integer(params, "timeout", TIMEOUT_SEC, 1, 3600, &settings->source.timeout, err) != 0)
        return -1;
    settings->spool_bytes = megabytes << 20;
    return 0;
}

int recording_settings_read(const struct params *params, const struct params *source,
                            struct recording_settings *ret_settings, struct err *err)
{
    *ret_settings = (struct recording_settings){ .url = NULL };
    if (read_url(params, source, ret_settings, err) != 0 || read_key(params, source, ret_settings, err) != 0 ||
        read_folders(params, &ret_settings->folders, err) != 0 || read_name(params, ret_settings, err) != 0 ||
        read_limits(params, ret_settings, err) != 0)
        return -1;
    ret_settings->place = (struct place_settings){ .params = params,
                                                   .folder = params_text(params, "folder", ""),
                                                   .timeout = ret_settings->source.timeout };
    return 0;
}

void recording_settings_clear(struct recording_settings *settings)
{
    mem_free_secret(settings->authorization);
    free(settings->url);
    *settings = (struct recording_settings){ .url = NULL };
}

void recording_settings_from_environment(const struct place_ops *place, struct params *params)
{
    static const struct environment_variable of_all[] = { { "PBX_RECORDING_BASE_URL", "url" },
                                                          { "CALLCENTER_MAX_RETRIES", "max_attempts" },
                                                          { NULL, NULL } };
    static const struct environment_variable of_drive[] = { { "GOOGLE_DRIVE_FOLDER_ID", "folder" },
                                                            { "GOOGLE_DRIVE_CREDENTIALS", "credentials" },
                                                            { "GOOGLE_DRIVE_CREDENTIALS_FILE", "credentials_file" },
                                                            { "GOOGLE_APPLICATION_CREDENTIALS", "credentials_file" },
                                                            { NULL, NULL } };
    environment_read(of_all, params);
    if (strcmp(place->type, "google-drive") == 0)
        environment_read(of_drive, params);
}
