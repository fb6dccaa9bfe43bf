/* callio_accounts: the tenants of Callio whose calls are read, and their accounts. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "source/api_settings.h"
#include "source/callio_accounts.h"

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    for (const char *at = name; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at) || *at == CALLIO_ACCOUNTS_MARK)
            return false;
    return length > 0 && length <= CALLIO_ACCOUNTS_NAME_MOST && str_is_utf8(name);
}

/* Each call of an account that is there twice would come twice, under two names. */
static bool have_same_account(const struct callio_tenant *one, const struct callio_tenant *other)
{
    if (*one->token != '\0' || *other->token != '\0')
        return strcmp(one->token, other->token) == 0;
    return strcasecmp(one->email, other->email) == 0 && strcmp(one->password, other->password) == 0;
}

int callio_accounts_add(struct callio_tenants *tenants, const struct callio_tenant *tenant, struct err *err)
{
    const char *place = tenant->place;
    bool has_token = *tenant->token != '\0', has_login = *tenant->email != '\0' && *tenant->password != '\0';
    if (!is_name(tenant->name))
        return err_set(err, EX_CONFIG, "%s: a tenant's name must have 1 to %d bytes, without a colon", place,
                       CALLIO_ACCOUNTS_NAME_MOST);
    for (size_t i = 0; i < tenants->count; i++)
        if (strcmp(tenants->items[i].name, tenant->name) == 0)
            return err_set(err, EX_CONFIG, "%s: the tenant %s is there twice", place, tenant->name);
    if (!has_token && !has_login)
        return err_set(err, EX_CONFIG, "%s: the tenant %s has no account: give email and password, or a token", place,
                       tenant->name);
    for (size_t i = 0; i < tenants->count; i++)
        if (have_same_account(&tenants->items[i], tenant))
            return err_set(err, EX_CONFIG, "%s: the tenants %s and %s have the same account, so each call would be "
                           "sent twice; correct one of the accounts", place, tenants->items[i].name, tenant->name);
    if (api_settings_secret(tenant->token, place, "the token", err) != 0)
        return -1;
    tenants->items = mem_resize(tenants->items, tenants->count + 1, sizeof *tenants->items);
    tenants->items[tenants->count++] = (struct callio_tenant){
        .name = mem_copy(tenant->name), .email = mem_copy(tenant->email), .password = mem_copy(tenant->password),
        .token = mem_copy(tenant->token), .place = mem_copy(place), .failure = { .code = EX_OK },
        .calls_failure = { .code = EX_OK }
    };
    return 0;
}

static int read_tenants(const struct json *list, const char *place, struct callio_tenants *tenants, struct err *err)
{
    int result = 0, number = 1;
    for (const struct json *row = json_first(list); result == 0 && row != NULL; row = json_next(row), number++) {
        struct err failure;
        const struct callio_tenant tenant = { .name = (char *)str_or_empty(json_text(row, "tenant")),
                                              .email = (char *)str_or_empty(json_text(row, "email")),
                                              .password = (char *)str_or_empty(json_text(row, "password")),
                                              .token = (char *)str_or_empty(json_text(row, "token")),
                                              .place = (char *)place };
        result = callio_accounts_add(tenants, &tenant, &failure);
        if (result != 0)
            (void)err_set(err, failure.code, "%s (account %d of the list)", failure.message, number);
    }
    return result;
}

/* The texts are those of a parsed file, which is freed at once. */
static void hide_list(const struct json *list)
{
    static const char *const secrets[] = { "password", "token" };
    for (const struct json *row = json_first(list); row != NULL; row = json_next(row))
        for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
            char *text = (char *)json_text(row, secrets[i]);
            if (text != NULL)
                explicit_bzero(text, strlen(text));
        }
}

int callio_accounts_read(const char *text, const char *place, struct callio_tenants *ret_tenants, struct err *err)
{
    char *object = mem_format("{\"list\":%s}", text); /* the text is a list, and json_parse takes objects only */
    struct json *json = json_parse(object);
    const struct json *list = json != NULL ? json_member(json, "list") : NULL;
    *ret_tenants = (struct callio_tenants){ .count = 0 };
    int result = json_count(list) > 0 ? read_tenants(list, place, ret_tenants, err)
                                      : err_set(err, EX_CONFIG, "%s: this is no JSON list of accounts: [{\"tenant\": "
                                                "\"NAME\", \"email\": \"...\", \"password\": \"...\"}, ...]", place);
    hide_list(list);
    json_free(json);
    mem_free_secret(object);
    return result;
}

struct callio_tenant *callio_accounts_of(const struct callio_tenants *tenants, const char *call_id,
                                         const char **ret_id)
{
    const char *mark = strchr(call_id, CALLIO_ACCOUNTS_MARK);
    size_t length = mark != NULL ? (size_t)(mark - call_id) : 0;
    for (size_t i = 0; mark != NULL && i < tenants->count; i++)
        if (strlen(tenants->items[i].name) == length && strncmp(tenants->items[i].name, call_id, length) == 0) {
            *ret_id = mark + 1;
            return &tenants->items[i];
        }
    return NULL;
}

void callio_accounts_free(struct callio_tenants *tenants)
{
    for (size_t i = 0; i < tenants->count; i++) {
        struct callio_tenant *tenant = &tenants->items[i];
        free(tenant->name);
        free(tenant->email);
        free(tenant->place);
        mem_free_secret(tenant->password);
        mem_free_secret(tenant->token);
        mem_free_secret(tenant->session);
    }
    free(tenants->items);
    *tenants = (struct callio_tenants){ .count = 0 };
}
