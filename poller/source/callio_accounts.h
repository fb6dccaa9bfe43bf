/* callio_accounts: the tenants of Callio whose calls are read, and their accounts. For callio's files only. */
#ifndef CALLIO_ACCOUNTS_H
#define CALLIO_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Ends the name of a tenant in the id of a call, so no name has it. */
#define CALLIO_ACCOUNTS_MARK ':'

#define CALLIO_ACCOUNTS_NAME_MOST 40 /* bytes of such a name */

/* A tenant: its account as set, and what this run knows of it. Without a lasting token the run logs in. */
struct callio_tenant {
    char *name;
    char *email, *password; /* "": there is a token */
    char *token;            /* lasting, made in Callio's console; "": there is none */
    char *place;            /* where the account is set, for messages */
    char *session;          /* the token of the last login; NULL: there is none */
    int64_t session_until_ms; /* clock_mono_ms: then it is not used any more */
    struct err failure;       /* why this run asks nothing more for this tenant; EX_OK: it may ask ... */
    struct err calls_failure; /* ... and why it asks for no more calls of it, though for its tables */
};

struct callio_tenants {
    struct callio_tenant *items;
    size_t count;
};

/* callio_accounts_read: reads a JSON list of objects with tenant, email and password, or tenant and token, as the file
 * accounts.json has it. Ownership: callio_accounts_free, also after an error. Errors: EX_CONFIG; the message has no
 * secret. */
int callio_accounts_read(const char *text, const char *place, struct callio_tenants *ret_tenants,
                         struct err *err) MUST_CHECK;

/* callio_accounts_add: adds one tenant. The texts are copied. Errors: EX_CONFIG. */
int callio_accounts_add(struct callio_tenants *tenants, const struct callio_tenant *tenant, struct err *err) MUST_CHECK;

/* callio_accounts_of: the tenant of a call's id, and in *ret_id the id without its name; NULL: no tenant has this name.
 * Ownership: borrowed. */
struct callio_tenant *callio_accounts_of(const struct callio_tenants *tenants, const char *call_id,
                                         const char **ret_id);

/* callio_accounts_free: overwrites the secrets. */
void callio_accounts_free(struct callio_tenants *tenants);

#endif
