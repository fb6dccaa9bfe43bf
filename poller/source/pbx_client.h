/* pbx_client: asks the API of a hosted PBX for pages, one at a time, and judges its answers. For pbx's files only. */
#ifndef PBX_CLIENT_H
#define PBX_CLIENT_H

#include <stdint.h>

#include "base/err.h"
#include "source/pbx_page.h"
#include "source/source.h"

/* The address and the account. Ownership: the texts are borrowed until pbx_client_close. */
struct pbx_account {
    const char *url, *url_origin;      /* the setting, and its file and line */
    const char *key;                   /* sent as a bearer token; "": none */
    const char *user, *password;       /* sent as basic authentication if there is no key; "": none */
    const char *secret_origin;         /* the file and line of the key or the user; "": none */
    const char *ca_file;               /* "": the system's certificates */
    int64_t timeout, connect_timeout;  /* seconds */
};

struct pbx_client;

/* pbx_client_open: sends nothing yet. Ownership: pbx_client_close. */
struct pbx_client *pbx_client_open(const struct pbx_account *account) MUST_CHECK;

/* pbx_client_get: asks for one page. query is percent-encoded. Repeats the request a few times after 429, 5xx, a
 * time-out or a broken connection, but not after a minute. A signal ends the request at once. Ownership:
 * pbx_page_clear, also after an error. Errors: EX_CONFIG (key or address), EX_TEMPFAIL (a signal), else EX_UNAVAILABLE;
 * the message has the remedy. */
int pbx_client_get(struct pbx_client *client, const char *query, struct pbx_page *ret_page, struct err *err) MUST_CHECK;

/* pbx_client_effort: the requests so far, as statements. */
struct source_effort pbx_client_effort(const struct pbx_client *client);

/* pbx_client_ahead: the seconds by which this host's clock is ahead of the Date header of the last answer. False: the
 * last answer had none. */
bool pbx_client_ahead(const struct pbx_client *client, int64_t *ret_sec);

/* pbx_client_address: the address that is asked. */
const char *pbx_client_address(const struct pbx_client *client);

/* pbx_client_close: overwrites the secrets. client may be NULL. */
void pbx_client_close(struct pbx_client *client);

#endif
