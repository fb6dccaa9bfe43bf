/* Any text as the API's address: what is accepted must mean the same host to every reader. */
#include <strings.h>

#include "fuzz.h"

#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct err err;
    struct url_rules here = { .what = "x", .setting = "x", .exposed = "x", .place = "x" }, anywhere = here;
    anywhere.allow_insecure_http = true;
    if (url_check(text, &anywhere, &err) == 0) {
        HOLDS(strpbrk(text, "@?# \t\r\n\\\"'<>{}|^`") == NULL);
        for (const char *at = text; *at != '\0'; at++)
            HOLDS(*at > ' ' && *at <= '~');
    }
    anywhere.allow_query = true;
    if (url_check(text, &anywhere, &err) == 0)
        HOLDS(strpbrk(text, "# \t\r\n\\\"'<>{}|^`") == NULL && strcspn(text + 8, "/") <= strcspn(text + 8, "?@"));
    if (url_check(text, &here, &err) == 0 && strncasecmp(text, "https://", 8) != 0) {
        const char *host = text + strlen("http://");
        HOLDS(strncasecmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 ||
              strncmp(host, "[::1]", 5) == 0);
        size_t length = *host == '[' ? 5 : strcspn(host, ":/");
        HOLDS(strchr("127.", *host) == NULL || strspn(host, "0123456789.") == length);
    }
    free(text);
    return 0;
}
