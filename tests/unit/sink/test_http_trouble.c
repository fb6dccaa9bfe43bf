/* Tests of http_trouble: why an HTTP server did not answer, and the remedy. */
#include "../unit.h"

#include "sink/http_trouble.h"

enum { BOTH, HTTP, HTTPS };

/* libcurl's messages (7.88 to 8.14, with OpenSSL unless noted), and a word of the remedy; NULL: no remedy. */
static const struct {
    const char *said;
    int scheme;
    const char *want;
} rows[] = {
    { "SSL certificate problem: certificate has expired", HTTPS, "renew" },
    { "server certificate expiration date has passed.", HTTPS, "renew" }, /* GnuTLS */
    { "SSL certificate problem: certificate is not yet valid", HTTPS, "true time" },
    { "server certificate not activated yet.", HTTPS, "true time" }, /* GnuTLS */
    { "SSL certificate problem: self-signed certificate", HTTPS, "ca_file" },
    { "SSL certificate problem: self signed certificate in certificate chain", HTTPS, "ca_file" },
    { "SSL certificate problem: unable to get local issuer certificate", HTTPS, "ca_file" },
    { "SSL certificate problem: unable to get issuer certificate", HTTPS, "ca_file" },
    { "SSL certificate problem: unable to verify the first certificate", HTTPS, "ca_file" },
    { "server certificate verification failed. CAfile: none CRLfile: none", HTTPS, "ca_file" }, /* GnuTLS */
    { "error adding trust anchors from file: /etc/a.pem", HTTPS, "PEM" },
    { "error setting certificate verify locations:  CAfile: /etc/a.pem CApath: none", HTTPS, "PEM" },
    { "SSL: no alternative certificate subject name matches target host name '127.0.0.1'", HTTPS, "another name" },
    { "SSL: no alternative certificate subject name matches target ipv4 address '127.0.0.1'", HTTPS, "another name" },
    { "SSL: certificate subject name 'b.example' does not match target host name 'a.example'", HTTPS, "another name" },
    { "error:0A000102:SSL routines::unsupported protocol", HTTPS, "too old" },
    { "TLS connect error: error:0A00042E:SSL routines::tlsv1 alert protocol version", HTTPS, "too old" },
    { "error:0A0000BF:SSL routines::no protocols available", HTTPS, "too old" },
    { "error:0A00018A:SSL routines::dh key too small", HTTPS, "too old" },
    { "error:0A000152:SSL routines::unsafe legacy renegotiation disabled", HTTPS, "too old" },
    { "error:0A000410:SSL routines::sslv3 alert handshake failure", HTTPS, "too old" },
    { "error:0A00010B:SSL routines::wrong version number", HTTPS, "speaks plain http" },
    { "error:0A0000C6:SSL routines::packet length too long", HTTPS, "speaks plain http" },
    { "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to 127.0.0.1:5000", HTTPS, "speaks plain http" },
    { "OpenSSL SSL_connect: Connection reset by peer in connection to 127.0.0.1:5000", HTTPS, "speaks plain http" },
    { "error:0A00010B:SSL routines::wrong version number", HTTP, NULL }, /* impossible with plain http */
    { "Received HTTP/0.9 when not allowed", HTTP, "speaks TLS" },
    { "<center>The plain HTTP request was sent to HTTPS port</center>", HTTP, "speaks TLS" },
    { "Client sent an HTTP request to an HTTPS server.", HTTP, "speaks TLS" },
    { "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />", HTTP, "speaks TLS" },
    { "Empty reply from server", HTTP, "write https://" },
    { "Empty reply from server", HTTPS, "ended the connection" },
    { "Could not resolve host: api.example", BOTH, "DNS" },
    { "Resolving timed out after 5000 milliseconds", BOTH, "resolv.conf" },
    { "Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server", BOTH, "nothing listens" },
    { "Failed to connect to 127.0.0.1 port 1 after 0 ms: Could not connect to server", BOTH, "nothing listens" },
    { "Failed to connect to 127.0.0.1 port 1: Connection refused", BOTH, "nothing listens" },
    { "Connection timed out after 5001 milliseconds", BOTH, "api_timeout" },
    { "Operation timed out after 1000 milliseconds with 0 bytes received", BOTH, "api_timeout" },
    { "SSL connection timeout", HTTPS, "api_timeout" },
    { "Recv failure: Connection reset by peer", BOTH, "ended the connection" },
    { "OpenSSL SSL_read: OpenSSL/3.0.17: error:0A000126:SSL routines::unexpected eof while reading, errno 0", HTTPS,
      "ended the connection" },
    { "the answer is longer than 64 KiB", BOTH, NULL },
    { "", BOTH, NULL },
};

static const struct http_names names = { .server = "the API",
                                         .url = "api_base_url",
                                         .ca_file = "ca_file under [api]",
                                         .timeouts = "api_timeout in dids.conf and connect_timeout under [api]" };

static void test_trouble_names_server_and_settings_as_its_sink_does(void **state)
{
    (void)state;
    static const struct http_names others = { .server = "SERVER", .url = "URL", .ca_file = "FILE",
                                              .timeouts = "TIMEOUTS" };
    static const char *const wants[][2] = {
        { "wrong version number", "that port speaks plain http, not TLS: check port and https:// in URL" },
        { "timed out", "SERVER is slow, or a firewall drops the packets: check the address and the firewall; TIMEOUTS "
                       "say how long to wait" },
        { "adding trust anchors", "FILE is no file of certificates in PEM format: correct it" },
    };
    for (size_t i = 0; i < UNIT_COUNT(wants); i++) {
        char remedy[320], cut[12];
        unit_true(wants[i][0], http_trouble_remedy(wants[i][0], true, &others, remedy, sizeof remedy));
        unit_same_text(wants[i][0], remedy, wants[i][1]);
        unit_true(wants[i][0], http_trouble_remedy(wants[i][0], true, &others, cut, sizeof cut));
        unit_same_int(wants[i][0], strlen(cut), sizeof cut - 1);
    }
}

static void test_trouble_has_a_remedy_for_each_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        for (int tls = 0; tls <= 1; tls++) {
            if (rows[i].scheme != BOTH && (rows[i].scheme == HTTPS) != tls)
                continue;
            char remedy[320];
            bool known = http_trouble_remedy(rows[i].said, tls, &names, remedy, sizeof remedy);
            unit_true(rows[i].said, known == (rows[i].want != NULL) && known == (*remedy != '\0'));
            if (known)
                unit_has(rows[i].said, remedy, rows[i].want);
            unit_true(rows[i].said, strpbrk(remedy, "{}") == NULL && strlen(remedy) < sizeof remedy - 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trouble_names_server_and_settings_as_its_sink_does),
        cmocka_unit_test(test_trouble_has_a_remedy_for_each_kind),
    };
    return cmocka_run_group_tests_name("http_trouble", tests, NULL, NULL);
}
