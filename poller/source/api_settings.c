/* api_settings: the settings that the sources share which read an HTTP API. */
#include <ctype.h>
#include <unistd.h>

#include "base/url.h"
#include "source/api_settings.h"

#define TIMEOUT_MOST_SEC 300

int api_settings_url(const struct params *params, const char *url, const char *origin, const char *exposed,
                     struct err *err)
{
    bool insecure = false;
    struct err why;
    if (params_yes_no(params, "allow_insecure_http", false, &insecure, err) != 0)
        return -1;
    const struct url_rules rules = { .what = "url", .setting = "url", .exposed = exposed, .place = "under [source]",
                                     .allow_insecure_http = insecure };
    return url_check(url, &rules, &why) == 0 ? 0 : err_set(err, why.code, "%s: %.900s", origin, why.message);
}

/* A line end in a header would begin another header. */
int api_settings_secret(const char *secret, const char *origin, const char *words, struct err *err)
{
    for (const char *at = secret; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            return err_set(err, EX_CONFIG, "%s: %s contains a control character; write it in one line", origin, words);
    return 0;
}

int api_settings_connection(const struct params *params, int64_t timeout, int64_t connect_timeout,
                            struct api_connection *ret_connection, struct err *err)
{
    const struct param *ca_file = params_find(params, "ca_file");
    ret_connection->ca_file = ca_file != NULL ? ca_file->value : "";
    if (ca_file != NULL && *ca_file->value != '\0' && access(ca_file->value, R_OK) != 0)
        return err_set(err, EX_CONFIG, "%s: could not read the certificates in %s; correct ca_file", ca_file->origin,
                       ca_file->value);
    if (params_integer(params, "timeout", timeout, 1, TIMEOUT_MOST_SEC, &ret_connection->timeout, err) != 0)
        return -1;
    return params_integer(params, "connect_timeout", connect_timeout, 1, TIMEOUT_MOST_SEC,
                          &ret_connection->connect_timeout, err);
}
