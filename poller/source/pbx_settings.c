/* pbx_settings: the settings of the source `pbx-api`. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/environment.h"
#include "domain/params.h"
#include "source/api_settings.h"
#include "source/pbx_settings.h"

/* The working clients of this API wait a minute: it takes 1 to 2 s for 200 calls. */
#define TIMEOUT_SEC 60
#define CONNECT_TIMEOUT_SEC 10

#define PAGE_ROWS 500
#define OVERLAP_ROWS 10

static int read_url(const struct params *params, struct pbx_account *account, struct err *err)
{
    const struct param *url = params_find(params, "url");
    if (url == NULL)
        return err_set(err, EX_CONFIG, "the source pbx-api has no url: write `url = https://HOST:8080` under [source]");
    if (api_settings_url(params, url->value, url->origin, "the key and every customer's number", err) != 0)
        return -1;
    account->url = url->value;
    account->url_origin = url->origin;
    return 0;
}

static int read_account(const struct params *params, struct pbx_account *account, struct err *err)
{
    const struct param *key = params_find(params, "key"), *user = params_find(params, "user"),
                       *password = params_find(params, "password");
    struct api_connection connection;
    account->key = key != NULL ? key->value : "";
    account->user = user != NULL ? user->value : "";
    account->password = password != NULL ? password->value : "";
    account->secret_origin = key != NULL ? key->origin : password != NULL ? password->origin : "";
    if ((key != NULL && api_settings_secret(key->value, key->origin, "the key", err) != 0) ||
        (password != NULL && api_settings_secret(password->value, password->origin, "the password", err) != 0))
        return -1;
    if (key != NULL && user != NULL)
        return err_set(err, EX_CONFIG, "%s: both key and user are set; keep the one that the PBX's provider gave you",
                       user->origin);
    if ((user == NULL) != (password == NULL))
        return err_set(err, EX_CONFIG, "%s: user and password belong together; set both under [source]",
                       user != NULL ? user->origin : password->origin);
    if (user != NULL && strchr(user->value, ':') != NULL)
        return err_set(err, EX_CONFIG, "%s: user must not contain a colon", user->origin);
    if (api_settings_connection(params, TIMEOUT_SEC, CONNECT_TIMEOUT_SEC, &connection, err) != 0)
        return -1;
    account->ca_file = connection.ca_file;
    account->timeout = connection.timeout;
    account->connect_timeout = connection.connect_timeout;
    return 0;
}

static int read_dialect(const struct params *params, enum pbx_dialect *ret_dialect, struct err *err)
{
    static const char *const words[] = { [PBX_AUTO] = "auto", [PBX_DOCUMENTED] = "documented", [PBX_EPOCH] = "epoch" };
    const struct param *dialect = params_find(params, "dialect");
    for (int i = PBX_AUTO; i <= PBX_EPOCH; i++)
        if (strcasecmp(dialect != NULL ? dialect->value : "auto", words[i]) == 0) {
            *ret_dialect = (enum pbx_dialect)i;
            return 0;
        }
    return err_set(err, EX_CONFIG, "%s: dialect: '%.40s' is none of auto, documented, epoch", dialect->origin,
                   dialect->value);
}

static int read_scan(const struct params *params, struct pbx_scan *scan, struct err *err)
{
    const struct param *domain = params_find(params, "domain"), *campaign = params_find(params, "campaign");
    if (domain == NULL || *domain->value == '\0')
        return err_set(err, EX_CONFIG, "the source pbx-api has no domain: write `domain = NAME`, the PBX's domain, "
                       "under [source]");
    if (campaign != NULL && *campaign->value == '\0')
        return err_set(err, EX_CONFIG, "%s: campaign is empty, and the API accepts no call without a campaign; write a "
                       "name", campaign->origin);
    scan->pages.domain = domain->value;
    scan->campaign = campaign != NULL ? campaign->value : "DEFAULT";
    if (read_dialect(params, &scan->pages.dialect, err) != 0 ||
        params_yes_no(params, "internal_calls", false, &scan->with_internal, err) != 0 ||
        params_integer(params, "page_size", PAGE_ROWS, 1, 10000, &scan->pages.page_size, err) != 0)
        return -1;
    return params_integer(params, "page_overlap", OVERLAP_ROWS, 0, 1000, &scan->pages.overlap, err);
}

void pbx_settings_from_environment(struct params *params)
{
    static const struct environment_variable place[] = { { "PBX_API_URL", "url" },
                                                         { "PBX_DOMAIN", "domain" },
                                                         { "PBX_REQUEST_TIMEOUT", "timeout" },
                                                         { "TIMEZONE", "time_zone" },
                                                         { "CALLCENTER_BATCH_SIZE", "page_size" },
                                                         { NULL, NULL } };
    static const struct environment_variable account[] = { { "PBX_API_KEY", "key" }, { NULL, NULL } };
    bool has_own = params_find(params, "url") != NULL || params_find(params, "user") != NULL;
    environment_read(place, params);
    if (!has_own) /* a key goes only to the address beside it */
        environment_read(account, params);
}

int pbx_settings_read(const struct params *params, struct pbx_account *ret_account, struct pbx_zone *ret_zone,
                      struct pbx_scan *ret_scan, struct err *err)
{
    const struct param *zone = params_find(params, "time_zone");
    ret_scan->pages.zone_place = zone != NULL ? zone->origin : "under [source]";
    if (read_url(params, ret_account, err) != 0 || read_account(params, ret_account, err) != 0 ||
        read_scan(params, ret_scan, err) != 0)
        return -1;
    return pbx_time_zone(zone != NULL ? zone->value : "", zone != NULL ? zone->origin : "", ret_zone, err);
}
