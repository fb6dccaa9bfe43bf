/* request_body: the body of a request, as JSON. */
#include <string.h>

#include "serve/request_body.h"

/* A text would end at an escaped NUL: the journal would show more than the command got, and a password with anything
 * behind the NUL would be right. */
static bool has_escaped_nul(const char *text)
{
    for (const char *at = text; (at = strchr(at, '\\')) != NULL; at += 2)
        if (strncmp(at + 1, "u0000", 5) == 0 || at[1] == '\0')
            return true;
    return false;
}

struct json *request_body(const struct request *request)
{
    const char *body = request->body;
    return body != NULL && strlen(body) == request->length && !has_escaped_nul(body) ? json_parse(body) : NULL;
}
