/* callio_settings: the settings of the source `callio`. */
#include <stdlib.h>

#include "config/environment.h"
#include "source/api_settings.h"
#include "source/callio_settings.h"

#define URL "https://clientapi.phonenet.io"

/* What the clients in use wait for, and ask for. */
#define TIMEOUT_SEC 90
#define PAGE_DOCS 500
#define PAGE_MOST 1000

const struct param_spec callio_settings_params[] = {
    { "url", false, "the address of Callio's API" },
    { "accounts", true, "the tenants' accounts, a JSON list; accounts_file names its file" },
    { "tenant", false, "the tenant's name, if there is one tenant" },
    { "email", false, "the login of this tenant" },
    { "password", true, "its password" },
    { "token", true, "a lasting token made in Callio's console, instead of email and password" },
    { "internal_calls", false, "send calls between extensions too" },
    { "page_size", false, "how many documents to ask for in a request" },
    { "limit_records", false, "how many new calls a run sends at most; the next run sends the others" },
    { "customer_overlap", false, "how many milliseconds before the newest customer of the store are read again" },
    { "customer_days", false, "how many days of changed customers the first load reads" },
    { "timeout", false, "how many seconds a request may take" },
    { "ca_file", false, "certificates to trust instead of the system's" },
    { "allow_insecure_http", false, "allow plain http to other hosts" },
    { NULL, false, NULL },
};

static int read_place(const struct params *params, struct callio_place *place, struct err *err)
{
    const struct param *url = params_find(params, "url");
    struct api_connection connection;
    place->url = url != NULL ? url->value : URL;
    place->url_origin = url != NULL ? url->origin : "[source]";
    if (api_settings_url(params, place->url, place->url_origin, "the password and every customer's number", err) != 0 ||
        api_settings_connection(params, TIMEOUT_SEC, TIMEOUT_SEC, &connection, err) != 0)
        return -1;
    place->ca_file = connection.ca_file;
    place->timeout = connection.timeout;
    return 0;
}

static const char *place_of(const struct param *param)
{
    return param->file != NULL ? param->file : param->origin;
}

/* One tenant, by the profile's own keys. */
static int read_tenant(const struct params *params, struct callio_tenants *tenants, struct err *err)
{
    const struct param *tenant = params_find(params, "tenant"), *email = params_find(params, "email"),
                       *token = params_find(params, "token"), *password = params_find(params, "password");
    if (tenant == NULL)
        return err_set(err, EX_CONFIG, "the source callio has no account: write `accounts_file = FILE`, or tenant, "
                       "email and password, under [source]");
    if (token != NULL && (email != NULL || password != NULL))
        return err_set(err, EX_CONFIG, "%s: both token and email or password are set; keep one of the accounts",
                       token->origin);
    const struct callio_tenant one = { .name = tenant->value,
                                       .email = email != NULL ? email->value : (char *)"",
                                       .password = password != NULL ? password->value : (char *)"",
                                       .token = token != NULL ? token->value : (char *)"",
                                       .place = (char *)place_of(token != NULL      ? token
                                                                 : password != NULL ? password
                                                                                    : tenant) };
    return callio_accounts_add(tenants, &one, err);
}

static int read_tenants(const struct params *params, struct callio_tenants *tenants, struct err *err)
{
    static const char *const own[] = { "tenant", "email", "password", "token" };
    const struct param *accounts = params_find(params, "accounts");
    for (size_t i = 0; accounts != NULL && i < sizeof own / sizeof own[0]; i++)
        if (params_find(params, own[i]) != NULL)
            return err_set(err, EX_CONFIG, "%s: %s does not go with accounts; move it into the list of accounts",
                           params_find(params, own[i])->origin, own[i]);
    return accounts != NULL ? callio_accounts_read(accounts->value, place_of(accounts), tenants, err)
                            : read_tenant(params, tenants, err);
}

int callio_settings_read(const struct params *params, struct callio_place *ret_place, struct callio_scan *ret_scan,
                         struct err *err)
{
    if (read_place(params, ret_place, err) != 0 || read_tenants(params, &ret_scan->tenants, err) != 0 ||
        params_yes_no(params, "internal_calls", true, &ret_scan->with_internal, err) != 0 ||
        params_integer(params, "customer_overlap", 180000, 0, 86400000, &ret_scan->overlap_ms, err) != 0 ||
        params_integer(params, "customer_days", 30, 1, 36500, &ret_scan->first_days, err) != 0 ||
        params_integer(params, "limit_records", 0, 0, 1000000000, &ret_scan->limit, err) != 0)
        return -1;
    return params_integer(params, "page_size", PAGE_DOCS, 1, PAGE_MOST, &ret_scan->page_size, err);
}

void callio_settings_from_environment(struct params *params)
{
    static const struct environment_variable accounts[] = { { "CALLIO_ACCOUNTS_JSON", "accounts" },
                                                            { "CALLIO_ACCOUNTS_FILE", "accounts_file" },
                                                            { NULL, NULL } };
    static const struct environment_variable others[] = { { "CALLIO_API_BASE_URL", "url" },
                                                          { "API_TIMEOUT", "timeout" },
                                                          { "API_PAGE_SIZE", "page_size" },
                                                          { "OVERLAP_MS", "customer_overlap" },
                                                          { "DAYS_TO_FETCH_IF_EMPTY", "customer_days" },
                                                          { "LIMIT_RECORDS_PER_ENDPOINT", "limit_records" },
                                                          { NULL, NULL } };
    bool has_own = params_find(params, "url") != NULL || params_find(params, "tenant") != NULL;
    if (!has_own)
        environment_read(accounts, params);
    environment_read(others, params);
}
