/* url: checks the API's address. */
#ifndef URL_H
#define URL_H

#include <stdbool.h>

#include "base/err.h"

/* url_check: whether the API key may be sent to the address text: http or https, a host name or IP address, and perhaps
 * a port and a path. A user name, query, fragment, blank or unusual character is refused: two programs might read it as
 * different hosts. Plain http is accepted only for this host (localhost, 127.x.x.x, [::1]), or with
 * allow_insecure_http. own_path is the configuration file that the message names. Errors: EX_CONFIG, with the
 * remedy. */
int url_check(const char *text, bool allow_insecure_http, const char *own_path, struct err *err) MUST_CHECK;

#endif
