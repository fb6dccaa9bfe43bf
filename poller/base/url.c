/* url: checks the API's address. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/http.h"
#include "base/url.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* 127.x.x.x as four plain numbers: "127.0.0.1.example.com" is the name of another host. */
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

/* Whether text, HOST[:PORT][/PATH], has only usual characters. libcurl accepts more, such as an empty port, and each of
 * its versions accepts something else. */
static bool is_plain(const char *text)
{
    const char *allowed = *text == '[' ? DIGITS "abcdefABCDEF.:[]" : DIGITS LETTERS "-._:";
    size_t place = strcspn(text, "/");
    return place > 0 && text[place - 1] != ':' && strspn(text, allowed) >= place &&
           text[place + strspn(text + place, DIGITS LETTERS "/-._~%+:")] == '\0';
}

int url_check(const char *text, bool allow_insecure_http, const char *own_path, struct err *err)
{
    struct http_url url;
    bool tls = strncasecmp(text, "https://", 8) == 0;
    if (!tls && strncasecmp(text, "http://", 7) != 0)
        /* Do not quote the address, here and below: the part before an @ may be a password. */
        return err_set(err, EX_CONFIG, "the API address is not an http(s) address; write https://HOST");
    const char *place = text + (tls ? 8 : 7);
    if (!is_plain(place) || !http_read_url(text, &url))
        return err_set(err, EX_CONFIG, "the API address is not a plain https://HOST[:PORT][/PATH]; leave out user "
                       "names, blanks, ? and #");
    /* Compare the host as written too: libcurl may read 127.1 as this host, other programs as a name. */
    bool here = strncasecmp(place, url.host, strlen(url.host)) == 0 && is_this_host(url.host);
    if (!tls && !here && !allow_insecure_http)
        return err_set(err, EX_CONFIG, "api_base_url is '%.100s', plain http to another host: anyone on the network path "
                       "can read the API key and every customer's number. Write https:// instead; or, if that network is "
                       "safe, write `allow_insecure_http = yes` under [api] of %.300s", text, own_path);
    return 0;
}
