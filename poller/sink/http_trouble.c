/* http_trouble: what to do if no answer of an HTTP server came. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "sink/http_trouble.h"

#define ISSUER                                                                                                         \
    "nobody whom this host trusts has signed the certificate: put the CA's (or that very) certificate into a PEM "     \
    "file, "                                                                                                           \
    "and name it with {ca_file} of /etc/did-optimizer-sync.conf"
#define HOST_NAME \
    "the certificate is for another name: write the host name for which it was made into {url}"
#define EXPIRED                                                                                                        \
    "{server}'s owner has to renew the certificate; if it is still valid by its date, this host's clock is wrong: "    \
    "see "                                                                                                             \
    "timedatectl"
#define TOO_EARLY "this host's clock is wrong, or the certificate is too new: compare `date -u` with the true time"
#define TOO_OLD                                                                                                        \
    "{server}'s server offers only TLS or keys that are too old to be safe: its owner has to update it (TLS 1.2 or "   \
    "later)"
#define PLAIN_PORT "that port speaks plain http, not TLS: check port and https:// in {url}"
#define TLS_PORT "that port speaks TLS: write https:// in {url}"
#define NO_HOST "check the host name in {url}, and this host's DNS: getent hosts NAME"
#define NOBODY \
    "nothing listens there, or a firewall refuses: check host and port in {url}, and whether {server} is running"
#define NO_TIME \
    "{server} is slow, or a firewall drops the packets: check the address and the firewall; {timeouts} " \
    "say how long to wait"
#define CUT_OFF "{server} or something before it ended the connection: ask {server}'s owner, and check the firewall"

enum scheme { ANY, HTTP_ONLY, HTTPS_ONLY };

/* The first row that matches counts. The words are those of libcurl 7.52 to 8.14 with OpenSSL 1.1 to 3 and GnuTLS. */
static const struct {
    const char *words;
    enum scheme scheme;
    const char *remedy;
} troubles[] = {
    { "certificate has expired", ANY, EXPIRED },
    { "certificate expiration date has passed", ANY, EXPIRED },
    { "certificate is not yet valid", ANY, TOO_EARLY },
    { "certificate not activated yet", ANY, TOO_EARLY },
    { "subject name", ANY,
      HOST_NAME }, /* "no alternative certificate subject name matches ...", "subject name '...' does" */
    { "subject does not match", ANY, HOST_NAME },
    { "self-signed certificate", ANY, ISSUER },
    { "self signed certificate", ANY, ISSUER },
    { "issuer certificate", ANY, ISSUER }, /* "unable to get local issuer certificate" */
    { "unable to verify the first certificate", ANY, ISSUER },
    { "certificate verification failed", ANY, ISSUER },
    { "certificate verify locations", ANY, "{ca_file} is no file of certificates in PEM format: correct it" },
    { "adding trust anchors", ANY, "{ca_file} is no file of certificates in PEM format: correct it" },
    { "certificate revoked", ANY, "{server}'s owner has to replace the certificate" },
    { "alert protocol version", ANY, TOO_OLD },
    { "unsupported protocol", ANY, TOO_OLD },
    { "no protocols available", ANY, TOO_OLD },
    { "key too small", ANY, TOO_OLD },
    { "md too weak", ANY, TOO_OLD },
    { "unsafe legacy renegotiation", ANY, TOO_OLD },
    { "handshake failure", ANY, TOO_OLD },
    { "certificate required", ANY, "{server} wants a client's certificate, which this program has not: ask its owner" },
    { "wrong version number", HTTPS_ONLY, PLAIN_PORT },
    { "packet length", HTTPS_ONLY, PLAIN_PORT },
    { "record overflow", HTTPS_ONLY, PLAIN_PORT },
    { "unexpected TLS packet", HTTPS_ONLY, PLAIN_PORT }, /* GnuTLS */
    { "to HTTPS port", HTTP_ONLY, TLS_PORT },            /* nginx: "The plain HTTP request was sent to HTTPS port" */
    { "to an HTTPS server", HTTP_ONLY, TLS_PORT },       /* Go */
    { "speaking plain HTTP to an SSL-enabled", HTTP_ONLY, TLS_PORT }, /* Apache */
    { "HTTP/0.9", HTTP_ONLY, TLS_PORT }, /* libcurl takes the server's TLS alert for an answer */
    { "Empty reply", HTTP_ONLY, "if that port speaks TLS, write https:// in {url}; else ask {server}'s owner" },
    { "resolve host", ANY, NO_HOST },
    { "Resolving timed out", ANY, "this host's DNS does not answer: check /etc/resolv.conf" },
    { "timed out", ANY, NO_TIME },
    { "timeout", ANY, NO_TIME },
    { "Timeout", ANY, NO_TIME },
    { "SSL_connect", HTTPS_ONLY, /* the server reset the connection, as web servers do without an HTTP request */
      "the server ended the TLS handshake: perhaps that port speaks plain http (check port and https:// in {url}), "
      "or a firewall is in between" },
    { "connect to", ANY, NOBODY }, /* "Failed to connect to", "Couldn't connect to server" */
    { "refused", ANY, NOBODY },
    { "Empty reply", ANY, CUT_OFF },
    { "reset", ANY, CUT_OFF },
    { "unexpected eof", ANY, CUT_OFF },
    { "SSL_ERROR_SYSCALL", ANY, CUT_OFF },
};

static const char *name_of(const char *place, const struct http_names *names)
{
    const struct {
        const char *place, *name;
    } all[] = { { "{server}", names->server }, { "{url}", names->url }, { "{ca_file}", names->ca_file },
                { "{timeouts}", names->timeouts } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strncmp(place, all[i].place, strlen(all[i].place)) == 0)
            return all[i].name;
    return ""; /* GCOVR_EXCL_LINE: the table has no other */
}

/* Copies text with each {name} replaced. */
static void fill_in(const char *text, const struct http_names *names, char *out, size_t size)
{
    size_t used = 0;
    while (*text != '\0' && used < size) {
        size_t plain = strcspn(text, "{");
        used += (size_t)snprintf(out + used, size - used, "%.*s", (int)plain, text);
        text += plain;
        if (*text == '{' && used < size) {
            used += (size_t)snprintf(out + used, size - used, "%s", name_of(text, names));
            text += strcspn(text, "}") + 1;
        }
    }
}

bool http_trouble_remedy(const char *said, bool tls, const struct http_names *names, char *out, size_t size)
{
    *out = '\0';
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        bool fits = troubles[i].scheme == ANY || (troubles[i].scheme == HTTPS_ONLY) == tls;
        if (!fits || strstr(said, troubles[i].words) == NULL)
            continue;
        fill_in(troubles[i].remedy, names, out, size);
        return true;
    }
    return false;
}
