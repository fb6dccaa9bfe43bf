/* http_trouble: why no answer of an HTTP server came, and what to do about it. */
#ifndef HTTP_TROUBLE_H
#define HTTP_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

/* How a sink calls its server and its settings, for people. */
struct http_names {
    const char *server;   /* "the API" */
    const char *url;      /* "api_base_url" */
    const char *ca_file;  /* "ca_file under [api]" */
    const char *timeouts; /* "api_timeout in dids.conf and connect_timeout under [api]" */
};

/* http_trouble_remedy: writes to out what to do about a failure, in the words in which libcurl and its TLS library tell
 * it, or about the text of a web server that stands before the sink's. tls: the address begins with https. False, with
 * an empty out, where nothing is known. Pure. */
bool http_trouble_remedy(const char *said, bool tls, const struct http_names *names, char *out, size_t size);

#endif
