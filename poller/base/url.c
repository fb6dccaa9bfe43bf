/* url: checks an address that calls are sent to. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/http.h"
#include "base/mem.h"
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

bool url_is_this_host(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 || is_loopback_ipv4(host);
}

/* Whether text, HOST[:PORT][/PATH], has only usual characters. libcurl accepts more, such as an empty port, and each of
 * its versions accepts something else. */
static bool is_plain(const char *text, bool allow_query)
{
    const char *allowed = *text == '[' ? DIGITS "abcdefABCDEF.:[]" : DIGITS LETTERS "-._:";
    const char *path = allow_query ? DIGITS LETTERS "/-._~%+:?&=,;@!*$" : DIGITS LETTERS "/-._~%+:";
    size_t place = strcspn(text, "/");
    return place > 0 && text[place - 1] != ':' && strspn(text, allowed) >= place &&
           text[place + strspn(text + place, path)] == '\0';
}

int url_check(const char *text, const struct url_rules *rules, struct err *err)
{
    struct http_url url;
    bool tls = strncasecmp(text, "https://", 8) == 0;
    if (!tls && strncasecmp(text, "http://", 7) != 0)
        /* Do not quote the address, here and below: the part before an @ may be a password. */
        return err_set(err, EX_CONFIG, "%s is not an http(s) address; write https://HOST", rules->what);
    const char *place = text + (tls ? 8 : 7);
    if (!is_plain(place, rules->allow_query) || !http_read_url(text, &url))
        return err_set(err, EX_CONFIG,
                       "%s is not a plain https://HOST[:PORT][/PATH%s]; leave out user names, blanks%s and #",
                       rules->what, rules->allow_query ? "[?QUERY]" : "", rules->allow_query ? "" : ", ?");
    /* Compare the host as written too: libcurl may read 127.1 as this host, other programs as a name. */
    bool here = strncasecmp(place, url.host, strlen(url.host)) == 0 && url_is_this_host(url.host);
    if (!tls && !here && !rules->allow_insecure_http)
        return err_set(err, EX_CONFIG,
                       "%s is '%.100s', plain http to another host: anyone on the network path can read %s. Write "
                       "https:// instead; or, if that network is safe, write `allow_insecure_http = yes` %.300s",
                       rules->setting, rules->is_secret ? "http://..." : text, rules->exposed, rules->place);
    return 0;
}

char *url_escape(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    char *out = mem_zero(3 * strlen(text) + 1, 1), *at = out;
    for (const char *next = text; *next != '\0'; next++) {
        unsigned char byte = (unsigned char)*next;
        if (strchr(plain, *next) != NULL) {
            *at++ = *next;
            continue;
        }
        *at++ = '%';
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    return out;
}
