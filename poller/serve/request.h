/* request: a request to the live page, as its handler sees it. It knows nothing of sockets. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>

/* What a user may do; each role may do what those before it may. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_ADMIN };

/* All texts are borrowed until the handler returns, and none but body is NULL unless its line says so. */
struct request {
    const char *method;       /* GET, POST, ...; HEAD comes as GET */
    const char *path;         /* as it was sent, without the query */
    const char *profile, *id; /* the parts {profile} and {id} of the route's path, decoded; NULL: it has none */
    const char *range;        /* the header Range; NULL: none */
    const char *body;         /* ends with NUL, but may contain others; NULL: none */
    size_t length;            /* of body, in bytes */
    const char *user;         /* who asks; NULL: nobody has logged in */
    enum role role;           /* of that user */
    const char *session;      /* the value of the session's cookie; NULL: none, or the user came with a bearer token */
    const char *csrf;         /* the session's CSRF token; NULL: no session */
    const char *address;      /* the client's, as the local proxy or the socket names it; "local": a Unix socket */
    bool is_secure;           /* it came over TLS to us, or to the local proxy */
    /* The value of a query parameter, decoded; of a header. NULL: none. */
    const char *(*query)(const void *context, const char *name);
    /* The decoded name of the parameter at this place, from 0 on. NULL: there are no more. */
    const char *(*query_name)(const void *context, size_t at);
    const char *(*header)(const void *context, const char *name);
    const void *context;
};

#endif
