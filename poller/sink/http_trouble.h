/* http_trouble: what to do if no answer of an HTTP server came. */
#ifndef HTTP_TROUBLE_H
#define HTTP_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

/* A sink's names for its server and its settings, for messages. */
struct http_names {
    const char *server;   /* "the API" */
    const char *url;      /* "api_base_url" */
    const char *ca_file;  /* "ca_file under [api]" */
    const char *timeouts; /* "api_timeout in dids.conf and connect_timeout under [api]" */
};

/* http_trouble_remedy: writes to out what to do about a failure. said: the error of libcurl and its TLS library, or the
 * text of a web server before the receiver. tls: the address begins with https. False, with an empty out, if said is
 * unknown. Pure. */
bool http_trouble_remedy(const char *said, bool tls, const struct http_names *names, char *out, size_t size);

#endif
