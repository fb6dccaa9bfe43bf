/* url: checks the API's address. */
#ifndef URL_H
#define URL_H

#include <stdbool.h>

#include "base/err.h"

/* url_check: whether text is an address that the key may be sent to: http or https, a plain host name or IP address,
 * an optional port and path; no user name, query, fragment, blank or other unusual character, so that no two readers
 * can take it for different hosts. Plain http is accepted for this host only (localhost, 127.x.x.x, [::1]) unless
 * allow_insecure_http, which own_path is where to set.
 * Errors: EX_CONFIG, with the remedy. */
int url_check(const char *text, bool allow_insecure_http, const char *own_path, struct err *err) MUST_CHECK;

#endif
