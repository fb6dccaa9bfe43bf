/* identity: who sends a request. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>

#include "serve/serve.h"

/* identity_find: sets user, role, session and csrf of the request, from its bearer token or its session's cookie. A
 * request with an Authorization header is judged by that alone. */
void identity_find(struct serve *serve, struct request *request);

/* The user of a request, and the session or token that proved it, to check both again later. identity_keep: copies them
 * from a request with a user. Ownership: identity_forget. identity_holds: whether the user still has this role and
 * password, and the session or token has not ended. The check does not prolong the session. */
struct identity_proof {
    char *user, *session, *token; /* session or token is NULL */
    enum role role;
};
void identity_keep(const struct request *request, struct identity_proof *ret_proof);
void identity_forget(struct identity_proof *proof);
bool identity_holds(struct serve *serve, const struct identity_proof *proof) MUST_CHECK;

#endif
