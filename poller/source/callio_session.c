/* callio_session: the token of a tenant's last login. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "source/callio_session.h"

/* How long a login lasts is not documented; clients in use trust it for 25 minutes. */
#define SESSION_MS (20 * 60000)

#define TOKEN_BYTES 4096

int callio_session_keep(struct callio_tenant *tenant, const char *answer, struct err *err)
{
    struct json *json = json_parse(answer);
    const char *token = json != NULL ? str_or_empty(json_text(json, "token")) : "";
    bool is_good = *token != '\0' && strlen(token) <= TOKEN_BYTES && strpbrk(token, "\r\n") == NULL;
    if (is_good) {
        tenant->session = mem_copy(token);
        tenant->session_until_ms = clock_mono_ms() + SESSION_MS;
    }
    json_free_secret(json);
    return is_good ? 0 : err_set(err, EX_UNAVAILABLE, "Callio's API answers the login of the tenant %s without a token",
                                 tenant->name);
}

const char *callio_session_token(struct callio_tenant *tenant)
{
    if (tenant->session != NULL && clock_mono_ms() >= tenant->session_until_ms)
        callio_session_forget(tenant);
    return tenant->session;
}

void callio_session_forget(struct callio_tenant *tenant)
{
    mem_free_secret(tenant->session);
    tenant->session = NULL;
}
