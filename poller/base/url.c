/* url: what may stand as the API's address. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/url.h"

#define HOST_SIZE 256

/* 127.x.x.x as four plain numbers; "127.0.0.1.example.com" is somebody else's name. */
static bool is_loopback_ipv4(const char *host)
{
    unsigned parts[4] = { 0 };
    int used = 0;
    if (strspn(host, "0123456789.") != strlen(host))
        return false;
    if (sscanf(host, "%3u.%3u.%3u.%3u%n", &parts[0], &parts[1], &parts[2], &parts[3], &used) != 4)
        return false;
    return host[used] == '\0' && parts[0] == 127 && parts[1] < 256 && parts[2] < 256 && parts[3] < 256;
}

static bool is_this_host(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 || is_loopback_ipv4(host);
}

/* Copies the host part at the start of text to out. Returns what follows it, or NULL when it is not well formed. */
static const char *read_host(const char *text, char *out)
{
    bool ipv6 = *text == '[';
    size_t length = ipv6 ? strspn(text + 1, "0123456789abcdefABCDEF:.") + 1 : 0;
    if (ipv6) {
        if (text[length] != ']' || length < 3)
            return NULL;
        length++;
    } else {
        while (text[length] != '\0' && (isalnum((unsigned char)text[length]) || strchr("-._", text[length]) != NULL))
            length++;
    }
    if (length == 0 || length >= HOST_SIZE)
        return NULL;
    memcpy(out, text, length);
    out[length] = '\0';
    return text + length;
}

/* Skips ":PORT"; NULL when there is a colon without a port from 1 to 65535. */
static const char *skip_port(const char *text)
{
    if (*text != ':')
        return text;
    size_t digits = strspn(text + 1, "0123456789");
    char number[8] = "";
    int64_t port = 0;
    if (digits == 0 || digits >= sizeof number)
        return NULL;
    memcpy(number, text + 1, digits);
    return str_to_int(number, &port) && port >= 1 && port <= 65535 ? text + 1 + digits : NULL;
}

static bool is_plain_path(const char *text)
{
    if (*text != '\0' && *text != '/')
        return false;
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr("/-._~%+:", *text) == NULL)
            return false;
    return true;
}

int url_check(const char *text, bool allow_insecure_http, const char *own_path, struct err *err)
{
    bool tls = strncasecmp(text, "https://", 8) == 0;
    if (!tls && strncasecmp(text, "http://", 7) != 0)
        /* Not quoted, here and below: what stands before an @ could be a password. */
        return err_set(err, EX_CONFIG, "the API address is not an http(s) address; write https://HOST");
    char host[HOST_SIZE];
    const char *rest = read_host(text + (tls ? 8 : 7), host);
    if (rest != NULL)
        rest = skip_port(rest);
    if (rest == NULL || !is_plain_path(rest))
        return err_set(err, EX_CONFIG, "the API address is not a plain https://HOST[:PORT][/PATH]; leave out user "
                       "names, blanks, ? and #");
    if (!tls && !is_this_host(host) && !allow_insecure_http)
        return err_set(err, EX_CONFIG, "api_base_url is '%.100s', plain http to another host: anyone on the network path "
                       "can read the API key and every customer's number. Write https:// instead; or, if that network is "
                       "safe, write `allow_insecure_http = yes` under [api] of %.300s", text, own_path);
    return 0;
}
