/* url: checks an address that calls are sent to. */
#ifndef URL_H
#define URL_H

#include <stdbool.h>

#include "base/err.h"

/* The rules for an address, and its name in messages. */
struct url_rules {
    const char *what;    /* "the API address" */
    const char *setting; /* "api_base_url" */
    const char *exposed; /* what plain http exposes: "the API key and every customer's number" */
    const char *place;   /* where to set allow_insecure_http: "under [api] of /etc/did-optimizer-sync.conf" */
    bool allow_insecure_http;
    bool allow_query; /* ?name=value after the path */
    bool is_secret;   /* the address itself is a secret: messages do not show it */
};

/* url_check: whether calls may be sent to the address text: http or https, a host name or IP address, and perhaps a
 * port and a path. A user name, query (unless allow_query), fragment, blank or unusual character is refused: two
 * programs might read it as different hosts. Plain http is accepted only for this host (localhost, 127.x.x.x, [::1]),
 * or with allow_insecure_http. Errors: EX_CONFIG, with the remedy. */
int url_check(const char *text, const struct url_rules *rules, struct err *err) MUST_CHECK;

/* url_is_this_host: whether the host of an address is localhost, 127.x.x.x or [::1]. */
bool url_is_this_host(const char *host) MUST_CHECK;

/* url_escape: text as a part of a path or a query, percent-encoded. Ownership: the caller frees it. */
char *url_escape(const char *text) MUST_CHECK;

#endif
