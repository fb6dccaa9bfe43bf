/* callio_client: asks Callio's API, one request at a time, as one tenant or another, and judges its answers. For
 * callio's files only. */
#ifndef CALLIO_CLIENT_H
#define CALLIO_CLIENT_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "source/callio_accounts.h"
#include "source/source.h"

/* Ownership: the texts are borrowed until callio_client_close. */
struct callio_place {
    const char *url, *url_origin; /* the setting, and its file and line */
    const char *ca_file;          /* "": the system's certificates */
    int64_t timeout;              /* seconds without a byte */
};

struct callio_client;

/* callio_client_open: sends nothing yet. Ownership: callio_client_close. */
struct callio_client *callio_client_open(const struct callio_place *place) MUST_CHECK;

/* What an answer is, if it is no error. */
enum callio_answer {
    CALLIO_READ,
    CALLIO_NOT_THERE, /* 404 */
    CALLIO_TOO_MANY   /* the page is beyond the 10,000 documents that the API can page through */
};

/* callio_client_get: asks for target, the path and the query behind url, with the tenant's token. Logs in if there is
 * no token, and once more if the API refuses it. Repeats the request a few times after 429, 5xx, a time-out or a broken
 * connection. *ret_json is NULL unless CALLIO_READ. Ownership: json_free. Errors: EX_CONFIG (account, right or
 * address), EX_TEMPFAIL (a signal), else EX_UNAVAILABLE; the message has the remedy and no secret. After a failed
 * login, or if a table gets no answer, the client asks nothing more for this tenant, and returns the same error. The
 * same holds for the tenant's calls alone if calls_failure is set. */
int callio_client_get(struct callio_client *client, struct callio_tenant *tenant, const char *target,
                      enum callio_answer *ret_answer, struct json **ret_json, struct err *err) MUST_CHECK;

/* callio_client_secrets: the secrets of a tenant for api_words, borrowed from tenant. */
void callio_client_secrets(const struct callio_tenant *tenant, const char *secrets[2]);

/* callio_client_effort: the requests so far, as statements. */
struct source_effort callio_client_effort(const struct callio_client *client);

/* callio_client_address: the address that is asked. */
const char *callio_client_address(const struct callio_client *client);

/* callio_client_close: client may be NULL. */
void callio_client_close(struct callio_client *client);

#endif
